//! The network as the rest of the platform sees it: bytes in order between two ends. TCP here, turmoil in simulations.

use std::io;
use std::net::SocketAddr;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};

/// One end of a connection.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

#[async_trait]
pub trait Network: Send + Sync + 'static {
    /// Listens at `addr`; port 0 takes a free one.
    async fn bind(&self, addr: SocketAddr) -> io::Result<Box<dyn Acceptor>>;

    /// `host` is a name or an address, IPv6 without brackets.
    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Io>>;

    /// True where no byte leaves the process.
    fn is_simulated(&self) -> bool {
        false
    }
}

/// A bound address.
#[async_trait]
pub trait Acceptor: Send + Sync + 'static {
    fn local_addr(&self) -> io::Result<SocketAddr>;

    /// The next connection and who made it. Cancel safe.
    async fn accept(&self) -> io::Result<(Box<dyn Io>, SocketAddr)>;
}

/// The operating system's TCP, without Nagle's delay: every message of ours is written whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

#[async_trait]
impl Network for Tcp {
    #[expect(clippy::disallowed_methods, reason = "this is where sockets are made")]
    async fn bind(&self, addr: SocketAddr) -> io::Result<Box<dyn Acceptor>> {
        Ok(Box::new(TcpListener::bind(addr).await?))
    }

    #[expect(clippy::disallowed_methods, reason = "this is where sockets are made")]
    async fn connect(&self, host: &str, port: u16) -> io::Result<Box<dyn Io>> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }
}

#[async_trait]
impl Acceptor for TcpListener {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }

    async fn accept(&self) -> io::Result<(Box<dyn Io>, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok((Box::new(stream), peer))
    }
}
