//! Payments: intents, what their providers made of them, refunds, and the ledger behind them.
//!
//! It owns payments and ledger transactions, and calls no other service: only payment providers, through connectors
//! behind one trait. Always: money is asked for, taken and given back once, whatever crashes, times out or comes twice;
//! refunded ≤ captured ≤ amount; what a provider did not answer is asked about until it is known; every ledger
//! transaction sums to zero and stands in the same commit as the fact that it records.
//!
//! Reading order: `ids`, `payment` (with `authorization`, `settlement`, `refunds`), `ledger`, `statement`, `provider`, `webhook`,
//! `sandbox`, `work`, `stuck`, `wire`, `api`, `books`.

mod api;
mod books;
pub mod ids;
pub mod ledger;
pub mod payment;
pub mod provider;
mod sandbox;
mod statement;
mod stuck;
pub mod webhook;
mod wire;
pub mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use haat_contracts::payments::payments_server::PaymentsServer;
use haat_kernel::{Error, Result};
use haat_service::{Definition, Platform, Wiring};

use crate::api::Api;
use crate::ledger::LedgerTransaction;
use crate::payment::Payment;
use crate::provider::Provider;
use crate::sandbox::Sandbox;
use crate::stuck::UndecidedPayments;
use crate::webhook::WebhookSecret;
use crate::wire::PaymentPublisher;
use crate::work::Worker;

pub fn definition() -> Definition {
    Definition::new("payments", wire_up).keeping(books::books)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let sandbox: Arc<dyn Provider> = Arc::new(sandbox(platform)?);
    wire_up_with(platform, [sandbox])
}

/// The service with other providers than configured: for tests.
pub fn wire_up_with(platform: &Platform, providers: impl IntoIterator<Item = Arc<dyn Provider>>) -> Result<Wiring> {
    let by_name = |provider: Arc<dyn Provider>| (provider.name().to_owned(), provider);
    let providers: BTreeMap<_, _> = providers.into_iter().map(by_name).collect();
    let worker = Worker::new(platform.store.clone(), platform.clock, providers);
    let api = Api { worker: worker.clone(), entropy: platform.entropy.clone() };
    Ok(Wiring::new()
        .aggregate::<Payment>()
        .aggregate::<LedgerTransaction>()
        .serve(PaymentsServer::new(api))
        .publish(PaymentPublisher(platform.store.clone()))
        .stuck(UndecidedPayments(worker.clone()))
        .on_timer::<Payment>(worker))
}

/// Settings: `sandbox_url`, where the provider listens, and `sandbox_secret`, which signs its webhooks.
fn sandbox(platform: &Platform) -> Result<Sandbox> {
    let setting =
        |name: &str| platform.setting(name).ok_or_else(|| Error::internal(format!("payments need the setting `{name}`")));
    Sandbox::new(platform.network(), setting("sandbox_url")?, WebhookSecret::parse(setting("sandbox_secret")?)?)
}
