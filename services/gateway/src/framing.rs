//! A second reading of HTTP/1 framing, beside the HTTP library's: it notices heads with both `Content-Length` and
//! `Transfer-Encoding`, which the library resolves silently, and heads that do not arrive in time, which the library would
//! end without a word: it answers them with a bare head. It changes no byte, and gives up where it cannot follow (a chunked body, HTTP/2).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// From a head's first byte to its last.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// More of a line is not needed to know the headers that matter.
const LINE_BYTES_MAX: usize = 64;
const TIMED_OUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

pub struct Framed<T> {
    io: T,
    reader: Reader,
    is_ambiguous: Arc<AtomicBool>,
    /// Runs while a head is incomplete.
    overdue: Option<Pin<Box<Sleep>>>,
}

impl<T> Framed<T> {
    /// `is_ambiguous` is set for good once such a head was seen.
    pub fn new(io: T, is_ambiguous: Arc<AtomicBool>) -> Self {
        Framed { io, reader: Reader::default(), is_ambiguous, overdue: None }
    }

    /// True once the head that is being read has taken too long.
    fn is_overdue(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.reader.is_inside_head() {
            self.overdue = None;
            return false;
        }
        self.overdue.get_or_insert_with(|| Box::pin(sleep(HEAD_TIMEOUT))).as_mut().poll(cx).is_ready()
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Framed<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.io).poll_read(cx, buffer);
        if read.is_ready() {
            this.reader.feed(&buffer.filled()[before..]);
            if this.reader.is_ambiguous {
                this.is_ambiguous.store(true, Ordering::Release);
            }
        }
        if read.is_pending() && this.is_overdue(cx) {
            // Nothing else is being written: a connection with a half-read head has answered all before it. Should the
            // answer not fit at once, the client has to do without.
            if Pin::new(&mut this.io).poll_write(cx, TIMED_OUT).is_ready() {
                let _ = Pin::new(&mut this.io).poll_flush(cx);
            }
            return Poll::Ready(Ok(()));
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Framed<T> {
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

#[derive(Debug, Default)]
struct Reader {
    state: State,
    /// The beginning of the line that is being read.
    line: Vec<u8>,
    lines: usize,
    length: Option<u64>,
    is_encoded: bool,
    is_ambiguous: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of a body are still to come.
    Body(u64),
    /// It cannot be followed any further.
    Opaque,
}

impl Reader {
    fn is_inside_head(&self) -> bool {
        self.state == State::Head && (self.lines > 0 || !self.line.is_empty())
    }

    fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match &mut self.state {
                State::Opaque => return,
                State::Body(left) => {
                    let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                    *left -= taken as u64;
                    if *left == 0 {
                        self.state = State::Head;
                    }
                    bytes = &bytes[taken..];
                }
                State::Head => {
                    let end = bytes.iter().position(|byte| *byte == b'\n');
                    let part = &bytes[..end.unwrap_or(bytes.len())];
                    let room = LINE_BYTES_MAX.saturating_sub(self.line.len()).min(part.len());
                    self.line.extend_from_slice(&part[..room]);
                    bytes = end.map_or(&[], |end| &bytes[end + 1..]);
                    if end.is_some() {
                        self.end_line();
                    }
                }
            }
        }
    }

    fn end_line(&mut self) {
        // Taken out and given back: the next line needs no memory of its own.
        let buffer = std::mem::take(&mut self.line);
        self.read_line(buffer.strip_suffix(b"\r").unwrap_or(&buffer));
        self.line = buffer;
        self.line.clear();
    }

    fn read_line(&mut self, line: &[u8]) {
        match (line.is_empty(), self.lines) {
            // Empty lines before a request are allowed.
            (true, 0) => {}
            (true, _) => self.end_head(),
            (false, 0) if line.starts_with(b"PRI ") => self.state = State::Opaque,
            (false, lines) => {
                self.lines = lines + 1;
                self.header(line);
            }
        }
    }

    fn header(&mut self, line: &[u8]) {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return };
        let (name, value) = (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.is_encoded = true;
        } else if name.eq_ignore_ascii_case(b"content-length") {
            // What is no number is the library's to refuse.
            self.length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).or(Some(0));
        }
    }

    fn end_head(&mut self) {
        self.is_ambiguous |= self.is_encoded && self.length.is_some();
        self.state = match self.length {
            _ if self.is_encoded => State::Opaque,
            Some(length) if length > 0 => State::Body(length),
            _ => State::Head,
        };
        self.lines = 0;
        self.length = None;
        self.is_encoded = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn read(bytes: &[u8]) -> Reader {
        let mut reader = Reader::default();
        reader.feed(bytes);
        reader
    }

    #[test]
    fn both_headers_in_one_head_are_noticed_in_any_order_and_case() {
        let head = |headers: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        for ambiguous in [
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            "transfer-encoding: chunked\r\nCONTENT-LENGTH: 4\r\n",
            "Transfer-Encoding : identity\nContent-Length:0\n",
        ] {
            assert!(read(head(ambiguous).as_bytes()).is_ambiguous, "{ambiguous}");
            let later = format!("{}abcd{}", head("Content-Length: 4\r\n"), head(ambiguous));
            assert!(read(later.as_bytes()).is_ambiguous, "after another request");
        }
        let split = format!("{}{}", head("Content-Length: 4\r\n\r\nab"), "Transfer-Encoding: chunked\r\n\r\n");
        for honest in [head("Content-Length: 4\r\n"), head("Transfer-Encoding: chunked\r\n"), split] {
            assert!(!read(honest.as_bytes()).is_ambiguous);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_does_not_end_is_answered() {
        let (mut client, server) = tokio::io::duplex(1024);
        client.write_all(b"GET / HTTP/1.1\r\nHost:").await.unwrap();
        let mut framed = Framed::new(server, Arc::default());
        let mut buffer = [0u8; 64];
        assert!(framed.read(&mut buffer).await.unwrap() > 0);
        assert_eq!(framed.read(&mut buffer).await.unwrap(), 0, "the connection ends for the reader");
        drop(framed);
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_makes_no_difference(bytes in "(GET|POST|PRI |content-length: ?[0-9]{1,3}|transfer-encoding:x|\r\n|[a-z]){0,30}", cut in 1usize..20) {
            let whole = read(bytes.as_bytes());
            let mut pieces = Reader::default();
            bytes.as_bytes().chunks(cut).for_each(|piece| pieces.feed(piece));
            prop_assert_eq!(format!("{whole:?}"), format!("{pieces:?}"));
        }
    }
}
