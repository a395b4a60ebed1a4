//! The contracts' calls: a gRPC path in the first line, then the bytes of its request. What decodes can be shown as JSON,
//! and the service's own handler, on an empty store and without neighbours, answers or refuses with a code.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use haat_contracts::policy::{Call, policies};
use haat_identity::{Identity, KeyPair, LiveIdentity, Root, SpiffeId, TrustBundle};
use haat_kernel::{Clock, CorrelationId, Ctx, Entropy, Kind, Principal, id::derived};
use haat_service::{Bare, Config, Definition, Environment, Platform};
use haat_store::{MemoryBackend, Store};
use haat_telemetry::Metrics;
use http::Request;
use http::header::{CONTENT_TYPE, TE};
use http_body_util::{BodyExt, Full};
use prost_reflect::{DynamicMessage, SerializeOptions};
use tempfile::TempDir;
use tonic::Status;
use tonic::body::Body;

use crate::simulated::{Nobody, block_on, clock};
use crate::transcoder::table;

const SERVICES: [fn() -> Definition; 8] = [
    haat_catalog::definition,
    haat_checkout::definition,
    haat_inventory::definition,
    haat_notifications::definition,
    haat_orders::definition,
    haat_payments::definition,
    haat_pricing::definition,
    haat_users::definition,
];
const DAY: Duration = Duration::from_secs(24 * 3_600);
const DEADLINE: Duration = Duration::from_secs(20);

pub fn run(data: &[u8]) {
    let Some((path, message)) = crate::split_line(data) else { return };
    let Some(call) = policies().calls.get(path) else { return };
    let Ok(decoded) = DynamicMessage::decode(call.method.input(), message) else { return };
    assert_shown(call, &decoded, message);
    if !call.method.is_client_streaming() && !call.method.is_server_streaming() {
        block_on(assert_answered(call, message));
    }
}

fn assert_shown(call: &Call, decoded: &DynamicMessage, message: &[u8]) {
    let options = SerializeOptions::new().stringify_64_bit_integers(false);
    // Times that no calendar has are not shown, by anybody.
    let _ = decoded.serialize_with_options(serde_json::value::Serializer, &options);
    if let Some(route) = table().call(&call.path)
        && let Ok(json) = route.plan.request_json(&table().shapes, message)
    {
        assert!(serde_json::from_slice::<serde_json::Value>(&json).is_ok(), "{}", String::from_utf8_lossy(&json));
    }
}

async fn assert_answered(call: &Call, message: &[u8]) {
    let Some(definition) = services().find(|service| service.name == call.service) else { return };
    let bare = Bare::new(definition, &platform(definition.name)).expect("a service");
    let mut frame = vec![0];
    frame.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend_from_slice(message);
    let request = Request::post(&call.path).header(CONTENT_TYPE, "application/grpc").header(TE, "trailers");
    let request = request.body(Body::new(Full::new(Bytes::from(frame)))).expect("a request");
    let answer = bare.call(ctx(), request).await.expect("an answer");
    let refusal = Status::from_header_map(answer.headers());
    let body = answer.into_body().collect().await.expect("a whole answer");
    let refusal = refusal.or_else(|| body.trailers().and_then(Status::from_header_map)).expect("a status");
    if refusal.code() != tonic::Code::Ok {
        let error = haat_rpc::error(&refusal);
        assert!(error.kind != Kind::Internal && !error.code.is_empty(), "{error:?}: {refusal:?}");
    }
}

fn services() -> impl Iterator<Item = Definition> {
    SERVICES.into_iter().map(|definition| definition())
}

/// Somebody who may everything.
fn ctx() -> Ctx {
    let roles = ["buyer", "seller", "operator", "operator:admin", "operator:finance", "operator:support"];
    let user = derived::<haat_checkout::ids::UserId>(&["user"]);
    let seller = derived::<haat_catalog::ids::SellerId>(&["seller"]);
    let principal = Principal { seller_id: Some(seller.to_string()), ..Principal::user(user.as_str(), &roles) };
    let mut ctx = Ctx::new(principal, CorrelationId::new(1), surroundings().clock.now());
    ctx.deadline = Some(tokio::time::Instant::now() + DEADLINE);
    ctx
}

/// What costs much to make, and is the same for every input.
struct Surroundings {
    clock: Clock,
    identity: LiveIdentity,
    folder: TempDir,
}

fn surroundings() -> &'static Surroundings {
    static SURROUNDINGS: OnceLock<Surroundings> = OnceLock::new();
    SURROUNDINGS.get_or_init(|| {
        let (clock, entropy) = (clock(), Entropy::seeded(7));
        let identity = identity(clock, &entropy).expect("an identity");
        Surroundings { clock, identity, folder: TempDir::new().expect("a folder") }
    })
}

fn identity(clock: Clock, entropy: &Entropy) -> haat_kernel::Result<LiveIdentity> {
    let root = Root::generate(clock.now(), entropy)?;
    let key = KeyPair::generate()?;
    let intermediate = root.intermediate(clock.now(), entropy)?;
    let chain = intermediate.issue(&key.signing_request()?, &SpiffeId::of("fuzz")?, DAY, clock.now(), entropy)?;
    Ok(LiveIdentity::new(Identity::new(chain, key)?, TrustBundle::from_pem(&root.certificate_pem())?, clock)?)
}

/// With an empty store, and addresses of neighbours at which nobody answers.
fn platform(name: &'static str) -> Platform {
    let Surroundings { clock, identity, folder } = surroundings();
    let settings = [("sandbox_url", "http://127.0.0.1:1"), ("sandbox_secret", SECRET)];
    let config = Config {
        folder: folder.path().join(name),
        listen: ([127, 0, 0, 1], 0).into(),
        health: None,
        endpoints: services().map(|service| (service.name.to_owned(), vec![format!("{}:1", service.name)])).collect(),
        settings: BTreeMap::from(settings.map(|(key, value)| (key.to_owned(), value.to_owned()))),
    };
    let environment = Environment {
        clock: *clock,
        entropy: Entropy::seeded(7),
        network: Arc::new(Nobody),
        identity: identity.clone(),
        store: Store::memory(*clock, MemoryBackend::default()),
        metrics: Metrics::default(),
    };
    Platform::new(name, config, environment)
}

/// Of no provider.
const SECRET: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
