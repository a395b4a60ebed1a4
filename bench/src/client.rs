//! A connection to the gateway, driven by hyper with as little around it as possible: HTTP/1.1 or HTTP/2 over TLS, or
//! plain HTTP/1.1 for what is not measured.

use std::fmt::{Display, Formatter};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use haat_transport::{Io, Network, Tcp};
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde_json::Value;
use tokio_rustls::TlsConnector;

use crate::Result;

const HOST_NAME: &str = "localhost";

/// Where the platform is.
pub struct Target {
    https: SocketAddr,
    http: SocketAddr,
    root_certificate: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.1 without TLS.
    Plain,
    Http1,
    Http2,
}

/// One HTTP/1.1 connection, or a share in an HTTP/2 connection.
pub struct Client {
    sender: Sender,
    authority: Authority,
    host: HeaderValue,
    token: Option<HeaderValue>,
    cookies: Option<HeaderValue>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

impl Target {
    pub fn new(https: SocketAddr, http: SocketAddr, root_certificate: PathBuf) -> Self {
        Target { https, http, root_certificate }
    }

    /// A TLS connection that offers only `protocol`.
    async fn secured(&self, io: Box<dyn Io>, protocol: &[u8]) -> Result<tokio_rustls::client::TlsStream<Box<dyn Io>>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&self.root_certificate)?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Ok(TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(HOST_NAME)?, io).await?)
    }
}

impl Client {
    pub async fn connect(target: &Target, version: Version) -> Result<Self> {
        let address = if version == Version::Plain { target.http } else { target.https };
        let io = Tcp.connect(&address.ip().to_string(), address.port()).await?;
        let sender = match version {
            Version::Plain => http1_over(io).await?,
            Version::Http1 => http1_over(target.secured(io, b"http/1.1").await?).await?,
            Version::Http2 => http2_over(target.secured(io, b"h2").await?).await?,
        };
        let authority = Authority::try_from(format!("{HOST_NAME}:{}", address.port()))?;
        Ok(Client { sender, host: HeaderValue::try_from(authority.as_str())?, authority, token: None, cookies: None })
    }

    /// `count` clients over `connections` connections; HTTP/1.1 needs one for each.
    pub async fn connect_many(target: &Target, version: Version, connections: usize, count: usize) -> Result<Vec<Self>> {
        let mut clients = Vec::with_capacity(count);
        for number in 0..count {
            let shared = clients.get(number % connections).filter(|_| number >= connections).and_then(Client::share);
            clients.push(match shared {
                Some(client) => client,
                None => Client::connect(target, version).await?,
            });
        }
        Ok(clients)
    }

    fn share(&self) -> Option<Self> {
        let Sender::Http2(sender) = &self.sender else { return None };
        Some(Client {
            sender: Sender::Http2(sender.clone()),
            authority: self.authority.clone(),
            host: self.host.clone(),
            token: self.token.clone(),
            cookies: self.cookies.clone(),
        })
    }

    /// From now on with this access token.
    pub fn sign_in(&mut self, token: &str) -> Result<()> {
        self.token = Some(HeaderValue::try_from(format!("Bearer {token}"))?);
        Ok(())
    }

    /// From now on with these cookies, and taking packed answers, as a browser.
    pub fn bring(&mut self, cookies: &str) -> Result<()> {
        self.cookies = Some(HeaderValue::try_from(cookies)?);
        Ok(())
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, Bytes::from(body.to_string())).await
    }

    pub async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Result<Answer> {
        let path = PathAndQuery::try_from(path)?;
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = match self.sender {
            Sender::Http1(_) => Uri::from(path),
            Sender::Http2(_) => {
                Uri::builder().scheme(Scheme::HTTPS).authority(self.authority.clone()).path_and_query(path).build()?
            }
        };
        let headers = request.headers_mut();
        if matches!(self.sender, Sender::Http1(_)) {
            headers.insert(HOST, self.host.clone());
        }
        if let Some(token) = &self.token {
            headers.insert(AUTHORIZATION, token.clone());
        }
        if let Some(cookies) = &self.cookies {
            headers.insert(COOKIE, cookies.clone());
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                sender.send_request(request).await?
            }
        };
        let status = response.status();
        Ok(Answer { status, body: response.into_body().collect().await?.to_bytes() })
    }
}

/// An answer that was not hoped for.
#[derive(Debug)]
pub struct Unexpected {
    wanted: StatusCode,
    answer: Answer,
}

impl Unexpected {
    /// Whether it asks to come again later.
    pub fn is_for_now(&self) -> bool {
        self.answer.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

impl Display for Unexpected {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} instead of {}: {}", self.answer.status, self.wanted, String::from_utf8_lossy(&self.answer.body))
    }
}

impl std::error::Error for Unexpected {}

impl Answer {
    /// Fails for any other status.
    pub fn expect(self, status: StatusCode) -> Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        Err(Unexpected { wanted: status, answer: self }.into())
    }

    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }
}

async fn http1_over(io: impl Io) -> Result<Sender> {
    let (sender, connection) = http1::handshake(TokioIo::new(io)).await?;
    haat_kernel::spawn("connection", async move {
        // What goes wrong here shows in the answer that does not come.
        let _ = connection.await;
    });
    Ok(Sender::Http1(sender))
}

async fn http2_over(io: impl Io) -> Result<Sender> {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(io)).await?;
    haat_kernel::spawn("connection", async move {
        let _ = connection.await;
    });
    Ok(Sender::Http2(sender))
}
