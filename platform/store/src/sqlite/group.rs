//! A group commit: jobs that waited together, decided one after the other in one transaction. A later job sees what an earlier
//! one wrote; a job that refuses leaves no trace; when the disk fails, the whole group does.

use std::collections::BTreeMap;

use haat_kernel::{Cursor, Error, Idempotency, Result, Timestamp};
use rusqlite::Connection;

use super::{Shared, file, query, write};
use crate::backend::{Batch, Current, Decide, Intent, Lock, Remembered, Rows, StoredEvent, Write};
use crate::cache::Live;
use crate::partition::Positions;
use crate::tap::Commit;

/// Begun, and not yet committed.
pub struct Group<'a> {
    connection: &'a Connection,
    shared: &'a Shared,
    before: &'a Positions,
    positions: Positions,
    /// None is what was forgotten.
    recent: BTreeMap<Lock, Option<Live>>,
    /// For who watches.
    seen: Vec<Commit>,
    pub commits: u64,
    pub events: u64,
}

/// Why a job was not written.
pub enum Failure {
    /// The job's own: the group goes on.
    Refused(Error),
    /// The transaction's: the group is lost.
    Broken(Error),
}

impl<'a> Group<'a> {
    pub fn begin(connection: &'a Connection, shared: &'a Shared, before: &'a Positions) -> Result<Self> {
        execute(connection, "BEGIN IMMEDIATE").map_err(|error| file::fault(&error))?;
        let positions = before.clone();
        Ok(Group { connection, shared, before, positions, recent: BTreeMap::new(), seen: Vec::new(), commits: 0, events: 0 })
    }

    /// Decides and writes one job.
    pub fn run(&mut self, intent: &Intent, decide: Decide) -> Result<(), Failure> {
        let decided = self.decide(intent, decide);
        if self.connection.is_autocommit() {
            // Some errors of the disk make SQLite roll back by itself.
            return Err(Failure::Broken(decided.err().unwrap_or_else(|| Error::unavailable("the transaction was rolled back"))));
        }
        let batch = decided.map_err(Failure::Refused)?;
        if batch.is_empty() {
            return Ok(());
        }
        write::batch(self.connection, &batch, &mut self.positions).map_err(|error| Failure::Broken(file::fault(&error)))?;
        self.commits += 1;
        self.events += batch.event_count();
        self.seen.extend(self.shared.tap.see(&batch));
        self.recent.extend(batch.writes.into_iter().map(|write| (lock_of(&write), Some(write.decoded()))));
        self.recent.extend(batch.forgotten.into_iter().map(|lock| (lock, None)));
        Ok(())
    }

    fn decide(&self, intent: &Intent, decide: Decide) -> Result<Batch> {
        let mut rows = GroupRows { group: self, now: intent.now };
        let batch = decide(&mut rows)?;
        batch.check_unique(|kind, key| {
            query::holder(self.connection, kind, key.name, &key.value).map_err(|error| file::fault(&error))
        })?;
        Ok(batch)
    }

    /// Puts the group on the disk, then into the cache, and shows it to who watches. Answers the new positions.
    pub fn commit(self) -> Result<Positions> {
        let write = || {
            write::positions(self.connection, self.before, &self.positions)?;
            execute(self.connection, "COMMIT")
        };
        write().map_err(|error| file::fault(&error))?;
        self.shared.cache.publish(self.recent.into_iter().map(|(lock, live)| (lock.kind, lock.id, live)));
        self.shared.tap.show(self.seen);
        Ok(self.positions)
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// Leaves no transaction open, whatever state the last one is in.
pub fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::error!(%error, "the store could not roll back");
    }
}

fn lock_of(write: &Write) -> Lock {
    Lock { partition: write.partition, kind: write.kind, id: write.id.clone(), schema: write.schema }
}

/// What a decision reads: the group's own writes, then the cache, then the file.
struct GroupRows<'a> {
    group: &'a Group<'a>,
    now: Timestamp,
}

impl Rows for GroupRows<'_> {
    fn aggregate(&mut self, lock: &Lock) -> Result<Option<Current>> {
        if let Some(recent) = self.group.recent.get(lock) {
            return Ok(recent.clone().map(Current::Live));
        }
        if let Some(live) = self.group.shared.cache.get(lock.kind, &lock.id) {
            return Ok(Some(Current::Live(live)));
        }
        let stored = query::aggregate(self.group.connection, lock.kind, &lock.id).map_err(|error| file::fault(&error))?;
        Ok(stored.map(Current::Stored))
    }

    fn events(&mut self, lock: &Lock) -> Result<Vec<StoredEvent>> {
        query::events_of(self.group.connection, lock.kind, &lock.id).map_err(|error| file::fault(&error))
    }

    fn position(&mut self, cursor: &Cursor) -> Result<u64> {
        query::cursor(self.group.connection, &cursor.source, cursor.partition).map_err(|error| file::fault(&error))
    }

    fn reply(&mut self, idempotency: &Idempotency) -> Result<Option<Remembered>> {
        query::reply(self.group.connection, &idempotency.scope, &idempotency.key, self.now).map_err(|error| file::fault(&error))
    }
}
