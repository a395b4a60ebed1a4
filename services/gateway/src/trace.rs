//! Which request this is: the correlation id that follows it everywhere, and its place in a W3C trace. Both go back to
//! the client.

use haat_kernel::{CorrelationId, Entropy, TraceContext};
use http::{HeaderMap, HeaderName, HeaderValue};

pub const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

#[derive(Clone, Debug)]
pub struct Trace {
    pub correlation_id: CorrelationId,
    pub context: TraceContext,
}

impl Trace {
    /// The client's ids where they are well-formed, else new ones; the span is always a new one, of the gateway's work.
    pub fn of(headers: &HeaderMap, entropy: &Entropy) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let mut random = [0u8; 40];
        entropy.fill(&mut random);
        let span_id = u64::from_le_bytes(part(&random, 0)).max(1);
        let context = match text(TRACEPARENT).and_then(TraceContext::parse) {
            Some(parent) => TraceContext { span_id, ..parent },
            None => TraceContext { trace_id: u128::from_le_bytes(part(&random, 8)).max(1), span_id, sampled: false },
        };
        let correlation_id = text(CORRELATION_ID).and_then(CorrelationId::parse);
        let correlation_id = correlation_id.unwrap_or_else(|| CorrelationId::new(u128::from_le_bytes(part(&random, 24))));
        Trace { correlation_id, context }
    }

    pub fn stamp(&self, headers: &mut HeaderMap) {
        // Both are plain ASCII by construction.
        if let Ok(value) = HeaderValue::from_str(self.correlation_id.as_str()) {
            headers.insert(CORRELATION_ID, value);
        }
        if let Ok(value) = HeaderValue::try_from(self.context.header()) {
            headers.insert(TRACEPARENT, value);
        }
    }
}

fn part<const N: usize>(random: &[u8; 40], from: usize) -> [u8; N] {
    std::array::from_fn(|index| random[from + index])
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
        let trace = Trace::of(&headers, &entropy);
        assert_eq!(trace.correlation_id.as_str(), "order-12345678");
        assert_eq!(trace.context.trace_id_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(trace.context.sampled && trace.context.span_id != 0x00f0_67aa_0ba9_02b7);

        headers.insert(CORRELATION_ID, HeaderValue::from_static("no spaces please"));
        headers.insert(TRACEPARENT, HeaderValue::from_static("00-0-0-0"));
        let other = Trace::of(&headers, &entropy);
        assert_eq!(other.correlation_id.as_str().len(), 32);
        let mut answer = HeaderMap::new();
        other.stamp(&mut answer);
        assert_eq!(answer[TRACEPARENT], other.context.header().as_str());
        assert_eq!(answer[CORRELATION_ID], other.correlation_id.as_str());
    }
}
