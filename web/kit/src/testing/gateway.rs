//! A gateway that answers each call with what the test has laid down.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use haat_kernel::{Entropy, Error};
use haat_rpc::Channel;
use haat_telemetry::Metrics;
use http::{HeaderMap, HeaderValue, Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use prost::Message;
use tonic::transport::Endpoint;

const PREFIX_BYTES: usize = 5;
const PIPE_BYTES: usize = 64 << 10;

type Reply = Result<Vec<u8>, Error>;

/// Cheap to clone; clones are the same gateway.
#[derive(Clone, Default)]
pub struct FakeGateway(Arc<Inner>);

#[derive(Default)]
struct Inner {
    replies: Mutex<BTreeMap<String, Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `/haat.catalog.v1.Catalog/GetProduct`.
    pub path: String,
    pub headers: HeaderMap,
    message: Bytes,
}

impl Asked {
    /// What was asked. The default where it is no such message.
    pub fn message<M: Message + Default>(&self) -> M {
        M::decode(self.message.clone()).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl FakeGateway {
    pub fn new() -> Self {
        FakeGateway::default()
    }

    /// From now on the call is answered so. A call without an answer is unavailable.
    pub fn answer(&self, path: &str, reply: &impl Message) -> &Self {
        self.0.replies.lock().insert(path.to_owned(), Ok(reply.encode_to_vec()));
        self
    }

    pub fn refuse(&self, path: &str, error: Error) -> &Self {
        self.0.replies.lock().insert(path.to_owned(), Err(error));
        self
    }

    /// The calls of this path, in order.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        self.0.asked.lock().iter().filter(|asked| asked.path == path).cloned().collect()
    }

    /// What an application gets in place of the way to the gateway. Inside a runtime only.
    pub fn channel(&self) -> Channel {
        let inner = self.0.clone();
        let connect = tower::service_fn(move |_: Uri| {
            let inner = inner.clone();
            async move {
                let (client, server) = tokio::io::duplex(PIPE_BYTES);
                haat_kernel::spawn("testing.gateway", serve(inner, server));
                Ok::<_, std::io::Error>(TokioIo::new(client))
            }
        });
        let channel = Endpoint::from_static("http://gateway.test").connect_with_connector_lazy(connect);
        Channel::new("gateway", vec![channel], Entropy::seeded(1), Metrics::default())
    }
}

async fn serve(inner: Arc<Inner>, io: tokio::io::DuplexStream) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let inner = inner.clone();
        async move { Ok::<_, Infallible>(reply(&inner, request).await) }
    });
    // It ends with the client.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(io), answer).await;
}

async fn reply(inner: &Inner, request: Request<Incoming>) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let (parts, body) = request.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let message = bytes.slice(PREFIX_BYTES.min(bytes.len())..);
    inner.asked.lock().push(Asked { path: path.clone(), headers: parts.headers, message });
    let reply = inner.replies.lock().get(&path).cloned();
    match reply.unwrap_or_else(|| Err(Error::unavailable(format!("no answer was laid down for {path}")))) {
        Ok(message) => success(&message),
        Err(error) => haat_rpc::status(&error).into_http::<()>().map(|()| Full::default().boxed_unsync()),
    }
}

fn success(message: &[u8]) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    let mut frame = BytesMut::with_capacity(PREFIX_BYTES + message.len());
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.extend_from_slice(message);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let body = Full::new(frame.freeze()).with_trailers(async move { Some(Ok(trailers)) });
    let mut response = Response::new(body.boxed_unsync());
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    response
}
