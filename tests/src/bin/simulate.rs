//! Simulates market days, one seed each: what `cargo xtask simulate` runs on every core. For each seed it writes a line
//! `seed NUMBER ok|FAILED SIMULATED_MS WALL_MS HASH`, and in the end what struck how often. A seed that fails, fails again.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use haat_tests::simulation::{self, Fault, Run};
use tokio::time::Instant;

#[derive(Parser)]
struct Arguments {
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Every so manieth.
    #[arg(long, default_value_t = 1)]
    step: u64,
    /// Stops at the first failure.
    #[arg(long)]
    stop: bool,
    /// Shows what happened, from the first fault to the end.
    #[arg(long)]
    trace: bool,
    /// Runs with this deliberate bug; needs the feature `sabotage`.
    #[arg(long)]
    bug: Option<String>,
}

/// What all seeds came to.
#[derive(Default)]
struct Sum {
    failures: usize,
    faults: BTreeMap<Fault, usize>,
    counts: BTreeMap<&'static str, usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !is_sabotaged(arguments.bug.as_deref()) {
        say("bugs are only in a build with `--features sabotage`");
        return ExitCode::from(2);
    }
    let mut sum = Sum::default();
    for number in 0..arguments.seeds {
        sum.add(arguments.from + number * arguments.step, arguments.trace);
        if arguments.stop && sum.failures > 0 {
            break;
        }
    }
    sum.faults.iter().for_each(|(fault, count)| say(&format!("fault {count} {}", fault.name())));
    sum.counts.iter().for_each(|(what, count)| say(&format!("count {count} {what}")));
    if sum.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Sum {
    fn add(&mut self, seed: u64, with_trace: bool) {
        let started = Instant::now();
        let run = catch_unwind(AssertUnwindSafe(|| simulation::run(seed)));
        let run = run.unwrap_or_else(|_| Err("something panicked".to_owned()));
        let took = started.elapsed();
        match run {
            Ok(run) => self.add_run(seed, &run, took, with_trace),
            Err(problem) => self.failed(seed, Duration::ZERO, took, 0, &problem),
        }
    }

    fn add_run(&mut self, seed: u64, run: &Run, took: Duration, with_trace: bool) {
        if with_trace {
            run.trace.iter().for_each(|line| say(line));
        }
        for (fault, count) in &run.faults {
            *self.faults.entry(*fault).or_default() += count;
        }
        let outcome = match &run.outcome {
            Err(problem) => return self.failed(seed, run.simulated, took, run.hash, problem),
            Ok(outcome) => outcome,
        };
        for (what, count) in [
            ("checkouts completed", outcome.completed),
            ("checkouts failed", outcome.failed),
            ("orders canceled", outcome.canceled),
            ("buyers walked away", outcome.walked_away),
            ("histories linearizable", outcome.checked.histories),
            ("operations in them", outcome.checked.operations),
            ("histories too long to check", outcome.checked.skipped),
        ] {
            *self.counts.entry(what).or_default() += count;
        }
        say(&format!("seed {seed} ok {} {} {:016x}", run.simulated.as_millis(), took.as_millis(), run.hash));
    }

    fn failed(&mut self, seed: u64, simulated: Duration, took: Duration, hash: u64, problem: &str) {
        self.failures += 1;
        say(&format!(
            "seed {seed} FAILED {} {} {hash:016x}\n{problem}\nend of seed {seed}",
            simulated.as_millis(),
            took.as_millis()
        ));
    }
}

#[cfg(feature = "sabotage")]
fn is_sabotaged(bug: Option<&str>) -> bool {
    if let Some(bug) = bug {
        haat_kernel::sabotage::choose(bug);
    }
    true
}

/// A build without bugs cannot have one.
#[cfg(not(feature = "sabotage"))]
fn is_sabotaged(bug: Option<&str>) -> bool {
    bug.is_none()
}

fn say(line: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{line}");
}
