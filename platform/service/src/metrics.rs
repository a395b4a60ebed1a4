//! Copies what other parts count (store, breakers) into the process's metrics, every few seconds.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use haat_kernel::Result;
use haat_rpc::BreakerState;
use haat_telemetry::STEP;
use tokio::time::{Instant, sleep};

use crate::platform::Platform;

const EVERY: Duration = Duration::from_secs(2);

pub(crate) async fn collect(platform: Platform) -> Result<()> {
    let mut step_ends = Instant::now() + STEP;
    loop {
        let (metrics, stats) = (platform.metrics(), platform.store.stats());
        metrics.counter("commits", stats.commits_total.load(Relaxed));
        metrics.counter("batches", stats.batches_total.load(Relaxed));
        metrics.counter("events", stats.events_total.load(Relaxed));
        metrics.counter("failures", stats.failures_total.load(Relaxed));
        metrics.counter("commit_micros", stats.commit_micros_total.load(Relaxed));
        for channel in platform.channels() {
            let state = match channel.breaker_state() {
                BreakerState::Closed => 0,
                BreakerState::HalfOpen => 1,
                BreakerState::Open => 2,
            };
            metrics.breaker(channel.service(), state);
        }
        if Instant::now() >= step_ends {
            step_ends += STEP;
            metrics.end_step(platform.clock.now());
        }
        sleep(EVERY).await;
    }
}
