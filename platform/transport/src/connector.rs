//! The connector: opens a connection to a service and makes sure that it is the service meant. As a `tower` service it
//! is what tonic's and hyper's clients connect with.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use haat_identity::{IdentityError, LiveIdentity, SpiffeId, TrustBundle};
use haat_kernel::Clock;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::AsyncBufReadExt;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::gathered::Gathered;
use crate::network::{Io, Network};

/// From the first packet to a connection proven on both sides.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Cheap to clone.
#[derive(Clone)]
pub struct Connector {
    network: Arc<dyn Network>,
    security: Security,
}

#[derive(Clone)]
enum Security {
    Plain,
    Mutual { identity: LiveIdentity, expected: ServerName<'static> },
    Anonymous { config: Arc<ClientConfig>, expected: ServerName<'static> },
}

impl Connector {
    /// Without TLS: to loopback ports only.
    pub fn plain(network: Arc<dyn Network>) -> Self {
        Connector { network, security: Security::Plain }
    }

    /// Shows the current certificate of `identity` and accepts no server but `expected`.
    pub fn mutual(network: Arc<dyn Network>, identity: LiveIdentity, expected: &SpiffeId) -> Result<Self, IdentityError> {
        let security = Security::Mutual { identity, expected: expected.server_name()? };
        Ok(Connector { network, security })
    }

    /// Shows no certificate, because there is none yet; accepts no server but `expected`.
    pub fn anonymous(
        network: Arc<dyn Network>,
        bundle: &TrustBundle,
        clock: Clock,
        expected: &SpiffeId,
    ) -> Result<Self, IdentityError> {
        let security = Security::Anonymous { config: bundle.anonymous_client_config(clock)?, expected: expected.server_name()? };
        Ok(Connector { network, security })
    }

    /// A connection as this side sees it: with TLS 1.3 the server may still refuse our certificate, which shows at the
    /// first read.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Io>> {
        within_limit(async {
            Ok(match self.open(host, port).await? {
                Opened::Plain(io) => io,
                Opened::Tls(stream) => Box::new(Gathered::new(stream)),
            })
        })
        .await
    }

    /// A connection on which the server has begun to speak, as HTTP/2 servers do unasked: only then is it certain that
    /// it took our certificate. So a refusal is a failure to connect, never a failure of a call.
    async fn connect_http2(self, uri: Uri) -> io::Result<TokioIo<Box<dyn Io>>> {
        let (host, port) = host_and_port(&uri)?;
        within_limit(async {
            Ok(match self.open(host, port).await? {
                Opened::Plain(io) => TokioIo::new(io),
                Opened::Tls(mut stream) => {
                    if stream.fill_buf().await?.is_empty() {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    TokioIo::new(Box::new(Gathered::new(stream)) as Box<dyn Io>)
                }
            })
        })
        .await
    }

    async fn open(&self, host: &str, port: u16) -> io::Result<Opened> {
        let io = self.network.connect(host, port).await?;
        let (config, expected) = match &self.security {
            Security::Plain => return Ok(Opened::Plain(io)),
            Security::Mutual { identity, expected } => (identity.client_config(), expected),
            Security::Anonymous { config, expected } => (config.clone(), expected),
        };
        let stream = TlsConnector::from(config).connect(expected.clone(), io).await?;
        Ok(Opened::Tls(Box::new(stream)))
    }
}

enum Opened {
    Plain(Box<dyn Io>),
    Tls(Box<TlsStream<Box<dyn Io>>>),
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Io>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect_http2(uri))
    }
}

async fn within_limit<T>(connecting: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Of a URI that names both, but that plain HTTP has a port of its own.
pub(crate) fn host_and_port(uri: &Uri) -> io::Result<(&str, u16)> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidInput, format!("`{uri}` does not name a host and a port"));
    let host = uri.host().ok_or_else(invalid)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let port = uri.port_u16().or_else(|| (uri.scheme_str() == Some("http")).then_some(80));
    Ok((host, port.ok_or_else(invalid)?))
}
