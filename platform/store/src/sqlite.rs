//! A store in one SQLite file, owned by one process. One thread writes, in group commits; reads run on a few connections of
//! their own. A commit is on the disk (WAL, synchronous=FULL) before anybody learns of it.
//!
//! Do not use it under a simulated clock: a runtime with paused time moves on while it waits for the writer's thread.

mod file;
mod group;
mod query;
mod write;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use haat_kernel::{Error, Kind, Result, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use rusqlite::Connection;
use tokio::sync::watch;

use crate::backend::{Backend, Decide, DueTimer, Intent, ListQuery, Listed, Remembered, StoredAggregate, StoredEvent};
use crate::cache::StateCache;
use crate::partition::{PARTITIONS, Positions};
use crate::stats::Stats;
use crate::tap::Tap;
use writer::Writer;

/// Connections that read side by side.
const READERS: usize = 3;

pub struct SqliteBackend {
    readers: Readers,
    shared: Arc<Shared>,
    /// None on a store that was opened to be looked at.
    writer: Option<Writer>,
}

/// What the writer tells the readers.
struct Shared {
    cache: StateCache,
    stats: Stats,
    tap: Tap,
    commits: watch::Sender<u64>,
    head: Mutex<Positions>,
}

impl SqliteBackend {
    /// Opens the file, or makes it. Fails with `store_in_use` when another process has it, `store_corrupt` when it cannot be
    /// read, `store_foreign` when it is no store, `store_too_new` when a later release wrote it.
    pub fn open(path: &Path) -> Result<Self> {
        let lock = file::lock(path)?;
        let connection = file::open(path)?;
        let head = query::head(&connection).map_err(|error| file::fault(&error))?;
        let shared = Arc::new(Shared::new(head));
        let readers = Readers::open(path)?;
        let writer = Writer::start(connection, lock, Arc::clone(&shared))?;
        Ok(SqliteBackend { readers, shared, writer: Some(writer) })
    }

    /// Opens a file to look at it, whether or not a service runs on it. Every commit fails with `store_read_only`.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        let readers = Readers::open(path)?;
        let head = readers.read(query::head)?;
        Ok(SqliteBackend { readers, shared: Arc::new(Shared::new(head)), writer: None })
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.readers.read(query)
    }
}

impl Shared {
    fn new(head: Positions) -> Self {
        Shared {
            cache: StateCache::default(),
            stats: Stats::default(),
            tap: Tap::default(),
            commits: watch::Sender::new(0),
            head: Mutex::new(head),
        }
    }
}

/// Reads run inline on the calling task: they take microseconds from the page cache, less than handing them to a thread would.
struct Readers {
    connections: Vec<Mutex<Connection>>,
    next: AtomicUsize,
}

impl Readers {
    fn open(path: &Path) -> Result<Self> {
        let connections = (0..READERS).map(|_| file::open_reader(path).map(Mutex::new)).collect::<Result<_>>()?;
        Ok(Readers { connections, next: AtomicUsize::new(0) })
    }

    fn read<T>(&self, query: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self.take();
        query(&connection).map_err(|error| file::fault(&error))
    }

    /// A free connection; when there is none, the next one in turn.
    fn take(&self) -> MutexGuard<'_, Connection> {
        self.connections.iter().find_map(Mutex::try_lock).unwrap_or_else(|| {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            self.connections[turn % self.connections.len()].lock()
        })
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    fn cache(&self) -> Option<&StateCache> {
        self.writer.as_ref().map(|_| &self.shared.cache)
    }

    fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    fn tap(&self) -> &Tap {
        &self.shared.tap
    }

    async fn transact(&self, intent: Intent, decide: Decide) -> Result<()> {
        match &self.writer {
            Some(writer) => writer.transact(intent, decide).await,
            None => Err(Error::new(Kind::FailedPrecondition, "store_read_only", "The store was opened to be read only.")),
        }
    }

    async fn load(&self, kind: &'static str, id: &str) -> Result<Option<StoredAggregate>> {
        self.read(|connection| query::aggregate(connection, kind, id))
    }

    async fn by_key(&self, kind: &'static str, key: &str, value: &str) -> Result<Option<StoredAggregate>> {
        self.read(|connection| query::by_key(connection, kind, key, value))
    }

    async fn list(&self, list: ListQuery) -> Result<Vec<Listed>> {
        self.read(|connection| query::list(connection, &list))
    }

    async fn scan(&self, kind: &str, partition: u16, after: &str, limit: usize) -> Result<Vec<StoredAggregate>> {
        self.read(|connection| query::scan(connection, kind, partition, after, limit))
    }

    async fn idle(&self, kind: &str, partition: u16, after: &str, before: Timestamp, limit: usize) -> Result<Vec<(String, u64)>> {
        self.read(|connection| query::idle(connection, kind, partition, after, before, limit))
    }

    async fn events_of(&self, kind: &str, id: &str) -> Result<Vec<StoredEvent>> {
        self.read(|connection| query::events_of(connection, kind, id))
    }

    async fn read_feed(&self, after: &Positions, limit: usize) -> Result<Vec<StoredEvent>> {
        let head = self.head().await?;
        let behind: Vec<u16> = (0..PARTITIONS).filter(|partition| head.get(*partition) > after.get(*partition)).collect();
        let share = limit.div_ceil(behind.len().max(1));
        let connection = self.readers.take();
        let mut events = Vec::new();
        for partition in behind {
            let room = share.min(limit - events.len());
            query::feed(&connection, partition, after.get(partition), room, &mut events).map_err(|error| file::fault(&error))?;
        }
        Ok(events)
    }

    async fn head(&self) -> Result<Positions> {
        match &self.writer {
            Some(_) => Ok(self.shared.head.lock().clone()),
            None => self.read(query::head),
        }
    }

    async fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<DueTimer>> {
        self.read(|connection| query::due_timers(connection, now, limit))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.read(query::next_due)
    }

    async fn cursors(&self, source: &str) -> Result<Positions> {
        self.read(|connection| query::cursors(connection, source))
    }

    async fn reply(&self, scope: &str, key: &str, now: Timestamp) -> Result<Option<Remembered>> {
        self.read(|connection| query::reply(connection, scope, key, now))
    }
}
