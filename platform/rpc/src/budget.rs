//! The retry budget of a channel: retries may be a fifth of the calls, so that they never multiply an overload.

use std::sync::atomic::{AtomicI64, Ordering};

const TENTHS_PER_CALL: i64 = 2;
const TENTHS_PER_RETRY: i64 = 10;
/// Enough for the first seconds and for quiet times: ten retries.
const TENTHS_MAX: i64 = 100;

pub(crate) struct Budget(AtomicI64);

impl Default for Budget {
    fn default() -> Self {
        Budget(AtomicI64::new(TENTHS_MAX))
    }
}

impl Budget {
    pub fn earn(&self) {
        let add = |tenths: i64| Some((tenths + TENTHS_PER_CALL).min(TENTHS_MAX));
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    pub fn spend(&self) -> bool {
        let take = |tenths: i64| (tenths >= TENTHS_PER_RETRY).then_some(tenths - TENTHS_PER_RETRY);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_calls_earn_one_retry() {
        let budget = Budget::default();
        while budget.spend() {}
        for _ in 0..4 {
            budget.earn();
        }
        assert!(!budget.spend());
        budget.earn();
        assert!(budget.spend());
    }
}
