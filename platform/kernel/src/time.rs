//! Time: the wall clock, or a simulated one that moves with the runtime's paused time.

use std::sync::atomic::{AtomicI64, Ordering};

pub use jiff::Timestamp;
use tokio::time::Instant;

/// Where a process takes the time from. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    System,
    /// `epoch` at `start`, then as far on as the runtime's own time went, and off by this machine's error.
    Simulated {
        epoch: Timestamp,
        start: Instant,
        skew: Skew,
    },
}

/// The error of a simulated machine's clock, which a simulation changes while it runs. Cheap to copy; copies share it.
#[derive(Clone, Copy, Debug)]
pub struct Skew(&'static AtomicI64);

impl Skew {
    /// Lives as long as the process: a simulation makes a handful.
    pub fn of_millis(millis: i64) -> Self {
        Skew(Box::leak(Box::new(AtomicI64::new(millis))))
    }

    pub fn set_millis(&self, millis: i64) {
        self.0.store(millis, Ordering::Relaxed);
    }

    pub fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Clock {
    pub fn simulated(epoch: Timestamp, skew_ms: i64) -> Self {
        Clock::skewed(epoch, Skew::of_millis(skew_ms))
    }

    pub fn skewed(epoch: Timestamp, skew: Skew) -> Self {
        Clock::Simulated { epoch, start: Instant::now(), skew }
    }

    pub fn is_simulated(&self) -> bool {
        matches!(self, Clock::Simulated { .. })
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Simulated { epoch, start, skew } => {
                let elapsed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
                *epoch + jiff::SignedDuration::from_millis(elapsed.saturating_add(skew.millis()))
            }
        }
    }
}

/// `at` moved by `seconds`, held at the ends of the calendar.
pub fn plus_seconds(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(at)
}

/// `at` moved by `millis`, held at the ends of the calendar.
pub fn plus_millis(at: Timestamp, millis: i64) -> Timestamp {
    at.saturating_add(jiff::SignedDuration::from_millis(millis)).unwrap_or(at)
}
