//! An accepted connection: bytes, and who is at the other end. It ends by itself when its time is over or its peer's
//! certificate is revoked; TLS proves identity only at the start, so nothing else would notice.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use haat_identity::SpiffeId;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tonic::transport::server::Connected;

use crate::network::Io;

/// Who is at the other end. Handlers find it among the request's extensions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Peer {
    pub addr: SocketAddr,
    /// The service that its certificate names; none on plain connections, at the edge, and before enrollment.
    pub identity: Option<SpiffeId>,
    pub alpn: Alpn,
}

impl Peer {
    /// The service's name: `orders`.
    pub fn name(&self) -> Option<&str> {
        self.identity.as_ref().map(SpiffeId::name)
    }
}

/// The protocol that TLS agreed on; `None` when it agreed on nothing, and without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    Http1,
    Http2,
    None,
}

impl Alpn {
    pub(crate) fn of(protocol: Option<&[u8]>) -> Self {
        match protocol {
            Some(b"h2") => Alpn::Http2,
            Some(b"http/1.1") => Alpn::Http1,
            _ => Alpn::None,
        }
    }
}

pub(crate) type End = Pin<Box<dyn Future<Output = ()> + Send>>;

pub struct Connection {
    io: Box<dyn Io>,
    peer: Peer,
    /// Resolves when the connection must end.
    end: Option<End>,
    /// Its place among the open connections of the listener.
    _place: OwnedSemaphorePermit,
}

impl Connection {
    pub(crate) fn new(io: Box<dyn Io>, peer: Peer, end: Option<End>, place: OwnedSemaphorePermit) -> Self {
        Connection { io, peer, end, _place: place }
    }

    pub fn peer(&self) -> &Peer {
        &self.peer
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Some(end) = &mut self.end
            && end.as_mut().poll(cx).is_ready()
        {
            self.end = Some(Box::pin(std::future::ready(())));
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
