//! Simulates one market day: what `cargo xtask simulate` runs for each seed, each in a process of its own. Writes a line
//! `seed NUMBER ok|FAILED SIMULATED_MS`, what was wrong, and what struck how often. A seed that fails, fails again.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use haat_tests::simulation::{self, Fault, Outcome, Run};

#[derive(Parser)]
struct Arguments {
    #[arg(long)]
    seed: u64,
    /// Shows everything that happened.
    #[arg(long)]
    trace: bool,
    /// Runs with this deliberate bug; needs the feature `sabotage`.
    #[arg(long)]
    bug: Option<String>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !is_sabotaged(arguments.bug.as_deref()) {
        say("bugs are only in a build with `--features sabotage`");
        return ExitCode::from(2);
    }
    let run = match simulation::run(arguments.seed) {
        Ok(run) => run,
        Err(problem) => {
            say(&format!("it could not begin: {problem}"));
            return ExitCode::from(2);
        }
    };
    if arguments.trace {
        run.trace.iter().for_each(|line| say(line));
    }
    tell(arguments.seed, &run);
    if run.outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(seed: u64, run: &Run) {
    let simulated = run.simulated.as_millis();
    match &run.outcome {
        Ok(outcome) => {
            say(&format!("seed {seed} ok {simulated}"));
            counts(outcome).iter().for_each(|(what, count)| say(&format!("count {count} {what}")));
        }
        Err(problem) => {
            say(&format!("seed {seed} FAILED {simulated}"));
            say(problem);
            simulation::excerpt(&run.trace, problem).iter().for_each(|line| say(line));
            say(&format!("end of seed {seed}"));
        }
    }
    Fault::ALL.iter().for_each(|fault| say(&format!("fault {} {}", run.faults.get(fault).unwrap_or(&0), fault.name())));
}

fn counts(outcome: &Outcome) -> [(&'static str, usize); 8] {
    [
        ("days of a flash sale", usize::from(outcome.is_flash_sale)),
        ("checkouts completed", outcome.completed),
        ("checkouts failed", outcome.failed),
        ("orders canceled", outcome.canceled),
        ("buyers walked away", outcome.walked_away),
        ("histories linearizable", outcome.checked.histories),
        ("operations in them", outcome.checked.operations),
        ("histories too long to check", outcome.checked.skipped),
    ]
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
