//! Public events: how one leaves a service, and how another reads it.

use haat_contracts::feed;
use haat_kernel::{Error, Result, Timestamp};
use haat_store::SetAside;
use prost::{Message, Name};

/// An event as the contract defines it, ready for the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicEvent {
    pub(crate) event_type: String,
    pub(crate) body: Vec<u8>,
}

impl PublicEvent {
    pub fn of<M: Message + Name>(message: &M) -> Self {
        PublicEvent { event_type: M::full_name(), body: message.encode_to_vec() }
    }
}

/// An event of a neighbour's feed.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    /// The service that published it.
    pub source: String,
    pub partition: u16,
    pub position: u64,
    /// The aggregate that it happened to, there.
    pub kind: String,
    pub id: String,
    pub time: Timestamp,
    pub correlation_id: String,
    /// The full name of its message.
    pub event_type: String,
    pub body: Vec<u8>,
}

impl FeedEvent {
    /// The message, when it is an `M`; None for another type of event.
    pub fn read<M: Message + Name + Default>(&self) -> Result<Option<M>> {
        if self.event_type != M::full_name() {
            return Ok(None);
        }
        let message = M::decode(self.body.as_slice());
        message.map(Some).map_err(|e| Error::internal(format!("unreadable {} from {}: {e}", self.event_type, self.source)))
    }

    pub(crate) fn from_wire(source: &str, event: feed::FeedEvent) -> Self {
        let at = event.at.unwrap_or_default();
        FeedEvent {
            source: source.to_owned(),
            partition: u16::try_from(event.partition).unwrap_or(0),
            position: event.position,
            kind: event.aggregate_kind,
            id: event.aggregate_id,
            time: Timestamp::new(at.seconds, at.nanos).unwrap_or(Timestamp::UNIX_EPOCH),
            correlation_id: event.correlation_id,
            event_type: event.r#type,
            body: event.body,
        }
    }

    pub(crate) fn from_aside(aside: &SetAside) -> Self {
        FeedEvent {
            source: aside.source.clone(),
            partition: aside.partition,
            position: aside.position,
            kind: aside.kind.clone(),
            id: aside.id.clone(),
            time: aside.parked_at,
            correlation_id: String::new(),
            event_type: aside.event_type.clone(),
            body: aside.body.clone(),
        }
    }
}
