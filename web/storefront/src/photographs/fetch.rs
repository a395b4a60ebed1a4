//! Gets a photograph from where a seller says that it is. Sellers are strangers here: only https on its own port, only
//! addresses that are out in the world, looked at for every hop and used as they were looked at, so that no name can change
//! its mind in between; little time, few bytes, and only what is a picture by its bytes.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use haat_transport::Network;
use haat_web::axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, crypto};

use super::address::is_public;
use super::kind::Kind;

/// Of one picture.
pub const BYTES_MAX: usize = 4 << 20;
/// With all hops.
const TIME_MAX: Duration = Duration::from_secs(10);
const REDIRECTS_MAX: usize = 3;
const PORT: u16 = 443;
const ACCEPTED: &str = "image/avif, image/webp, image/png, image/jpeg, image/gif";

/// Why there is no photograph.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the address is none that is asked: {0}")]
    NotAsked(String),
    #[error("it is not out in the world")]
    NotPublic,
    #[error("it leads from place to place")]
    TooManyRedirects,
    #[error("the answer is {0}")]
    Status(StatusCode),
    #[error("it is no picture, or too large")]
    NoPicture,
    #[error("it took too long")]
    TooLate,
    #[error("{0}")]
    Broken(String),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Broken(error.to_string())
    }
}

/// What is outside.
#[async_trait]
pub trait World: Send + Sync + 'static {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>>;
    /// Asks for `url` at this address and no other. Answers at most [`BYTES_MAX`].
    async fn get(&self, url: &Uri, host: &str, address: IpAddr) -> Result<Reply, Refusal>;
}

pub struct Reply {
    pub status: StatusCode,
    pub location: Option<String>,
    pub body: Vec<u8>,
}

/// The picture's bytes.
pub async fn fetch(world: &dyn World, url: &str) -> Result<Vec<u8>, Refusal> {
    timeout(TIME_MAX, follow(world, url)).await.unwrap_or(Err(Refusal::TooLate))
}

async fn follow(world: &dyn World, url: &str) -> Result<Vec<u8>, Refusal> {
    let mut url = url.to_owned();
    for _ in 0..=REDIRECTS_MAX {
        let (uri, host) = read(&url)?;
        let address = one_outside(world, &host).await?;
        let reply = world.get(&uri, &host, address).await?;
        match reply.location.filter(|_| reply.status.is_redirection()) {
            // Another path at the same place, or a whole address; nothing in between.
            Some(path) if path.starts_with('/') && !path.starts_with("//") => url = format!("https://{host}{path}"),
            Some(location) => url = location,
            None if reply.status != StatusCode::OK => return Err(Refusal::Status(reply.status)),
            None => return Kind::of(&reply.body).map(|_| reply.body).ok_or(Refusal::NoPicture),
        }
    }
    Err(Refusal::TooManyRedirects)
}

/// The address and its host, as far as it is one that may be asked at all.
fn read(url: &str) -> Result<(Uri, String), Refusal> {
    let not_asked = || Refusal::NotAsked(url.chars().take(100).collect());
    let uri: Uri = url.parse().map_err(|_| not_asked())?;
    let authority = uri.authority().ok_or_else(not_asked)?;
    let is_plain = !authority.as_str().contains('@') && authority.port_u16().is_none_or(|port| port == PORT);
    let host = authority.host().to_owned();
    if uri.scheme_str() == Some("https") && is_plain && !host.is_empty() { Ok((uri, host)) } else { Err(not_asked()) }
}

/// A name that leads inside as well as outside leads nowhere.
async fn one_outside(world: &dyn World, host: &str) -> Result<IpAddr, Refusal> {
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let addresses = match literal {
        Ok(address) => vec![address],
        Err(_) => world.addresses(host).await?,
    };
    match addresses.first() {
        Some(first) if addresses.iter().all(|address| is_public(*address)) => Ok(*first),
        _ => Err(Refusal::NotPublic),
    }
}

/// The Internet.
pub struct Internet {
    network: Arc<dyn Network>,
    /// Made for the first photograph: reading what the machine trusts takes a while.
    tls: OnceLock<TlsConnector>,
    port: u16,
}

impl Internet {
    pub fn new(network: Arc<dyn Network>) -> Self {
        Internet { network, tls: OnceLock::new(), port: PORT }
    }

    fn tls(&self) -> Result<TlsConnector, Refusal> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(BuilderVerifierExt::with_platform_verifier)
            .map_err(|error| Refusal::Broken(error.to_string()))?;
        let tls = TlsConnector::from(Arc::new(config.with_no_client_auth()));
        Ok(self.tls.get_or_init(|| tls).clone())
    }
}

#[async_trait]
impl World for Internet {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, PORT)).await?.map(|address| address.ip()).collect())
    }

    async fn get(&self, url: &Uri, host: &str, address: IpAddr) -> Result<Reply, Refusal> {
        let broken = |error: hyper::Error| Refusal::Broken(error.to_string());
        let name = ServerName::try_from(host.to_owned()).map_err(|error| Refusal::Broken(error.to_string()))?;
        let connection = self.network.connect(&address.to_string(), self.port).await?;
        let connection = TokioIo::new(self.tls()?.connect(name, connection).await?);
        let (mut sender, serving) = hyper::client::conn::http1::handshake(connection).await.map_err(broken)?;
        // What goes wrong there shows in the answer that does not come.
        let serving = haat_kernel::spawn("photograph", async move { drop(serving.await) });
        let path = url.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(path).header(header::HOST, host).header(header::USER_AGENT, "Haat");
        let request = request.header(header::ACCEPT, ACCEPTED).body(Empty::<&[u8]>::new());
        let request = request.map_err(|error| Refusal::Broken(error.to_string()))?;
        let (head, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
        let location = head.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let is_picture = head.status == StatusCode::OK;
        let body = if is_picture {
            Limited::new(body, BYTES_MAX).collect().await.map(|body| body.to_bytes().to_vec())
        } else {
            Ok(Vec::new())
        };
        serving.abort();
        Ok(Reply { status: head.status, location, body: body.map_err(|_| Refusal::NoPicture)? })
    }
}

#[cfg(test)]
mod tests {
    use haat_transport::Tcp;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio_rustls::rustls::{RootCertStore, ServerConfig};

    use super::*;

    const HOST: &str = "seller.test";

    /// A server that sends as many bytes as its path says, and what it takes to trust it.
    async fn server() -> Internet {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let (acceptor, tls) = (Tcp.bind("127.0.0.1:0".parse().unwrap()).await.unwrap(), TlsAcceptor::from(Arc::new(config)));
        let port = acceptor.local_addr().unwrap().port();
        drop(haat_kernel::spawn("test.server", async move {
            while let Ok((connection, _)) = acceptor.accept().await {
                let Ok(mut connection) = tls.accept(connection).await else { continue };
                let mut head = [0; 4_096];
                let count = connection.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                let size: usize = head.split(['/', ' ']).nth(2).and_then(|path| path.parse().ok()).unwrap_or(0);
                let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{size:x}\r\n");
                let body = [answer.as_bytes(), &vec![7; size], b"\r\n0\r\n\r\n"].concat();
                // Who has read enough goes away in the middle.
                let _ = connection.write_all(&body).await;
                let _ = connection.shutdown().await;
            }
        }));
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let tls = TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()));
        Internet { network: Arc::new(Tcp), tls: OnceLock::from(tls), port }
    }

    #[tokio::test]
    async fn so_many_bytes_are_taken_and_from_nobody_else() {
        let internet = server().await;
        let get = async |host: &str, size: usize| {
            let url: Uri = format!("https://{host}/{size}").parse().unwrap();
            internet.get(&url, host, "127.0.0.1".parse().unwrap()).await.map(|reply| reply.body.len())
        };
        assert_eq!(get(HOST, 100_000).await.unwrap(), 100_000);
        assert!(matches!(get(HOST, BYTES_MAX + 1).await, Err(Refusal::NoPicture)));
        assert!(matches!(get("other.test", 1).await, Err(Refusal::Broken(_))), "its certificate is another's");
    }
}
