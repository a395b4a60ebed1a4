//! Starts a service, keeps it running, and lets it end: what it has begun it finishes, within a limit.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{BoxFuture, join_all, select_all};
use haat_contracts::feed::feed_server::FeedServer as FeedServerOf;
use haat_kernel::{Error, Result};
use haat_rpc::Guard;
use haat_store::Store;
use haat_transport::{Incoming, Listener, Security, server_builder};
use http::Request;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt;

use crate::books::Watch;
use crate::definition::{Definition, Rest, Upkeep, Wiring};
use crate::feed_reader::FeedReader;
use crate::feed_server::FeedServer;
use crate::operations::{self, Connections};
use crate::platform::{Config, Environment, Platform};
use crate::timers::Timers;
use crate::{enrollment, health, metrics};

/// From the wish to stop until what still runs is cut off.
const DRAIN_MAX: Duration = Duration::from_secs(8);
/// How often it is looked for what has outlived its use.
const RETENTION_EVERY: Duration = Duration::from_secs(60 * 60);
const AUTHORITY: &str = "authority";

/// Runs a service until `shutdown` resolves, or until something that it cannot do without has failed.
pub async fn run(
    definition: Definition,
    config: Config,
    environment: Environment,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let platform = Platform::new(definition.name, config, environment);
    let wiring = (definition.wire)(&platform)?;
    let watch = Watch::new(platform.store.clone(), platform.clock, platform.metrics().clone(), definition.books());
    for rebuild in &wiring.rebuilds {
        rebuild(platform.store.clone()).await?;
    }
    let incoming = listen(&platform, definition.accepts_unenrolled).await?;
    let (stop, stopping) = watch::channel(false);
    let (ready, is_ready) = watch::channel(true);
    let (mut serving, mut running) = start(&platform, wiring, watch, incoming, stopping)?;
    if let Some(addr) = platform.config().health {
        running.push(spawn_health(&platform, addr, is_ready));
    }
    tracing::info!(service = definition.name, "ready");

    let ended = tokio::select! {
        () = shutdown => Ok(()),
        (ended, ..) = select_all(serving.iter_mut().chain(&mut running)) => flatten(ended).and(Err(Error::internal("a task that never ends has ended"))),
    };
    ready.send_replace(false);
    stop.send_replace(true);
    if ended.is_ok() && timeout(DRAIN_MAX, join_all(&mut serving)).await.is_err() {
        tracing::warn!("calls were still running at the end of the drain and are cut off");
    }
    serving.iter().chain(&running).for_each(JoinHandle::abort);
    ended
}

/// A failure waits for the next time: nothing depends on what is forgotten.
async fn retain(store: Store, retentions: Vec<Upkeep>) -> Result<()> {
    loop {
        sleep(RETENTION_EVERY).await;
        for retention in &retentions {
            if let Err(error) = retention(store.clone()).await {
                tracing::warn!(%error, "could not forget what has outlived its use");
            }
        }
    }
}

fn flatten(ended: std::result::Result<Result<()>, tokio::task::JoinError>) -> Result<()> {
    ended.unwrap_or_else(|e| Err(Error::internal(e)))
}

fn spawn_health(platform: &Platform, addr: std::net::SocketAddr, is_ready: watch::Receiver<bool>) -> JoinHandle<Result<()>> {
    let (network, metrics) = (platform.network(), platform.metrics().clone());
    haat_kernel::spawn("health", async move { health::serve(&*network, addr, metrics, is_ready).await })
}

async fn listen(platform: &Platform, accepts_unenrolled: bool) -> Result<Incoming> {
    let identity = platform.identity().clone();
    let security = if accepts_unenrolled { Security::OptionalClient(identity) } else { Security::Mutual(identity) };
    let addr = platform.config().listen;
    let listener = Listener::bind(&*platform.network(), addr, security).await;
    listener.map(Listener::incoming).map_err(|e| Error::internal(format!("cannot listen at {addr}: {e}")))
}

fn all_routes(routes: Routes, rest: Option<Rest>) -> Routes {
    let Some(rest) = rest else { return routes };
    let rest = tower::service_fn(move |request: Request<_>| rest.clone().oneshot(request.map(Body::new)));
    Routes::from(routes.into_axum_router().fallback_service(rest))
}

/// What drains at the end, and what is cut off.
type Started = (Vec<JoinHandle<Result<()>>>, Vec<JoinHandle<Result<()>>>);

/// Spawns the server and everything that goes on beside it.
fn start(
    platform: &Platform,
    wiring: Wiring,
    watch: Watch,
    incoming: Incoming,
    stopping: watch::Receiver<bool>,
) -> Result<Started> {
    let connections = Arc::new(Connections::default());
    let operations = operations::server(platform, &wiring, watch.clone(), connections.clone(), stopping.clone());
    let Wiring { mut routes, rest, publisher, reactions, timers, tasks, listeners, retentions, .. } = wiring;
    if let Some(publisher) = publisher {
        let feed = FeedServer { store: platform.store.clone(), publisher, stopping: stopping.clone() };
        routes.add_service(FeedServerOf::new(feed));
    }
    let (_reporter, health) = tonic_health::server::health_reporter();
    routes.add_service(health);
    routes.add_service(operations);
    let environment = platform.environment();
    let guard = Guard::new(
        platform.name,
        Some(platform.store.clone()),
        platform.clock,
        platform.entropy.clone(),
        environment.metrics.clone(),
    );
    let server = server_builder(&platform.entropy).layer(guard.into_layer()).add_routes(all_routes(routes.routes(), rest));
    let mut server_stopping = stopping.clone();
    let stopped = async move {
        let _ = server_stopping.wait_for(|is_stopping| *is_stopping).await;
    };
    let incoming = incoming.inspect(move |connection| {
        if let Ok(connection) = connection {
            connections.count(connection.peer());
        }
    });
    let server = haat_kernel::spawn("server", async move {
        server.serve_with_incoming_shutdown(incoming, stopped).await.map_err(Error::internal)
    });
    let listeners = listeners.into_iter().map(|(name, listen)| haat_kernel::spawn(name, listen(stopping.clone())));
    let serving = std::iter::once(server).chain(listeners).collect();

    let mut work: Vec<(&'static str, BoxFuture<'static, Result<()>>)> =
        vec![("metrics", Box::pin(metrics::collect(platform.clone()))), ("books", Box::pin(watch.run()))];
    if platform.name != AUTHORITY && platform.config().endpoints.contains_key(AUTHORITY) {
        work.push(("renewal", Box::pin(enrollment::renew(platform.name, environment.clone(), platform.channel(AUTHORITY)?))));
    }
    if !retentions.is_empty() {
        work.push(("retention", Box::pin(retain(platform.store.clone(), retentions))));
    }
    if !timers.is_empty() {
        work.push(("timers", Box::pin(Timers { platform: platform.clone(), handlers: timers }.run())));
    }
    for (source, reaction) in reactions {
        let reader = FeedReader {
            platform: platform.clone(),
            source,
            channel: platform.channel(source)?,
            reaction: Arc::clone(&reaction),
        };
        work.push(("feed", Box::pin(reader.run())));
    }
    work.extend(tasks);
    Ok((serving, work.into_iter().map(|(name, future)| haat_kernel::spawn(name, future)).collect()))
}
