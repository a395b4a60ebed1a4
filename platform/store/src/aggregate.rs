//! What a service defines of its own: an aggregate's state, its events, and what else the store derives from the state.
//! All of it is pure: no I/O, no clock, no randomness.

use std::ops::Deref;
use std::sync::Arc;

use haat_kernel::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A unit of consistency. Its events are the truth; the value itself is what they add up to.
pub trait Aggregate: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// In storage and in feeds; snake_case, for good.
    const KIND: &'static str;
    /// Moves on whenever the state's shape, `keys` or `timers` change: what is stored is then rebuilt from the events.
    const SCHEMA: u32;
    /// An enum with `#[serde(tag = "type", rename_all = "snake_case")]`: the tag is the event's name in storage.
    type Event: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// The state after the first event; None when `event` cannot be the first.
    fn create(event: &Self::Event) -> Option<Self>;

    fn apply(&mut self, event: &Self::Event);

    /// The secondary keys under which this state is found.
    fn keys(&self) -> Vec<Key> {
        Vec::new()
    }

    /// The timers wanted in this state. A commit sets, moves and clears what differs from before.
    fn timers(&self) -> Vec<Timer> {
        Vec::new()
    }

    /// Seconds after its last event for which an aggregate is kept; None: for ever.
    fn keep_for_s() -> Option<i64> {
        None
    }
}

/// A secondary key: aggregates are found by its name and value, in the order of `sort`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub name: &'static str,
    pub value: String,
    pub sort: String,
    /// At most one aggregate of the kind has this name and value.
    pub unique: bool,
}

impl Key {
    pub fn unique(name: &'static str, value: impl Into<String>) -> Self {
        Key { name, value: value.into(), sort: String::new(), unique: true }
    }

    /// `sort` is compared byte by byte: pad numbers, write times as RFC 3339 or as ids that carry them.
    pub fn plain(name: &'static str, value: impl Into<String>, sort: impl Into<String>) -> Self {
        Key { name, value: value.into(), sort: sort.into(), unique: false }
    }
}

/// A wish to be woken at `due`. One per name and aggregate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timer {
    pub name: &'static str,
    pub due: Timestamp,
}

impl Timer {
    /// `due` is moved up to a whole microsecond, which is what every backend keeps: a timer never fires early.
    pub fn at(name: &'static str, due: Timestamp) -> Self {
        let microsecond = due.as_microsecond();
        let floor = Timestamp::from_microsecond(microsecond).unwrap_or(due);
        let up = if floor < due { Timestamp::from_microsecond(microsecond + 1).unwrap_or(due) } else { floor };
        Timer { name, due: up }
    }
}

/// A state as of one version. Dereferences to the state.
#[derive(Debug)]
pub struct Versioned<A> {
    pub id: String,
    /// How many events made this state.
    pub version: u64,
    pub state: Arc<A>,
}

impl<A> Deref for Versioned<A> {
    type Target = A;
    fn deref(&self) -> &A {
        &self.state
    }
}

impl<A> Clone for Versioned<A> {
    fn clone(&self) -> Self {
        Versioned { id: self.id.clone(), version: self.version, state: Arc::clone(&self.state) }
    }
}

/// An event with the circumstances under which it was committed.
#[derive(Clone, Debug)]
pub struct Recorded<E> {
    /// Of the aggregate, after this event; the first is 1.
    pub version: u64,
    pub time: Timestamp,
    /// As `Principal` displays: a user's id, `service:name` or `anonymous`.
    pub principal: String,
    pub correlation: String,
    pub event: E,
}
