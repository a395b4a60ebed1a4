//! Time: the wall clock, or a simulated one that moves with the runtime's paused time.

pub use jiff::Timestamp;
use tokio::time::Instant;

/// Where a process takes the time from. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    System,
    /// `epoch` at `start`, then as far on as the runtime's own time went; `skew_ms` is this machine's error.
    Simulated {
        epoch: Timestamp,
        start: Instant,
        skew_ms: i64,
    },
}

impl Clock {
    pub fn simulated(epoch: Timestamp, skew_ms: i64) -> Self {
        Clock::Simulated { epoch, start: Instant::now(), skew_ms }
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the clock is read")]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp::now(),
            Clock::Simulated { epoch, start, skew_ms } => {
                let elapsed = i64::try_from(start.elapsed().as_millis()).unwrap_or(i64::MAX);
                *epoch + jiff::SignedDuration::from_millis(elapsed.saturating_add(*skew_ms))
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
