//! The server: binds, accepts connections, runs the timers beside them, and lets open requests finish when it stops.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use haat_kernel::{Clock, Entropy, Error, Result};
use haat_store::Store;
use haat_transport::{Connection, Connector, Limits, Listener, Network, Security, http_client};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::watch;

use crate::api::Api;
use crate::config::Config;
use crate::provider::Provider;
use crate::sender::{Sender, http_url};
use crate::timers;

const CONNECTIONS_MAX: usize = 1_024;
/// For the head of a request to arrive; also how long a connection may idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);
/// What open requests are given when the server stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves until `shutdown` resolves.
pub async fn run(
    config: Config,
    network: Arc<dyn Network>,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    Server::bind(config, network, store, clock, entropy).await?.serve(shutdown).await;
    Ok(())
}

/// A bound server that does not serve yet.
pub struct Server {
    listener: Listener,
    addr: SocketAddr,
    api: Api,
}

/// Tells the tasks of a server that it stops.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Resolves once the server stops.
    pub async fn requested(&mut self) {
        // An error means that the server is gone, which is as good a reason.
        let _ = self.0.wait_for(|is_stopping| *is_stopping).await;
    }
}

impl Server {
    /// Fails when the address is taken or not on loopback, and when a URL of the configuration is none.
    pub async fn bind(config: Config, network: Arc<dyn Network>, store: Store, clock: Clock, entropy: Entropy) -> Result<Self> {
        if config.webhook_url.as_ref().is_some_and(|url| http_url(url).is_none()) {
            return Err(Error::invalid("webhook_url", "must be an http URL"));
        }
        let limits = Limits { connections_max: CONNECTIONS_MAX, ..Limits::default() };
        let listener = Listener::bind_with(&*network, config.listen, Security::Plain, limits);
        let listener = listener.await.map_err(|error| Error::unavailable(format!("{}: {error}", config.listen)))?;
        let addr = listener.local_addr().map_err(Error::internal)?;
        let provider = Provider {
            store,
            clock,
            entropy,
            sender: Sender { client: http_client(Connector::plain(network)), secret: config.webhook_secret, clock },
            public_url: config.public_url.unwrap_or_else(|| format!("http://{addr}")),
            webhook_url: config.webhook_url,
            delays: config.delays,
        };
        Ok(Server { listener, addr, api: Api { provider: Arc::new(provider), api_key: config.api_key } })
    }

    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Serves until `shutdown` resolves, then lets open requests finish for a few seconds.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let (stop, stopping) = watch::channel(false);
        let stopping = Stop(stopping);
        let api = Arc::new(self.api);
        haat_kernel::spawn("sandbox-psp.timers", run_timers(api.provider.clone(), stopping.clone()));
        let mut incoming = self.listener.incoming();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(connection) = incoming.accept() => {
                    haat_kernel::spawn("sandbox-psp.connection", serve_connection(api.clone(), connection, stopping.clone()));
                }
                else => break,
            }
        }
        drop((incoming, stopping));
        stop.send_replace(true);
        if tokio::time::timeout(DRAIN_TIMEOUT, stop.closed()).await.is_err() {
            tracing::warn!("some requests did not finish before the server stopped");
        }
    }
}

async fn run_timers(provider: Arc<Provider>, mut stop: Stop) {
    tokio::select! {
        () = timers::run(provider) => {}
        () = stop.requested() => {}
    }
}

async fn serve_connection(api: Arc<Api>, connection: Connection, mut stop: Stop) {
    let peer = connection.peer().addr.ip();
    let stop_of_requests = stop.clone();
    let service = service_fn(move |request| {
        let (api, stop) = (api.clone(), stop_of_requests.clone());
        async move { api.handle(request, peer, stop).await }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let mut http = pin!(builder.serve_connection(TokioIo::new(connection), service));
    let ended = tokio::select! {
        ended = http.as_mut() => ended,
        () = stop.requested() => {
            http.as_mut().graceful_shutdown();
            http.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
