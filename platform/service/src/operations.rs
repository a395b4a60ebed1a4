//! What every service offers to those who run the platform: how it is, what is stuck in it, and what it has recorded. Only
//! the operations service may call it; the guard looks at the operator's roles. What acts goes through here too, under the
//! operator's name, so that the log says who did it.

mod description;
mod mask;
mod stuck;
mod timeline;

use std::sync::Arc;

use haat_contracts::operations as pb;
use haat_contracts::operations::instance_server::{Instance, InstanceServer};
use haat_kernel::{Error, Result};
use haat_rpc as rpc;
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::books::Watch;
use crate::definition::{Reaction, Wiring};
use crate::platform::Platform;
pub(crate) use description::Connections;
use description::Describer;
use stuck::{OverdueTimers, SetAsideEvents};
pub use stuck::{Stuck, StuckItem};

type Reply<T> = std::result::Result<Response<T>, Status>;

const REASON_BYTES_MAX: usize = 500;

struct Operations {
    platform: Platform,
    describer: Describer,
    sources: Vec<Arc<dyn Stuck>>,
    kinds: Vec<&'static str>,
}

/// The server of a service that is put together as `wiring` says.
pub(crate) fn server(
    platform: &Platform,
    wiring: &Wiring,
    watch: Watch,
    connections: Arc<Connections>,
    stopping: watch::Receiver<bool>,
) -> InstanceServer<impl Instance> {
    let reactions: Vec<(&'static str, Arc<dyn Reaction>)> = wiring.reactions.clone();
    let mut sources = wiring.stuck.clone();
    sources.push(Arc::new(SetAsideEvents { platform: platform.clone(), reactions }));
    sources.push(Arc::new(OverdueTimers { platform: platform.clone(), handlers: wiring.timers.clone() }));
    let describer = Describer { platform: platform.clone(), watch, connections, stopping, started_at: platform.clock.now() };
    InstanceServer::new(Operations { platform: platform.clone(), describer, sources, kinds: wiring.kinds.clone() })
}

#[tonic::async_trait]
impl Instance for Operations {
    async fn describe(&self, request: Request<pb::DescribeRequest>) -> Reply<pb::InstanceReport> {
        rpc::call(request, |_, request| async move {
            let mut report = self.describer.describe(request.window_seconds).await?;
            report.stuck = u32::try_from(self.stuck().await?.len()).unwrap_or(u32::MAX);
            Ok(report)
        })
        .await
    }

    async fn list_stuck(&self, request: Request<pb::ListStuckRequest>) -> Reply<pb::ListStuckResponse> {
        rpc::call(request, |_, _| async move { Ok(pb::ListStuckResponse { work: self.stuck().await? }) }).await
    }

    async fn retry_stuck(&self, request: Request<pb::StuckRequest>) -> Reply<pb::StuckAnswer> {
        rpc::call(request, |ctx, request| async move {
            let source = self.source(&request)?;
            tracing::info!(kind = request.kind, id = request.id, operator = %ctx.principal, "an operator retries stuck work");
            Ok(pb::StuckAnswer { outcome: source.retry(&ctx.aside(), &request.id).await? })
        })
        .await
    }

    async fn resolve_stuck(&self, request: Request<pb::StuckRequest>) -> Reply<pb::StuckAnswer> {
        rpc::call(request, |ctx, request| async move {
            let source = self.source(&request)?;
            let (kind, id, reason) = (&request.kind, &request.id, &request.reason);
            tracing::info!(kind, id, reason, operator = %ctx.principal, "an operator resolves stuck work");
            Ok(pb::StuckAnswer { outcome: source.resolve(&ctx.aside(), id, reason).await? })
        })
        .await
    }

    async fn find_events(&self, request: Request<pb::FindEventsRequest>) -> Reply<pb::FindEventsResponse> {
        rpc::call(request, |_, request| async move {
            timeline::find(self.platform.name, &self.platform.store, &self.kinds, &request.text).await
        })
        .await
    }
}

impl Operations {
    async fn stuck(&self) -> Result<Vec<pb::StuckWork>> {
        let mut work = Vec::new();
        for source in &self.sources {
            let items = source.list().await?.into_iter();
            work.extend(items.map(|item| item.into_wire(self.platform.name, source.kind())));
        }
        Ok(work)
    }

    fn source(&self, request: &pb::StuckRequest) -> Result<&Arc<dyn Stuck>> {
        if request.reason.trim().is_empty() || request.reason.len() > REASON_BYTES_MAX {
            return Err(Error::invalid("reason", format!("is required, up to {REASON_BYTES_MAX} bytes")));
        }
        let source = self.sources.iter().find(|source| source.kind() == request.kind);
        source.ok_or_else(|| Error::not_found("stuck_work", &request.id))
    }
}
