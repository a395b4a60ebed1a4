//! Which request this is: the correlation id that follows it everywhere, and its place in a W3C trace. Both go back to
//! the client.

use haat_kernel::{CorrelationId, Entropy, Timestamp, TraceContext};
use haat_telemetry::Span;
use http::{HeaderMap, HeaderName, HeaderValue};

pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The same among our services.
const CALL_CORRELATION_ID: HeaderName = HeaderName::from_static("haat-correlation-id");

pub struct Trace {
    pub correlation_id: CorrelationId,
    /// The gateway's own work. It ends, and is exported, when this is dropped.
    span: Span,
}

impl Trace {
    /// The client's ids where they are well-formed, else new ones; the span is always a new one.
    pub fn of(headers: &HeaderMap, now: Timestamp, entropy: &Entropy) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        // Who brings an id of their own will ask about it.
        let is_asked_for = text(CORRELATION_ID).is_some();
        Trace::begin(text(CORRELATION_ID), text(TRACEPARENT), is_asked_for, now, entropy)
    }

    /// The same for a call of an application.
    pub fn of_call(headers: &HeaderMap, now: Timestamp, entropy: &Entropy) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        Trace::begin(text(CALL_CORRELATION_ID), text(TRACEPARENT), false, now, entropy)
    }

    fn begin(correlation_id: Option<&str>, parent: Option<&str>, is_asked_for: bool, now: Timestamp, entropy: &Entropy) -> Self {
        let parent = parent.and_then(TraceContext::parse).unwrap_or_default();
        let parent = TraceContext { sampled: parent.sampled || is_asked_for, ..parent };
        let correlation_id = correlation_id.and_then(CorrelationId::parse).unwrap_or_else(|| {
            let mut random = [0u8; 16];
            entropy.fill(&mut random);
            CorrelationId::new(u128::from_le_bytes(random))
        });
        let mut span = Span::begin("edge", &parent, now, entropy);
        span.set("haat.correlation_id", correlation_id.as_str());
        Trace { correlation_id, span }
    }

    pub fn context(&self) -> &TraceContext {
        &self.span.context
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        self.span.set(name, value);
    }

    /// Marks the request as failed.
    pub fn fail(&mut self, code: &str) {
        self.span.fail(code);
    }

    pub fn stamp(&self, headers: &mut HeaderMap) {
        // Both are plain ASCII by construction. Neither comes back, so HTTP/2 shall not put them into its table of headers.
        if let Ok(mut value) = HeaderValue::from_str(self.correlation_id.as_str()) {
            value.set_sensitive(true);
            headers.insert(CORRELATION_ID, value);
        }
        if let Ok(mut value) = HeaderValue::try_from(self.context().header()) {
            value.set_sensitive(true);
            headers.insert(TRACEPARENT, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_ids_are_kept_and_others_replaced() {
        let entropy = Entropy::seeded(1);
        let mut headers = HeaderMap::new();
        headers.insert(CORRELATION_ID, HeaderValue::from_static("order-12345678"));
        headers.insert(TRACEPARENT, HeaderValue::from_static("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        let trace = Trace::of(&headers, Timestamp::UNIX_EPOCH, &entropy);
        assert_eq!(trace.correlation_id.as_str(), "order-12345678");
        assert_eq!(trace.context().trace_id_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(trace.context().sampled && trace.context().span_id != 0x00f0_67aa_0ba9_02b7);

        headers.insert(CORRELATION_ID, HeaderValue::from_static("no spaces please"));
        headers.insert(TRACEPARENT, HeaderValue::from_static("00-0-0-0"));
        let other = Trace::of(&headers, Timestamp::UNIX_EPOCH, &entropy);
        assert_eq!(other.correlation_id.as_str().len(), 32);
        let mut answer = HeaderMap::new();
        other.stamp(&mut answer);
        assert_eq!(answer[TRACEPARENT], other.context().header().as_str());
        assert_eq!(answer[CORRELATION_ID], other.correlation_id.as_str());
    }
}
