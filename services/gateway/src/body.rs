//! Request bodies: read whole within a limit of bytes and time, or handed on chunk by chunk as they arrive. What nobody
//! wanted is read off before the answer, within limits: a client that still sends would see its connection break instead.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use haat_contracts::api::HttpBody;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Empty};
use prost::Message;
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;

use crate::problem::Problem;
use crate::transcode::http_body;

/// For a body that is read whole.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two chunks of a stream.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(60);

const DRAIN_BYTES_MAX: usize = 8 << 20;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// Of a request or an answer: whole or still coming, from a socket, a service or a test.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A body of nothing, or of bytes that are here already.
pub fn whole(bytes: impl Into<Bytes>) -> Body {
    let bytes = bytes.into();
    if bytes.is_empty() {
        return Empty::new().map_err(Into::into).boxed_unsync();
    }
    http_body_util::Full::new(bytes).map_err(Into::into).boxed_unsync()
}

/// 413 for a body whose announced length is over `limit`, before any of it is read.
pub fn check_length(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    let is_over = announced.is_some_and(|length| usize::try_from(length).map_or(true, |length| length > limit));
    if is_over { Err(Problem::payload_too_large(limit)) } else { Ok(()) }
}

pub async fn read(body: &mut Body, limit: usize) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    timeout(READ_TIMEOUT, collect(body, limit)).await.unwrap_or_else(|_| Err(too_slow()))
}

async fn collect(body: &mut Body, limit: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        // Trailers say nothing to us.
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if first.len() + rest.len() + data.len() > limit {
            return Err(Problem::payload_too_large(limit));
        }
        match first.is_empty() {
            true => first = data,
            false => rest.extend_from_slice(&data),
        }
    }
    // Nearly every body comes in one piece, which is not copied.
    Ok(if rest.is_empty() { first } else { [first.as_ref(), &rest].concat().into() })
}

/// Reads off what is left. Not for a client that waits for `100 Continue`: it has sent nothing yet.
pub async fn drain(body: &mut Body, headers: &HeaderMap) {
    if body.is_end_stream() || headers.contains_key(EXPECT) {
        return;
    }
    let mut left = DRAIN_BYTES_MAX;
    let discard = async {
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(remaining) => left = remaining,
                None => return,
            }
        }
    };
    let _ = timeout(DRAIN_TIMEOUT, discard).await;
}

/// A body that a stream reads, and that can be drained when the stream is gone.
pub type SharedBody = Arc<Mutex<Body>>;

pub fn share(body: Body) -> SharedBody {
    Arc::new(Mutex::new(body))
}

/// Like `drain`, once the stream lets go of the body.
pub async fn drain_shared(body: &SharedBody, headers: &HeaderMap) {
    let _ = timeout(DRAIN_TIMEOUT, async { drain(&mut *body.lock().await, headers).await }).await;
}

/// The messages of a streaming call, encoded, and what went wrong with the body: a stream that merely ended would look
/// complete to the service.
pub fn chunks(body: SharedBody, content_type: Option<HeaderValue>) -> (BoxStream<'static, Bytes>, oneshot::Receiver<Problem>) {
    let (failed, failure) = oneshot::channel();
    let first = http_body(content_type.as_ref(), Vec::new());
    let rest = futures::stream::unfold((body, Some(failed)), |(body, mut failed)| async move {
        match next_chunk(&body).await {
            Ok(None) => None,
            Ok(Some(data)) => Some((HttpBody { content_type: String::new(), data: data.into() }, (body, failed))),
            Err(problem) => {
                if let Some(failed) = failed.take() {
                    let _ = failed.send(problem);
                }
                // The receiver drops the call, and this stream with it.
                std::future::pending().await
            }
        }
    });
    let messages = futures::stream::once(std::future::ready(first)).chain(rest);
    (messages.map(|message| Bytes::from(message.encode_to_vec())).boxed(), failure)
}

pub async fn next_chunk(body: &SharedBody) -> Result<Option<Bytes>, Problem> {
    let mut body = body.lock().await;
    loop {
        match timeout(CHUNK_TIMEOUT, body.frame()).await {
            Err(_) => return Err(too_slow()),
            Ok(None) => return Ok(None),
            Ok(Some(Err(error))) => return Err(broken(error)),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time.").closing()
}

fn broken(error: BoxError) -> Problem {
    let detail = "The body broke off, or is not framed as HTTP demands.";
    Problem::new(StatusCode::BAD_REQUEST, "body_broken", detail).closing().with_context(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use http_body_util::StreamBody;

    fn pieces(items: Vec<Result<&'static str, &'static str>>) -> Body {
        let frames = items.into_iter().map(|item| item.map(|text| Frame::data(Bytes::from(text))).map_err(BoxError::from));
        StreamBody::new(futures::stream::iter(frames)).boxed_unsync()
    }

    fn shared(items: Vec<Result<&'static str, &'static str>>) -> SharedBody {
        share(pieces(items))
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_are_bounded_in_bytes_and_time() {
        assert_eq!(read(&mut whole("abc"), 3).await.unwrap(), "abc");
        assert_eq!(read(&mut pieces(vec![Ok("ab"), Ok("cd")]), 3).await.unwrap_err().status, 413);
        assert_eq!(read(&mut pieces(vec![Ok("ab"), Err("gone")]), 3).await.unwrap_err().code, "body_broken");
        assert_eq!(read(&mut pieces(vec![Ok("ab"), Ok("c")]), 3).await.unwrap(), "abc");
        let mut endless = StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, BoxError>>()).boxed_unsync();
        assert_eq!(read(&mut endless, 3).await.unwrap_err().status, 408);
        drain(&mut endless, &HeaderMap::new()).await;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("4"));
        assert!(check_length(&headers, 3).is_err() && check_length(&headers, 4).is_ok());
    }

    #[tokio::test]
    async fn chunks_follow_their_content_type_and_a_broken_body_is_told() {
        let (stream, _) = chunks(shared(vec![Ok("ab"), Ok("c")]), Some(HeaderValue::from_static("text/csv")));
        let messages: Vec<HttpBody> = stream.map(|bytes| HttpBody::decode(bytes).unwrap()).collect().await;
        assert_eq!(messages[0], HttpBody { content_type: "text/csv".into(), data: Vec::new() });
        assert_eq!(messages[1..].iter().flat_map(|message| message.data.clone()).collect::<Vec<u8>>(), b"abc");

        let (stream, failure) = chunks(shared(vec![Ok("ab"), Err("gone")]), None);
        let reading = stream.collect::<Vec<_>>();
        tokio::select! {
            _ = reading => panic!("a broken stream must not end as if it were complete"),
            problem = failure => assert_eq!(problem.unwrap().code, "body_broken"),
        }
    }
}
