//! A circuit breaker on the runtime's clock: closed until failures come in a row, then open for a penalty that doubles
//! with each failed probe, with one probe at a time in between.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row that open it.
const FAILURES_MAX: u32 = 5;
const PENALTY_MIN: Duration = Duration::from_millis(100);
const PENALTY_MAX: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    HalfOpen,
    Open,
}

#[derive(Default)]
pub(crate) struct Breaker(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    failures: u32,
    penalty: Duration,
    open_until: Option<Instant>,
    is_probing: bool,
}

impl Breaker {
    /// Whether a call may go through now. When open, how long to wait; while half open, one call is let through.
    pub fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut inner = self.inner();
        match inner.open_until {
            None => Ok(()),
            Some(until) if now < until => Err(until - now),
            Some(_) if inner.is_probing => Err(PENALTY_MIN),
            Some(_) => {
                inner.is_probing = true;
                Ok(())
            }
        }
    }

    pub fn succeeded(&self) {
        *self.inner() = Inner::default();
    }

    /// `jitter` is 0 to 99: percent of the penalty to add, so that clients do not probe together.
    pub fn failed(&self, now: Instant, jitter: u32) {
        let mut inner = self.inner();
        inner.failures = inner.failures.saturating_add(1);
        let was_probe = std::mem::take(&mut inner.is_probing);
        if was_probe || (inner.failures >= FAILURES_MAX && inner.open_until.is_none()) {
            inner.penalty = (inner.penalty * 2).clamp(PENALTY_MIN, PENALTY_MAX);
            inner.open_until = Some(now + inner.penalty + inner.penalty * jitter / 100);
        }
    }

    /// A call that was let through and given up: it says nothing, but a probe must not stay out for ever.
    pub fn abandoned(&self) {
        self.inner().is_probing = false;
    }

    pub fn state(&self, now: Instant) -> BreakerState {
        match self.inner().open_until {
            None => BreakerState::Closed,
            Some(until) if now < until => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_opens_probes_and_closes() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..FAILURES_MAX {
            assert!(breaker.admit(start).is_ok());
            breaker.failed(start, 0);
        }
        assert_eq!(breaker.state(start), BreakerState::Open);
        assert_eq!(breaker.admit(start), Err(PENALTY_MIN));
        let later = start + PENALTY_MIN;
        assert!(breaker.admit(later).is_ok(), "one probe");
        assert!(breaker.admit(later).is_err(), "and only one");
        breaker.failed(later, 50);
        assert_eq!(breaker.admit(later), Err(PENALTY_MIN * 3), "twice the penalty, and the jitter");
        let last = later + PENALTY_MIN * 3;
        assert!(breaker.admit(last).is_ok());
        breaker.abandoned();
        assert!(breaker.admit(last).is_ok(), "a probe given up makes room for another");
        breaker.succeeded();
        assert_eq!(breaker.state(last), BreakerState::Closed);
    }
}
