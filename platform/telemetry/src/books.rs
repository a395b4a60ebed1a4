//! The metrics of a service's books: whether they hold, how far that is known, and since when.

use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// How it stands with the books.
#[derive(Clone, Copy, Debug)]
pub struct BooksFigures {
    /// Places at which they do not hold.
    pub violations: u64,
    /// The end of the log, up to which all commits were looked at: the sum over the partitions.
    pub position: u64,
    /// Commits that wait to be looked at.
    pub behind: u64,
    /// Commits that nobody looked at.
    pub missed: u64,
    /// Unix time; 0 for never.
    pub held_seconds: i64,
    pub swept_seconds: i64,
}

#[derive(Default)]
pub(crate) struct Books {
    violations: Gauge,
    position: Gauge,
    behind: Gauge,
    missed: Counter,
    held: Gauge,
    swept: Gauge,
}

impl Books {
    pub fn register(registry: &Mutex<Registry>) -> Self {
        let books = Books::default();
        let mut registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
        let gauges = [
            ("books_violations", "Places at which the service's books do not hold", &books.violations),
            ("books_checked_position", "The end of the log up to which all commits were held against them", &books.position),
            ("books_behind_commits", "Commits that wait to be held against them", &books.behind),
            ("books_held_timestamp_seconds", "When they last held", &books.held),
            ("books_swept_timestamp_seconds", "When all that is stored had last been looked through", &books.swept),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        registry.register("books_missed_commits", "Commits too many to be held against them one by one", books.missed.clone());
        books
    }

    pub fn tell(&self, figures: BooksFigures) {
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.violations.set(number(figures.violations));
        self.position.set(number(figures.position));
        self.behind.set(number(figures.behind));
        self.missed.inc_by(figures.missed.saturating_sub(self.missed.get()));
        self.held.set(figures.held_seconds);
        self.swept.set(figures.swept_seconds);
    }
}
