//! The handle through which a service reads and commits. Cheap to clone; clones share the store.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use haat_kernel::{Clock, Ctx, Cursor, Error, Idempotency, Result, Timestamp, sabotage};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::aggregate::{Aggregate, Recorded, Versioned};
use crate::backend::{Backend, Batch, DueTimer, Intent, ListQuery, NewReply, Remembered, Rows, StoredAggregate, StoredEvent};
use crate::cache::{Live, StateCache, Ticket};
use crate::codec;
use crate::memory::MemoryBackend;
use crate::page::{self, After, Page, PageOf};
use crate::partition::Positions;
use crate::sqlite::SqliteBackend;
use crate::stats::Stats;
use crate::tap::Tap;
use crate::tx::{Load, Origin, Tx, downcast};

#[derive(Clone)]
pub struct Store {
    pub(crate) backend: Arc<dyn Backend>,
    clock: Clock,
}

impl Store {
    pub fn new(backend: Arc<dyn Backend>, clock: Clock) -> Self {
        Store { backend, clock }
    }

    /// On `backend`, which keeps its data when the store is dropped: a restart is a new store on the same backend.
    pub fn memory(clock: Clock, backend: MemoryBackend) -> Self {
        backend.reopen();
        Store::new(Arc::new(backend), clock)
    }

    /// In the SQLite file at `path`, which is made when there is none. Fails with `store_in_use`, `store_corrupt`,
    /// `store_foreign` or `store_too_new`.
    pub fn open_sqlite(path: impl AsRef<Path>, clock: Clock) -> Result<Self> {
        Ok(Store::new(Arc::new(SqliteBackend::open(path.as_ref())?), clock))
    }

    /// To look at a file, whether or not a service runs on it. Commits fail with `store_read_only`.
    pub fn open_sqlite_read_only(path: impl AsRef<Path>, clock: Clock) -> Result<Self> {
        Ok(Store::new(Arc::new(SqliteBackend::open_read_only(path.as_ref())?), clock))
    }

    /// None when there is no such aggregate.
    pub async fn load<A: Aggregate>(&self, id: &str) -> Result<Option<Versioned<A>>> {
        let ticket = self.backend.cache().map(StateCache::ticket);
        if let Some(live) = self.backend.cache().and_then(|cache| cache.get(A::KIND, id)) {
            return Ok(Some(Versioned { id: id.to_owned(), version: live.version, state: downcast(live.state)? }));
        }
        match self.backend.load(A::KIND, id).await? {
            Some(stored) => self.decode(stored, ticket).await.map(Some),
            None => Ok(None),
        }
    }

    /// The aggregate that has a unique key.
    pub async fn find<A: Aggregate>(&self, key: &str, value: &str) -> Result<Option<Versioned<A>>> {
        let ticket = self.backend.cache().map(StateCache::ticket);
        match self.backend.by_key(A::KIND, key, value).await? {
            Some(stored) => self.decode(stored, ticket).await.map(Some),
            None => Ok(None),
        }
    }

    /// A page of the aggregates that have a key, in the order of its sort value. 400 for a token of another list.
    pub async fn list<A: Aggregate>(&self, key: &str, value: &str, page: &Page) -> Result<PageOf<Versioned<A>>> {
        let list = page::list_hash(A::KIND, key, value, page.descending);
        let size = page.size.clamp(1, page::READ_MAX);
        let query = ListQuery {
            kind: A::KIND,
            key: key.to_owned(),
            value: value.to_owned(),
            after: page::decode_token(list, &page.token)?,
            descending: page.descending,
            limit: size + 1,
        };
        let ticket = self.backend.cache().map(StateCache::ticket);
        let mut rows = self.backend.list(query).await?;
        let has_more = rows.len() > size;
        rows.truncate(size);
        let last = rows.last().filter(|_| has_more).map(|row| After { sort: row.sort.clone(), id: row.aggregate.id.clone() });
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            items.push(self.decode(row.aggregate, ticket).await?);
        }
        Ok(PageOf { items, next_token: last.map(|after| page::encode_token(list, &after)).unwrap_or_default() })
    }

    /// All events of an aggregate, the oldest first.
    pub async fn history<A: Aggregate>(&self, id: &str) -> Result<Vec<Recorded<A::Event>>> {
        self.backend.events_of(A::KIND, id).await?.iter().map(codec::decode_event::<A>).collect()
    }

    /// Decides on one aggregate and commits the events, inside one transaction. `decide` sees None when there is none yet;
    /// when it then returns no events, the update fails with 404 `<kind>_not_found`.
    pub async fn update<A, E>(
        &self,
        ctx: &Ctx,
        id: &str,
        decide: impl FnOnce(Option<&A>) -> Result<Vec<A::Event>, E> + Send + 'static,
    ) -> Result<Versioned<A>>
    where
        A: Aggregate,
        E: Into<Error>,
    {
        let wanted = id.to_owned();
        self.transact(ctx, Load::new().one::<A>(id), move |tx| decide_one(tx, &wanted, decide)).await
    }

    /// An update whose answer is remembered under the context's idempotency key, in the same commit.
    pub async fn answer<A, E, M>(
        &self,
        ctx: &Ctx,
        id: &str,
        decide: impl FnOnce(Option<&A>) -> Result<Vec<A::Event>, E> + Send + 'static,
        reply: impl FnOnce(&A) -> M + Send + 'static,
    ) -> Result<M>
    where
        A: Aggregate,
        E: Into<Error>,
        M: prost::Message + 'static,
    {
        let wanted = id.to_owned();
        let work = move |tx: &mut Tx| {
            let message = reply(&*decide_one(tx, &wanted, decide)?.state);
            tx.reply(&message);
            Ok::<M, Error>(message)
        };
        self.transact(ctx, Load::new().one::<A>(id), work).await
    }

    /// Commits several aggregates together. `work` runs inside the transaction; when it fails, nothing is written.
    ///
    /// A context with a cursor or an idempotency key stands for one effect: only one commit may carry it. For further commits
    /// in the same call use [`Ctx::aside`].
    pub async fn transact<R, E>(
        &self,
        ctx: &Ctx,
        load: Load,
        work: impl FnOnce(&mut Tx) -> Result<R, E> + Send + 'static,
    ) -> Result<R>
    where
        R: Send + 'static,
        E: Into<Error>,
    {
        let origin = Origin::of(ctx);
        let intent = origin.intent(&load, self.clock.now());
        let outcome = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&outcome);
        let run = move |rows: &mut dyn Rows| {
            origin.check_first_time(rows)?;
            let mut tx = Tx::begin(&load, rows)?;
            let result = work(&mut tx).map_err(Into::into)?;
            let batch = tx.finish(&origin)?;
            *slot.lock() = Some((result, batch.reply.is_some() || !batch.cursors.is_empty()));
            Ok(batch)
        };
        // A decision is a service's code: its panic must not end the writer. Nothing has been written for it yet.
        let decide = Box::new(move |rows: &mut dyn Rows| {
            let run = AssertUnwindSafe(|| run(rows));
            catch_unwind(run).unwrap_or_else(|_| Err(Error::internal("a decision panicked")))
        });
        self.backend.transact(intent, decide).await?;
        let (result, is_recorded) = outcome.lock().take().ok_or_else(|| Error::internal("a commit without an outcome"))?;
        if is_recorded {
            ctx.set_recorded();
        }
        Ok(result)
    }

    /// What was answered under an idempotency key, for a day.
    pub async fn reply(&self, scope: &str, key: &str) -> Result<Option<Remembered>> {
        self.backend.reply(scope, key, self.clock.now()).await
    }

    /// Remembers a reply on its own, apart from any commit. The first one stays.
    pub async fn remember(&self, idempotency: &Idempotency, body: &[u8]) -> Result<()> {
        let now = self.clock.now();
        let intent = Intent { idempotency: Some(idempotency.clone()), now, ..Intent::default() };
        let idempotency = idempotency.clone();
        let body = body.to_vec();
        let decide = move |rows: &mut dyn Rows| {
            let is_first = rows.reply(&idempotency)?.is_none() && !sabotage::is("skip-idempotency-reply");
            Ok(Batch { reply: is_first.then(|| NewReply::new(&idempotency, body, now)), ..Batch::default() })
        };
        self.backend.transact(intent, Box::new(decide)).await
    }

    /// Events after `after`, each partition in order; at most `limit`, shared fairly among the partitions that have some.
    pub async fn read_feed(&self, after: &Positions, limit: usize) -> Result<Vec<StoredEvent>> {
        self.backend.read_feed(after, limit).await
    }

    /// The last position of each partition.
    pub async fn head(&self) -> Result<Positions> {
        self.backend.head().await
    }

    /// Changes with every commit that has events, so that feeds and timers know when to look again. Cursors and replies
    /// are nobody's business.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.backend.commits()
    }

    /// Shows what this process commits to one who watches.
    pub fn tap(&self) -> &Tap {
        self.backend.tap()
    }

    /// The earliest first. A timer goes when a commit leaves the aggregate in a state that no longer wants it.
    pub async fn due_timers(&self, now: Timestamp, limit: usize) -> Result<Vec<DueTimer>> {
        self.backend.due_timers(now, limit).await
    }

    pub async fn next_due(&self) -> Result<Option<Timestamp>> {
        self.backend.next_due().await
    }

    /// How far this service has read the feed of `source`.
    pub async fn cursors(&self, source: &str) -> Result<Positions> {
        self.backend.cursors(source).await
    }

    /// Moves cursors on without any other effect: past events that mean nothing to this service. Never moves one back.
    pub async fn advance(&self, cursors: &[Cursor]) -> Result<()> {
        let cursors = if sabotage::is("drop-cursor") { Vec::new() } else { cursors.to_vec() };
        let batch = Batch { cursors, ..Batch::default() };
        let intent = Intent { now: self.clock.now(), ..Intent::default() };
        self.backend.transact(intent, Box::new(move |_| Ok(batch))).await
    }

    /// Acquires or renews leases; answers which of `partitions` this holder has. Always all, where there is one process.
    pub async fn lease(&self, partitions: &[u16], holder: &str, until: Timestamp) -> Result<Vec<u16>> {
        self.backend.lease(partitions, holder, until).await
    }

    /// Where this store takes the time from.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    pub fn stats(&self) -> &Stats {
        self.backend.stats()
    }

    /// The typed form of a stored row: cached, decoded, or folded from its events when another schema wrote it.
    pub(crate) async fn decode<A: Aggregate>(&self, stored: StoredAggregate, ticket: Option<Ticket>) -> Result<Versioned<A>> {
        let cache = self.backend.cache();
        if let Some(live) = cache.and_then(|cache| cache.get(A::KIND, &stored.id)).filter(|live| live.version == stored.version) {
            return Ok(Versioned { version: live.version, state: downcast(live.state)?, id: stored.id });
        }
        if stored.schema != A::SCHEMA {
            // Not cached: the cache vouches that keys and timers are those of the state, and here they are another schema's.
            let (version, state) = codec::fold(&stored.id, &self.backend.events_of(A::KIND, &stored.id).await?)?;
            return Ok(Versioned { id: stored.id, version, state });
        }
        let state: Arc<A> = codec::decode_state(&stored)?;
        if let (Some(cache), Some(ticket)) = (cache, ticket) {
            let live = Live { version: stored.version, state: Arc::clone(&state) as _, bytes: stored.state.len() };
            cache.fill(ticket, A::KIND, &stored.id, live);
        }
        Ok(Versioned { id: stored.id, version: stored.version, state })
    }
}

fn decide_one<A, E>(tx: &mut Tx, id: &str, decide: impl FnOnce(Option<&A>) -> Result<Vec<A::Event>, E>) -> Result<Versioned<A>>
where
    A: Aggregate,
    E: Into<Error>,
{
    let events = decide(tx.get::<A>(id).as_deref()).map_err(Into::into)?;
    tx.record::<A>(id, events)?;
    tx.versioned(id).ok_or_else(|| Error::not_found(A::KIND, id))
}
