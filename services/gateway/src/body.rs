//! Request bodies: read whole within a limit of bytes and time, or handed on chunk by chunk as they arrive.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use haat_contracts::api::HttpBody;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Empty, LengthLimitError, Limited};
use prost::Message;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::problem::Problem;
use crate::transcode::http_body;

/// For a body that is read whole.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Between two chunks of a stream.
const CHUNK_TIMEOUT: Duration = Duration::from_secs(60);

pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// Whatever a request brings: from a socket, or from a test.
pub type RequestBody = UnsyncBoxBody<Bytes, BoxError>;

/// A body of nothing, or of bytes that are here already.
pub fn whole(bytes: impl Into<Bytes>) -> RequestBody {
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

pub async fn read(body: RequestBody, limit: usize) -> Result<Bytes, Problem> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    // Boxed, because the compiler cannot see through the error's conversion into itself.
    let collecting: BoxFuture<'static, _> = Box::pin(Limited::new(body, limit).collect());
    match timeout(READ_TIMEOUT, collecting).await {
        Err(_) => Err(too_slow()),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Problem::payload_too_large(limit)),
        Ok(Err(error)) => Err(broken(error)),
    }
}

/// The messages of a streaming call, encoded, and what went wrong with the body: a stream that merely ended would look
/// complete to the service.
pub fn chunks(body: RequestBody, content_type: Option<HeaderValue>) -> (BoxStream<'static, Bytes>, oneshot::Receiver<Problem>) {
    let (failed, failure) = oneshot::channel();
    let first = http_body(content_type.as_ref(), Vec::new());
    let state = (BodyStream::new(body), Some(failed));
    let rest = futures::stream::unfold(state, |(mut body, mut failed)| async move {
        loop {
            let problem = match timeout(CHUNK_TIMEOUT, body.next()).await {
                Ok(None) => return None,
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => {
                        let message = HttpBody { content_type: String::new(), data: data.into() };
                        return Some((message, (body, failed)));
                    }
                    // Trailers say nothing to us.
                    Err(_) => continue,
                },
                Ok(Some(Err(error))) => broken(error),
                Err(_) => too_slow(),
            };
            if let Some(failed) = failed.take() {
                let _ = failed.send(problem);
            }
            // The receiver drops the call, and this stream with it.
            std::future::pending::<()>().await;
        }
    });
    let messages = futures::stream::once(std::future::ready(first)).chain(rest);
    (messages.map(|message| Bytes::from(message.encode_to_vec())).boxed(), failure)
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

    fn pieces(items: Vec<Result<&'static str, &'static str>>) -> RequestBody {
        let frames = items.into_iter().map(|item| item.map(|text| Frame::data(Bytes::from(text))).map_err(BoxError::from));
        StreamBody::new(futures::stream::iter(frames)).boxed_unsync()
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_are_bounded_in_bytes_and_time() {
        assert_eq!(read(whole("abc"), 3).await.unwrap(), "abc");
        assert_eq!(read(pieces(vec![Ok("ab"), Ok("cd")]), 3).await.unwrap_err().status, 413);
        assert_eq!(read(pieces(vec![Ok("ab"), Err("gone")]), 3).await.unwrap_err().code, "body_broken");
        let endless = StreamBody::new(futures::stream::pending::<Result<Frame<Bytes>, BoxError>>()).boxed_unsync();
        assert_eq!(read(endless, 3).await.unwrap_err().status, 408);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("4"));
        assert!(check_length(&headers, 3).is_err() && check_length(&headers, 4).is_ok());
    }

    #[tokio::test]
    async fn chunks_follow_their_content_type_and_a_broken_body_is_told() {
        let (stream, _) = chunks(pieces(vec![Ok("ab"), Ok("c")]), Some(HeaderValue::from_static("text/csv")));
        let messages: Vec<HttpBody> = stream.map(|bytes| HttpBody::decode(bytes).unwrap()).collect().await;
        assert_eq!(messages[0], HttpBody { content_type: "text/csv".into(), data: Vec::new() });
        assert_eq!(messages[1..].iter().flat_map(|message| message.data.clone()).collect::<Vec<u8>>(), b"abc");

        let (stream, failure) = chunks(pieces(vec![Ok("ab"), Err("gone")]), None);
        let reading = stream.collect::<Vec<_>>();
        tokio::select! {
            _ = reading => panic!("a broken stream must not end as if it were complete"),
            problem = failure => assert_eq!(problem.unwrap().code, "body_broken"),
        }
    }
}
