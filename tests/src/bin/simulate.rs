//! Simulates market days, one seed each: what `cargo xtask simulate` runs on every core. For each seed it writes a line
//! `seed NUMBER ok|FAILED SIMULATED_MS WALL_MS HASH`, and in the end what struck how often. A seed that fails, fails again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
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
    /// Runs each seed twice, and fails where the traces are not the same to the byte.
    #[arg(long)]
    twice: bool,
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
        sum.add(arguments.from + number * arguments.step, &arguments);
        if arguments.stop && sum.failures > 0 {
            break;
        }
    }
    Fault::ALL.iter().for_each(|fault| say(&format!("fault {} {}", sum.faults.get(fault).unwrap_or(&0), fault.name())));
    sum.counts.iter().for_each(|(what, count)| say(&format!("count {count} {what}")));
    if sum.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Sum {
    fn add(&mut self, seed: u64, arguments: &Arguments) {
        let started = Instant::now();
        let run = simulation::run(seed);
        let took = started.elapsed();
        match run {
            Ok(run) => {
                let again = arguments.twice.then(|| simulation::run(seed));
                self.add_run(seed, &run, took, arguments.trace);
                self.compare(seed, &run, again);
            }
            Err(problem) => self.failed(seed, None, took, &problem),
        }
    }

    fn compare(&mut self, seed: u64, run: &Run, again: Option<Result<Run, String>>) {
        let parting = match again {
            Some(Ok(again)) => simulation::parting(&run.trace, &again.trace),
            Some(Err(problem)) => Some(problem),
            None => None,
        };
        if let Some(parting) = parting {
            self.failed(seed, None, Duration::ZERO, &parting);
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
            Err(problem) => return self.failed(seed, Some(run), took, problem),
            Ok(outcome) => outcome,
        };
        for (what, count) in [
            ("days of a flash sale", usize::from(outcome.is_flash_sale)),
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
        say(&verdict(seed, "ok", Some(run), took));
    }

    fn failed(&mut self, seed: u64, run: Option<&Run>, took: Duration, problem: &str) {
        self.failures += 1;
        say(&verdict(seed, "FAILED", run, took));
        say(problem);
        let excerpt = run.map(|run| simulation::excerpt(&run.trace, problem)).unwrap_or_default();
        excerpt.iter().for_each(|line| say(line));
        say(&format!("end of seed {seed}"));
    }
}

fn verdict(seed: u64, verdict: &str, run: Option<&Run>, took: Duration) -> String {
    let mut hasher = DefaultHasher::new();
    run.map(|run| &run.trace).hash(&mut hasher);
    let simulated = run.map_or(Duration::ZERO, |run| run.simulated);
    format!("seed {seed} {verdict} {} {} {:016x}", simulated.as_millis(), took.as_millis(), hasher.finish())
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
