//! Durable work across services. A saga is an aggregate whose `next` says, purely, which call to make or to undo; the
//! runner makes it under the idempotency key `id/step`, records what came of it, retries with backoff, and goes on after
//! any crash. A saga that can go neither forward nor back is parked, visibly, until an operator lets it try again.

mod progress;
mod runner;
mod stuck;

use async_trait::async_trait;
use haat_kernel::{Ctx, Result};
use haat_store::Aggregate;

pub use progress::{Event, Parked, Progress};
pub use runner::{Runner, watch};

/// What a saga wants to happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next<Step> {
    Call(Step),
    /// For something from outside: a neighbour's event, a timer of its own.
    Wait,
    Done,
}

pub trait Saga: Aggregate {
    /// Its `Display` is its name in keys, logs and metrics: `authorize_payment`.
    type Step: Clone + std::fmt::Display + Send + Sync + 'static;

    fn next(&self) -> Next<Self::Step>;
    fn progress(&self) -> &Progress;
    /// The event of this saga that carries what the runner has to record; its `apply` hands it to `Progress::apply`.
    fn saga_event(event: Event) -> Self::Event;
    /// The request that began it, for logs and traces.
    fn correlation_id(&self) -> &str;
}

/// What is wrong with a saga that nobody will ever drive on: it has not ended and is not parked, and no timer brings anybody
/// back to it.
pub fn abandoned<S: Saga>(saga: &S) -> Option<String> {
    let is_waited_for = matches!(saga.next(), Next::Done) || saga.progress().parked.is_some() || !saga.timers().is_empty();
    (!is_waited_for).then(|| "is under way, and nothing will drive it on".to_owned())
}

/// What came of a step, as a decision on the saga's state at the time of the commit: something else may have happened
/// to it while the call was under way.
pub type Decision<S> = Box<dyn FnOnce(&S) -> Result<Vec<<S as Aggregate>::Event>> + Send>;

/// Makes the calls that a saga asks for. An error that is transient is tried again later; any other parks the saga, so
/// refusals that the saga knows how to answer are decisions, not errors.
#[async_trait]
pub trait Perform<S: Saga>: Send + Sync + 'static {
    async fn perform(&self, ctx: &Ctx, id: &str, saga: &S, step: &S::Step) -> Result<Decision<S>>;
}

/// A decision from a plain function.
pub fn decide<S: Saga>(decision: impl FnOnce(&S) -> Result<Vec<S::Event>> + Send + 'static) -> Result<Decision<S>> {
    Ok(Box::new(decision))
}
