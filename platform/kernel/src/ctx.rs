//! The context of one call: who asks, since when, until when, under which ids, and what a commit must write with its effect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::time::Instant;

use crate::principal::Principal;
use crate::time::Timestamp;

/// Follows one request of a client through every service, log line, event and message. 8 to 64 of `A-Z a-z 0-9 - _`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CorrelationId(Arc<str>);

impl CorrelationId {
    /// None unless `text` is well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let ok = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        ok.then(|| CorrelationId(text.into()))
    }

    /// A new one, from 128 random bits.
    pub fn new(random: u128) -> Self {
        CorrelationId(format!("{random:032x}").into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// W3C trace context: ids of the trace and of the span that the current work belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceContext {
    pub trace_id: u128,
    pub span_id: u64,
    pub sampled: bool,
}

impl TraceContext {
    /// Reads a `traceparent` header, version 00.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.split('-');
        let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let lower_hex = |s: &str, len| s.len() == len && s.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if version != "00" || parts.next().is_some() || !lower_hex(trace, 32) || !lower_hex(span, 16) || !lower_hex(flags, 2) {
            return None;
        }
        let trace_id = u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(span, 16).ok().filter(|id| *id != 0)?;
        Some(TraceContext { trace_id, span_id, sampled: u8::from_str_radix(flags, 16).ok()? & 1 == 1 })
    }

    pub fn header(&self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, u8::from(self.sampled))
    }

    pub fn trace_id_hex(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

/// The key under which a call's effect happens at most once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The signed-in user, the path of an anonymous call, or the calling service.
    pub scope: String,
    pub key: String,
    /// Of the method and the request's bytes: the same key with another request is an error.
    pub request_hash: u64,
}

/// A place in another service's feed: the next commit that carries it has taken that event into account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub source: String,
    pub partition: u16,
    pub position: u64,
}

/// Cheap to clone. Clones share `is_recorded`.
#[derive(Clone, Debug)]
pub struct Ctx {
    pub principal: Principal,
    /// The service whose certificate made this call; empty for one without a certificate, and for work on our own account.
    pub caller: String,
    pub correlation_id: CorrelationId,
    pub trace: TraceContext,
    /// When the call began: the time that its decisions see.
    pub now: Timestamp,
    pub deadline: Option<Instant>,
    pub idempotency: Option<Idempotency>,
    pub cursor: Option<Cursor>,
    /// Request headers that the contract passes on (`pass_headers`), lower-case names.
    pub headers: Arc<BTreeMap<String, String>>,
    recorded: Arc<AtomicBool>,
}

impl Ctx {
    pub fn new(principal: Principal, correlation_id: CorrelationId, now: Timestamp) -> Self {
        Ctx {
            principal,
            caller: String::new(),
            correlation_id,
            trace: TraceContext::default(),
            now,
            deadline: None,
            idempotency: None,
            cursor: None,
            headers: Arc::default(),
            recorded: Arc::default(),
        }
    }

    /// For work that a service does on its own account: a timer, a saga, a reaction. `cause` names it in logs and events.
    pub fn internal(service: &str, cause: &str, now: Timestamp) -> Self {
        let text: String = cause.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(56).collect();
        let correlation_id = CorrelationId::parse(&text).unwrap_or_else(|| CorrelationId(format!("internal-{text}").into()));
        Ctx::new(Principal::service(service), correlation_id, now)
    }

    /// Says that a commit has written this call's reply, or this reaction's cursor.
    pub fn set_recorded(&self) {
        self.recorded.store(true, Ordering::Release);
    }

    pub fn is_recorded(&self) -> bool {
        self.recorded.load(Ordering::Acquire)
    }

    /// The same call without its idempotency key and cursor: for a commit that must not count as the call's effect.
    #[must_use]
    pub fn aside(&self) -> Ctx {
        Ctx { idempotency: None, cursor: None, recorded: Arc::default(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traceparent_is_read_as_the_w3c_recommendation_says() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(TraceContext::parse(header).unwrap().header(), header);
        for bad in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            assert!(TraceContext::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn correlation_ids_are_bounded_and_plain() {
        assert!(CorrelationId::parse("abc-DEF_12").is_some());
        for bad in ["short", "has space in it", "new\nline-here", &"x".repeat(65)] {
            assert!(CorrelationId::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Ctx::internal("orders", "x", Timestamp::UNIX_EPOCH).correlation_id.as_str(), "internal-x");
    }
}
