//! The sandbox payment provider: a plain HTTP server on loopback that plays an external company. It authorizes, captures,
//! refunds and voids charges, tells of them by signed webhooks, and misbehaves on request: each test token is one way in
//! which a provider can answer late, twice, wrongly or not at all. `docs/sandbox-psp.md` describes its API.
//!
//! It owns charges and deliveries (webhooks on their way) and calls nobody but the receivers of webhooks. It knows nothing
//! of Haat's contracts. Always: money moves at most once for an idempotency key, and a webhook is committed together with
//! what it tells of, so that neither a crash nor a retry loses or doubles either.
//!
//! Reading order: `token`, `mood`, `charge`, `delivery`, `outbox`, `provider`, `timers`, then the HTTP side: `server`, `api`.

mod answer;
mod api;
pub mod charge;
pub mod config;
pub mod delivery;
pub mod mood;
mod outbox;
mod page;
mod provider;
mod request;
mod sender;
mod server;
pub mod signature;
mod timers;
pub mod token;
mod view;

pub use config::{Config, Delays};
pub use server::{Server, run};
pub use signature::WebhookSecret;
