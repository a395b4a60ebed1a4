//! Drives sagas: one driver per saga in this process, one call at a time, each outcome committed before the next call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use haat_kernel::time::plus_millis;
use haat_kernel::{CorrelationId, Ctx, Error, Idempotency, Result, Timestamp};
use haat_service::{OnTimer, Platform};
use haat_store::{Aggregate, DueTimer, Page, Store, Versioned};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::{Event, Next, Perform, Saga};

/// One attempt at one step.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
const BACKOFF_MIN_MS: u64 = 100;
const BACKOFF_MAX_MS: u64 = 15_000;
/// About ten minutes of backoff: then a person has to look.
const ATTEMPTS_MAX: u32 = 48;

const REPORT_EVERY: Duration = Duration::from_secs(5);
const PARKED_COUNTED_MAX: usize = 1_000;

/// Cheap to clone; clones share the work.
pub struct Runner<S: Saga>(Arc<Inner<S>>);

impl<S: Saga> Clone for Runner<S> {
    fn clone(&self) -> Self {
        Runner(self.0.clone())
    }
}

struct Inner<S: Saga> {
    platform: Platform,
    performer: Arc<dyn Perform<S>>,
    /// Sagas that are being driven; true when one was woken again meanwhile.
    driven: Mutex<BTreeMap<String, bool>>,
}

impl<S: Saga> Runner<S> {
    pub fn new(platform: &Platform, performer: impl Perform<S>) -> Self {
        Runner(Arc::new(Inner { platform: platform.clone(), performer: Arc::new(performer), driven: Mutex::default() }))
    }

    /// Drives a saga in the background: it has something to do, or may have. Who wants to know when it cannot be driven any
    /// further may wait for that.
    pub fn wake(&self, id: &str) -> JoinHandle<()> {
        let (runner, id) = (self.clone(), id.to_owned());
        haat_kernel::spawn("saga.drive", async move { runner.drive(&id).await })
    }

    /// Drives a saga until it waits, is done, is parked, or has to try again later. When another driver is at it, that
    /// one looks once more.
    pub async fn drive(&self, id: &str) {
        if !self.enter(id) {
            return;
        }
        // Given up in the middle, it must not bar the next driver.
        let place = Place { runner: self, id };
        loop {
            if let Err(error) = self.run(id).await {
                tracing::warn!(saga = S::KIND, id, %error, "a saga could not be driven; its timer brings it back");
            }
            if self.leave(id) {
                std::mem::forget(place);
                return;
            }
        }
    }

    /// Lets a parked saga try again. 409 `not_parked` when it is not.
    pub async fn resume(&self, ctx: &Ctx, id: &str) -> Result<Versioned<S>> {
        let now = ctx.now;
        let resumed = self.store().update(ctx, id, move |saga: Option<&S>| match saga {
            None => Err(Error::not_found(S::KIND, "")),
            Some(saga) if saga.progress().parked.is_none() => {
                Err(Error::new(haat_kernel::Kind::FailedPrecondition, format!("{}_not_parked", S::KIND), "It is not parked."))
            }
            Some(_) => Ok(vec![S::saga_event(Event::Resumed { at: now })]),
        });
        let resumed = resumed.await?;
        self.wake(id);
        Ok(resumed)
    }

    /// Tells the metrics how many sagas are being driven and how many are parked, for as long as the service runs.
    pub async fn report(self) -> Result<()> {
        loop {
            let parked = self.store().list::<S>("parked", "all", &Page::first(PARKED_COUNTED_MAX)).await?.items.len();
            let driven = self.driven().len();
            self.0.platform.metrics().sagas(S::KIND, driven as u64, parked as u64);
            sleep(REPORT_EVERY).await;
        }
    }

    async fn run(&self, id: &str) -> Result<()> {
        loop {
            let Some(saga) = self.store().load::<S>(id).await? else { return Ok(()) };
            let now = self.0.platform.clock.now();
            let is_early = saga.progress().retry_at.is_some_and(|at| at > now);
            match saga.next() {
                Next::Call(step) if saga.progress().parked.is_none() && !is_early => self.take(&saga, step, now).await?,
                _ => return Ok(()),
            }
        }
    }

    async fn take(&self, saga: &Versioned<S>, step: S::Step, now: Timestamp) -> Result<()> {
        let ctx = self.context(saga, &step, now);
        let deadline = Instant::now() + STEP_TIMEOUT;
        let performed = timeout_at(deadline, self.0.performer.perform(&ctx, &saga.id, &saga.state, &step)).await;
        let performed = performed.unwrap_or_else(|_| Err(Error::unavailable("the step took too long")));
        let name = step.to_string();
        let outcome = if performed.is_ok() { "performed" } else { "failed" };
        self.0.platform.metrics().saga_step(&format!("{}/{name}", S::KIND), outcome);
        let id = saga.id.clone();
        let decision: crate::Decision<S> = match performed {
            Ok(decision) => decision,
            Err(error) => self.failed(name, &error, saga.progress().attempts, &id),
        };
        let decide = move |saga: Option<&S>| saga.map_or_else(|| Err(Error::not_found(S::KIND, &id)), decision);
        self.store().update(&ctx.aside(), &saga.id, decide).await.map(|_| ())
    }

    /// Records a failure: another attempt later, or parked.
    fn failed(&self, step: String, error: &Error, attempts: u32, id: &str) -> crate::Decision<S> {
        let now = self.0.platform.clock.now();
        let event = if error.kind.is_transient() && attempts < ATTEMPTS_MAX {
            let pause = (BACKOFF_MIN_MS << attempts.min(16)).min(BACKOFF_MAX_MS);
            let pause = pause + self.0.platform.entropy.below(pause / 2);
            tracing::debug!(saga = S::KIND, id, step, %error, attempts, "a step failed and is tried again");
            Event::Deferred { step, error: error.to_string(), retry_at: plus_millis(now, i64::try_from(pause).unwrap_or(0)) }
        } else {
            tracing::error!(saga = S::KIND, id, step, %error, attempts, "a saga is parked");
            Event::Parked { step, reason: error.to_string(), attempts: attempts + 1, at: now }
        };
        Box::new(move |_| Ok(vec![S::saga_event(event)]))
    }

    fn context(&self, saga: &Versioned<S>, step: &S::Step, now: Timestamp) -> Ctx {
        let name = self.0.platform.name;
        let mut ctx = Ctx::internal(name, &saga.id, now);
        if let Some(correlation_id) = CorrelationId::parse(saga.correlation_id()) {
            ctx.correlation_id = correlation_id;
        }
        ctx.idempotency =
            Some(Idempotency { scope: format!("service:{name}"), key: format!("{}/{step}", saga.id), request_hash: 0 });
        ctx
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.platform.store
    }

    fn enter(&self, id: &str) -> bool {
        let mut driven = self.driven();
        match driven.get_mut(id) {
            Some(is_woken) => {
                *is_woken = true;
                false
            }
            None => driven.insert(id.to_owned(), false).is_none(),
        }
    }

    /// True when nobody woke it since.
    fn leave(&self, id: &str) -> bool {
        let mut driven = self.driven();
        match driven.get_mut(id) {
            Some(is_woken) if *is_woken => {
                *is_woken = false;
                false
            }
            _ => {
                driven.remove(id);
                true
            }
        }
    }

    fn driven(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, bool>> {
        self.0.driven.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A driver's place at a saga, until it leaves.
struct Place<'a, S: Saga> {
    runner: &'a Runner<S>,
    id: &'a str,
}

impl<S: Saga> Drop for Place<'_, S> {
    fn drop(&mut self) {
        self.runner.driven().remove(self.id);
    }
}

#[async_trait]
impl<S: Saga> OnTimer for Runner<S> {
    async fn on_timer(&self, _ctx: Ctx, timer: DueTimer) -> Result<()> {
        self.drive(&timer.id).await;
        Ok(())
    }
}

/// Waits until an aggregate satisfies `is_enough`, or until `deadline`, and returns it as it then is.
pub async fn watch<A: Aggregate>(
    store: &Store,
    id: &str,
    deadline: Instant,
    is_enough: impl Fn(&A) -> bool,
) -> Result<Versioned<A>> {
    let mut commits = store.commits();
    loop {
        commits.borrow_and_update();
        let found = store.load::<A>(id).await?.ok_or_else(|| Error::not_found(A::KIND, id))?;
        if is_enough(&found) {
            return Ok(found);
        }
        match timeout_at(deadline, commits.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => return Ok(found),
        }
    }
}
