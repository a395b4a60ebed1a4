//! Calls to the services, as bytes: what was translated goes out and what comes back is translated, without a typed
//! message in between. Deadlines, retries and breakers are the channel's.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes};
use futures::StreamExt;
use futures::stream::BoxStream;
use haat_contracts::users::GetJwksRequest;
use haat_contracts::users::users_client::UsersClient;
use haat_contracts::web::{RequestPart, ResponsePart};
use haat_kernel::{Clock, Ctx, Error, Idempotency, Principal, Result as KernelResult, Violation};
use haat_rpc::Channel;
use http::request::Parts;
use http::{HeaderMap, Method};
use prost::Message;
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Status, Streaming};

use crate::gateway::Client;
use crate::keys::KeySource;
use crate::problem::Problem;
use crate::table::CallRoute;
use crate::trace::Trace;
use crate::transcode::BodyForm;

/// The visitor's own address, among the headers that a call is passed. Of people at an application, as that was told it.
pub const CLIENT_ADDRESS: &str = "haat-client-address";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const CALL_IDEMPOTENCY_KEY: &str = "haat-idempotency-key";
const IDEMPOTENCY_KEY_MAX: usize = 255;
/// A larger answer is an error, never a truncated one.
const ANSWER_BYTES_MAX: usize = 8 << 20;

/// The services behind the gateway.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    async fn unary(&self, route: &CallRoute, ctx: &Ctx, message: Bytes) -> KernelResult<Bytes>;
    async fn stream(&self, route: &CallRoute, ctx: &Ctx, messages: BoxStream<'static, Bytes>) -> KernelResult<Bytes>;
    /// One exchange with a web application.
    async fn pages(&self, service: &str, ctx: &Ctx, request: BoxStream<'static, RequestPart>) -> KernelResult<ResponseParts>;
}

/// What comes back of an exchange, in pieces.
pub type ResponseParts = BoxStream<'static, KernelResult<ResponsePart>>;

/// By service name.
pub struct Services(pub BTreeMap<String, Channel>);

impl Services {
    fn channel(&self, service: &str) -> KernelResult<Channel> {
        self.0.get(service).cloned().ok_or_else(|| Error::unavailable(format!("{service} has no address")))
    }

    fn client(&self, route: &CallRoute) -> KernelResult<Grpc<Channel>> {
        Ok(Grpc::new(self.channel(&route.call.service)?).max_decoding_message_size(ANSWER_BYTES_MAX))
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

    async fn pages(&self, service: &str, ctx: &Ctx, request: BoxStream<'static, RequestPart>) -> KernelResult<ResponseParts> {
        let mut client = Grpc::new(self.channel(service)?).max_decoding_message_size(ANSWER_BYTES_MAX);
        client.ready().await.map_err(|status| haat_rpc::error(&status))?;
        let path = http::uri::PathAndQuery::from_static("/haat.web.v1.Pages/Serve");
        let request = request.map(|part| Bytes::from(part.encode_to_vec())).boxed();
        let parts: Streaming<Bytes> = haat_rpc::send(ctx, request, |request| client.streaming(request, path, Raw)).await?;
        Ok(parts.map(read_part).boxed())
    }
}

fn read_part(message: Result<Bytes, Status>) -> KernelResult<ResponsePart> {
    let bytes = message.map_err(|status| haat_rpc::error(&status))?;
    ResponsePart::decode(bytes).map_err(Error::internal)
}

/// What a call carries beside its message. The deadline is the contract's, from now.
pub fn context(
    route: &CallRoute,
    parts: &Parts,
    principal: Principal,
    client: Client,
    trace: &Trace,
    clock: Clock,
) -> Result<Ctx, Problem> {
    let is_post = parts.method == Method::POST;
    let key = if is_post { idempotency_key(&parts.headers, IDEMPOTENCY_KEY)? } else { None };
    let key = key.map(|key| (parts.uri.path(), key));
    let mut ctx = context_of(route, &parts.headers, principal, trace, clock, key);
    if route.call.pass_headers.iter().any(|name| name == CLIENT_ADDRESS) {
        // Whatever the client says of its own address.
        Arc::make_mut(&mut ctx.headers).insert(CLIENT_ADDRESS.to_owned(), client.addr.to_string());
    }
    Ok(ctx)
}

/// The same of a call of an application.
pub fn passed_context(
    route: &CallRoute,
    headers: &HeaderMap,
    principal: Principal,
    trace: &Trace,
    clock: Clock,
) -> Result<Ctx, Problem> {
    let key = idempotency_key(headers, CALL_IDEMPOTENCY_KEY)?;
    Ok(context_of(route, headers, principal, trace, clock, key.map(|key| (route.call.path.as_str(), key))))
}

/// `key` comes with the path that it counts for.
fn context_of(
    route: &CallRoute,
    headers: &HeaderMap,
    principal: Principal,
    trace: &Trace,
    clock: Clock,
    key: Option<(&str, String)>,
) -> Ctx {
    let idempotency = key.and_then(|(path, key)| idempotency(route, path, key, &principal));
    let mut ctx = Ctx::new(principal, trace.correlation_id.clone(), clock.now());
    ctx.trace = *trace.context();
    ctx.deadline = Some(Instant::now() + route.call.deadline);
    ctx.idempotency = idempotency;
    if !route.call.pass_headers.is_empty() {
        ctx.headers = Arc::new(passed(&route.call.pass_headers, headers));
    }
    ctx
}

fn passed(names: &[String], headers: &HeaderMap) -> BTreeMap<String, String> {
    let value = |name: &String| headers.get(name).and_then(|value| value.to_str().ok());
    names.iter().filter_map(|name| Some((name.clone(), value(name)?.to_owned()))).collect()
}

fn idempotency_key(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let is_visible = |key: &&str| (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    let key = value.to_str().ok().filter(is_visible).filter(|_| values.next().is_none());
    let description = "must be 1 to 255 visible ASCII characters, once";
    let key = key.ok_or_else(|| Problem::invalid(vec![Violation::new("Idempotency-Key", description)]))?;
    Ok(Some(key.to_owned()))
}

/// Of the user, else of the path: two guests on one path share a scope, so a guest's key has to be hard to guess.
fn idempotency(route: &CallRoute, path: &str, key: String, principal: &Principal) -> Option<Idempotency> {
    if route.plan.body == BodyForm::Stream {
        // A stream is too long to compare; such calls are repeatable by their contract.
        return None;
    }
    let scope = principal.user_id().unwrap_or(path).to_owned();
    // The service hashes what it gets.
    Some(Idempotency { scope, key, request_hash: 0 })
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
pub struct Raw;

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
