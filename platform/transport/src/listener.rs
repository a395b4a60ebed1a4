//! The listener: accepts, secures and bounds connections. A handshake runs in a task of its own and has a time limit, so
//! that a slow or hostile client never holds up the others; both handshakes and open connections are bounded.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use haat_identity::{CertificateInfo, LiveEdge, LiveIdentity, Serial};
use rustls::ServerConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::connection::{Alpn, Connection, End, Peer};
use crate::gathered::Gathered;
use crate::network::{Acceptor, Io, Network};

/// After an accept that failed (most likely for want of file descriptors), before the next.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(50);

/// What a listener demands of those who connect.
#[derive(Clone, Debug)]
pub enum Security {
    /// No TLS: health on loopback. Refused for any other address.
    Plain,
    /// Both sides show certificates: the port of a service.
    Mutual(LiveIdentity),
    /// The client may come without a certificate: the authority's port, where services enroll.
    OptionalClient(LiveIdentity),
    /// Public HTTPS.
    Edge(LiveEdge),
}

impl Security {
    /// The configuration of this moment; none means no TLS.
    fn server_config(&self) -> Option<Arc<ServerConfig>> {
        match self {
            Security::Plain => None,
            Security::Mutual(identity) => Some(identity.server_config()),
            Security::OptionalClient(identity) => Some(identity.optional_client_config()),
            Security::Edge(edge) => Some(edge.server_config()),
        }
    }

    fn identity(&self) -> Option<&LiveIdentity> {
        match self {
            Security::Mutual(identity) | Security::OptionalClient(identity) => Some(identity),
            Security::Plain | Security::Edge(_) => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub connections_max: usize,
    pub handshakes_max: usize,
    pub handshake_timeout: Duration,
    /// After this a connection between services is cut, whatever runs on it. Servers ask clients to leave well before
    /// (`grpc::CONNECTION_AGE`); what remains is a stream that never ends, which its reader resumes.
    pub age_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections_max: 10_000,
            handshakes_max: 512,
            handshake_timeout: Duration::from_secs(10),
            age_max: Duration::from_secs(45 * 60),
        }
    }
}

/// A bound address. Turn it into a stream of connections with `incoming`.
pub struct Listener {
    acceptor: Box<dyn Acceptor>,
    security: Security,
    limits: Limits,
}

impl Listener {
    /// Fails when the address is taken, and for a plain listener anywhere but on loopback.
    pub async fn bind(network: &dyn Network, addr: SocketAddr, security: Security) -> io::Result<Self> {
        Listener::bind_with(network, addr, security, Limits::default()).await
    }

    pub async fn bind_with(network: &dyn Network, addr: SocketAddr, security: Security, limits: Limits) -> io::Result<Self> {
        let is_plain = matches!(security, Security::Plain);
        if is_plain && !addr.ip().is_loopback() && !network.is_simulated() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{addr} is not loopback: it needs TLS")));
        }
        Ok(Listener { acceptor: network.bind(addr).await?, security, limits })
    }

    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.acceptor.local_addr()
    }

    /// Starts accepting. Dropping the stream stops it and closes the port; connections already taken stay open.
    pub fn incoming(self) -> Incoming {
        let (ready, connections) = mpsc::channel(1);
        haat_kernel::spawn("transport.accept", accept(self, ready));
        Incoming(connections)
    }
}

/// Connections ready to use: `tonic`'s `serve_with_incoming_shutdown` takes it, and hyper its items. Its items are never
/// errors; what fails in a handshake concerns that client only and is logged.
pub struct Incoming(mpsc::Receiver<Connection>);

impl Incoming {
    pub async fn accept(&mut self) -> Option<Connection> {
        self.0.recv().await
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(cx).map(|next| next.map(Ok))
    }
}

async fn accept(listener: Listener, ready: mpsc::Sender<Connection>) {
    let Listener { acceptor, security, limits } = listener;
    let places = Arc::new(Semaphore::new(limits.connections_max));
    let handshakes = Arc::new(Semaphore::new(limits.handshakes_max));
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await.ok()?;
            let handshake = handshakes.clone().acquire_owned().await.ok()?;
            Some((acceptor.accept().await, place, handshake))
        };
        let next = tokio::select! {
            biased;
            () = ready.closed() => None,
            next = next => next,
        };
        match next {
            None => return,
            Some((Ok((io, addr)), place, handshake)) => {
                let secured = deliver(io, addr, security.clone(), limits, place, ready.clone());
                haat_kernel::spawn("transport.handshake", async move {
                    secured.await;
                    drop(handshake);
                });
            }
            Some((Err(error), ..)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE_AFTER_ERROR).await;
            }
        }
    }
}

async fn deliver(
    io: Box<dyn Io>,
    addr: SocketAddr,
    security: Security,
    limits: Limits,
    place: OwnedSemaphorePermit,
    ready: mpsc::Sender<Connection>,
) {
    match timeout(limits.handshake_timeout, secure(io, addr, security, limits.age_max, place)).await {
        // A closed channel means that the server has stopped.
        Ok(Ok(connection)) => drop(ready.send(connection).await),
        Ok(Err(error)) => tracing::debug!(%addr, %error, "a handshake failed"),
        Err(_) => tracing::debug!(%addr, "a handshake took too long"),
    }
}

async fn secure(
    io: Box<dyn Io>,
    addr: SocketAddr,
    security: Security,
    age_max: Duration,
    place: OwnedSemaphorePermit,
) -> io::Result<Connection> {
    let Some(config) = security.server_config() else {
        let peer = Peer { addr, identity: None, alpn: Alpn::None };
        return Ok(Connection::new(io, peer, None, place));
    };
    let stream = TlsAcceptor::from(config).accept(io).await?;
    let session = stream.get_ref().1;
    let leaf = session.peer_certificates().and_then(|chain| chain.first());
    let info = leaf.map(|leaf| CertificateInfo::read(leaf)).transpose().map_err(io::Error::other)?;
    let identity = info.as_ref().map(CertificateInfo::spiffe_id).transpose().map_err(io::Error::other)?;
    let peer = Peer { addr, identity, alpn: Alpn::of(session.alpn_protocol()) };
    let end = security.identity().map(|own| end_of(own.clone(), info.map(|info| info.serial), age_max));
    Ok(Connection::new(Box::new(Gathered::new(stream)), peer, end, place))
}

/// When a connection between services must end: at its greatest age, or once its peer is revoked.
fn end_of(own: LiveIdentity, peer: Option<Serial>, age_max: Duration) -> End {
    Box::pin(async move {
        let revoked = async {
            match &peer {
                Some(serial) => own.revoked(serial).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = revoked => {}
            () = sleep(age_max) => {}
        }
    })
}
