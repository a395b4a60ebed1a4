//! An authority that makes identities, a server that echoes bytes, and a gRPC service that answers the caller's name.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use haat_identity::{Identity, Intermediate, KeyPair, LiveIdentity, Root, SpiffeId, TrustBundle, ca};
use haat_kernel::{Clock, Entropy, Timestamp};
use haat_transport::{Connector, Incoming, Listener, Network, Peer, Security, Tcp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::Channel;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

pub const LOOPBACK: &str = "127.0.0.1:0";

pub struct Authority {
    pub root: Root,
    pub intermediate: Intermediate,
    pub clock: Clock,
    pub lifetime: Duration,
    pub entropy: Entropy,
}

impl Authority {
    pub fn new(clock: Clock) -> Self {
        let entropy = Entropy::system();
        let root = Root::generate(clock.now(), &entropy).unwrap();
        let intermediate = root.intermediate(clock.now(), &entropy).unwrap();
        Authority { root, intermediate, clock, lifetime: ca::LEAF_LIFETIME, entropy }
    }

    pub fn bundle(&self) -> TrustBundle {
        TrustBundle::from_pem(&self.root.certificate_pem()).unwrap()
    }

    pub fn identity(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let request = key.signing_request().unwrap();
        let chain = self.intermediate.issue(&request, &id(name), self.lifetime, self.clock.now(), &self.entropy).unwrap();
        Identity::new(chain, key).unwrap()
    }

    pub fn live(&self, name: &str) -> LiveIdentity {
        self.live_with_clock(name, self.clock)
    }

    /// An identity whose owner reads the time from another clock than the authority.
    pub fn live_with_clock(&self, name: &str, clock: Clock) -> LiveIdentity {
        LiveIdentity::new(self.identity(name), self.bundle(), clock).unwrap()
    }
}

pub fn id(name: &str) -> SpiffeId {
    SpiffeId::of(name).unwrap()
}

pub fn clock_ahead_by(duration: Duration) -> Clock {
    Clock::simulated(Clock::System.now(), i64::try_from(duration.as_millis()).unwrap())
}

pub fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

pub fn mutual(client: &LiveIdentity, expected: &str) -> Connector {
    Connector::mutual(Arc::new(Tcp), client.clone(), &id(expected)).unwrap()
}

pub async fn listen(security: Security) -> (Incoming, SocketAddr) {
    let listener = Listener::bind(&Tcp, LOOPBACK.parse().unwrap(), security).await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener.incoming(), addr)
}

/// Answers every connection with the name of its peer, then echoes.
pub fn greet(mut incoming: Incoming) {
    haat_kernel::spawn("test.greet", async move {
        while let Some(mut connection) = incoming.accept().await {
            haat_kernel::spawn("test.greeting", async move {
                let name = connection.peer().name().unwrap_or("nobody").to_owned();
                connection.write_all(format!("{name}\n").as_bytes()).await?;
                connection.flush().await?;
                let (mut reader, mut writer) = tokio::io::split(connection);
                tokio::io::copy(&mut reader, &mut writer).await
            });
        }
    });
}

/// The name that a greeting server took us for, once bytes went both ways.
pub async fn greeted(connector: &Connector, host: &str, port: u16) -> std::io::Result<String> {
    let mut io = connector.connect(host, port).await?;
    io.write_all(b"ping\n").await?;
    io.flush().await?;
    let mut greeting = Vec::new();
    while !greeting.ends_with(b"\nping\n") {
        if io.read_buf(&mut greeting).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(String::from_utf8(greeting).unwrap().trim_end_matches("\nping\n").to_owned())
}

/// Serves `WhoAmI` until the test ends. `age` bounds connections.
pub async fn serve(network: &dyn Network, addr: SocketAddr, security: Security, age: Duration) -> SocketAddr {
    let listener = Listener::bind(network, addr, security).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let server = haat_transport::server_builder(&Entropy::seeded(1)).max_connection_age(age).add_service(WhoAmI);
    haat_kernel::spawn("test.serve", server.serve_with_incoming(listener.incoming()));
    addr
}

/// Answers the name of the calling service; a request for "hang" is never answered.
#[derive(Clone)]
pub struct WhoAmI;

impl NamedService for WhoAmI {
    const NAME: &'static str = "test.WhoAmI";
}

impl Service<http::Request<Body>> for WhoAmI {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<String, String>::default());
            Ok(grpc.unary(Answer, request).await)
        })
    }
}

struct Answer;

impl UnaryService<String> for Answer {
    type Response = String;
    type Future = BoxFuture<Response<String>, Status>;

    fn call(&mut self, request: Request<String>) -> Self::Future {
        Box::pin(async move {
            let peer = request.extensions().get::<Peer>().expect("connect info").clone();
            match request.get_ref().as_str() {
                "hang" => std::future::pending().await,
                "refuse" => Err(Status::unavailable("said the handler")),
                _ => Ok(Response::new(peer.name().unwrap_or_default().to_owned())),
            }
        })
    }
}

pub async fn ask(channel: &Channel, what: &str) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = http::uri::PathAndQuery::from_static("/test.WhoAmI/Ask");
    let codec = ProstCodec::<String, String>::default();
    client.unary(Request::new(what.to_owned()), path, codec).await.map(Response::into_inner)
}
