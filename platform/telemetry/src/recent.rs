//! What calls did lately, for the console: counts, failures and latencies in steps of ten seconds, for an hour in sum and
//! a quarter of an hour by call. Counting is an addition; everything else happens when a step ends or somebody asks.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use haat_kernel::Timestamp;

/// How long a step is: `Metrics::end_step` is to be called as often.
pub const STEP: Duration = Duration::from_secs(10);
/// An hour.
const STEPS_MAX: usize = 360;
/// A quarter of an hour.
const DETAILED_STEPS_MAX: usize = 90;
/// More kinds of calls than this are not told apart.
const CALLS_MAX: usize = 512;
/// The first bound is 100 µs, each next one twice the one before; the last bucket has no bound.
const BUCKETS: usize = 19;
const FIRST_BOUND_US: u64 = 100;
/// Calls that are about the process itself, not its work.
const NOT_COUNTED: [&str; 4] = [
    "/haat.operations.v1.Instance/",
    "/haat.operations.v1.Operations/AwaitBooksCheck",
    "/grpc.health.v1.Health/",
    "/haat.feed.v1.Feed/",
];
/// gRPC codes of failures that are ours, not the caller's.
const FAULTS: [&str; 5] = ["INTERNAL", "UNAVAILABLE", "DEADLINE_EXCEEDED", "UNKNOWN", "DATA_LOSS"];

/// One kind of call in a window.
#[derive(Clone, Debug, PartialEq)]
pub struct CallSummary {
    /// Else it was made.
    pub is_served: bool,
    pub call: String,
    pub totals: Totals,
}

/// All calls served in one step.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When the step ended.
    pub at: Timestamp,
    pub totals: Totals,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals {
    pub count: u64,
    pub errors: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

#[derive(Default)]
pub(crate) struct Recent {
    served: Tallies,
    made: Tallies,
    steps: Mutex<Steps>,
}

type Tallies = RwLock<BTreeMap<String, Arc<Tally>>>;

/// Since the process started.
#[derive(Default)]
struct Tally {
    errors: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    errors: u64,
    buckets: [u64; BUCKETS],
}

#[derive(Default)]
struct Steps {
    /// The totals at the end of the last step.
    last: BTreeMap<(bool, String), Counts>,
    sums: VecDeque<(Timestamp, Counts)>,
    details: VecDeque<Vec<((bool, String), Counts)>>,
}

impl Recent {
    pub fn served(&self, call: &str, code: &str, took: Duration) {
        count(&self.served, call, code, took);
    }

    pub fn made(&self, call: &str, code: &str, took: Duration) {
        count(&self.made, call, code, took);
    }

    /// Ends a step.
    pub fn end_step(&self, at: Timestamp) {
        let now = self.now();
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let details = steps.since(&now);
        let served = details.iter().filter(|((is_served, _), _)| *is_served);
        let sum = served.fold(Counts::default(), |sum, (_, counts)| sum.plus(counts));
        steps.sums.push_back((at, sum));
        steps.details.push_back(details);
        if steps.sums.len() > STEPS_MAX {
            steps.sums.pop_front();
        }
        if steps.details.len() > DETAILED_STEPS_MAX {
            steps.details.pop_front();
        }
        steps.last = now;
    }

    /// By call, over about `window` and what has come since the last step.
    pub fn calls(&self, window: Duration) -> Vec<CallSummary> {
        let summary =
            |((is_served, call), counts): ((bool, String), Counts)| CallSummary { is_served, call, totals: counts.totals() };
        self.calls_in(window).into_iter().map(summary).collect()
    }

    fn calls_in(&self, window: Duration) -> BTreeMap<(bool, String), Counts> {
        let now = self.now();
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = usize::try_from(window.as_secs() / STEP.as_secs()).unwrap_or(DETAILED_STEPS_MAX);
        let mut sums: BTreeMap<(bool, String), Counts> = steps.since(&now).into_iter().collect();
        for (key, counts) in steps.details.iter().rev().take(wanted).flatten() {
            let sum = sums.entry(key.clone()).or_default();
            *sum = sum.plus(counts);
        }
        sums
    }

    /// How long all calls served took, over about `window`: the buckets that [`quantile_ms`] reads.
    pub fn latencies(&self, window: Duration) -> Vec<u64> {
        let served = self.calls_in(window).into_iter().filter(|((is_served, _), _)| *is_served);
        served.fold(Counts::default(), |sum, (_, counts)| sum.plus(&counts)).buckets.to_vec()
    }

    pub fn points(&self) -> Vec<Point> {
        let steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.sums.iter().map(|(at, counts)| Point { at: *at, totals: counts.totals() }).collect()
    }

    fn now(&self) -> BTreeMap<(bool, String), Counts> {
        let mut now = BTreeMap::new();
        for (is_served, tallies) in [(true, &self.served), (false, &self.made)] {
            let tallies = tallies.read().unwrap_or_else(PoisonError::into_inner);
            now.extend(tallies.iter().map(|(call, tally)| ((is_served, call.clone()), tally.counts())));
        }
        now
    }
}

impl Steps {
    /// What has been counted since the last step; calls that did not happen are left out.
    fn since(&self, now: &BTreeMap<(bool, String), Counts>) -> Vec<((bool, String), Counts)> {
        let changed = now.iter().map(|(key, counts)| (key.clone(), counts.minus(self.last.get(key))));
        changed.filter(|(_, counts)| counts.count() > 0).collect()
    }
}

fn count(tallies: &Tallies, call: &str, code: &str, took: Duration) {
    if NOT_COUNTED.iter().any(|prefix| call.starts_with(prefix)) {
        return;
    }
    let known = tallies.read().unwrap_or_else(PoisonError::into_inner).get(call).cloned();
    let tally = known.unwrap_or_else(|| {
        let mut tallies = tallies.write().unwrap_or_else(PoisonError::into_inner);
        let name = if tallies.len() < CALLS_MAX { call } else { "other" };
        tallies.entry(name.to_owned()).or_default().clone()
    });
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // Which power of two of the first bound it stays below.
    let bucket = (micros / FIRST_BOUND_US).checked_ilog2().map_or(0, |power| power as usize + 1).min(BUCKETS - 1);
    tally.buckets[bucket].fetch_add(1, Relaxed);
    if FAULTS.contains(&code) {
        tally.errors.fetch_add(1, Relaxed);
    }
}

impl Tally {
    fn counts(&self) -> Counts {
        Counts { errors: self.errors.load(Relaxed), buckets: std::array::from_fn(|index| self.buckets[index].load(Relaxed)) }
    }
}

impl Counts {
    fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    fn plus(&self, other: &Counts) -> Counts {
        Counts {
            errors: self.errors + other.errors,
            buckets: std::array::from_fn(|index| self.buckets[index] + other.buckets[index]),
        }
    }

    fn minus(&self, before: Option<&Counts>) -> Counts {
        let before = before.copied().unwrap_or_default();
        Counts {
            errors: self.errors.saturating_sub(before.errors),
            buckets: std::array::from_fn(|index| self.buckets[index].saturating_sub(before.buckets[index])),
        }
    }

    fn totals(&self) -> Totals {
        let quantile = |share| quantile_ms(&self.buckets, share);
        Totals { count: self.count(), errors: self.errors, p50_ms: quantile(0.5), p99_ms: quantile(0.99) }
    }
}

/// Of calls counted by how long they took, in milliseconds, evenly spread within its bucket; 0 when nothing was counted.
#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^52")]
pub fn quantile_ms(buckets: &[u64], share: f64) -> f64 {
    let rank = buckets.iter().sum::<u64>() as f64 * share;
    let mut below = 0.0;
    let (mut low, mut high) = (0.0, FIRST_BOUND_US as f64 / 1_000.0);
    for count in buckets {
        let count = *count as f64;
        if count > 0.0 && below + count >= rank {
            return low + (high - low) * (rank - below) / count;
        }
        below += count;
        (low, high) = (high, high * 2.0);
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_window_holds_its_steps_and_what_came_since() {
        let recent = Recent::default();
        for millis in 1..=100 {
            recent.served("/haat.orders.v1.Orders/GetOrder", "OK", Duration::from_millis(millis));
        }
        recent.end_step(at(10));
        recent.end_step(at(20));
        recent.served("/haat.orders.v1.Orders/GetOrder", "UNAVAILABLE", Duration::from_millis(1));
        recent.served("/grpc.health.v1.Health/Check", "OK", Duration::from_millis(1));
        let calls = recent.calls(Duration::from_secs(60));
        assert_eq!(calls.len(), 1);
        let totals = calls[0].totals;
        assert_eq!((totals.count, totals.errors), (101, 1));
        assert!((35.0..70.0).contains(&totals.p50_ms) && (90.0..110.0).contains(&totals.p99_ms), "{totals:?}");
        assert_eq!(recent.calls(Duration::from_secs(10))[0].totals.count, 1, "the first step is over");
        let points: Vec<u64> = recent.points().iter().map(|point| point.totals.count).collect();
        assert_eq!(points, [100, 0]);
    }
}
