//! A store in memory, for tests and simulations: synchronous, without threads, everything under one mutex. Clones share the
//! data, so that a simulation keeps it across a crash of the service. Commits can be made to fail.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use haat_kernel::{Error, Kind, Result, Timestamp, sabotage};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::aggregate::Key;
use crate::backend::{
    Backend, Batch, Decide, DueTimer, Intent, ListQuery, Listed, Lock, Remembered, StoredAggregate, StoredEvent, Write,
};
use crate::cache::StateCache;
use crate::page::After;
use crate::partition::{PARTITIONS, Positions};
use crate::stats::Stats;
use crate::tap::Tap;
use rows::MemoryRows;

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// Nothing was written: 503.
    Refused,
    /// All was written, but the caller does not learn of it: 504.
    AnswerLost,
    /// Nothing was written, and trying again would not help: 500.
    Broken,
    /// The process dies here, before the commit was written or after: the call never returns.
    Died { written: bool },
}

type FaultHook = Box<dyn FnMut(&Batch) -> Option<CommitFault> + Send>;
type DelayHook = Box<dyn FnMut() -> Duration + Send>;

#[derive(Clone, Default)]
pub struct MemoryBackend(Arc<Shared>);

struct Shared {
    tables: Mutex<Tables>,
    faults: Mutex<Option<FaultHook>>,
    delays: Mutex<Option<DelayHook>>,
    cache: StateCache,
    stats: Stats,
    tap: Tap,
    commits: watch::Sender<u64>,
}

impl Default for Shared {
    fn default() -> Self {
        Shared {
            tables: Mutex::default(),
            faults: Mutex::default(),
            delays: Mutex::default(),
            cache: StateCache::default(),
            stats: Stats::default(),
            tap: Tap::default(),
            commits: watch::Sender::new(0),
        }
    }
}

/// The same seven tables as in SQL.
#[derive(Default)]
struct Tables {
    partitions: Positions,
    events: BTreeMap<u16, Vec<StoredEvent>>,
    aggregates: BTreeMap<(String, String), StoredAggregate>,
    keys: BTreeSet<KeyRow>,
    timers: BTreeMap<(String, String, String), Timestamp>,
    cursors: BTreeMap<String, Positions>,
    replies: BTreeMap<(String, String), (Remembered, Timestamp)>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct KeyRow {
    kind: String,
    name: String,
    value: String,
    sort: String,
    id: String,
}

impl KeyRow {
    fn of(write: &Write, key: &Key) -> Self {
        KeyRow {
            kind: write.kind.to_owned(),
            name: key.name.to_owned(),
            value: key.value.clone(),
            sort: key.sort.clone(),
            id: write.id.clone(),
        }
    }
}

impl MemoryBackend {
    pub fn new() -> Self {
        MemoryBackend::default()
    }

    /// From now on asks `hook` about every commit that would write something.
    pub fn fail_with(&self, hook: impl FnMut(&Batch) -> Option<CommitFault> + Send + 'static) {
        *self.0.faults.lock() = Some(Box::new(hook));
    }

    /// Has the next commit that would write something fail.
    pub fn fail_next(&self, fault: CommitFault) {
        let mut once = Some(fault);
        self.fail_with(move |_| once.take());
    }

    /// From now on asks `hook` how long the disk keeps each transaction waiting before it begins.
    pub fn delay_with(&self, hook: impl FnMut() -> Duration + Send + 'static) {
        *self.0.delays.lock() = Some(Box::new(hook));
    }

    /// What a restart forgets: decoded states.
    pub(crate) fn reopen(&self) {
        self.0.cache.clear();
        if sabotage::is("timer-lost-on-crash") {
            self.0.tables.lock().timers.clear();
        }
    }

    /// True when the process is still there afterwards.
    fn commit(&self, tables: &mut Tables, batch: Batch) -> Result<bool> {
        if batch.is_empty() {
            return Ok(true);
        }
        batch.check_unique(|kind, key| Ok(tables.holder(kind, key.name, &key.value)))?;
        let fault = self.0.faults.lock().as_mut().and_then(|hook| hook(&batch));
        match fault {
            Some(CommitFault::Refused) => {
                if sabotage::is("publish-before-commit") {
                    batch.writes.iter().for_each(|write| tables.append(&batch, write));
                }
                return Err(Error::unavailable("the commit was made to fail"));
            }
            Some(CommitFault::Broken) => return Err(Error::internal("the commit was made to fail for good")),
            Some(CommitFault::Died { written: false }) => return Ok(false),
            _ => {}
        }
        self.0.stats.count_batch(1, batch.event_count(), Duration::ZERO);
        tables.apply(&batch);
        let written = batch.writes.iter().map(|write| (write.kind, write.id.clone(), Some(write.decoded())));
        let forgotten = batch.forgotten.iter().map(|lock| (lock.kind, lock.id.clone(), None));
        self.0.cache.publish(written.chain(forgotten));
        self.0.tap.show(self.0.tap.see(&batch));
        if batch.event_count() > 0 {
            self.0.commits.send_modify(|commits| *commits += 1);
        }
        match fault {
            Some(CommitFault::Died { .. }) => Ok(false),
            Some(_) => Err(Error::new(Kind::DeadlineExceeded, "deadline_exceeded", "It is not known whether it was done.")),
            None => Ok(true),
        }
    }
}

impl Tables {
    fn holder(&self, kind: &str, name: &str, value: &str) -> Option<String> {
        self.keyed(kind, name, value).next().map(|row| row.id.clone())
    }

    fn keyed<'a>(&'a self, kind: &str, name: &str, value: &str) -> impl DoubleEndedIterator<Item = &'a KeyRow> {
        let bound =
            |value: String| KeyRow { kind: kind.into(), name: name.into(), value, sort: String::new(), id: String::new() };
        // The least text that is greater than `value` is `value` with a zero appended.
        self.keys.range(bound(value.to_owned())..bound(format!("{value}\0")))
    }

    fn apply(&mut self, batch: &Batch) {
        for write in &batch.writes {
            self.release(write);
            self.write(batch, write);
        }
        for lock in &batch.forgotten {
            self.forget(lock);
        }
        for cursor in &batch.cursors {
            self.cursors.entry(cursor.source.clone()).or_default().raise(cursor.partition, cursor.position);
        }
        if let Some(reply) = &batch.reply {
            self.replies.retain(|_, (_, expires)| *expires > batch.time);
            let remembered = Remembered { request_hash: reply.idempotency.request_hash, body: reply.body.clone() };
            let key = (reply.idempotency.scope.clone(), reply.idempotency.key.clone());
            self.replies.insert(key, (remembered, reply.expires));
        }
    }

    fn forget(&mut self, lock: &Lock) {
        self.clear(lock.kind, &lock.id);
        self.aggregates.remove(&(lock.kind.to_owned(), lock.id.clone()));
        self.events.entry(lock.partition).or_default().retain(|event| event.kind != lock.kind || event.id != lock.id);
    }

    /// Every key and timer of an aggregate goes.
    fn clear(&mut self, kind: &str, id: &str) {
        self.keys.retain(|row| row.kind != kind || row.id != id);
        self.timers.retain(|(of_kind, of_id, _), _| of_kind != kind || of_id != id);
    }

    fn release(&mut self, write: &Write) {
        if write.rewrite {
            self.clear(write.kind, &write.id);
        }
        for key in &write.keys.removed {
            self.keys.remove(&KeyRow::of(write, key));
        }
        for timer in &write.timers.removed {
            self.timers.remove(&(write.kind.to_owned(), write.id.clone(), timer.name.to_owned()));
        }
    }

    fn write(&mut self, batch: &Batch, write: &Write) {
        self.append(batch, write);
        let stored =
            StoredAggregate { id: write.id.clone(), version: write.version, schema: write.schema, state: write.state.clone() };
        self.aggregates.insert((write.kind.to_owned(), write.id.clone()), stored);
        self.keys.extend(write.keys.added.iter().map(|key| KeyRow::of(write, key)));
        for timer in &write.timers.added {
            self.timers.insert((write.kind.to_owned(), write.id.clone(), timer.name.to_owned()), timer.due);
        }
    }

    fn append(&mut self, batch: &Batch, write: &Write) {
        let events = self.events.entry(write.partition).or_default();
        for (version, event) in (write.version_before() + 1..).zip(&write.events) {
            let position = self.partitions.get(write.partition) + 1;
            self.partitions.set(write.partition, position);
            events.push(StoredEvent {
                partition: write.partition,
                position,
                kind: write.kind.to_owned(),
                id: write.id.clone(),
                version,
                event_type: event.event_type.clone(),
                body: event.body.clone(),
                time: batch.time,
                principal: batch.principal.clone(),
                correlation: batch.correlation.clone(),
            });
        }
    }

    fn aggregate(&self, kind: &str, id: &str) -> Option<StoredAggregate> {
        self.aggregates.get(&(kind.to_owned(), id.to_owned())).cloned()
    }

    fn events_of(&self, kind: &str, id: &str) -> Vec<StoredEvent> {
        let partition = self.events.get(&crate::partition_of(id)).map(Vec::as_slice).unwrap_or_default();
        partition.iter().filter(|event| event.kind == kind && event.id == id).cloned().collect()
    }

    fn reply(&self, scope: &str, key: &str, now: Timestamp) -> Option<Remembered> {
        let (reply, expires) = self.replies.get(&(scope.to_owned(), key.to_owned()))?;
        (*expires > now).then(|| reply.clone())
    }

    fn list(&self, query: &ListQuery) -> Vec<Listed> {
        let rows = self.keyed(query.kind, &query.key, &query.value);
        let listed = |row: &KeyRow| Some(Listed { sort: row.sort.clone(), aggregate: self.aggregate(&row.kind, &row.id)? });
        let place = |row: &KeyRow| After { sort: row.sort.clone(), id: row.id.clone() };
        if query.descending {
            let rows = rows.rev().filter(|row| query.after.as_ref().is_none_or(|after| place(row) < *after));
            return rows.take(query.limit).filter_map(listed).collect();
        }
        let rows = rows.filter(|row| query.after.as_ref().is_none_or(|after| place(row) > *after));
        rows.take(query.limit).filter_map(listed).collect()
    }
}

#[async_trait]
impl Backend for MemoryBackend {
    fn cache(&self) -> Option<&StateCache> {
        Some(&self.0.cache)
    }

    fn stats(&self) -> &Stats {
        &self.0.stats
    }

    fn commits(&self) -> watch::Receiver<u64> {
        self.0.commits.subscribe()
    }

    fn tap(&self) -> &Tap {
        &self.0.tap
    }

    async fn transact(&self, intent: Intent, decide: Decide) -> Result<()> {
        let wait = self.0.delays.lock().as_mut().map(|hook| hook()).unwrap_or_default();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
        let is_alive = {
            let mut tables = self.0.tables.lock();
            let batch = decide(&mut MemoryRows { tables: &tables, cache: &self.0.cache, now: intent.now })?;
            self.commit(&mut tables, batch)?
        };
        if is_alive { Ok(()) } else { std::future::pending().await }
    }

    async fn load(&self, kind: &'static str, id: &str) -> Result<Option<StoredAggregate>> {
        Ok(self.0.tables.lock().aggregate(kind, id))
    }

    async fn by_key(&self, kind: &'static str, key: &str, value: &str) -> Result<Option<StoredAggregate>> {
        let tables = self.0.tables.lock();
        Ok(tables.holder(kind, key, value).and_then(|id| tables.aggregate(kind, &id)))
    }

    async fn list(&self, query: ListQuery) -> Result<Vec<Listed>> {
        Ok(self.0.tables.lock().list(&query))
    }

    async fn scan(&self, kind: &str, partition: u16, after: &str, limit: usize) -> Result<Vec<StoredAggregate>> {
        let tables = self.0.tables.lock();
        let rows = tables.aggregates.range((kind.to_owned(), format!("{after}\0"))..).take_while(|((row, _), _)| row == kind);
        Ok(rows.filter(|((_, id), _)| crate::partition_of(id) == partition).take(limit).map(|(_, row)| row.clone()).collect())
    }

    async fn idle(&self, kind: &str, partition: u16, after: &str, before: Timestamp, limit: usize) -> Result<Vec<(String, u64)>> {
        let rows = self.scan(kind, partition, after, usize::MAX).await?;
        let tables = self.0.tables.lock();
        let is_idle = |row: &StoredAggregate| tables.events_of(kind, &row.id).last().is_some_and(|event| event.time < before);
        Ok(rows.into_iter().filter(is_idle).take(limit).map(|row| (row.id, row.version)).collect())
    }

    async fn events_of(&self, kind: &str, id: &str) -> Result<Vec<StoredEvent>> {
        Ok(self.0.tables.lock().events_of(kind, id))
    }

    async fn read_feed(&self, after: &Positions, limit: usize) -> Result<Vec<StoredEvent>> {
        let tables = self.0.tables.lock();
        let behind: Vec<u16> = (0..PARTITIONS).filter(|p| tables.partitions.get(*p) > after.get(*p)).collect();
        let share = limit.div_ceil(behind.len().max(1));
        let mut events = Vec::new();
        for partition in behind {
            let room = share.min(limit - events.len());
            let of_partition = tables.events.get(&partition).map(Vec::as_slice).unwrap_or_default();
            let first = of_partition.partition_point(|event| event.position <= after.get(partition));
            events.extend(of_partition[first..].iter().take(room).cloned());
        }
        Ok(events)
    }

    async fn head(&self) -> Result<Positions> {
        Ok(self.0.tables.lock().partitions.clone())
    }

    async fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<DueTimer>> {
        let tables = self.0.tables.lock();
        let due = |((kind, id, name), due): (&(String, String, String), &Timestamp)| DueTimer {
            due: *due,
            kind: kind.clone(),
            id: id.clone(),
            name: name.clone(),
        };
        let mut timers: Vec<DueTimer> = tables.timers.iter().filter(|(_, due)| **due <= now).map(due).collect();
        timers.sort();
        timers.truncate(limit);
        Ok(timers)
    }

    async fn next_due(&self) -> Result<Option<Timestamp>> {
        Ok(self.0.tables.lock().timers.values().min().copied())
    }

    async fn cursors(&self, source: &str) -> Result<Positions> {
        Ok(self.0.tables.lock().cursors.get(source).cloned().unwrap_or_default())
    }

    async fn reply(&self, scope: &str, key: &str, now: Timestamp) -> Result<Option<Remembered>> {
        Ok(self.0.tables.lock().reply(scope, key, now))
    }
}
