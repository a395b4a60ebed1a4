//! The plain listener over real loopback sockets: what clients see of framing, limits, idleness and the end.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use haat_kernel::{Clock, Entropy};
use haat_transport::{Security, Tcp};
use http_body_util::Full;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;
use crate::cache::Cache;
use crate::call::Services;
use crate::inspection::Inspection;
use crate::keys::{KeySource, Keys};
use crate::pages::Pages;
use crate::readiness::Readiness;
use crate::table::Table;
use crate::tokens::Tokens;
use crate::visiting;

struct NoKeys;

#[async_trait::async_trait]
impl KeySource for NoKeys {
    async fn fetch(&self) -> haat_kernel::Result<Vec<u8>> {
        Err(haat_kernel::Error::unavailable("no users"))
    }
}

struct Bench {
    addr: SocketAddr,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

async fn bench() -> Bench {
    let table = Table::from_contracts().unwrap();
    let gateway = Gateway {
        pages: Pages::new(&table),
        table,
        upstream: Arc::new(Services(BTreeMap::new())),
        tokens: Tokens::new(Arc::new(Keys::new(NoKeys)), Clock::System, "https://haat.test"),
        inspection: Inspection::Block,
        cache: Cache::default(),
        form_limit: visiting::form_limit(),
        decisions: Default::default(),
        readiness: Readiness::new(1),
        clock: Clock::System,
        entropy: Entropy::seeded(1),
    };
    let listener = Listener::bind(&Tcp, "127.0.0.1:0".parse().unwrap(), Security::Plain).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let serving = haat_kernel::spawn("test.edge", serve(Arc::new(gateway), listener, true, stopping));
    Bench { addr, stop, serving }
}

impl Bench {
    async fn connect(&self) -> TcpStream {
        #[expect(clippy::disallowed_methods, reason = "the client of this test is outside the platform")]
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// All that comes back until the server closes.
    async fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset after the answer is an end as well.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

#[tokio::test]
async fn ambiguous_and_oversized_requests_get_a_4xx_and_lose_their_connection() {
    let bench = bench().await;
    let long = "x".repeat(9000);
    let huge = format!("X: {}\r\n", "y".repeat(80_000));
    let many: String = (0..120).map(|n| format!("X-{n}: 1\r\n")).collect();
    for (request, status) in [
        (
            "POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
                .to_owned(),
            "400",
        ),
        (
            "POST /v1/carts HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n".to_owned(),
            "400",
        ),
        (format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), "414"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{huge}\r\n"), "431"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{many}\r\n"), "431"),
        ("GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n".to_owned(), "400"),
        ("POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n".to_owned(), "413"),
        ("\u{1}\u{2}\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/9.9\r\nHost: x\r\n\r\n".to_owned(), "400"),
        ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n".to_owned(), "400"),
        (format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: 1\r\n".repeat(50_000)), "431"),
    ] {
        let answer = bench.exchange(&request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("\r\nx-correlation-id: "), "{answer}");
        // Some bodies come in chunks.
        let json = body.find('{').zip(body.rfind('}')).map(|(first, last)| &body[first..=last]);
        let document: serde_json::Value = serde_json::from_str(json.unwrap_or_default()).unwrap_or_default();
        assert_eq!(document["status"].to_string(), status, "{answer}");
    }
}

#[tokio::test]
async fn http2_has_the_same_limits() {
    let bench = bench().await;
    let io = TokioIo::new(bench.connect().await);
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    haat_kernel::spawn("test.client", connection);
    let large = Bytes::from(vec![b' '; 3 << 20]);
    for (request, body, status) in [
        (Request::get("http://x/healthz"), Bytes::new(), 200),
        (Request::get("http://x/healthz").header("x", "y".repeat(70_000)), Bytes::new(), 431),
        (Request::post("http://x/v1/carts").header("content-type", "application/json"), large, 413),
        (Request::post("http://x/v1/products:import"), Bytes::from_static(b"a,b"), 401),
    ] {
        let answer = sender.send_request(request.body(Full::new(body)).unwrap()).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers().contains_key("x-correlation-id"));
        answer.into_body().collect().await.unwrap();
    }
}

#[tokio::test]
async fn one_connection_serves_many_requests_and_a_stop_lets_it_finish() {
    let bench = bench().await;
    let mut stream = bench.connect().await;
    let mut buffer = vec![0; 16 * 1024];
    for _ in 0..3 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let count = stream.read(&mut buffer).await.unwrap();
        let answer = String::from_utf8_lossy(&buffer[..count]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("x-correlation-id: "), "{answer}");
    }
    bench.stop.send_replace(true);
    bench.serving.await.unwrap();
    assert_eq!(stream.read(&mut buffer).await.unwrap(), 0, "closed once it was idle");
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_idle_only_while_nothing_runs() {
    let activity = Arc::new(Activity::default());
    let running = activity.begin();
    let started = Instant::now();
    let watching = activity.clone();
    let idle = tokio::time::timeout(Duration::from_secs(600), async move { watching.idle().await });
    let finish = async {
        sleep(Duration::from_secs(100)).await;
        drop(running);
    };
    let (idle, ()) = tokio::join!(idle, finish);
    assert!(idle.is_ok());
    assert!((160..=221).contains(&started.elapsed().as_secs()), "{:?}", started.elapsed());
}
