//! Simulates market days: `simulate FIRST LAST` runs these seeds and says what each came to. A seed that fails, fails again.

use std::io::Write;
use std::process::ExitCode;

use haat_tests::simulation;
use tokio::time::Instant;

fn main() -> ExitCode {
    let mut seeds = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let first = seeds.next().unwrap_or(1);
    let last = seeds.next().unwrap_or(first);
    let mut failures = 0;
    for seed in first..=last {
        let started = Instant::now();
        let line = match simulation::run(seed) {
            Ok(day) => format!("seed {seed}: {day:?} in {:.1} s", started.elapsed().as_secs_f64()),
            Err(problem) => {
                failures += 1;
                format!("seed {seed} FAILED after {:.1} s: {problem}", started.elapsed().as_secs_f64())
            }
        };
        // A closed pipe is no reason to fail.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
