//! Sends one webhook, signed at the moment of sending, so that a message which waited is never too old to be believed.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use haat_kernel::Clock;
use haat_transport::HttpClient;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};

use crate::delivery::Message;
use crate::signature::WebhookSecret;

/// From connecting to the end of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// An answer that is read to its end leaves the connection for the next message.
const ANSWER_BYTES_MAX: usize = 1 << 16;

pub struct Sender {
    pub client: HttpClient,
    pub secret: WebhookSecret,
    pub clock: Clock,
}

impl Sender {
    /// True when the receiver took the message, which is any 2xx.
    pub async fn send(&self, message: &Message) -> bool {
        let sent = tokio::time::timeout(TIMEOUT, self.attempt(message)).await;
        let outcome = match sent {
            Ok(Ok(status)) if status.is_success() => return true,
            Ok(Ok(status)) => status.to_string(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::info!(message = %message.id, url = message.url, outcome, "a webhook was not taken");
        false
    }

    async fn attempt(&self, message: &Message) -> io::Result<StatusCode> {
        let uri = http_url(&message.url).ok_or(io::ErrorKind::InvalidInput)?;
        let request = self.request(message, uri).map_err(io::Error::other)?;
        let response = self.client.request(request).await.map_err(io::Error::other)?;
        let (head, body) = response.into_parts();
        Limited::new(body, ANSWER_BYTES_MAX).collect().await.map_err(io::Error::other)?;
        Ok(head.status)
    }

    fn request(&self, message: &Message, uri: Uri) -> http::Result<Request<Full<Bytes>>> {
        let timestamp = self.clock.now().as_second();
        Request::post(uri)
            .header("content-type", "application/json")
            .header("webhook-id", message.id.as_str())
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secret.sign(message.id.as_str(), timestamp, &message.body))
            .body(Full::from(message.body.clone()))
    }
}

/// `text` as a URL to which a webhook can be sent: plain HTTP with a host.
pub fn http_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    (uri.scheme_str() == Some("http") && uri.host().is_some()).then_some(uri)
}
