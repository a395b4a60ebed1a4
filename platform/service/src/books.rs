//! The books of one service: what always holds of its own aggregates, each by itself and all together. A service states them
//! in one place; a watchdog holds every commit against them and sweeps what is stored, and `haat check` reads all of it.

mod audit;
mod ledger;
mod sweep;
mod watch;

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use haat_kernel::{Error, Result};
use haat_store::tap::AnyState;
use haat_store::{Aggregate, Store, StoredState};

pub use audit::{Audit, Depth};
pub(crate) use watch::{BooksState, Watch};

/// An aggregate's part in the books of its service. Pure.
pub trait Book: Aggregate {
    /// What is wrong with this state in itself; nothing unless something is broken.
    fn faults(&self, _id: &str) -> Vec<String> {
        Vec::new()
    }

    /// What it puts on accounts. Over all aggregates of the service each account comes to zero, before and after every commit:
    /// what one says to have, another says to have given.
    fn entries(&self, _id: &str) -> Vec<Entry> {
        Vec::new()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, as an operator reads it.
    pub account: String,
    pub amount: i64,
}

impl Entry {
    pub fn new(account: impl Into<String>, amount: i64) -> Self {
        Entry { account: account.into(), amount }
    }
}

/// The kinds of aggregates that a service keeps, with what holds of them.
#[derive(Clone, Default)]
pub struct Books(Vec<Arc<dyn Kind>>);

impl Books {
    pub fn new() -> Self {
        Books::default()
    }

    /// Holds the states of a kind against what it says of itself.
    #[must_use]
    pub fn book<A: Book>(mut self) -> Self {
        self.0.push(Arc::new(Rules::<A> { faults: A::faults, entries: A::entries }));
        self
    }

    /// A kind of which nothing is said but that its states are what its events add up to.
    #[must_use]
    pub fn kept<A: Aggregate>(mut self) -> Self {
        self.0.push(Arc::new(Rules::<A> { faults: |_, _| Vec::new(), entries: |_, _| Vec::new() }));
        self
    }

    fn kind(&self, name: &str) -> Option<&Arc<dyn Kind>> {
        self.0.iter().find(|kind| kind.name() == name)
    }
}

/// What the books say of one state.
#[derive(Debug, Default)]
struct Judged {
    faults: Vec<String>,
    entries: Vec<Entry>,
}

/// A stored state, judged.
struct Row {
    id: String,
    judged: Judged,
}

/// Of a batch of stored states: the rows, and the id to go on after.
type Batch = (Vec<Row>, Option<String>);

/// The rules of one kind, whatever its type.
#[async_trait]
trait Kind: Send + Sync {
    fn name(&self) -> &'static str;
    fn judge(&self, id: &str, state: &AnyState) -> Result<Judged>;
    /// The next stored states of a partition. Those of up to `folded_max` events are also held against their events.
    async fn read(&self, store: &Store, partition: u16, after: &str, limit: usize, folded_max: u64) -> Result<Batch>;
}

struct Rules<A> {
    faults: fn(&A, &str) -> Vec<String>,
    entries: fn(&A, &str) -> Vec<Entry>,
}

impl<A: Aggregate> Rules<A> {
    fn of(&self, id: &str, state: &A) -> Judged {
        Judged { faults: (self.faults)(state, id), entries: (self.entries)(state, id) }
    }

    async fn of_stored(&self, store: &Store, row: StoredState<A>, folded_max: u64) -> Row {
        let StoredState { id, version, state } = row;
        let judged = match state {
            Err(error) => Judged { faults: vec![format!("cannot be read: {error}")], entries: Vec::new() },
            Ok(state) => {
                let mut judged = self.of(&id, &state);
                if version <= folded_max {
                    judged.faults.extend(unlike_its_events(store, &id, version, &*state).await);
                }
                judged
            }
        };
        Row { id, judged }
    }
}

async fn unlike_its_events<A: Aggregate>(store: &Store, id: &str, version: u64, state: &A) -> Option<String> {
    match store.is_sum_of_events(id, version, state).await {
        Ok(true) => None,
        Ok(false) => Some("is not what its events add up to".to_owned()),
        Err(error) => Some(format!("has events that cannot be read: {error}")),
    }
}

#[async_trait]
impl<A: Aggregate> Kind for Rules<A> {
    fn name(&self) -> &'static str {
        A::KIND
    }

    fn judge(&self, id: &str, state: &AnyState) -> Result<Judged> {
        let state: &dyn Any = &**state;
        let state = state.downcast_ref::<A>();
        state.map(|state| self.of(id, state)).ok_or_else(|| Error::internal(format!("two types say that they are {}", A::KIND)))
    }

    async fn read(&self, store: &Store, partition: u16, after: &str, limit: usize, folded_max: u64) -> Result<Batch> {
        let (stored, next) = store.stored::<A>(partition, after, limit).await?;
        let mut rows = Vec::with_capacity(stored.len());
        for row in stored {
            rows.push(self.of_stored(store, row, folded_max).await);
            // Reads are done at once: others shall have their turn in between.
            tokio::task::yield_now().await;
        }
        Ok((rows, next))
    }
}
