//! The contracts' calls for the web applications: on the port of the services, an application makes the calls that people
//! make over HTTP, with the token of whoever sits before it. Always: who asks is what the token says, never what the
//! application says; permission, limit and idempotency are those of the same call over HTTP; messages stay bytes.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::StreamExt;
use haat_kernel::{Error, Kind, Result};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use tokio::time::Instant;
use tonic::body::Body;
use tonic::server::{ClientStreamingService, Grpc, UnaryService};
use tonic::{Status, Streaming};
use tower_service::Service;

use crate::call::{self, CLIENT_ADDRESS, Raw};
use crate::gateway::{Client, Gateway};
use crate::permission;
use crate::problem::Problem;
use crate::record::Record;
use crate::table::CallRoute;
use crate::trace::Trace;
use crate::transcode::BodyForm;

const MESSAGE_BYTES_MAX: usize = 4 << 20;

/// Cheap to clone.
#[derive(Clone)]
pub struct PassThrough(pub Arc<Gateway>);

type Answering<T> = Pin<Box<dyn Future<Output = std::result::Result<T, Status>> + Send>>;

impl Service<Request<Body>> for PassThrough {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let gateway = self.0.clone();
        Box::pin(async move {
            let Some(route) = gateway.table.call(request.uri().path()).cloned() else {
                let error = Error::new(Kind::Unimplemented, "unimplemented", "There is no such call.");
                return Ok(haat_rpc::status(&error).into_http());
            };
            let is_stream = route.plan.body == BodyForm::Stream;
            let headers = request.headers().clone();
            let passing = Passing { gateway, route, headers };
            let mut grpc = Grpc::new(Raw).max_decoding_message_size(MESSAGE_BYTES_MAX);
            Ok(if is_stream { grpc.client_streaming(passing, request).await } else { grpc.unary(passing, request).await })
        })
    }
}

/// One call on its way.
#[derive(Clone)]
struct Passing {
    gateway: Arc<Gateway>,
    route: Arc<CallRoute>,
    headers: HeaderMap,
}

enum Message {
    Whole(Bytes),
    Stream(Streaming<Bytes>),
}

impl UnaryService<Bytes> for Passing {
    type Response = Bytes;
    type Future = Answering<tonic::Response<Bytes>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        Box::pin(self.clone().answer(Message::Whole(request.into_inner())))
    }
}

impl ClientStreamingService<Bytes> for Passing {
    type Response = Bytes;
    type Future = Answering<tonic::Response<Bytes>>;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        Box::pin(self.clone().answer(Message::Stream(request.into_inner())))
    }
}

impl Passing {
    async fn answer(self, message: Message) -> std::result::Result<tonic::Response<Bytes>, Status> {
        let started = Instant::now();
        let mut trace = Trace::of_call(&self.headers, self.gateway.clock.now(), &self.gateway.entropy);
        let mut record = Record { route: Some(&self.route.call.path), ..Record::default() };
        let outcome = self.perform(message, &trace, &mut record).await;
        let status = match &outcome {
            Ok(_) => self.route.success,
            Err(error) => {
                record.refused(&Problem::from(error.clone()));
                StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        };
        record.trace(&Method::POST, status, &mut trace);
        record.write(&Method::POST, status, started.elapsed(), &trace);
        outcome.map(tonic::Response::new).map_err(|error| haat_rpc::status(&error))
    }

    async fn perform(&self, message: Message, trace: &Trace, record: &mut Record<'_>) -> Result<Bytes> {
        let Passing { gateway, route, headers } = self;
        route.gate.look()?;
        let principal = gateway.tokens.principal(headers).await?;
        record.principal.clone_from(&principal);
        permission::demand(route.call, &principal)?;
        if let Some(limit) = &route.limit {
            limit.take(&principal, &client(headers))?;
        }
        match message {
            Message::Whole(bytes) => {
                let _place = route.gate.enter().await?;
                let ctx = call::passed_context(route, headers, principal, trace, gateway.clock)?;
                gateway.upstream.unary(route, &ctx, bytes).await
            }
            Message::Stream(stream) => {
                let ctx = call::passed_context(route, headers, principal, trace, gateway.clock)?;
                self.forward(&ctx, stream).await
            }
        }
    }

    /// A stream that breaks off is not handed on as if it were complete: the call is given up.
    async fn forward(&self, ctx: &haat_kernel::Ctx, stream: Streaming<Bytes>) -> Result<Bytes> {
        let (failed, failure) = tokio::sync::oneshot::channel();
        let messages = futures::stream::unfold((stream, Some(failed)), |(mut stream, mut failed)| async move {
            match stream.next().await {
                None => None,
                Some(Ok(message)) => Some((message, (stream, failed))),
                Some(Err(status)) => {
                    if let Some(failed) = failed.take() {
                        let _ = failed.send(haat_rpc::error(&status));
                    }
                    std::future::pending().await
                }
            }
        });
        tokio::select! {
            Ok(error) = failure => Err(error),
            reply = self.gateway.upstream.stream(&self.route, ctx, messages.boxed()) => reply,
        }
    }
}

/// On loopback there are no strangers whose requests would have to be counted.
fn client(headers: &HeaderMap) -> Client {
    let text = headers.get(CLIENT_ADDRESS).and_then(|value| value.to_str().ok());
    let addr = text.and_then(|text| text.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Client { addr, is_exempt: addr.is_loopback(), is_secure: true }
}

#[cfg(test)]
mod tests;
