//! Operations: what those who run the platform see of it, and what they do about it; as a contract, and as the console at
//! /ops.
//!
//! It owns the audit of operators' actions, incidents, and the last verdict on the books; it keeps recent traces in memory.
//! It asks every service for its state, its stuck work and its events, and the gateway for its decisions. Always: it has no
//! authority of its own, what it has done elsewhere is done under the operator's name and roles; every action is noted
//! before it is done; a service that does not answer is shown as such and holds up nothing.
//!
//! Reading order: `instances`, `objective`, `incident`, `watch`, `action`, `books`, `traces`, `collector`, `wire`, `api`, `pages`.

mod action;
mod api;
mod books;
mod collector;
mod incident;
mod instances;
mod objective;
mod pages;
mod teams;
mod traces;
mod watch;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use haat_contracts::operations::operations_server::OperationsServer;
use haat_kernel::{Error, Result};
use haat_service::{Definition, Platform, Wiring};

use crate::action::Action;
use crate::api::Api;
use crate::books::{Books, Desk};
use crate::incident::Incident;
use crate::instances::Instances;
use crate::traces::Traces;
use crate::watch::Watch;

/// Settings: `collector`, where traces are taken (loopback; none: nowhere), and `watch`, `on` where services are to be asked
/// although nobody looks.
pub fn definition() -> Definition {
    Definition::new("operations", wire_up)
        .keeping(|| haat_service::Books::new().kept::<Action>().kept::<Incident>().kept::<Books>())
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let (instances, traces) = (Instances::new(platform)?, Traces::default());
    let api = Api {
        store: platform.store.clone(),
        entropy: platform.entropy.clone(),
        instances: instances.clone(),
        traces: traces.clone(),
        desk: Arc::new(Desk::new(platform.store.clone(), platform.clock)),
        gateway: platform.channel("gateway").ok(),
    };
    let mut wiring = Wiring::new()
        .aggregate::<Action>()
        .aggregate::<Incident>()
        .aggregate::<Books>()
        .serve(OperationsServer::new(api))
        .serve(pages::serve(platform)?);
    if platform.setting("watch") == Some("on") {
        wiring = wiring.task("operations.watch", Watch::new(platform.clone(), instances).run());
    }
    if let Some(text) = platform.setting("collector") {
        let addr: SocketAddr = text.parse().map_err(|e| Error::internal(format!("`collector` is no address: {e}")))?;
        let platform = platform.clone();
        wiring = wiring.listen("operations.collector", move |stopping| async move {
            let listener = collector::bind(&*platform.network(), addr).await?;
            collector::serve(listener, platform.entropy.clone(), traces, stopping).await
        });
    }
    Ok(wiring)
}
