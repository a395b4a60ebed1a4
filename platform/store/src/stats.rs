//! Counters of what a store has written since it was opened, for the service's metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the batch sizes that are counted apart; a last bucket takes the rest.
pub const BATCH_SIZE_BOUNDS: [u64; 7] = [1, 2, 4, 8, 16, 64, 128];

#[derive(Debug, Default)]
pub struct Stats {
    /// Commits that wrote something.
    pub commits_total: AtomicU64,
    /// Group commits: one fsync each.
    pub batches_total: AtomicU64,
    pub events_total: AtomicU64,
    /// Group commits that the disk refused.
    pub failures_total: AtomicU64,
    /// Time spent in group commits, in microseconds.
    pub commit_micros_total: AtomicU64,
    /// How many batches had at most as many commits as the bound in [`BATCH_SIZE_BOUNDS`], and more than the bound before.
    pub batch_sizes: [AtomicU64; BATCH_SIZE_BOUNDS.len() + 1],
}

impl Stats {
    pub(crate) fn count_batch(&self, commits: u64, events: u64, took: Duration) {
        let bucket = BATCH_SIZE_BOUNDS.iter().position(|bound| commits <= *bound).unwrap_or(BATCH_SIZE_BOUNDS.len());
        self.commits_total.fetch_add(commits, Ordering::Relaxed);
        self.batches_total.fetch_add(1, Ordering::Relaxed);
        self.events_total.fetch_add(events, Ordering::Relaxed);
        self.commit_micros_total.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.batch_sizes[bucket].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failure(&self) {
        self.failures_total.fetch_add(1, Ordering::Relaxed);
    }
}
