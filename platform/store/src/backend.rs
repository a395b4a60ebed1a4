//! What a database must do for a store: a small trait over bytes. Everything typed stands above it, in `store` and `tx`.
//!
//! A backend runs a commit's decision inside its transaction. Whatever the decision may read is named beforehand in an
//! [`Intent`], so that a database with row locks can lock and load in a fixed order before it runs.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use haat_kernel::{Cursor, Error, Idempotency, Kind, Result, Timestamp, Violation};
use tokio::sync::watch;

use crate::aggregate::{Key, Timer};
use crate::cache::{Live, StateCache};
use crate::page::After;
use crate::partition::Positions;
use crate::stats::Stats;
use crate::tap::Tap;

/// A reply is remembered for a day.
pub const REPLY_KEPT_S: i64 = 24 * 60 * 60;

/// A row of `aggregates`.
#[derive(Clone, Debug)]
pub struct StoredAggregate {
    pub id: String,
    pub version: u64,
    pub schema: u32,
    pub state: Vec<u8>,
}

/// An event as the feed reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub partition: u16,
    /// In the partition; the first is 1.
    pub position: u64,
    pub kind: String,
    pub id: String,
    /// Of the aggregate after this event.
    pub version: u64,
    /// The event's name: the tag of the event enum.
    pub event_type: String,
    /// The whole event as JSON, tag included.
    pub body: Vec<u8>,
    pub time: Timestamp,
    pub principal: String,
    pub correlation: String,
}

/// The reply that an idempotency key stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub request_hash: u64,
    pub body: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueTimer {
    pub due: Timestamp,
    pub kind: String,
    pub id: String,
    pub name: String,
}

/// An aggregate that a transaction will touch. Ordered, so that locks are always taken in the same order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock {
    pub partition: u16,
    pub kind: &'static str,
    pub id: String,
    /// The schema the service has: a row with another one is read together with its events.
    pub schema: u32,
}

/// All that a transaction may read, known before it begins. `locks` are in order and free of repetition.
#[derive(Clone, Debug, Default)]
pub struct Intent {
    pub locks: Vec<Lock>,
    pub cursor: Option<Cursor>,
    pub idempotency: Option<Idempotency>,
    pub now: Timestamp,
}

/// An aggregate as a decision finds it.
pub enum Current {
    /// Decoded before, and certainly of this version.
    Live(Live),
    Stored(StoredAggregate),
}

/// What a decision may read inside its transaction: what the intent named.
pub trait Rows {
    fn aggregate(&mut self, lock: &Lock) -> Result<Option<Current>>;
    /// All events of a locked aggregate whose row has another schema than the lock.
    fn events(&mut self, lock: &Lock) -> Result<Vec<StoredEvent>>;
    /// How far the feed of the intent's cursor was taken, in its partition.
    fn position(&mut self, cursor: &Cursor) -> Result<u64>;
    fn reply(&mut self, idempotency: &Idempotency) -> Result<Option<Remembered>>;
}

/// Runs once, inside the transaction. Must not block.
pub type Decide = Box<dyn FnOnce(&mut dyn Rows) -> Result<Batch> + Send>;

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub event_type: String,
    pub body: Vec<u8>,
}

/// One aggregate's part of a commit.
pub struct Write {
    pub partition: u16,
    pub kind: &'static str,
    pub id: String,
    /// After the events.
    pub version: u64,
    pub schema: u32,
    pub state: Vec<u8>,
    /// The same state, decoded.
    pub live: Arc<dyn Any + Send + Sync>,
    /// The state that was stored; None when there was none, or when another schema wrote it.
    pub before: Option<Arc<dyn Any + Send + Sync>>,
    pub events: Vec<NewEvent>,
    /// Every key and timer that is stored goes first: `removed` ones are not known, because another schema wrote them.
    pub rewrite: bool,
    pub keys: Change<Key>,
    pub timers: Change<Timer>,
}

impl Write {
    /// Of the aggregate before this commit.
    pub fn version_before(&self) -> u64 {
        self.version - self.events.len() as u64
    }

    pub fn decoded(&self) -> Live {
        Live { version: self.version, state: Arc::clone(&self.live), bytes: self.state.len() }
    }
}

/// A difference: what is no longer wanted, and what is new.
#[derive(Clone, Debug)]
pub struct Change<T> {
    pub removed: Vec<T>,
    pub added: Vec<T>,
}

impl<T: PartialEq + Clone> Change<T> {
    pub fn between(before: Vec<T>, after: Vec<T>) -> Self {
        let added = after.iter().filter(|item| !before.contains(item)).cloned().collect();
        let removed = before.into_iter().filter(|item| !after.contains(item)).collect();
        Change { removed, added }
    }
}

pub struct NewReply {
    pub idempotency: Idempotency,
    pub body: Vec<u8>,
    pub expires: Timestamp,
}

/// Everything that one commit writes.
#[derive(Default)]
pub struct Batch {
    pub writes: Vec<Write>,
    /// Aggregates that go, with all their events, keys and timers. None of them is among the writes.
    pub forgotten: Vec<Lock>,
    pub reply: Option<NewReply>,
    /// Move forward, never back.
    pub cursors: Vec<Cursor>,
    pub time: Timestamp,
    pub principal: String,
    pub correlation: String,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.forgotten.is_empty() && self.reply.is_none() && self.cursors.is_empty()
    }

    pub fn event_count(&self) -> u64 {
        self.writes.iter().map(|write| write.events.len() as u64).sum()
    }

    /// Fails when a unique key that this commit claims is held by an aggregate that does not give it up in this commit.
    /// `owner` answers who holds a kind's key and value now. To be asked before anything is written.
    pub fn check_unique(&self, mut owner: impl FnMut(&'static str, &Key) -> Result<Option<String>>) -> Result<()> {
        for (index, write) in self.writes.iter().enumerate() {
            for key in write.keys.added.iter().filter(|key| key.unique) {
                if self.writes[index + 1..].iter().any(|other| other.kind == write.kind && claims(other, key)) {
                    return Err(already_exists(key));
                }
                if let Some(holder) = owner(write.kind, key)?
                    && holder != write.id
                    && !self.gives_up(write.kind, &holder, key)
                {
                    return Err(already_exists(key));
                }
            }
        }
        Ok(())
    }

    fn gives_up(&self, kind: &str, holder: &str, key: &Key) -> bool {
        let names = |other: &Key| other.name == key.name && other.value == key.value;
        self.writes
            .iter()
            .any(|write| write.kind == kind && write.id == holder && (write.rewrite || write.keys.removed.iter().any(names)))
    }
}

fn claims(write: &Write, key: &Key) -> bool {
    write.keys.added.iter().any(|other| other.unique && other.name == key.name && other.value == key.value)
}

fn already_exists(key: &Key) -> Error {
    Error::new(
        Kind::AlreadyExists,
        crate::ALREADY_EXISTS,
        format!("There is already one with this {}.", key.name.replace('_', " ")),
    )
    .with_violation(Violation::new(key.name, "is taken"))
    .with_context(key.name)
}

/// A list by secondary key, in the order of (sort, id).
#[derive(Clone, Debug)]
pub struct ListQuery {
    pub kind: &'static str,
    pub key: String,
    pub value: String,
    pub after: Option<After>,
    pub descending: bool,
    pub limit: usize,
}

/// A place in a list and what stands there.
#[derive(Clone, Debug)]
pub struct Listed {
    pub sort: String,
    pub aggregate: StoredAggregate,
}

#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Some when this process is the only writer: the decoded states are then the truth, and reads need not ask the database.
    fn cache(&self) -> Option<&StateCache>;
    fn stats(&self) -> &Stats;
    /// Changes with every commit that has events.
    fn commits(&self) -> watch::Receiver<u64>;
    /// Shows what this process commits.
    fn tap(&self) -> &Tap;

    /// Runs `decide` in a transaction and commits what it returns, or leaves no trace. An empty batch writes nothing.
    async fn transact(&self, intent: Intent, decide: Decide) -> Result<()>;

    async fn load(&self, kind: &'static str, id: &str) -> Result<Option<StoredAggregate>>;
    async fn by_key(&self, kind: &'static str, key: &str, value: &str) -> Result<Option<StoredAggregate>>;
    async fn list(&self, query: ListQuery) -> Result<Vec<Listed>>;
    /// Aggregates of a kind in a partition, by id, after `after`.
    async fn scan(&self, kind: &str, partition: u16, after: &str, limit: usize) -> Result<Vec<StoredAggregate>>;
    /// Ids and versions of those in a partition whose last event is older than `before`, by id, after `after`.
    async fn idle(&self, kind: &str, partition: u16, after: &str, before: Timestamp, limit: usize) -> Result<Vec<(String, u64)>>;
    /// In the order of versions.
    async fn events_of(&self, kind: &str, id: &str) -> Result<Vec<StoredEvent>>;

    /// Events after `after`, each partition in order, without those that were forgotten. At most `limit`, shared fairly among
    /// the partitions that have moved on.
    async fn read_feed(&self, after: &Positions, limit: usize) -> Result<Vec<StoredEvent>>;
    /// The last position of each partition.
    async fn head(&self) -> Result<Positions>;
    /// Timers due at `now`, the earliest first.
    async fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<DueTimer>>;
    async fn next_due(&self) -> Result<Option<Timestamp>>;
    async fn cursors(&self, source: &str) -> Result<Positions>;
    /// None also when it has expired at `now`.
    async fn reply(&self, scope: &str, key: &str, now: Timestamp) -> Result<Option<Remembered>>;

    /// Acquires or renews the leases of `partitions` for `holder` until `until`, and answers which of them it has now.
    /// A store with one process always has all.
    async fn lease(&self, partitions: &[u16], holder: &str, until: Timestamp) -> Result<Vec<u16>> {
        let _ = (holder, until);
        Ok(partitions.to_vec())
    }
}
