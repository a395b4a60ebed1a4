//! Fires timers. They stand in the store, so they survive everything; one that is handled without going away (its saga is
//! being driven already, or its handler failed) is left alone for a moment before it fires again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use haat_kernel::{Ctx, Result};
use haat_store::DueTimer;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::definition::OnTimer;
use crate::platform::Platform;

const CONCURRENT_MAX: usize = 64;
/// Read in one look; more than may run, because some are resting.
const READ_MAX: usize = 1_024;
const REST: Duration = Duration::from_millis(500);
/// Between two looks, at least; and at most, should a wake-up be missed.
const LOOK_MIN: Duration = Duration::from_millis(20);
const LOOK_MAX: Duration = Duration::from_secs(5);

pub(crate) struct Timers {
    pub platform: Platform,
    pub handlers: BTreeMap<&'static str, Arc<dyn OnTimer>>,
}

impl Timers {
    pub async fn run(self) -> Result<()> {
        let mut commits = self.platform.store.commits();
        let places = Arc::new(Semaphore::new(CONCURRENT_MAX));
        let active = Arc::new(Mutex::new(BTreeSet::new()));
        let mut resting: BTreeMap<DueTimer, Instant> = BTreeMap::new();
        loop {
            commits.borrow_and_update();
            let now = Instant::now();
            resting.retain(|_, until| *until > now);
            for timer in self.platform.store.due_timers(self.platform.clock.now(), READ_MAX).await? {
                let Some(handler) = self.handlers.get(timer.kind.as_str()) else { continue };
                if resting.contains_key(&timer) || active.lock().contains(&timer) {
                    continue;
                }
                let Ok(place) = places.clone().try_acquire_owned() else { break };
                resting.insert(timer.clone(), now + REST);
                active.lock().insert(timer.clone());
                let fire = fire(self.platform.clone(), handler.clone(), timer.clone());
                let active = active.clone();
                haat_kernel::spawn("timer", async move {
                    fire.await;
                    active.lock().remove(&timer);
                    drop(place);
                });
            }
            let pause = self.pause(!resting.is_empty()).await?;
            sleep(LOOK_MIN).await;
            tokio::select! {
                _ = commits.changed() => {}
                () = sleep(pause) => {}
            }
        }
    }

    /// How long nothing can become due.
    async fn pause(&self, is_resting: bool) -> Result<Duration> {
        if is_resting {
            return Ok(REST);
        }
        let Some(due) = self.platform.store.next_due().await? else { return Ok(LOOK_MAX) };
        let left = due.duration_since(self.platform.clock.now());
        Ok(Duration::try_from(left).unwrap_or(Duration::ZERO).min(LOOK_MAX))
    }
}

async fn fire(platform: Platform, handler: Arc<dyn OnTimer>, timer: DueTimer) {
    let ctx = Ctx::internal(platform.name, &timer.id, platform.clock.now());
    if let Err(error) = handler.on_timer(ctx, timer.clone()).await {
        tracing::warn!(kind = timer.kind, id = timer.id, timer = timer.name, %error, "a timer's work failed; it fires again");
    }
}
