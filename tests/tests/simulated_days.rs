//! Fifty simulated days with crashes and broken links. A failing seed fails again: `simulation::run(seed)` is one day.

use haat_tests::simulation::{self, BUYERS, Outcome};

const SEEDS: u64 = 50;

#[test]
fn the_books_balance_after_every_day() {
    let mut sum = Outcome::default();
    for seed in 1..=SEEDS {
        let day = simulation::run(seed).unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        assert_eq!(day.completed + day.failed, BUYERS, "seed {seed}: every buyer's checkout has ended");
        sum.completed += day.completed;
        sum.failed += day.failed;
        sum.canceled += day.canceled;
        sum.crashes += day.crashes;
        sum.cuts += day.cuts;
    }
    // A storm that never blows and buyers who never buy would prove nothing.
    assert!(sum.crashes > 50 && sum.cuts > 20 && sum.completed > 100 && sum.canceled > 20 && sum.failed > 50, "{sum:?}");
}
