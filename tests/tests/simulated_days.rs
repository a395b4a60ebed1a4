//! Fifty simulated days with crashes and broken links, in two halves that run side by side. A seed that fails, fails again:
//! `cargo run -p haat-tests --bin simulate SEED`.

use std::ops::RangeInclusive;

use haat_tests::simulation::{self, BUYERS, Outcome};

#[test]
fn the_books_balance_after_every_odd_day() {
    days(1..=49);
}

#[test]
fn the_books_balance_after_every_even_day() {
    days(2..=50);
}

/// Every second seed of the range.
fn days(seeds: RangeInclusive<u64>) {
    let mut sum = Outcome::default();
    for seed in seeds.step_by(2) {
        let day = simulation::run(seed).unwrap_or_else(|problem| panic!("seed {seed}: {problem}"));
        assert_eq!(day.completed + day.failed, BUYERS, "seed {seed}: every buyer's checkout has ended");
        sum.completed += day.completed;
        sum.failed += day.failed;
        sum.canceled += day.canceled;
        sum.crashes += day.crashes;
        sum.cuts += day.cuts;
    }
    // A storm that never blows and buyers who never buy would prove nothing.
    assert!(sum.crashes > 25 && sum.cuts > 8 && sum.completed > 80 && sum.canceled > 15 && sum.failed > 50, "{sum:?}");
}
