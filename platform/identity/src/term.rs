//! The time for which a certificate is good, and when in it to take the next one. Clocks are not trusted to go on evenly: a
//! machine may have slept past the end, and one that is set back leaves certificates that are not good yet.

use std::time::Duration;

use haat_kernel::time::plus_millis;
use haat_kernel::{Clock, Entropy, Timestamp};
use tokio::time::sleep;

/// Looks at the clock at least this often, and at most that often: a certificate may be over when it is made, because its
/// issuer's is.
const LOOK_MAX: Duration = Duration::from_secs(5);
const LOOK_MIN: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
pub struct Term {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    renew_at: Timestamp,
}

impl Term {
    /// Renewed at half of the lifetime, ± 10 % of that half, so that services started together do not renew together.
    pub fn new(not_before: Timestamp, not_after: Timestamp, entropy: &Entropy) -> Self {
        let lifetime_ms = not_after.as_millisecond().saturating_sub(not_before.as_millisecond()).max(0);
        let per_mille = i64::try_from(900 + entropy.below(201)).unwrap_or(1000);
        Term { not_before, not_after, renew_at: plus_millis(not_before, lifetime_ms / 2 / 1000 * per_mille) }
    }

    /// Whether anybody accepts the certificate at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        now >= self.renew_at || !self.is_good(now)
    }

    pub async fn renewal_due(&self, clock: Clock) {
        loop {
            let left = Duration::try_from(self.renew_at.duration_since(clock.now())).unwrap_or(Duration::ZERO);
            sleep(left.clamp(LOOK_MIN, LOOK_MAX)).await;
            if self.is_renewal_due(clock.now()) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn renewal_comes_around_half_of_the_lifetime_and_differs_between_services() {
        let entropy = Entropy::seeded(1);
        let times: Vec<i64> = (0..100).map(|_| Term::new(at(0), at(3_600), &entropy).renew_at.as_second()).collect();
        let (earliest, latest) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!((1620..1700).contains(earliest) && (1900..=1980).contains(latest), "{earliest} to {latest}");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_renewal_due_as_one_that_went_on() {
        let term = Term::new(at(1_000), at(4_600), &Entropy::seeded(1));
        for (now, is_good, is_due) in [(999, false, true), (1_000, true, false), (4_600, true, true), (4_601, false, true)] {
            assert_eq!((term.is_good(at(now)), term.is_renewal_due(at(now))), (is_good, is_due), "{now}");
        }
    }
}
