//! A sandbox provider on a free port, a client of it, and a receiver of its webhooks that keeps what it was sent.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use haat_kernel::{Clock, Entropy};
use haat_sandbox_psp::{Config, Delays, Server, WebhookSecret};
use haat_store::Store;
use haat_transport::{Network, Tcp};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);
const ANYWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

pub struct Sandbox {
    pub addr: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

impl Sandbox {
    pub async fn start(store: Store, webhooks: &Webhooks, change: impl FnOnce(&mut Config)) -> Sandbox {
        let mut config = Config {
            listen: ANYWHERE,
            public_url: None,
            webhook_url: Some(format!("http://{}/hook?from=sandbox", webhooks.addr)),
            webhook_secret: WebhookSecret::parse(SECRET).unwrap(),
            api_key: None,
            delays: quick(),
        };
        change(&mut config);
        let server = Server::bind(config, Arc::new(Tcp), store, Clock::System, Entropy::seeded(7)).await.unwrap();
        let addr = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let running = haat_kernel::spawn("sandbox", server.serve(async { drop(stopped.await) }));
        Sandbox { addr, stop, running }
    }

    pub async fn stop(self) {
        drop(self.stop);
        tokio::time::timeout(PATIENCE, self.running).await.unwrap().unwrap();
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        let request = Request::get(path).body(Full::default()).unwrap();
        json_of(send(self.addr, request).await.unwrap()).await
    }

    pub async fn post(&self, path: &str, key: &str, body: Value) -> (u16, Value) {
        json_of(send(self.addr, post(path, key, &body)).await.unwrap()).await
    }

    pub async fn authorize(&self, reference: &str, token: &str) -> (u16, Value) {
        self.post("/v1/charges", &format!("auth-{reference}"), order(reference, token)).await
    }

    /// Asks by reference until the charge has this status.
    pub async fn wait_for(&self, reference: &str, status: &str) -> Value {
        let asked = async {
            loop {
                let (_, answer) = self.get(&format!("/v1/charges?reference={reference}")).await;
                let charge = &answer["charges"][0];
                if charge["status"] == status {
                    return charge.clone();
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap()
    }

    /// A page of the sandbox, as a browser reads it or sends its form.
    pub async fn page(&self, method: &str, path: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).body(Full::default()).unwrap();
        let response = send(self.addr, request).await.unwrap();
        let status = response.status().as_u16();
        (status, String::from_utf8(bytes_of(response).await.to_vec()).unwrap())
    }
}

pub fn order(reference: &str, token: &str) -> Value {
    json!({"reference": reference, "amount": 129_900, "currency": "INR", "token": token})
}

pub fn post(path: &str, key: &str, body: &Value) -> Request<Full<Bytes>> {
    Request::post(path).header("idempotency-key", key).body(Full::from(body.to_string())).unwrap()
}

fn quick() -> Delays {
    Delays {
        hold: Duration::from_millis(50),
        settle: Duration::from_millis(20),
        webhook_after_settling: Duration::from_millis(20),
        late_webhook: Duration::from_millis(100),
        last_copy: Duration::from_millis(100),
        first_retry: Duration::from_millis(10),
    }
}

/// One request on a connection of its own; an error when it gets no answer.
pub async fn send(addr: SocketAddr, mut request: Request<Full<Bytes>>) -> hyper::Result<Response<Incoming>> {
    request.headers_mut().insert("host", addr.to_string().parse().unwrap());
    let io = Tcp.connect(&addr.ip().to_string(), addr.port()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await?;
    haat_kernel::spawn("client", connection);
    tokio::time::timeout(PATIENCE, sender.send_request(request)).await.unwrap()
}

pub async fn json_of(response: Response<Incoming>) -> (u16, Value) {
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&bytes_of(response).await).unwrap())
}

async fn bytes_of(response: Response<Incoming>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

/// A webhook as it arrived.
#[derive(Debug)]
pub struct Received {
    pub id: String,
    pub kind: String,
    pub charge: Value,
}

pub struct Webhooks {
    pub addr: SocketAddr,
    received: mpsc::UnboundedReceiver<Received>,
    refusals: Arc<AtomicU32>,
}

impl Webhooks {
    pub async fn listen() -> Webhooks {
        let acceptor = Tcp.bind(ANYWHERE).await.unwrap();
        let addr = acceptor.local_addr().unwrap();
        let refusals = Arc::new(AtomicU32::new(0));
        let (arrived, received) = mpsc::unbounded_channel();
        let refusals_left = refusals.clone();
        haat_kernel::spawn("webhooks", async move {
            while let Ok((io, _)) = acceptor.accept().await {
                let (arrived, refusals_left) = (arrived.clone(), refusals_left.clone());
                let service = service_fn(move |request| receive(request, arrived.clone(), refusals_left.clone()));
                haat_kernel::spawn(
                    "webhook",
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(io), service),
                );
            }
        });
        Webhooks { addr, received, refusals }
    }

    /// Answers the next `count` webhooks with 503.
    pub fn refuse(&self, count: u32) {
        self.refusals.store(count, Ordering::SeqCst);
    }

    pub fn refusals_left(&self) -> u32 {
        self.refusals.load(Ordering::SeqCst)
    }

    pub async fn next(&mut self) -> Received {
        tokio::time::timeout(PATIENCE, self.received.recv()).await.unwrap().unwrap()
    }

    /// The next ones, as `type` in the order of arrival.
    pub async fn next_kinds(&mut self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        while kinds.len() < count {
            kinds.push(self.next().await.kind);
        }
        kinds
    }

    pub fn is_quiet(&mut self) -> bool {
        self.received.try_recv().is_err()
    }
}

async fn receive(
    request: Request<Incoming>,
    arrived: mpsc::UnboundedSender<Received>,
    refusals_left: Arc<AtomicU32>,
) -> hyper::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    verify(&head.headers, &body);
    assert_eq!(head.uri, "/hook?from=sandbox");
    let mut response = Response::new(Full::default());
    if refusals_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(response);
    }
    let body: Value = serde_json::from_slice(&body).unwrap();
    let kind = body["type"].as_str().unwrap().to_owned();
    let id = head.headers["webhook-id"].to_str().unwrap().to_owned();
    arrived.send(Received { id, kind, charge: body["data"].clone() }).ok();
    Ok(response)
}

/// As any receiver of Standard Webhooks does it, apart from the sandbox's own code.
fn verify(headers: &HeaderMap, body: &[u8]) {
    let text = |name: &str| headers[name].to_str().unwrap();
    let age = Clock::System.now().as_second() - text("webhook-timestamp").parse::<i64>().unwrap();
    assert!((0..300).contains(&age), "{age}");
    let signed = [text("webhook-id").as_bytes(), b".", text("webhook-timestamp").as_bytes(), b".", body].concat();
    let key = STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let signature = STANDARD.decode(text("webhook-signature").strip_prefix("v1,").unwrap()).unwrap();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, &key), &signed, &signature).unwrap();
}
