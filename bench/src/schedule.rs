//! When each turn of an open load is due: one after another at a constant rate, whether or not those before are done. A
//! thread of its own keeps the time, because the runtime's timer only knows milliseconds.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::Result;

/// The shortest sleep: turns that are due within it begin together.
const TICK: Duration = Duration::from_micros(200);

pub struct Schedule {
    start: Instant,
    per_second: f64,
    turns: u64,
    taken: Cell<u64>,
    due: Arc<Semaphore>,
}

impl Schedule {
    /// Begins now.
    pub fn start(per_second: f64, time: Duration) -> Result<Self> {
        let start = Instant::now();
        let turns = (per_second * time.as_secs_f64()) as u64;
        let due = Arc::new(Semaphore::new(0));
        let released = due.clone();
        std::thread::Builder::new().name("schedule".to_owned()).spawn(move || release(&released, start, per_second, turns))?;
        Ok(Schedule { start, per_second, turns, taken: Cell::new(0), due })
    }

    /// Waits for the next turn that nobody has taken, and says when it was due; none when all are taken.
    pub async fn next(&self) -> Option<Instant> {
        let turn = self.taken.get();
        if turn == self.turns {
            return None;
        }
        self.taken.set(turn + 1);
        // The semaphore is fair: who took a turn earlier gets an earlier permit.
        self.due.acquire().await.ok()?.forget();
        Some(self.start + Duration::from_secs_f64(turn as f64 / self.per_second))
    }
}

fn release(due: &Semaphore, start: Instant, per_second: f64, turns: u64) {
    let mut released = 0;
    while released < turns {
        let now_due = ((start.elapsed().as_secs_f64() * per_second) as u64 + 1).min(turns);
        due.add_permits(usize::try_from(now_due - released).unwrap_or(usize::MAX));
        released = now_due;
        std::thread::sleep(TICK.max(Duration::from_secs_f64(1.0 / per_second)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_turn_is_due_at_its_time_and_none_comes_early() {
        let schedule = Schedule::start(2_000.0, Duration::from_millis(50)).unwrap();
        let mut turns = 0;
        while let Some(due) = schedule.next().await {
            assert_eq!(due - schedule.start, Duration::from_secs_f64(f64::from(turns) / 2_000.0));
            assert!(Instant::now() >= due);
            turns += 1;
        }
        assert_eq!(turns, 100);
    }
}
