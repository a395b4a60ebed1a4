//! Between bytes and types: states and events as JSON, and states folded from events. What cannot be read is an error that
//! names the aggregate and the version, never a panic.

use std::sync::Arc;

use haat_kernel::{Error, Result};

use crate::aggregate::{Aggregate, Recorded};
use crate::backend::{NewEvent, StoredAggregate, StoredEvent};

/// The largest event; larger things belong elsewhere, with the event pointing to them.
const EVENT_BYTES_MAX: usize = 1 << 20;
/// The largest state.
const STATE_BYTES_MAX: usize = 16 << 20;

/// What internally tagged enums begin with in JSON.
const TAG: &[u8] = br#"{"type":""#;

pub fn encode_event<A: Aggregate>(id: &str, event: &A::Event) -> Result<NewEvent> {
    let body = serde_json::to_vec(event).map_err(|error| Error::internal(format!("an event of {} {id}: {error}", A::KIND)))?;
    if body.len() > EVENT_BYTES_MAX {
        return Err(Error::internal(format!("an event of {} {id} has {} bytes", A::KIND, body.len())));
    }
    let event_type = body
        .strip_prefix(TAG)
        .and_then(|rest| rest.split(|byte| *byte == b'"').next())
        .and_then(|name| std::str::from_utf8(name).ok())
        .map(str::to_owned)
        .ok_or_else(|| Error::internal(format!("events of {} lack #[serde(tag = \"type\")]", A::KIND)))?;
    Ok(NewEvent { event_type, body })
}

pub fn decode_event<A: Aggregate>(event: &StoredEvent) -> Result<Recorded<A::Event>> {
    let place = || format!("event {} of {} {}, version {}", event.event_type, event.kind, event.id, event.version);
    let body = serde_json::from_slice(&event.body).map_err(|error| Error::internal(format!("{}: {error}", place())))?;
    Ok(Recorded {
        version: event.version,
        time: event.time,
        principal: event.principal.clone(),
        correlation: event.correlation.clone(),
        event: body,
    })
}

pub fn encode_state<A: Aggregate>(id: &str, state: &A) -> Result<Vec<u8>> {
    let bytes = serde_json::to_vec(state).map_err(|error| Error::internal(format!("the state of {} {id}: {error}", A::KIND)))?;
    if bytes.len() > STATE_BYTES_MAX {
        return Err(Error::internal(format!("the state of {} {id} has {} bytes", A::KIND, bytes.len())));
    }
    Ok(bytes)
}

/// Only for a row that has the schema of `A`.
pub fn decode_state<A: Aggregate>(stored: &StoredAggregate) -> Result<Arc<A>> {
    serde_json::from_slice(&stored.state)
        .map(Arc::new)
        .map_err(|error| Error::internal(format!("the state of {} {}, version {}: {error}", A::KIND, stored.id, stored.version)))
}

/// The state that `events` add up to, and its version.
pub fn fold<A: Aggregate>(id: &str, events: &[StoredEvent]) -> Result<(u64, Arc<A>)> {
    let mut state: Option<A> = None;
    for stored in events {
        let event = decode_event::<A>(stored)?.event;
        state = Some(after(id, state, &event)?);
    }
    let version = events.last().map_or(0, |event| event.version);
    state.map(|state| (version, Arc::new(state))).ok_or_else(|| Error::internal(format!("{} {id} has no events", A::KIND)))
}

/// The state after one more event.
pub fn after<A: Aggregate>(id: &str, state: Option<A>, event: &A::Event) -> Result<A> {
    match state {
        Some(mut state) => {
            state.apply(event);
            Ok(state)
        }
        None => A::create(event).ok_or_else(|| Error::internal(format!("{} {id} cannot begin with this event", A::KIND))),
    }
}
