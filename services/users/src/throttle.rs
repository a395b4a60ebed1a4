//! Slows down guessing at one account: ten wrong passwords in a minute block it, and every further wrong one blocks it
//! anew for twice as long. Accounts that do not exist are counted alike, so that the answers do not tell them apart.
//! In memory and bounded: a restart forgets, and a flood of made-up addresses costs one password hash each.

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use haat_kernel::time::plus_seconds;
use haat_kernel::{Error, Kind, Timestamp};
use parking_lot::Mutex;

/// So many wrong passwords are free …
const WRONG_MAX: usize = 10;
/// … in so many seconds.
const WINDOW_S: i64 = 60;
const FIRST_WAIT_S: i64 = 5;
const WAIT_MAX_S: i64 = 15 * 60;
/// After so long without a wrong password an account is forgotten.
const FORGOTTEN_AFTER_S: i64 = 60 * 60;
const ACCOUNTS_MAX: usize = 100_000;

/// An account as the throttle knows it: a hash, so that no address stays in memory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account([u8; 32]);

impl Account {
    /// `email` in lower case; it need not be valid.
    pub fn of(email: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, email.as_bytes()).as_ref());
        Account(hash)
    }
}

#[derive(Default)]
pub struct Throttle(Mutex<BTreeMap<Account, Guesses>>);

impl Throttle {
    /// Fails with 429 `rate_limited` while the account is blocked.
    pub fn check(&self, account: Account, now: Timestamp) -> Result<(), Error> {
        match self.0.lock().get(&account).map_or(0, |guesses| guesses.wait_s(now)) {
            0 => Ok(()),
            wait_s => Err(rate_limited(wait_s)),
        }
    }

    pub fn wrong(&self, account: Account, now: Timestamp) {
        let mut accounts = self.0.lock();
        if accounts.len() >= ACCOUNTS_MAX && !accounts.contains_key(&account) {
            make_room(&mut accounts, now);
        }
        accounts.entry(account).or_insert_with(|| Guesses::new(now)).wrong(now);
    }

    pub fn right(&self, account: Account) {
        self.0.lock().remove(&account);
    }
}

fn rate_limited(wait_s: u32) -> Error {
    Error::new(Kind::ResourceExhausted, "rate_limited", "Too many wrong passwords for this account; wait before the next try.")
        .with_retry_after(wait_s)
}

fn make_room(accounts: &mut BTreeMap<Account, Guesses>, now: Timestamp) {
    accounts.retain(|_, guesses| now < plus_seconds(guesses.last, FORGOTTEN_AFTER_S));
    if accounts.len() >= ACCOUNTS_MAX
        && let Some(oldest) = accounts.iter().min_by_key(|(_, guesses)| guesses.last).map(|(account, _)| *account)
    {
        accounts.remove(&oldest);
    }
}

/// The wrong passwords of one account.
struct Guesses {
    /// Those within the window; empty once the account was blocked.
    recent: Vec<Timestamp>,
    /// How often the account was blocked.
    blocks: u32,
    blocked_until: Timestamp,
    last: Timestamp,
}

impl Guesses {
    fn new(now: Timestamp) -> Self {
        Guesses { recent: Vec::new(), blocks: 0, blocked_until: now, last: now }
    }

    /// Seconds, rounded up; 0 when the account is not blocked.
    fn wait_s(&self, now: Timestamp) -> u32 {
        let wait_ms = self.blocked_until.as_millisecond() - now.as_millisecond();
        u32::try_from(wait_ms.max(0)).unwrap_or(u32::MAX).div_ceil(1_000)
    }

    fn wrong(&mut self, now: Timestamp) {
        if now >= plus_seconds(self.last, FORGOTTEN_AFTER_S) {
            *self = Guesses::new(now);
        }
        self.last = now;
        self.recent.retain(|at| now < plus_seconds(*at, WINDOW_S));
        self.recent.push(now);
        if self.blocks > 0 || self.recent.len() >= WRONG_MAX {
            self.block(now);
        }
    }

    fn block(&mut self, now: Timestamp) {
        let wait_s = FIRST_WAIT_S.saturating_mul(1i64.checked_shl(self.blocks).unwrap_or(i64::MAX)).min(WAIT_MAX_S);
        self.blocked_until = plus_seconds(now, wait_s);
        self.blocks = self.blocks.saturating_add(1).min(30);
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        plus_seconds("2026-01-01T00:00:00Z".parse().unwrap(), seconds)
    }

    fn wait(throttle: &Throttle, account: Account, seconds: i64) -> Option<u32> {
        throttle.check(account, at(seconds)).err().map(|error| error.retry_after_s.unwrap())
    }

    #[test]
    fn ten_wrong_passwords_in_a_minute_block_the_account_and_it_alone() {
        let (throttle, account) = (Throttle::default(), Account::of("a@haat.test"));
        for second in 0..9 {
            throttle.wrong(account, at(second));
            assert_eq!(wait(&throttle, account, second), None);
        }
        throttle.wrong(account, at(9));
        assert_eq!(wait(&throttle, account, 9), Some(5));
        assert_eq!(wait(&throttle, account, 13), Some(1));
        assert_eq!(wait(&throttle, account, 14), None);
        assert_eq!(wait(&throttle, Account::of("b@haat.test"), 9), None);
    }

    #[test]
    fn waits_grow_up_to_a_quarter_of_an_hour_until_a_right_password() {
        let (throttle, account) = (Throttle::default(), Account::of("a@haat.test"));
        (0..9).for_each(|_| throttle.wrong(account, at(0)));
        let mut now = 0;
        for expected in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            throttle.wrong(account, at(now));
            assert_eq!(wait(&throttle, account, now), Some(expected));
            now += i64::from(expected);
        }
        throttle.right(account);
        throttle.wrong(account, at(now));
        assert_eq!(wait(&throttle, account, now), None);
    }

    #[test]
    fn slow_mistakes_and_old_blocks_are_forgiven() {
        let (throttle, account) = (Throttle::default(), Account::of("a@haat.test"));
        (0..30).for_each(|turn| throttle.wrong(account, at(turn * 7)));
        assert_eq!(wait(&throttle, account, 203), None);
        (0..10).for_each(|_| throttle.wrong(account, at(300)));
        assert_eq!(wait(&throttle, account, 300), Some(5));
        throttle.wrong(account, at(300 + FORGOTTEN_AFTER_S));
        assert_eq!(wait(&throttle, account, 300 + FORGOTTEN_AFTER_S), None);
    }
}
