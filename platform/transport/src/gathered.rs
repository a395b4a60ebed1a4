//! Gathers what is written until it is flushed. Protocols write heads, bodies and ends one by one; on TLS each would be a
//! record, a system call, and a wake-up of the other side of its own. Always: nothing leaves without a flush, unless there is
//! more than `GATHERED_MAX` of it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that one TLS record holds.
const GATHERED_MAX: usize = 16 << 10;
/// A larger buffer is given back, so that a connection at rest is small.
const KEPT_MAX: usize = 2 << 10;

pub struct Gathered<T> {
    io: T,
    waiting: Vec<u8>,
    /// So much of what waits has been written.
    written: usize,
}

impl<T: AsyncWrite + Unpin> Gathered<T> {
    pub fn new(io: T) -> Self {
        Gathered { io, waiting: Vec::new(), written: 0 }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.waiting.len() {
            let written = ready!(Pin::new(&mut self.io).poll_write(cx, &self.waiting[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.written = 0;
        self.waiting.clear();
        self.waiting.shrink_to(KEPT_MAX);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Gathered<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.waiting.len() >= GATHERED_MAX {
            ready!(self.poll_send(cx))?;
        }
        let taken = bytes.len().min(GATHERED_MAX - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// HTTP/2 then puts more of an answer into one write.
    fn is_write_vectored(&self) -> bool {
        false
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Gathered<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    #[tokio::test]
    async fn what_is_written_leaves_with_the_flush_in_one_piece() {
        let (near, mut far) = duplex(1 << 10);
        let mut gathered = Gathered::new(near);
        gathered.write_all(b"head ").await.unwrap();
        gathered.write_all(b"body").await.unwrap();
        let mut buffer = [0; 64];
        let early = tokio::time::timeout(std::time::Duration::ZERO, far.read(&mut buffer)).await;
        assert!(early.is_err());
        gathered.flush().await.unwrap();
        let read = far.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..read], b"head body");
    }

    #[tokio::test]
    async fn more_than_is_gathered_passes_through_whole() {
        let (near, mut far) = duplex(100);
        let sent: Vec<u8> = (0..3 * GATHERED_MAX + 7).map(|number| (number % 251) as u8).collect();
        let expected = sent.clone();
        let sending = async {
            let mut gathered = Gathered::new(near);
            gathered.write_all(&sent).await.unwrap();
            gathered.shutdown().await.unwrap();
        };
        let mut received = Vec::new();
        let (_, read) = tokio::join!(sending, far.read_to_end(&mut received));
        read.unwrap();
        assert_eq!(received, expected);
    }
}
