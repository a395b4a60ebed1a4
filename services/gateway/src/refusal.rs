//! Requests that cannot even be read: the HTTP library refuses them by itself, before the gateway sees any request, with a
//! head and nothing else. On its way out such an answer gets what every refusal has: a problem as its body, and the ids
//! under which it is found. HTTP/2 has no answer to give there: it ends the stream or the connection with its own codes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use haat_kernel::{Clock, Entropy};
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::problem::Problem;
use crate::trace::{CORRELATION_ID, Trace};

/// A longer write is no head without a body.
const BARE_BYTES_MAX: usize = 512;

/// What the refusals of all connections need.
pub struct Refusals {
    pub clock: Clock,
    pub entropy: Entropy,
}

impl Refusals {
    /// The whole answer; the connection ends with it.
    fn answer(&self, status: StatusCode) -> Vec<u8> {
        let trace = Trace::of(&HeaderMap::new(), self.clock.now(), &self.entropy);
        let problem = problem(status);
        let (code, correlation_id) = (&problem.code, trace.correlation_id.as_str());
        tracing::info!(status = status.as_u16(), code = %code, correlation_id, "a request could not be read");
        let body = problem.document(trace.context());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        trace.stamp(&mut headers);
        let reason = status.canonical_reason().unwrap_or_default();
        let mut answer = format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).into_bytes();
        for (name, value) in &headers {
            answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
        }
        answer.extend(b"\r\n");
        answer.extend(body);
        answer
    }
}

fn problem(status: StatusCode) -> Problem {
    let (code, detail) = match status {
        StatusCode::REQUEST_TIMEOUT => ("request_timeout", "The headers did not arrive in time."),
        StatusCode::URI_TOO_LONG => ("path_too_long", "The path is too long to be read."),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            ("headers_too_large", "The headers are too many, or too long, to be read.")
        }
        _ => ("malformed_request", "This is no HTTP request that could be read."),
    };
    Problem::new(status, code, detail)
}

/// The status of a head that is a whole answer and that the gateway did not make: what it makes carries a correlation id.
fn bare_status(bytes: &[u8]) -> Option<StatusCode> {
    let head = bytes.strip_prefix(b"HTTP/1.").filter(|head| head.len() <= BARE_BYTES_MAX)?;
    let head = std::str::from_utf8(head).ok()?.strip_suffix("\r\n\r\n").filter(|head| !head.contains("\r\n\r\n"))?;
    let is_ours = head.lines().any(|line| line.to_ascii_lowercase().starts_with(CORRELATION_ID.as_str()));
    let status = head.split(' ').nth(1)?.parse::<StatusCode>().ok()?;
    (status.is_client_error() && !is_ours).then_some(status)
}

/// A connection on which bare refusals become whole ones.
pub struct Refusing<T> {
    io: T,
    refusals: Arc<Refusals>,
    /// Of a refusal, what is still to be written.
    left: BytesMut,
}

impl<T> Refusing<T> {
    pub fn new(io: T, refusals: Arc<Refusals>) -> Self {
        Refusing { io, refusals, left: BytesMut::new() }
    }
}

impl<T: AsyncWrite + Unpin> Refusing<T> {
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.left.is_empty() {
            let count = ready!(Pin::new(&mut self.io).poll_write(cx, &self.left))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.left.advance(count);
        }
        Poll::Ready(Ok(()))
    }

    /// Takes the place of a bare refusal; the next flush writes it.
    fn dress(&mut self, bytes: &[u8]) -> bool {
        let status = bare_status(bytes);
        self.left.extend(status.map(|status| self.refusals.answer(status)).unwrap_or_default());
        status.is_some()
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Refusing<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Refusing<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_left(cx))?;
        if self.dress(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_left(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_left(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        ready!(self.poll_left(cx))?;
        let mut filled = parts.iter().filter(|part| !part.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next())
            && self.dress(only)
        {
            return Poll::Ready(Ok(only.len()));
        }
        Pin::new(&mut self.io).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn written(bytes: &[u8]) -> String {
        let refusals = Arc::new(Refusals { clock: Clock::System, entropy: Entropy::seeded(1) });
        // Smaller than the answer: it is written in pieces.
        let (mut client, server) = tokio::io::duplex(64);
        let mut refusing = Refusing::new(server, refusals);
        let write = async {
            refusing.write_all(bytes).await.unwrap();
            refusing.shutdown().await.unwrap();
            drop(refusing);
        };
        let mut text = String::new();
        let (read, ()) = tokio::join!(client.read_to_string(&mut text), write);
        read.unwrap();
        text
    }

    #[tokio::test]
    async fn a_bare_refusal_gets_a_problem_and_the_ids() {
        for (status, code) in [(400, "malformed_request"), (408, "request_timeout"), (431, "headers_too_large")] {
            let answer = written(format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").as_bytes()).await;
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with(&format!("HTTP/1.1 {status} ")) && head.contains("connection: close"), "{head}");
            assert!(
                head.contains("\r\nx-correlation-id: ") && head.contains(&format!("content-length: {}", body.len())),
                "{head}"
            );
            assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap()["code"], code);
        }
    }

    #[tokio::test]
    async fn everything_else_is_passed_on() {
        for bytes in [
            "HTTP/1.1 404 Not Found\r\nx-correlation-id: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 1\r\n\r\nx",
            "HTTP/1.1 400",
            "x",
        ] {
            assert_eq!(written(bytes.as_bytes()).await, bytes);
        }
    }
}
