//! HTTP over the simulated network: one request, one connection, one answer, or none.

use std::time::Duration;

use bytes::Bytes;
use haat_transport::{Network, Simulated};
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;

use super::{GATEWAY, HTTP_PORT};

/// Longer than the gateway lets anything take.
const ANSWER_MAX: Duration = Duration::from_secs(20);

pub struct Answer {
    pub status: u16,
    pub body: Value,
}

/// None when there was no answer: what happened then is not known.
pub async fn call(method: &str, path: &str, key: Option<&str>, token: Option<&str>, body: &Value) -> Option<Answer> {
    timeout(ANSWER_MAX, ask(method, path, key, token, body)).await.ok()?.ok()
}

/// Posts a webhook as a provider would.
pub async fn post_webhook(headers: &[(&str, String)], body: String) -> Option<Answer> {
    let mut request = Request::builder().method("POST").uri("/v1/webhooks/payments/sandbox").header("host", GATEWAY);
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let request = request.header("content-type", "application/json").body(Full::from(body)).ok()?;
    timeout(ANSWER_MAX, exchange(request)).await.ok()?.ok()
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn ask(method: &str, path: &str, key: Option<&str>, token: Option<&str>, body: &Value) -> Result<Answer, Failure> {
    let mut request = Request::builder().method(method).uri(path).header("host", GATEWAY);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let text = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = request.header("content-type", "application/json").body(Full::new(text))?;
    exchange(request).await
}

async fn exchange(request: Request<Full<Bytes>>) -> Result<Answer, Failure> {
    let io = Simulated.connect(GATEWAY, HTTP_PORT).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await?;
    haat_kernel::spawn("simulated.http", async move {
        // A connection that breaks shows in the answer that does not come.
        let _ = connection.await;
    });
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
}
