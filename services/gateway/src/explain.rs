//! What the gateway decided on the last requests, for operators who ask by correlation id; and the figures of all requests.
//! What a route demands is looked up when somebody asks; a request leaves behind only what was peculiar to it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use haat_contracts::convert;
use haat_contracts::operations::{self as pb, edge_server::Edge};
use haat_contracts::policy::{Call, LimitKey, RateLimit, policies};
use haat_kernel::{PrincipalKind, Timestamp};
use haat_rpc as rpc;
use haat_rpc::BreakerState;
use haat_service::Platform;
use haat_telemetry::Metrics;
use http::{Method, StatusCode};
use parking_lot::Mutex;
use tonic::{Request, Response, Status};

use crate::record::Record;
use crate::steps::Step;
use crate::trace::Trace;

/// The last so many requests can be asked about.
const KEPT_MAX: usize = 4_000;

/// Cheap to clone; clones share what is kept.
#[derive(Clone, Default)]
pub struct Decisions {
    metrics: Metrics,
    kept: Arc<Mutex<VecDeque<Kept>>>,
}

struct Kept {
    at: Timestamp,
    took: Duration,
    method: Method,
    /// None for what no route answered.
    route: Option<String>,
    principal_kind: PrincipalKind,
    principal: String,
    status: StatusCode,
    code: Option<String>,
    is_cached: bool,
    correlation_id: String,
    trace_id: u128,
    steps: Vec<Step>,
}

impl Decisions {
    pub fn new(metrics: Metrics) -> Self {
        Decisions { metrics, kept: Arc::default() }
    }

    pub fn note(&self, method: &Method, status: StatusCode, record: &Record<'_>, trace: &Trace, at: Timestamp, took: Duration) {
        if let Some(route) = record.route {
            self.metrics.server_call(&format!("{method} {route}"), code_of(status), took);
        }
        let kept = Kept {
            at,
            took,
            method: method.clone(),
            route: record.route.map(str::to_owned),
            principal_kind: record.principal.kind,
            principal: record.principal.id.clone(),
            status,
            code: record.code().map(str::to_owned),
            is_cached: record.is_cached,
            correlation_id: trace.correlation_id.as_str().to_owned(),
            trace_id: trace.context().trace_id,
            steps: record.steps.taken().to_vec(),
        };
        let mut all = self.kept.lock();
        if all.len() == KEPT_MAX {
            all.pop_front();
        }
        all.push_back(kept);
    }

    fn find(&self, correlation_id: &str) -> Vec<pb::Decision> {
        self.kept.lock().iter().filter(|kept| kept.correlation_id == correlation_id).map(decision).collect()
    }
}

/// The code of a call that ended like this, as far as the figures tell them apart.
fn code_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500..600 => "INTERNAL",
        400..500 => "FAILED_PRECONDITION",
        _ => "OK",
    }
}

fn decision(kept: &Kept) -> pb::Decision {
    let route = kept.route.clone().unwrap_or_default();
    let call = kept.route.as_ref().and_then(|route| call_of(&kept.method, route));
    let principal_kind = match kept.principal_kind {
        PrincipalKind::Anonymous => "anonymous",
        PrincipalKind::User => "user",
        PrincipalKind::Service => "service",
    };
    pb::Decision {
        at: Some(convert::timestamp(kept.at)),
        method: kept.method.to_string(),
        route,
        principal_kind: principal_kind.to_owned(),
        principal: kept.principal.clone(),
        status: u32::from(kept.status.as_u16()),
        code: kept.code.clone().unwrap_or_default(),
        is_cached: kept.is_cached,
        service: call.map(|call| call.service.clone()).unwrap_or_default(),
        call: call.map(|call| call.path.clone()).unwrap_or_default(),
        roles: call.map(roles).unwrap_or_default(),
        took_micros: micros(kept.took),
        steps: kept.steps.iter().map(step).collect(),
        trace_id: format!("{:032x}", kept.trace_id),
        correlation_id: kept.correlation_id.clone(),
        limit: call.and_then(|call| call.rate_limit).map(limit).unwrap_or_default(),
        ..pb::Decision::default()
    }
}

fn step(step: &Step) -> pb::decision::Step {
    pb::decision::Step { name: step.name.to_owned(), took_micros: micros(step.took) }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

fn call_of(method: &Method, route: &str) -> Option<&'static Call> {
    let has = |call: &&Call| call.http.iter().any(|binding| binding.method == method.as_str() && binding.template == route);
    policies().calls.values().find(has)
}

/// In words, where no role is asked for.
fn roles(call: &Call) -> Vec<String> {
    match () {
        () if call.public => vec!["anybody".to_owned()],
        () if call.roles.is_empty() => vec!["signed in".to_owned()],
        () => call.roles.clone(),
    }
}

fn limit(limit: RateLimit) -> String {
    let whom = match limit.key {
        LimitKey::Address => "address",
        LimitKey::User => "user",
    };
    format!("{} per {} s and {whom}", limit.requests, limit.per_seconds)
}

/// The contract's call.
pub struct EdgeApi {
    pub decisions: Decisions,
    pub platform: Platform,
}

#[tonic::async_trait]
impl Edge for EdgeApi {
    async fn explain_request(&self, request: Request<pb::ExplainRequestRequest>) -> Result<Response<pb::Explanation>, Status> {
        rpc::call(request, |_, request| async move {
            let mut requests = self.decisions.find(&request.correlation_id);
            for decision in &mut requests {
                decision.breaker = self.breaker(&decision.service);
            }
            Ok(pb::Explanation { requests })
        })
        .await
    }
}

impl EdgeApi {
    fn breaker(&self, service: &str) -> String {
        let channel = self.platform.channels().into_iter().find(|channel| channel.service() == service);
        let state = channel.map(|channel| match channel.breaker_state() {
            BreakerState::Closed => "closed",
            BreakerState::HalfOpen => "half_open",
            BreakerState::Open => "open",
        });
        state.unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haat_kernel::Entropy;
    use http::HeaderMap;

    #[test]
    fn a_request_is_explained_by_its_contract_and_old_ones_are_forgotten() {
        let decisions = Decisions::default();
        let trace = Trace::of(&HeaderMap::new(), Timestamp::UNIX_EPOCH, &Entropy::seeded(1));
        let record = Record { route: Some("/v1/orders/{order}:cancel"), ..Record::default() };
        for _ in 0..=KEPT_MAX {
            decisions.note(&Method::POST, StatusCode::OK, &record, &trace, Timestamp::UNIX_EPOCH, Duration::from_millis(2));
        }
        let found = decisions.find(trace.correlation_id.as_str());
        assert_eq!(found.len(), KEPT_MAX);
        assert_eq!((found[0].service.as_str(), found[0].call.as_str()), ("orders", "/haat.orders.v1.Orders/CancelOrder"));
        assert_eq!(found[0].roles, ["anybody"]);
        assert!(decisions.find("another-one").is_empty());
    }
}
