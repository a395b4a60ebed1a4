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
pub async fn call(method: &str, path: &str, key: Option<&str>, body: &Value) -> Option<Answer> {
    timeout(ANSWER_MAX, ask(method, path, key, body)).await.ok()?.ok()
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn ask(method: &str, path: &str, key: Option<&str>, body: &Value) -> Result<Answer, Failure> {
    let io = Simulated.connect(GATEWAY, HTTP_PORT).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await?;
    haat_kernel::spawn("simulated.http", async move {
        // A connection that breaks shows in the answer that does not come.
        let _ = connection.await;
    });
    let mut request = Request::builder().method(method).uri(path).header("host", GATEWAY);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    let text = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    let request = request.header("content-type", "application/json").body(Full::new(text))?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
}
