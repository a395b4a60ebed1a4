//! `cargo xtask test`: every check of the project, the quick ones first, up to the first that fails.

use std::process::Command;
use std::time::Duration;

use crate::{Result, equip, fuzz, simulate, skips, tidy, tree};

/// A check, with what to do when it fails.
struct Step {
    name: &'static str,
    work: Work,
    hint: &'static str,
}

enum Work {
    Cargo(&'static [&'static str]),
    Tidy,
    Equip,
    ForgetSkips,
    CheckSkips,
    /// So many seconds for each target.
    Fuzz(u32),
    /// So many market days.
    Simulate(u64),
}

const STEPS: [Step; 10] = [
    Step { name: "format", work: Work::Cargo(&["fmt", "--all", "--check"]), hint: "`cargo fmt --all` formats it" },
    Step { name: "tidy", work: Work::Tidy, hint: "`cargo xtask tidy` checks it again" },
    Step {
        name: "clippy",
        work: Work::Cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        hint: "each lint says what it wants",
    },
    // With the test targets, so that both steps see the same features and nothing is built twice. Journeys start the binary.
    Step {
        name: "build",
        work: Work::Cargo(&["build", "--workspace", "--bins", "--tests"]),
        hint: "the compiler says what is wrong",
    },
    Step { name: "equip", work: Work::Equip, hint: "install by hand what `xtask/src/equip.rs` names" },
    Step { name: "forget skips", work: Work::ForgetSkips, hint: "the target folder must be writable" },
    Step { name: "test", work: Work::Cargo(&["test", "--workspace"]), hint: "`cargo test -p CRATE NAME` runs one of them" },
    Step {
        name: "skips",
        work: Work::CheckSkips,
        hint: "run it where everything can be tested, or name it in tests/allowed-skips.txt",
    },
    Step { name: "fuzz", work: Work::Fuzz(20), hint: "`cargo xtask fuzz TARGET` looks further" },
    Step { name: "simulate", work: Work::Simulate(200), hint: "`cargo xtask simulate --seed SEED` shows a day that failed" },
];

pub fn run() -> Result<()> {
    for step in STEPS {
        println!("==> {}", step.name);
        let (outcome, took) = timed(|| step.work.run());
        let seconds = took.as_secs_f32();
        if let Err(error) = outcome {
            return Err(format!("{} failed after {seconds:.1} s: {error}; {}", step.name, step.hint).into());
        }
        println!("==> {}: {seconds:.1} s", step.name);
    }
    println!("everything is in order");
    Ok(())
}

impl Work {
    fn run(&self) -> Result<()> {
        let arguments = match self {
            Work::Tidy => return tidy::run(false),
            Work::Equip => return equip::run(),
            Work::ForgetSkips => return skips::forget(),
            Work::CheckSkips => return skips::check(),
            Work::Fuzz(seconds) => return fuzz::run(&fuzz::Options { target: None, seconds: *seconds, keep: false }),
            Work::Simulate(seeds) => return simulate::run_some(*seeds),
            Work::Cargo(arguments) => *arguments,
        };
        let status = Command::new("cargo").args(arguments).current_dir(tree::root()?).status()?;
        if status.success() { Ok(()) } else { Err(format!("`cargo {}` says no", arguments.join(" ")).into()) }
    }
}

#[expect(clippy::disallowed_methods, reason = "outside of any runtime there is no other clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = std::time::Instant::now();
    let outcome = work();
    (outcome, started.elapsed())
}
