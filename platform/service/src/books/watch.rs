//! The watchdog: holds every commit against the books a moment after it was made, and sweeps what is stored, over and over.
//! It has a fixed part of a core at most, and nobody ever waits for it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use haat_kernel::{Clock, Result, Timestamp};
use haat_store::Store;
use haat_store::tap::{Before, Commit, Moved};
use haat_telemetry::{BooksFigures, Metrics};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep, sleep_until};

use super::ledger::{Ledger, unbalanced};
use super::sweep::Sweep;
use super::{Books, Entry, Judged};

/// Between two looks at what was committed, and between two steps of a sweep; longer after a step that took long.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// A sweep rests so many times as long as it works, if that is no longer: a quarter of a percent of a core.
const REST: u32 = 400;
/// Between two passes.
const PASS_EVERY: Duration = Duration::from_secs(5);
/// Commits judged at one look.
const COMMITS_MAX: usize = 512;
/// Aggregates whose faults are kept apart.
const FAULTY_MAX: usize = 1_000;
/// What operators get to read.
const LINES_MAX: usize = 20;

/// What the watchdog knows.
#[derive(Clone, Debug, Default)]
pub struct BooksState {
    /// Places at which the books do not hold.
    pub violations: u64,
    /// Some of them, in words.
    pub lines: Vec<String>,
    /// How many commits were not looked at yet.
    pub behind: u64,
    /// How many were made faster than they could be looked at; the sweep sees what they left.
    pub missed: u64,
    /// The end of the log, up to which all commits were looked at: the sum over the partitions.
    pub position: u64,
    /// When that was.
    pub checked_at: Option<Timestamp>,
    /// When all that is stored had last been looked at, and how many states that were.
    pub swept_at: Option<Timestamp>,
    pub states: u64,
    /// When the books last held, all commits until then included.
    pub held_at: Option<Timestamp>,
}

/// Cheap to clone; clones share what is known.
#[derive(Clone)]
pub(crate) struct Watch {
    store: Store,
    clock: Clock,
    metrics: Metrics,
    books: Books,
    known: Arc<Mutex<BooksState>>,
}

impl Watch {
    /// Sees what is committed from now on.
    pub fn new(store: Store, clock: Clock, metrics: Metrics, books: Books) -> Self {
        if !books.0.is_empty() {
            store.tap().open();
        }
        Watch { store, clock, metrics, books, known: Arc::default() }
    }

    /// None for a service that keeps nothing.
    pub fn state(&self) -> Option<BooksState> {
        (!self.books.0.is_empty()).then(|| self.known.lock().clone())
    }

    /// Watches for as long as the service runs.
    pub async fn run(self) -> Result<()> {
        if self.books.0.is_empty() {
            return std::future::pending().await;
        }
        let (mut desk, mut commits) = (Desk::default(), self.store.commits());
        let mut next_step = Instant::now();
        loop {
            tokio::select! {
                biased;
                () = sleep_until(next_step) => {}
                // Several commits are looked at together.
                _ = commits.changed() => sleep(PAUSE_MIN).await,
            }
            commits.mark_unchanged();
            self.follow(&mut desk).await;
            if Instant::now() >= next_step {
                next_step = self.step(&mut desk).await;
            }
            self.tell(&desk);
        }
    }

    /// A step of the sweep. Answers when the next one is due.
    async fn step(&self, desk: &mut Desk) -> Instant {
        let began = Instant::now();
        let has_ended = self.sweep(desk).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the books could not be read; tried again");
            false
        });
        let rest = (began.elapsed() * REST).clamp(PAUSE_MIN, PAUSE_MAX);
        if !has_ended {
            return Instant::now() + rest;
        }
        // What was committed during the last steps has arrived by then.
        sleep(PAUSE_MAX).await;
        self.follow(desk).await;
        desk.close();
        self.known.lock().swept_at = Some(self.clock.now());
        let is_sure = desk.suspects.len() == desk.off.len();
        Instant::now() + if is_sure { PASS_EVERY } else { rest }
    }

    /// Looks at what was committed since the last time.
    async fn follow(&self, desk: &mut Desk) {
        let (tap, head) = (self.store.tap(), self.store.head().await);
        loop {
            let commits = tap.take(COMMITS_MAX);
            let is_all = commits.len() < COMMITS_MAX;
            commits.iter().for_each(|commit| desk.judge(&self.books, commit));
            if is_all {
                break;
            }
            tokio::task::yield_now().await;
        }
        if desk.missed != tap.dropped() {
            desk.missed = tap.dropped();
            desk.sweep.missed();
        }
        if let Ok(head) = head {
            let mut known = self.known.lock();
            known.position = head.iter().map(|(_, position)| position).sum();
            known.checked_at = Some(self.clock.now());
        }
    }

    async fn sweep(&self, desk: &mut Desk) -> Result<bool> {
        let (seen, has_ended) = desk.sweep.step(&self.books, &self.store).await?;
        for (kind, row) in seen {
            desk.note(kind, &row.id, row.judged.faults);
        }
        Ok(has_ended)
    }

    fn tell(&self, desk: &Desk) {
        let mut known = self.known.lock();
        let before = known.violations;
        known.lines = desk.lines();
        known.violations = desk.violations();
        known.behind = self.store.tap().waiting() as u64;
        known.missed = desk.missed;
        known.states = desk.states;
        if known.violations == 0 && known.swept_at.is_some() {
            known.held_at = known.checked_at;
        }
        if known.violations > before {
            tracing::error!(violations = known.violations, lines = ?known.lines, "the books do not hold");
        }
        let seconds = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_second);
        self.metrics.books(BooksFigures {
            violations: known.violations,
            position: known.position,
            behind: known.behind,
            missed: known.missed,
            held_seconds: seconds(known.held_at),
            swept_seconds: seconds(known.swept_at),
        });
    }
}

/// What was found so far.
#[derive(Default)]
struct Desk {
    sweep: Sweep,
    /// By kind and id, with the number of the pass in which it was seen so last.
    faulty: BTreeMap<(&'static str, String), (Vec<String>, u64)>,
    pass: u64,
    /// What commits and passes have left on accounts that should come to zero.
    off: Ledger,
    /// What the last passes found there for the first time.
    suspects: Ledger,
    missed: u64,
    /// Of the last pass.
    states: u64,
}

impl Desk {
    /// A commit: each state by itself; and what all of them changed on an account must cancel out.
    fn judge(&mut self, books: &Books, commit: &Commit) {
        let mut change = Ledger::default();
        let mut is_known = true;
        for moved in &commit.moved {
            let Some(kind) = books.kind(moved.kind) else { continue };
            let Ok(after) = kind.judge(&moved.id, &moved.after) else { continue };
            let before = match &moved.before {
                Before::Nothing => Some(Judged::default()),
                Before::State(state) => kind.judge(&moved.id, state).ok(),
                Before::Unknown => None,
            };
            is_known &= before.is_some();
            let before = before.unwrap_or_default();
            if before.entries != after.entries {
                let accounts = before.entries.iter().chain(&after.entries).map(|entry: &Entry| entry.account.as_str());
                self.sweep.moved(accounts);
                change.take_away(&before.entries);
                change.add(&after.entries);
            }
            self.found(moved, after.faults);
        }
        if is_known && change.len() > 0 {
            tracing::error!(correlation_id = commit.correlation, at = %commit.time, ?change, "a commit does not balance");
            self.off.merge(&change);
        }
    }

    fn found(&mut self, moved: &Moved, faults: Vec<String>) {
        if !faults.is_empty() || !self.faulty.is_empty() {
            self.note(moved.kind, &moved.id, faults);
        }
    }

    fn note(&mut self, kind: &'static str, id: &str, faults: Vec<String>) {
        let place = (kind, id.to_owned());
        if faults.is_empty() {
            self.faulty.remove(&place);
        } else if self.faulty.len() < FAULTY_MAX || self.faulty.contains_key(&place) {
            self.faulty.insert(place, (faults, self.pass));
        }
    }

    /// The end of a pass. What is off by the same amount as in the pass before is really off: in between, everything that was
    /// on its way has arrived.
    fn close(&mut self) {
        let swept = self.sweep.end();
        // What no pass comes by any more has been forgotten.
        self.faulty.retain(|_, (_, pass)| *pass == self.pass);
        self.pass += 1;
        self.states = swept.states;
        let is_open = |account: &str| !swept.knows(account) || swept.sums.get(account) != 0;
        self.off.retain(is_open);
        self.suspects.retain(is_open);
        for (account, amount) in swept.sums.iter().filter(|(account, _)| swept.knows(account)) {
            if self.suspects.get(account) == amount {
                self.off.set(account, amount);
            }
            self.suspects.set(account, amount);
        }
    }

    fn violations(&self) -> u64 {
        (self.faulty.len() + self.off.len()) as u64
    }

    fn lines(&self) -> Vec<String> {
        let faulty = self
            .faulty
            .iter()
            .flat_map(|((kind, id), (faults, _))| faults.iter().map(move |fault| format!("{kind} {id} {fault}")));
        let off = self.off.iter().map(|(account, amount)| unbalanced(account, amount));
        faulty.chain(off).take(LINES_MAX).collect()
    }
}

#[cfg(test)]
mod tests;
