//! The verdict on the books, as whoever can read all of them reported it last, and the wish to have them read now.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Clock, Ctx, Error, Result, Timestamp};
use haat_store::{Aggregate, Store};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::timeout;

/// There is one.
pub const ID: &str = "books";
/// How often they are read although nobody asks.
const EVERY_S: i64 = 10 * 60;
/// How long a reader waits for a wish.
const WAIT: Duration = Duration::from_secs(25);
const LINES_MAX: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Balanced,
    Wrong,
    Undecided,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Books {
    pub report: Report,
    pub balanced_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub verdict: Verdict,
    pub at: Timestamp,
    pub wrong: Vec<String>,
    pub moving: Vec<String>,
    pub parked: Vec<String>,
    pub counted: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum BooksEvent {
    Judged { report: Report },
}

impl Aggregate for Books {
    const KIND: &'static str = "books";
    const SCHEMA: u32 = 1;
    type Event = BooksEvent;

    fn create(event: &BooksEvent) -> Option<Self> {
        let BooksEvent::Judged { report } = event;
        let mut books = Books { report: report.clone(), balanced_at: None };
        books.apply(event);
        Some(books)
    }

    fn apply(&mut self, event: &BooksEvent) {
        let BooksEvent::Judged { report } = event;
        if report.verdict == Verdict::Balanced {
            self.balanced_at = Some(report.at);
        }
        self.report = report.clone();
    }
}

impl Report {
    #[must_use]
    pub fn bounded(mut self) -> Self {
        [&mut self.wrong, &mut self.moving, &mut self.parked].into_iter().for_each(|lines| lines.truncate(LINES_MAX));
        self
    }
}

/// What is asked of the reader of the books.
pub struct Desk {
    pub store: Store,
    pub clock: Clock,
    asked: Notify,
    is_asked: AtomicBool,
}

impl Desk {
    pub fn new(store: Store, clock: Clock) -> Self {
        Desk { store, clock, asked: Notify::new(), is_asked: AtomicBool::new(false) }
    }

    pub fn ask(&self) {
        self.is_asked.store(true, Ordering::Release);
        self.asked.notify_one();
    }

    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Acquire)
    }

    /// Whether the books are to be read now; waits a while for that.
    pub async fn is_due(&self, only_when_asked: bool) -> Result<bool> {
        if self.is_asked() || (!only_when_asked && self.is_old().await?) {
            return Ok(true);
        }
        // Nobody asked: the reader comes again.
        let _ = timeout(WAIT, self.asked.notified()).await;
        Ok(self.is_asked())
    }

    pub async fn report(&self, ctx: &Ctx, report: Report) -> Result<()> {
        let report = report.bounded();
        let decide = move |_: Option<&Books>| Ok::<_, Error>(vec![BooksEvent::Judged { report }]);
        self.store.update(ctx, ID, decide).await?;
        self.is_asked.store(false, Ordering::Release);
        Ok(())
    }

    async fn is_old(&self) -> Result<bool> {
        let last = self.store.load::<Books>(ID).await?;
        Ok(last.is_none_or(|books| plus_seconds(books.report.at, EVERY_S) < self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict, seconds: i64) -> Report {
        let at = Timestamp::from_second(seconds).unwrap();
        let counted = BTreeMap::from([("orders".to_owned(), 3)]);
        Report { verdict, at, wrong: vec!["x".to_owned()], moving: Vec::new(), parked: Vec::new(), counted }
    }

    #[test]
    fn its_events_stay_as_they_are() {
        haat_store::golden::check_events::<Books>(
            "tests/golden",
            &[("judged", BooksEvent::Judged { report: report(Verdict::Wrong, 7) })],
        );
    }

    #[test]
    fn it_is_remembered_when_they_last_balanced() {
        let mut books = Books::create(&BooksEvent::Judged { report: report(Verdict::Balanced, 1) }).unwrap();
        books.apply(&BooksEvent::Judged { report: report(Verdict::Wrong, 2) });
        assert_eq!(books.balanced_at.map(Timestamp::as_second), Some(1));
        assert_eq!(books.report.verdict, Verdict::Wrong);
    }
}
