//! One unary gRPC message as bytes: a request or answer taken apart for remembering or repeating, and put together again.

use bytes::{BufMut, Bytes, BytesMut};
use haat_kernel::{Error, Result};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use tonic::body::Body;

/// gRPC puts a compression flag and a big-endian length before each message.
const PREFIX_BYTES: usize = 5;
/// The largest unary message: what the edge lets through, with room for the encoding.
pub const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// The whole body of a unary request, read once, so that it can be sent more than once.
pub async fn read_request(request: Request<Body>) -> Result<(http::request::Parts, Bytes)> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, MESSAGE_BYTES_MAX).collect().await.map_err(Error::internal)?;
    Ok((parts, body.to_bytes()))
}

pub fn request(parts: http::request::Parts, body: Bytes) -> Request<Body> {
    Request::from_parts(parts, Body::new(Full::new(body)))
}

/// An answer read whole: its frame, and its trailers (gRPC's status stands there, or in the headers of a failure).
pub struct Answer {
    parts: http::response::Parts,
    frame: Bytes,
    trailers: Option<HeaderMap>,
}

impl Answer {
    pub async fn read(response: Response<Body>) -> Result<Self> {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(Error::internal)?;
        let trailers = body.trailers().cloned();
        Ok(Answer { parts, frame: body.to_bytes(), trailers })
    }

    pub fn status(&self) -> Option<tonic::Status> {
        let in_headers = tonic::Status::from_header_map(&self.parts.headers);
        in_headers.or_else(|| self.trailers.as_ref().and_then(tonic::Status::from_header_map))
    }

    /// The message of a successful answer.
    pub fn message(&self) -> &[u8] {
        self.frame.get(PREFIX_BYTES..).unwrap_or_default()
    }

    pub fn into_response(self) -> Response<Body> {
        let trailers = self.trailers;
        if self.frame.is_empty() && trailers.is_none() {
            return Response::from_parts(self.parts, Body::empty());
        }
        let body = Full::new(self.frame).with_trailers(async move { trailers.map(Ok) });
        Response::from_parts(self.parts, Body::new(body))
    }
}

/// A successful unary answer with this message.
pub fn success(message: &[u8]) -> Response<Body> {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static("0"));
    let body = Full::new(frame.freeze()).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(Body::new(body));
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/grpc"));
    response
}
