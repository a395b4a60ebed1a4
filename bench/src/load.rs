//! The two kinds of load. Closed: a fixed number of workers, each beginning anew as soon as it is done. Open: turns that
//! are due at a constant rate, whose latency counts from when they were due, so that a platform that stalls cannot hide
//! it by being asked less (coordinated omission).

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use crate::Result;
use crate::schedule::Schedule;
use crate::tally::{Calls, Tally};

/// A worker that fails this often stops: its connection is gone.
const FAILURES_MAX: u64 = 100;
/// How long an open load may go on after its last turn was due.
const BACKLOG_MAX: Duration = Duration::from_secs(20);

/// Somebody who does one thing over and over.
pub trait Worker {
    async fn turn(&mut self, calls: &mut Calls) -> Result<()>;

    /// True when there is nothing left to do.
    fn is_done(&self) -> bool {
        false
    }
}

pub async fn closed<W: Worker>(workers: &mut [W], time: Duration) -> Tally {
    let until = Instant::now() + time;
    all(workers, async |worker: &mut W, tally: &mut Tally| {
        let began = Instant::now();
        if began >= until || worker.is_done() {
            return false;
        }
        let outcome = worker.turn(&mut tally.calls).await;
        tally.add(began, outcome);
        true
    })
    .await
}

pub async fn open<W: Worker>(workers: &mut [W], per_second: f64, time: Duration) -> Result<Tally> {
    let schedule = Schedule::start(per_second, time)?;
    let give_up = Instant::now() + time + BACKLOG_MAX;
    Ok(all(workers, async |worker: &mut W, tally: &mut Tally| {
        let Some(due) = schedule.next().await else { return false };
        let turn = timeout_at(give_up, worker.turn(&mut tally.calls)).await;
        tally.add(due, turn.unwrap_or_else(|_| Err("not done in time".into())));
        true
    })
    .await)
}

/// Every worker takes step after step, until one says that it was the last.
async fn all<W: Worker>(workers: &mut [W], step: impl AsyncFn(&mut W, &mut Tally) -> bool) -> Tally {
    let work = workers.iter_mut().map(|worker| run(worker, &step));
    join_all(work).await.iter().fold(Tally::default(), Tally::with)
}

async fn run<W: Worker>(worker: &mut W, step: &impl AsyncFn(&mut W, &mut Tally) -> bool) -> Tally {
    let mut tally = Tally::default();
    while tally.failed() < FAILURES_MAX && step(worker, &mut tally).await {}
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sleeper;

    impl Worker for Sleeper {
        async fn turn(&mut self, calls: &mut Calls) -> Result<()> {
            let began = Instant::now();
            tokio::time::sleep(Duration::from_millis(10)).await;
            calls.add("sleep", began);
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_load_does_as_much_as_its_workers_can() {
        let tally = closed(&mut [Sleeper, Sleeper], Duration::from_millis(100)).await;
        assert_eq!(tally.turns.count(), 20);
        assert_eq!(tally.calls.iter().next().unwrap().1.count(), 20);
    }

    #[tokio::test]
    async fn an_open_load_counts_the_time_in_the_queue() {
        let tally = open(&mut [Sleeper], 200.0, Duration::from_millis(100)).await.unwrap();
        assert_eq!(tally.turns.count(), 20);
        assert!(tally.turns.at(1.0) >= Duration::from_millis(90), "half of them waited for the other half");
    }
}
