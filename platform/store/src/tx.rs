//! One transaction: the aggregates it named beforehand, what it records on them, and the reply it leaves. It runs inside the
//! backend's commit, so it must be quick and pure: facts come in as captured values.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use haat_kernel::{Ctx, Cursor, Error, Idempotency, Kind, Result, Timestamp, sabotage};

use crate::aggregate::{Aggregate, Versioned};
use crate::backend::{Batch, Change, Current, Intent, Lock, NewEvent, NewReply, REPLY_KEPT_S, Rows, Write};
use crate::codec;
use crate::partition::partition_of;

type Slot = Box<dyn Entry>;
type Read = fn(&Lock, &mut dyn Rows) -> Result<Slot>;

/// The aggregates that a transaction reads or writes, new ones included.
#[derive(Default)]
pub struct Load(BTreeMap<Lock, Read>);

impl Load {
    pub fn new() -> Self {
        Load::default()
    }

    #[must_use]
    pub fn one<A: Aggregate>(mut self, id: impl AsRef<str>) -> Self {
        let id = id.as_ref();
        self.0.insert(Lock { partition: partition_of(id), kind: A::KIND, id: id.to_owned(), schema: A::SCHEMA }, read::<A>);
        self
    }

    #[must_use]
    pub fn all<A: Aggregate>(self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        ids.into_iter().fold(self, |load, id| load.one::<A>(id))
    }

    pub(crate) fn locks(&self) -> Vec<Lock> {
        self.0.keys().cloned().collect()
    }
}

/// An aggregate in a transaction.
struct Loaded<A: Aggregate> {
    lock: Lock,
    version: u64,
    state: Option<Arc<A>>,
    /// As stored; None when the aggregate is new, or when another schema wrote it.
    before: Option<Arc<A>>,
    /// Another schema wrote what is stored: keys and timers are written anew.
    is_stale: bool,
    is_touched: bool,
    is_forgotten: bool,
    events: Vec<NewEvent>,
}

fn read<A: Aggregate>(lock: &Lock, rows: &mut dyn Rows) -> Result<Slot> {
    let (version, state, is_stale) = match rows.aggregate(lock)? {
        None => (0, None, false),
        Some(Current::Live(live)) => (live.version, Some(downcast::<A>(live.state)?), false),
        Some(Current::Stored(stored)) if stored.schema == A::SCHEMA => {
            (stored.version, Some(codec::decode_state(&stored)?), false)
        }
        Some(Current::Stored(_)) => {
            let (version, state) = codec::fold::<A>(&lock.id, &rows.events(lock)?)?;
            (version, Some(state), true)
        }
    };
    let before = state.clone().filter(|_| !is_stale);
    let lock = lock.clone();
    Ok(Box::new(Loaded { lock, version, state, before, is_stale, is_touched: false, is_forgotten: false, events: Vec::new() }))
}

/// The cached state as the type that asks for it.
pub(crate) fn downcast<A: Aggregate>(state: Arc<dyn Any + Send + Sync>) -> Result<Arc<A>> {
    state.downcast().map_err(|_| Error::internal(format!("two types say that they are the kind {}", A::KIND)))
}

/// A [`Loaded`] of any type.
trait Entry: Any {
    fn as_any(&self) -> &dyn Any;
    fn as_any_mut(&mut self) -> &mut dyn Any;
    /// Adds what is to be written, if anything.
    fn finish(self: Box<Self>, batch: &mut Batch) -> Result<()>;
}

impl<A: Aggregate> Entry for Loaded<A> {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn finish(self: Box<Self>, batch: &mut Batch) -> Result<()> {
        if self.is_forgotten {
            batch.forgotten.push(self.lock);
            return Ok(());
        }
        let Some(state) = self.state.filter(|_| self.is_touched || !self.events.is_empty()) else { return Ok(()) };
        let before = self.before.as_deref();
        batch.writes.push(Write {
            partition: self.lock.partition,
            kind: A::KIND,
            version: self.version,
            schema: A::SCHEMA,
            state: codec::encode_state(&self.lock.id, &*state)?,
            keys: Change::between(before.map(A::keys).unwrap_or_default(), state.keys()),
            timers: Change::between(before.map(A::timers).unwrap_or_default(), state.timers()),
            rewrite: self.is_stale,
            events: self.events,
            id: self.lock.id,
            live: state,
            before: self.before.map(|state| state as _),
        });
        Ok(())
    }
}

impl<A: Aggregate> Loaded<A> {
    fn record(&mut self, events: Vec<A::Event>) -> Result<()> {
        for event in events {
            let state = self.state.take().map(Arc::unwrap_or_clone);
            self.events.push(codec::encode_event::<A>(&self.lock.id, &event)?);
            self.state = Some(Arc::new(codec::after(&self.lock.id, state, &event)?));
            self.version += 1;
        }
        Ok(())
    }
}

/// A transaction under way.
pub struct Tx {
    entries: BTreeMap<(&'static str, String), Slot>,
    reply: Option<Vec<u8>>,
    /// The first misuse by a call that cannot return an error: it fails the transaction in the end.
    misuse: RefCell<Option<Error>>,
}

impl Tx {
    /// The state as it is now, with what this transaction has recorded. The id must be among those of [`Load`].
    pub fn get<A: Aggregate>(&self, id: impl AsRef<str>) -> Option<Arc<A>> {
        self.loaded::<A>(id.as_ref())?.state.clone()
    }

    /// 0 when there is no such aggregate.
    pub fn version<A: Aggregate>(&self, id: impl AsRef<str>) -> u64 {
        self.loaded::<A>(id.as_ref()).map_or(0, |loaded| loaded.version)
    }

    pub fn versioned<A: Aggregate>(&self, id: impl AsRef<str>) -> Option<Versioned<A>> {
        let loaded = self.loaded::<A>(id.as_ref())?;
        let state = loaded.state.clone()?;
        Some(Versioned { id: loaded.lock.id.clone(), version: loaded.version, state })
    }

    /// Adds events to an aggregate; the first ones make it. Fails when the id is not among those of [`Load`].
    pub fn record<A: Aggregate>(&mut self, id: impl AsRef<str>, events: Vec<A::Event>) -> Result<()> {
        self.loaded_mut::<A>(id.as_ref())?.record(events)
    }

    /// Has this reply remembered under the context's idempotency key, in the same commit. Without such a key it does nothing.
    pub fn reply(&mut self, message: &impl prost::Message) {
        self.reply = Some(message.encode_to_vec());
    }

    /// Writes the aggregate's row, keys and timers even without an event.
    pub(crate) fn rewrite<A: Aggregate>(&mut self, id: &str) -> Result<()> {
        let loaded = self.loaded_mut::<A>(id)?;
        loaded.is_touched = loaded.is_stale;
        Ok(())
    }

    /// Has an aggregate go, with all that was ever recorded on it.
    pub(crate) fn forget<A: Aggregate>(&mut self, id: &str) -> Result<()> {
        self.loaded_mut::<A>(id)?.is_forgotten = true;
        Ok(())
    }

    pub(crate) fn begin(load: &Load, rows: &mut dyn Rows) -> Result<Tx> {
        let mut entries = BTreeMap::new();
        for (lock, read) in &load.0 {
            entries.insert((lock.kind, lock.id.clone()), read(lock, rows)?);
        }
        Ok(Tx { entries, reply: None, misuse: RefCell::default() })
    }

    pub(crate) fn finish(self, origin: &Origin) -> Result<Batch> {
        if let Some(error) = self.misuse.into_inner() {
            return Err(error);
        }
        let mut batch = Batch {
            time: origin.time,
            principal: origin.principal.clone(),
            correlation: origin.correlation.clone(),
            cursors: origin.cursor.iter().filter(|_| !sabotage::is("drop-cursor")).cloned().collect(),
            ..Batch::default()
        };
        for entry in self.entries.into_values() {
            entry.finish(&mut batch)?;
        }
        if let (Some(body), Some(idempotency)) = (self.reply, &origin.idempotency)
            && !sabotage::is("skip-idempotency-reply")
        {
            batch.reply = Some(NewReply::new(idempotency, body, origin.time));
        }
        Ok(batch)
    }

    fn loaded<A: Aggregate>(&self, id: &str) -> Option<&Loaded<A>> {
        let found = self.entries.get(&(A::KIND, id.to_owned()));
        let loaded = found.and_then(|slot| slot.as_ref().as_any().downcast_ref());
        if loaded.is_none() {
            self.misuse.borrow_mut().get_or_insert_with(|| not_loaded(A::KIND, id));
        }
        loaded
    }

    fn loaded_mut<A: Aggregate>(&mut self, id: &str) -> Result<&mut Loaded<A>> {
        let found = self.entries.get_mut(&(A::KIND, id.to_owned()));
        found.and_then(|slot| slot.as_mut().as_any_mut().downcast_mut()).ok_or_else(|| not_loaded(A::KIND, id))
    }
}

fn not_loaded(kind: &str, id: &str) -> Error {
    Error::internal(format!("the transaction uses {kind} {id} without naming it in its Load"))
}

impl NewReply {
    pub(crate) fn new(idempotency: &Idempotency, body: Vec<u8>, now: Timestamp) -> Self {
        NewReply { idempotency: idempotency.clone(), body, expires: haat_kernel::time::plus_seconds(now, REPLY_KEPT_S) }
    }
}

/// What of a call's context goes into its commit.
#[derive(Clone)]
pub(crate) struct Origin {
    time: Timestamp,
    principal: String,
    correlation: String,
    cursor: Option<Cursor>,
    idempotency: Option<Idempotency>,
}

impl Origin {
    pub fn of(ctx: &Ctx) -> Self {
        Origin {
            time: ctx.now,
            principal: ctx.principal.to_string(),
            correlation: ctx.correlation_id.as_str().to_owned(),
            cursor: ctx.cursor.clone(),
            idempotency: ctx.idempotency.clone(),
        }
    }

    pub fn intent(&self, load: &Load, now: Timestamp) -> Intent {
        Intent { locks: load.locks(), cursor: self.cursor.clone(), idempotency: self.idempotency.clone(), now }
    }

    /// Fails when the effect of this call or of this feed event was committed before.
    pub fn check_first_time(&self, rows: &mut dyn Rows) -> Result<()> {
        if let Some(cursor) = &self.cursor
            && rows.position(cursor)? >= cursor.position
        {
            return Err(Error::new(
                Kind::FailedPrecondition,
                crate::ALREADY_APPLIED,
                "This event was taken into account before.",
            ));
        }
        let Some(idempotency) = &self.idempotency else { return Ok(()) };
        match rows.reply(idempotency)? {
            None => Ok(()),
            Some(reply) if reply.request_hash == idempotency.request_hash => {
                Err(Error::new(Kind::AlreadyExists, crate::ALREADY_REPLIED, "This request was answered before."))
            }
            Some(_) => Err(Error::new(
                Kind::OutOfRange,
                crate::IDEMPOTENCY_KEY_REUSED,
                "The idempotency key was used before, for another request.",
            )),
        }
    }
}
