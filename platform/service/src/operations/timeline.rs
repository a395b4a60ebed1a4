//! Finds what a service has recorded of an id: all events of the aggregate that has it, and, in the newest part of the log,
//! those that carry it as their correlation id or name it in their body.

use std::collections::BTreeMap;

use haat_contracts::{convert, operations as pb};
use haat_kernel::{Error, Result};
use haat_store::{Positions, Store, StoredEvent};

use super::mask;

/// Looked through in each partition.
const WINDOW: u64 = 1_000;
/// Read at once, so that other work is not held up.
const READ_EVENTS: usize = 1_024;
const FOUND_MAX: usize = 500;

type Found = BTreeMap<(u16, u64), StoredEvent>;

pub(crate) async fn find(service: &str, store: &Store, kinds: &[&str], text: &str) -> Result<pb::FindEventsResponse> {
    let is_id = |b: u8| b.is_ascii_alphanumeric() || b"-_/.:@".contains(&b);
    if !(4..=128).contains(&text.len()) || !text.bytes().all(is_id) {
        return Err(Error::invalid("text", "is an id or a correlation id: 4 to 128 letters, digits, `-` and `_`"));
    }
    let mut found = Found::new();
    for kind in kinds {
        add(&mut found, store.events_of(kind, text).await?);
    }
    let is_partial = scan(store, text, &mut found).await?;
    let mut events: Vec<StoredEvent> = found.into_values().collect();
    events.sort_by_key(|event| (event.time, event.partition, event.position));
    let is_partial = is_partial || events.len() > FOUND_MAX;
    events.truncate(FOUND_MAX);
    Ok(pb::FindEventsResponse { events: events.into_iter().map(|event| shown(service, event)).collect(), is_partial })
}

fn add(found: &mut Found, events: impl IntoIterator<Item = StoredEvent>) {
    found.extend(events.into_iter().map(|event| ((event.partition, event.position), event)));
}

/// Answers whether a part of the log was left out.
async fn scan(store: &Store, text: &str, found: &mut Found) -> Result<bool> {
    let head = store.head().await?;
    let mut after = Positions::default();
    for (partition, position) in head.iter() {
        after.set(partition, position.saturating_sub(WINDOW));
    }
    let is_partial = after.iter().any(|(_, position)| position > 0);
    loop {
        let events = store.read_feed(&after, READ_EVENTS).await?;
        if events.is_empty() || found.len() > FOUND_MAX {
            return Ok(is_partial);
        }
        events.iter().for_each(|event| after.raise(event.partition, event.position));
        add(found, events.into_iter().filter(|event| mentions(event, text)));
        tokio::task::yield_now().await;
    }
}

fn mentions(event: &StoredEvent, text: &str) -> bool {
    event.correlation == text || event.id == text || std::str::from_utf8(&event.body).is_ok_and(|body| body.contains(text))
}

fn shown(service: &str, event: StoredEvent) -> pb::RecordedEvent {
    pb::RecordedEvent {
        service: service.to_owned(),
        kind: event.kind,
        id: event.id,
        version: event.version,
        r#type: event.event_type,
        at: Some(convert::timestamp(event.time)),
        principal: event.principal,
        correlation_id: event.correlation,
        body: mask::masked(&event.body),
    }
}
