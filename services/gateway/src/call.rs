//! Calls to the services, as bytes: what was translated goes out and what comes back is translated, without a typed
//! message in between. Deadlines, retries and breakers are the channel's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes};
use futures::stream::BoxStream;
use haat_contracts::users::GetJwksRequest;
use haat_contracts::users::users_client::UsersClient;
use haat_kernel::{Clock, Ctx, Error, Idempotency, Principal, Result as KernelResult, Violation};
use haat_rpc::Channel;
use http::request::Parts;
use http::{HeaderMap, Method};
use tokio::time::Instant;
use tonic::Status;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use crate::keys::KeySource;
use crate::problem::Problem;
use crate::table::CallRoute;
use crate::trace::Trace;
use crate::transcode::BodyForm;

const IDEMPOTENCY_KEY: &str = "idempotency-key";
const IDEMPOTENCY_KEY_MAX: usize = 255;
/// A larger answer is an error, never a truncated one.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// The services behind the gateway.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    async fn unary(&self, route: &CallRoute, ctx: &Ctx, message: Bytes) -> KernelResult<Bytes>;
    async fn stream(&self, route: &CallRoute, ctx: &Ctx, messages: BoxStream<'static, Bytes>) -> KernelResult<Bytes>;
}

/// By service name.
pub struct Services(pub BTreeMap<String, Channel>);

impl Services {
    fn client(&self, route: &CallRoute) -> KernelResult<Grpc<Channel>> {
        let service = &route.call.service;
        let channel = self.0.get(service).ok_or_else(|| Error::unavailable(format!("{service} has no address")))?;
        Ok(Grpc::new(channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX))
    }
}

#[async_trait]
impl Upstream for Services {
    async fn unary(&self, route: &CallRoute, ctx: &Ctx, message: Bytes) -> KernelResult<Bytes> {
        let mut client = self.client(route)?;
        haat_rpc::send(ctx, message, |request| client.unary(request, route.grpc_path.clone(), Raw)).await
    }

    async fn stream(&self, route: &CallRoute, ctx: &Ctx, messages: BoxStream<'static, Bytes>) -> KernelResult<Bytes> {
        let mut client = self.client(route)?;
        haat_rpc::send(ctx, messages, |request| client.client_streaming(request, route.grpc_path.clone(), Raw)).await
    }
}

/// What a call carries beside its message. The deadline is the contract's, from now.
pub fn context(route: &CallRoute, parts: &Parts, principal: Principal, trace: &Trace, clock: Clock) -> Result<Ctx, Problem> {
    let idempotency = idempotency(route, parts, &principal)?;
    let mut ctx = Ctx::new(principal, trace.correlation_id.clone(), clock.now());
    ctx.trace = *trace.context();
    ctx.deadline = Some(Instant::now() + route.call.deadline);
    ctx.idempotency = idempotency;
    if !route.call.pass_headers.is_empty() {
        ctx.headers = Arc::new(passed(&route.call.pass_headers, &parts.headers));
    }
    Ok(ctx)
}

fn passed(names: &[String], headers: &HeaderMap) -> BTreeMap<String, String> {
    let value = |name: &String| headers.get(name).and_then(|value| value.to_str().ok());
    names.iter().filter_map(|name| Some((name.clone(), value(name)?.to_owned()))).collect()
}

/// Of the user, else of the path: two guests on one path share a scope, so a guest's key has to be hard to guess.
fn idempotency(route: &CallRoute, parts: &Parts, principal: &Principal) -> Result<Option<Idempotency>, Problem> {
    let mut values = parts.headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next().filter(|_| parts.method == Method::POST) else { return Ok(None) };
    let is_visible = |key: &&str| (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    let key = value.to_str().ok().filter(is_visible).filter(|_| values.next().is_none());
    let description = "must be 1 to 255 visible ASCII characters, once";
    let key = key.ok_or_else(|| Problem::invalid(vec![Violation::new("Idempotency-Key", description)]))?;
    if route.plan.body == BodyForm::Stream {
        // A stream is too long to compare; such calls are repeatable by their contract.
        return Ok(None);
    }
    let scope = principal.user_id().unwrap_or(parts.uri.path()).to_owned();
    // The service hashes what it gets.
    Ok(Some(Idempotency { scope, key: key.to_owned(), request_hash: 0 }))
}

/// The keys of access tokens, from `users`.
pub struct UsersKeys {
    pub client: UsersClient<Channel>,
    pub clock: Clock,
}

#[async_trait]
impl KeySource for UsersKeys {
    async fn fetch(&self) -> KernelResult<Vec<u8>> {
        let mut client = self.client.clone();
        let ctx = Ctx::internal("gateway", "get-keys", self.clock.now());
        Ok(haat_rpc::send(&ctx, GetJwksRequest {}, |request| client.get_jwks(request)).await?.data)
    }
}

/// Asks the health of a service, as gRPC's health protocol lays down.
pub async fn is_serving(channel: Channel, clock: Clock) -> bool {
    /// `HealthCheckResponse { status: SERVING }`.
    const SERVING: &[u8] = &[0x08, 0x01];
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/Check");
    let ctx = Ctx::internal("gateway", "readiness", clock.now());
    let mut client = Grpc::new(channel);
    let answer = haat_rpc::send(&ctx, Bytes::new(), |request| client.unary(request, path, Raw)).await;
    answer.is_ok_and(|bytes: Bytes| bytes == SERVING)
}

/// A codec that changes nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
