//! What a load came to: how many turns, how long they took, in all and call by call, and what went wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::Result;

/// Of a failure's text; the rest differs from one to the next.
const FAILURE_CHARS_MAX: usize = 120;

/// How long something took, many times: in microseconds, to three digits.
#[derive(Clone)]
pub struct Durations(Histogram<u64>);

/// The calls within a turn, by what they are for, in the order of their first time.
#[derive(Clone, Default)]
pub struct Calls(Vec<(&'static str, Durations)>);

#[derive(Clone, Default)]
pub struct Tally {
    pub turns: Durations,
    pub calls: Calls,
    /// How often, by their text.
    pub failures: BTreeMap<String, u64>,
}

impl Default for Durations {
    #[expect(clippy::expect_used, reason = "the bounds are constants that hdrhistogram allows")]
    fn default() -> Self {
        const LONGEST_US: u64 = 120_000_000;
        const DIGITS: u8 = 3;
        Durations(Histogram::new_with_bounds(1, LONGEST_US, DIGITS).expect("allowed bounds"))
    }
}

impl Durations {
    pub fn add(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// `quantile` from 0 to 1.
    pub fn at(&self, quantile: f64) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(quantile))
    }

    #[expect(clippy::expect_used, reason = "all histograms here have the same bounds")]
    fn merge(&mut self, other: &Durations) {
        self.0.add(&other.0).expect("the same bounds");
    }
}

impl Calls {
    /// A call that began then and has ended now.
    pub fn add(&mut self, name: &'static str, began: Instant) {
        self.of(name).add(began.elapsed());
    }

    pub fn iter(&self) -> impl Iterator<Item = &(&'static str, Durations)> {
        self.0.iter()
    }

    fn of(&mut self, name: &'static str) -> &mut Durations {
        let place = self.0.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
            self.0.push((name, Durations::default()));
            self.0.len() - 1
        });
        &mut self.0[place].1
    }
}

impl Tally {
    /// Counts a turn that should have begun at `due`; only those that succeeded have a duration.
    pub fn add(&mut self, due: Instant, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.turns.add(due.elapsed()),
            Err(error) => *self.failures.entry(error.to_string().chars().take(FAILURE_CHARS_MAX).collect()).or_default() += 1,
        }
    }

    pub fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    #[must_use]
    pub fn with(mut self, other: &Tally) -> Self {
        self.turns.merge(&other.turns);
        for (name, durations) in other.calls.iter() {
            self.calls.of(name).merge(durations);
        }
        for (failure, times) in &other.failures {
            *self.failures.entry(failure.clone()).or_default() += times;
        }
        self
    }
}
