//! How many requests for one call, or one application's pages, are under way at once. A few more wait for a place, not for
//! long; all others are refused at once, as cheaply as can be. So what is taken is answered in time however much is asked
//! for, and a service that hangs or is overrun holds up its own calls and nothing else. Newcomers are refused first: work
//! that was begun and never finished is the most expensive way to refuse somebody.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use haat_kernel::{Error, Result};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// Enough to keep every core of a service busy; what is beyond would only wait in the service instead of here.
const UNDER_WAY_MAX: usize = 64;
const WAITING_MAX: usize = 64;
const WAIT_MAX: Duration = Duration::from_millis(250);
/// Of a call's deadline: whoever waited longer would find too little of it left.
const WAIT_SHARE: u32 = 4;

pub struct Gate {
    places: Semaphore,
    waiting: AtomicUsize,
    wait: Duration,
    kind: Kind,
    crowd: Crowd,
}

/// Who comes to a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// They begin something that takes more calls to finish, such as a cart: no more of them while others wait.
    Newcomers,
    Others,
}

/// All who wait at the gates of one service. Clones count together.
#[derive(Clone, Default)]
pub struct Crowd(Arc<AtomicUsize>);

/// Held for as long as the request is under way.
pub type Place<'g> = SemaphorePermit<'g>;

impl Gate {
    /// For requests that have so much time.
    pub fn new(deadline: Duration, kind: Kind, crowd: Crowd) -> Self {
        let wait = WAIT_MAX.min(deadline / WAIT_SHARE);
        Gate { places: Semaphore::new(UNDER_WAY_MAX), waiting: AtomicUsize::new(0), wait, kind, crowd }
    }

    /// Fails when a request would not even find a place to wait: to be asked before anything is done for it.
    pub fn look(&self) -> Result<()> {
        let is_crowded = self.kind == Kind::Newcomers && self.crowd.0.load(Ordering::Relaxed) > 0;
        let is_full = self.waiting.load(Ordering::Relaxed) >= WAITING_MAX;
        if is_crowded || is_full { Err(Error::overloaded()) } else { Ok(()) }
    }

    /// To be asked when all that a slow client could hold up is done: nobody keeps a place by dawdling.
    pub async fn enter(&self) -> Result<Place<'_>> {
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        let _waiting = Waiting::begin(self)?;
        let place = timeout(self.wait, self.places.acquire()).await;
        place.ok().and_then(std::result::Result::ok).ok_or_else(Error::overloaded)
    }
}

/// Somebody who waits for a place, or has given up.
struct Waiting<'g>(&'g Gate);

impl<'g> Waiting<'g> {
    fn begin(gate: &'g Gate) -> Result<Self> {
        let before = gate.waiting.fetch_add(1, Ordering::Relaxed);
        gate.crowd.0.fetch_add(1, Ordering::Relaxed);
        let counted = Waiting(gate);
        if before < WAITING_MAX { Ok(counted) } else { Err(Error::overloaded()) }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        self.0.crowd.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::time::Instant;

    use super::*;

    const LONG: Duration = Duration::from_secs(5);

    fn gate(deadline: Duration) -> Gate {
        Gate::new(deadline, Kind::Others, Crowd::default())
    }

    async fn fill(gate: &Gate) -> Vec<Result<Place<'_>>> {
        join_all((0..UNDER_WAY_MAX).map(|_| gate.enter())).await
    }

    #[tokio::test(start_paused = true)]
    async fn some_go_on_some_wait_and_the_rest_is_refused_at_once() {
        let gate = gate(LONG);
        let mut places = fill(&gate).await;
        assert!(places.iter().all(Result::is_ok) && gate.look().is_ok());
        let mut first = pin!(gate.enter());
        assert!(first.as_mut().now_or_never().is_none(), "it waits");
        let mut others: Vec<_> = (1..WAITING_MAX).map(|_| Box::pin(gate.enter())).collect();
        others.iter_mut().for_each(|other| assert!(other.now_or_never().is_none()));
        assert_eq!(gate.look().unwrap_err().code, "overloaded");
        assert_eq!(gate.enter().now_or_never().unwrap().unwrap_err().retry_after_s, Some(1));

        places.pop();
        let place = first.await;
        assert!(place.is_ok(), "first come, first served");
        let before = Instant::now();
        assert!(join_all(others).await.iter().all(Result::is_err));
        assert!((WAIT_MAX..2 * WAIT_MAX).contains(&before.elapsed()), "nobody waits longer");
        drop(place);
        assert!(gate.look().is_ok() && gate.enter().now_or_never().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_makes_room() {
        let gate = gate(LONG);
        let places = fill(&gate).await;
        for _ in 0..3 * WAITING_MAX {
            assert!(pin!(gate.enter()).now_or_never().is_none());
        }
        assert!(gate.look().is_ok());
        drop(places);
        assert!(fill(&gate).await.iter().all(Result::is_ok));
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_deadline_is_not_spent_waiting() {
        let gate = gate(Duration::from_millis(400));
        let _places = fill(&gate).await;
        let before = Instant::now();
        assert!(gate.enter().await.is_err());
        assert!((Duration::from_millis(100)..Duration::from_millis(200)).contains(&before.elapsed()));
    }

    #[tokio::test(start_paused = true)]
    async fn newcomers_give_way_to_whoever_waits_for_the_same_service() {
        let crowd = Crowd::default();
        let [begin, finish] = [Kind::Newcomers, Kind::Others].map(|kind| Gate::new(LONG, kind, crowd.clone()));
        let elsewhere = Gate::new(LONG, Kind::Newcomers, Crowd::default());
        let _places = fill(&finish).await;
        assert!(begin.look().is_ok(), "nobody waits yet");
        let mut waiting = Box::pin(finish.enter());
        assert!(waiting.as_mut().now_or_never().is_none());
        assert!(begin.look().is_err() && finish.look().is_ok() && elsewhere.look().is_ok());
        drop(waiting);
        assert!(begin.look().is_ok());
    }
}
