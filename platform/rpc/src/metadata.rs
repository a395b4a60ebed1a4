//! The context of a call as gRPC metadata: who asks, under which ids, until when, under which idempotency key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use haat_contracts::policy::Call;
use haat_kernel::{CorrelationId, Ctx, Entropy, Error, Idempotency, Principal, Result, Timestamp, TraceContext};
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;

const PRINCIPAL: &str = "haat-principal";
const CORRELATION_ID: &str = "haat-correlation-id";
const TRACEPARENT: &str = "traceparent";
pub(crate) const IDEMPOTENCY_KEY: &str = "haat-idempotency-key";
const IDEMPOTENCY_SCOPE: &str = "haat-idempotency-scope";
pub(crate) const TIMEOUT: &str = "grpc-timeout";

/// A request that carries `ctx`.
pub fn request_with<T>(ctx: &Ctx, message: T) -> tonic::Request<T> {
    let mut headers = HeaderMap::new();
    context_into(ctx, &mut headers);
    tonic::Request::from_parts(MetadataMap::from_headers(headers), tonic::Extensions::default(), message)
}

/// Writes `ctx` into the headers of a gRPC request.
pub fn context_into(ctx: &Ctx, headers: &mut HeaderMap) {
    // Values that never come back are kept out of HTTP/2's table of headers, where they would only push out those that do.
    let mut put = |name: &'static str, value: &str, comes_back: bool| {
        // Every value here is plain ASCII by construction, except a key that is refused at the edge when it is not.
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(!comes_back);
            headers.insert(name, value);
        }
    };
    put(CORRELATION_ID, ctx.correlation_id.as_str(), false);
    put(PRINCIPAL, &serde_json::to_string(&ctx.principal).unwrap_or_default(), true);
    if ctx.trace.trace_id != 0 {
        put(TRACEPARENT, &ctx.trace.header(), false);
    }
    if let Some(idempotency) = &ctx.idempotency {
        put(IDEMPOTENCY_KEY, &idempotency.key, false);
        put(IDEMPOTENCY_SCOPE, &idempotency.scope, false);
    }
    if let Some(deadline) = ctx.deadline {
        put(TIMEOUT, &timeout_value(deadline.saturating_duration_since(Instant::now())), false);
    }
    for (name, value) in ctx.headers.iter() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::try_from(name.as_str()), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
}

/// The gRPC form of a timeout: at most eight digits and a unit.
pub(crate) fn timeout_value(left: Duration) -> String {
    format!("{}m", left.as_millis().min(99_999_999))
}

/// How long whoever wrote these headers waits, if they say so.
pub(crate) fn timeout(headers: &HeaderMap) -> Option<Duration> {
    headers.get(TIMEOUT)?.to_str().ok().and_then(parse_timeout)
}

fn parse_timeout(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let amount: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

/// Reads the context of a call from its headers. `peer` is the service that the certificate names: without a principal
/// in the headers it asks for itself.
pub(crate) fn context_from(headers: &HeaderMap, peer: &str, call: &Call, now: Timestamp, entropy: &Entropy) -> Result<Ctx> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let principal = match text(PRINCIPAL) {
        // Who shows no certificate cannot vouch for anybody.
        _ if peer.is_empty() => Principal::anonymous(),
        Some(json) => serde_json::from_str(json).map_err(|e| Error::internal(format!("unreadable principal: {e}")))?,
        None => Principal::service(peer),
    };
    let correlation_id = text(CORRELATION_ID).and_then(CorrelationId::parse);
    let correlation_id = match correlation_id.or_else(|| CorrelationId::parse(&entropy.hex(16))) {
        Some(id) => id,
        None => return Err(Error::internal("no correlation id could be made")),
    };
    let mut ctx = Ctx::new(principal, correlation_id, now);
    peer.clone_into(&mut ctx.caller);
    ctx.trace = text(TRACEPARENT).and_then(TraceContext::parse).unwrap_or_default();
    let asked = timeout(headers).unwrap_or(call.deadline);
    ctx.deadline = Some(Instant::now() + asked.min(call.deadline));
    ctx.idempotency = text(IDEMPOTENCY_KEY).map(|key| Idempotency {
        scope: text(IDEMPOTENCY_SCOPE).unwrap_or(peer).to_owned(),
        key: key.to_owned(),
        request_hash: 0,
    });
    let passed = call.pass_headers.iter().filter_map(|name| Some((name.clone(), text(name)?.to_owned())));
    ctx.headers = Arc::new(passed.collect::<BTreeMap<_, _>>());
    Ok(ctx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_read_as_grpc_writes_them() {
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse_timeout("2S"), Some(Duration::from_secs(2)));
        assert_eq!(parse_timeout(&timeout_value(Duration::from_secs(7))), Some(Duration::from_secs(7)));
        for bad in ["", "m", "12", "999999999m", "1x", "é"] {
            assert_eq!(parse_timeout(bad), None, "{bad}");
        }
    }
}
