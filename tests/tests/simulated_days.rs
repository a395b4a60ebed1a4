//! A few simulated days with all that can go wrong, and that a seed always makes the same day. `cargo xtask simulate` runs
//! many more, quicker; a seed that fails, fails again: `cargo xtask simulate --seed SEED` shows how.

use std::collections::BTreeMap;

use haat_tests::simulation::{self, BUYERS, Outcome};

const DAYS: u64 = 6;

#[test]
fn the_books_balance_after_every_day() {
    let mut sum = Outcome::default();
    let mut faults = BTreeMap::new();
    for seed in 1..=DAYS {
        let run = simulation::run(seed).unwrap();
        let day = run.outcome.unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        let ended = day.completed + day.failed + day.walked_away;
        assert_eq!(ended, BUYERS, "seed {seed}: every buyer's day has ended");
        sum.completed += day.completed;
        sum.failed += day.failed;
        sum.canceled += day.canceled;
        sum.checked.operations += day.checked.operations;
        run.faults.into_iter().for_each(|(fault, count)| *faults.entry(fault).or_insert(0) += count);
    }
    // A storm that never blows and buyers who never buy would prove nothing.
    assert!(sum.completed > 10 && sum.canceled > 1 && sum.failed > 5 && sum.checked.operations > 200, "{sum:?}");
    assert!(faults.len() > 8, "{faults:?}");
}
