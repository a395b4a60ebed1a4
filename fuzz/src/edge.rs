//! The public edge: the bytes of a connection, from the listener through parsing, routing and translation, with services
//! that answer everything with nothing. Whatever comes, the connection ends, and an answer is never our fault.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use haat_contracts::web::RequestPart;
use haat_gateway::cache::Cache;
use haat_gateway::call::{ResponseParts, Upstream};
use haat_gateway::gateway::Gateway;
use haat_gateway::inspection::Inspection;
use haat_gateway::keys::{KeySource, Keys};
use haat_gateway::pages::Pages;
use haat_gateway::readiness::Readiness;
use haat_gateway::table::{CallRoute, Table};
use haat_gateway::tokens::Tokens;
use haat_gateway::{edge, visiting};
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_transport::{Acceptor, Io, Listener, Network, Security};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Mutex, watch};

use crate::simulated::{block_on, clock};

/// What a client leaves unread before the gateway has to wait for it.
const BUFFER_BYTES: usize = 64 << 10;

pub fn run(data: &[u8]) {
    let answer = block_on(converse(data));
    // A HEAD has no body, and HTTP/2 is another protocol.
    if !data.starts_with(b"HEAD") && !data.starts_with(b"PRI ") {
        assert_first_answer(&answer);
    }
}

/// Sends everything and reads to the end.
async fn converse(data: &[u8]) -> Vec<u8> {
    static GATEWAY: OnceLock<Arc<Gateway>> = OnceLock::new();
    let gateway = GATEWAY.get_or_init(|| Arc::new(gateway())).clone();
    let (client, server) = tokio::io::duplex(BUFFER_BYTES);
    let listener = Listener::bind(&One::from(server), ([127, 0, 0, 1], 0).into(), Security::Plain).await;
    let (stop, stopping) = watch::channel(false);
    let serving = haat_kernel::spawn("edge", edge::serve(gateway, listener.expect("a listener"), true, stopping));
    let (mut from_server, mut to_server) = tokio::io::split(client);
    let sending = async {
        // The gateway may have heard enough.
        let _ = to_server.write_all(data).await;
        let _ = to_server.shutdown().await;
    };
    let mut answer = Vec::new();
    let (_, read) = tokio::join!(sending, from_server.read_to_end(&mut answer));
    read.expect("the end of the connection");
    stop.send_replace(true);
    serving.await.expect("the end of the listener");
    answer
}

/// The first answer, where it can be told from the next: its status, and its body if that is a problem.
fn assert_first_answer(answer: &[u8]) {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return assert!(text.is_empty(), "{text}") };
    let status = head.strip_prefix("HTTP/1.1 ").or(head.strip_prefix("HTTP/1.0 ")).and_then(|rest| rest.get(..3));
    let status: u16 = status.and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{text}"));
    assert!(status != 500 && (100..600).contains(&status), "{text}");
    let field = |name: &str| head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name).map(str::to_owned));
    let length = field("content-length: ").and_then(|length| length.parse::<usize>().ok());
    if field("content-type: ").is_some_and(|kind| kind == "application/problem+json")
        && let Some(document) = length.and_then(|length| body.get(..length))
    {
        let document: serde_json::Value = serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert!(document["code"].as_str().is_some_and(|code| !code.is_empty()), "{text}");
    }
}

fn gateway() -> Gateway {
    let (table, clock) = (Table::from_contracts().expect("the contracts make a table"), clock());
    Gateway {
        pages: Pages::new(&table),
        table,
        upstream: Arc::new(Nothing),
        tokens: Tokens::new(Arc::new(Keys::new(Nothing)), clock, "https://haat.test"),
        inspection: Inspection::Block,
        cache: Cache::default(),
        form_limit: visiting::form_limit(),
        readiness: Readiness::new(0),
        decisions: Default::default(),
        clock,
        entropy: Entropy::seeded(1),
    }
}

/// Services that answer with an empty message, once they have heard all; there are no keys of tokens and no pages.
struct Nothing;

#[async_trait]
impl Upstream for Nothing {
    async fn unary(&self, _: &CallRoute, _: &Ctx, _: Bytes) -> Result<Bytes> {
        Ok(Bytes::new())
    }

    async fn stream(&self, _: &CallRoute, _: &Ctx, messages: BoxStream<'static, Bytes>) -> Result<Bytes> {
        messages.for_each(|_| std::future::ready(())).await;
        Ok(Bytes::new())
    }

    async fn pages(&self, _: &str, _: &Ctx, request: BoxStream<'static, RequestPart>) -> Result<ResponseParts> {
        request.for_each(|_| std::future::ready(())).await;
        Err(Error::unavailable("no application"))
    }
}

#[async_trait]
impl KeySource for Nothing {
    async fn fetch(&self) -> Result<Vec<u8>> {
        Ok(br#"{"keys":[]}"#.to_vec())
    }
}

/// A network on which one client comes, once.
struct One(Arc<Mutex<Option<DuplexStream>>>);

impl From<DuplexStream> for One {
    fn from(stream: DuplexStream) -> Self {
        One(Arc::new(Mutex::new(Some(stream))))
    }
}

#[async_trait]
impl Network for One {
    async fn bind(&self, _: SocketAddr) -> io::Result<Box<dyn Acceptor>> {
        Ok(Box::new(One(self.0.clone())))
    }

    async fn connect(&self, _: &str, _: u16) -> io::Result<Box<dyn Io>> {
        Err(io::ErrorKind::ConnectionRefused.into())
    }
}

#[async_trait]
impl Acceptor for One {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(([127, 0, 0, 1], 1).into())
    }

    async fn accept(&self) -> io::Result<(Box<dyn Io>, SocketAddr)> {
        match self.0.lock().await.take() {
            Some(stream) => Ok((Box::new(stream), self.local_addr()?)),
            None => std::future::pending().await,
        }
    }
}
