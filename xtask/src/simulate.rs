//! `cargo xtask simulate`: builds the simulator in a profile of its own and runs seeds on every core, each in a process of
//! its own, because what one leaves in memory is no part of the next; or shows that it finds each deliberate bug. The first
//! seed is run twice: the same seed must make the same trace, byte by byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use cargo_metadata::MetadataCommand;
use clap::Args;

use crate::tidy::BUGS;
use crate::{Result, tree};

/// Without it tokio chooses among ready branches at random, and no seed could be run again.
const RUSTFLAGS: &str = "--cfg tokio_unstable";
const PROFILE: &str = "simulation";
/// What a simulator exits with.
const PASSED: i32 = 0;
const FAILED: i32 = 1;
/// In so many runs every kind of fault strikes; one that does not would prove nothing.
const STRIKING_RUNS: u64 = 100;

#[derive(Args)]
pub struct Options {
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first one.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Runs this one alone and shows its trace.
    #[arg(long)]
    seed: Option<u64>,
    /// Runs each seed twice, to see that it makes the same trace.
    #[arg(long)]
    twice: bool,
    /// Has this deliberate bug, and stops at the first seed that finds it.
    #[arg(long)]
    bug: Option<String>,
    /// Has each deliberate bug in turn, and tells how many seeds it took to find it.
    #[arg(long)]
    bugs: bool,
}

/// What is asked of the simulator.
#[derive(Clone, Copy)]
struct Question<'a> {
    program: &'a Path,
    from: u64,
    seeds: u64,
    bug: Option<&'a str>,
    is_twice: bool,
}

/// What the processes of one run said.
#[derive(Default)]
struct Said {
    runs: u64,
    simulated: Duration,
    /// By seed.
    failures: BTreeMap<u64, String>,
    counts: BTreeMap<String, u64>,
    faults: BTreeMap<String, u64>,
}

pub fn run(options: &Options) -> Result<()> {
    let program = build(options.bug.is_some() || options.bugs)?;
    let question = Question {
        program: &program,
        from: options.from,
        seeds: options.seeds,
        bug: options.bug.as_deref(),
        is_twice: options.twice,
    };
    match (options.seed, question.bug) {
        (Some(seed), _) => show(question, seed),
        _ if options.bugs => find_all(question),
        (None, Some(bug)) => find(question, bug).map(drop),
        (None, None) => {
            let first = Question { seeds: 1, is_twice: true, ..question };
            first.ask()?.verdict()?;
            let (said, took) = timed(|| question.ask());
            tell(&said?, took)
        }
    }
}

/// What `cargo xtask test` asks for.
pub fn run_some(seeds: u64) -> Result<()> {
    run(&Options { seeds, from: 1, seed: None, twice: false, bug: None, bugs: false })
}

fn build(is_sabotaged: bool) -> Result<PathBuf> {
    let workspace = MetadataCommand::new().no_deps().exec()?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--profile", PROFILE, "--package", "haat-tests", "--bin", "simulate"]);
    if is_sabotaged {
        cargo.args(["--features", "sabotage"]);
    }
    let status = cargo.env("RUSTFLAGS", RUSTFLAGS).current_dir(tree::root()?).status()?;
    let program = workspace.target_directory.as_std_path().join(PROFILE).join("simulate");
    if status.success() { Ok(program) } else { Err("the simulator does not build".into()) }
}

/// Runs one seed with its trace.
fn show(question: Question, seed: u64) -> Result<()> {
    let status = question.command(seed, true).status()?;
    if status.success() { Ok(()) } else { Err(format!("seed {seed} failed").into()) }
}

impl Question<'_> {
    /// Runs the seeds on every core; those of a bug up to the first that fails.
    fn ask(&self) -> Result<Said> {
        let (said, next) = (Mutex::new(Said::default()), AtomicU64::new(0));
        let heard = || said.lock().unwrap_or_else(PoisonError::into_inner);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.seeds || (self.bug.is_some() && !heard().failures.is_empty()) {
                    return Ok(());
                }
                let text = self.run_one(self.from + number)?;
                heard().hear(&text);
            }
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let ended: Vec<std::result::Result<(), String>> = thread::scope(|scope| {
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            let ended = workers.into_iter().map(|worker| worker.join());
            ended.map(|ended| ended.unwrap_or_else(|_| Err("a worker panicked".to_owned()))).collect()
        });
        ended.into_iter().collect::<std::result::Result<(), String>>()?;
        Ok(said.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn run_one(&self, seed: u64) -> std::result::Result<String, String> {
        let text = self.output(seed, self.is_twice)?;
        if !self.is_twice {
            return Ok(text);
        }
        match parting(&text, &self.output(seed, true)?) {
            None => Ok(text),
            Some(parting) => Err(format!("seed {seed} depends on something that it does not decide: {parting}")),
        }
    }

    fn output(&self, seed: u64, with_trace: bool) -> std::result::Result<String, String> {
        let output = self.command(seed, with_trace).stdout(Stdio::piped()).stderr(Stdio::null()).output();
        let Output { status, stdout, .. } = output.map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&stdout).into_owned();
        match status.code() {
            Some(PASSED | FAILED) => Ok(text),
            _ => Err(format!("the simulator died of seed {seed}: {status}\n{text}")),
        }
    }

    fn command(&self, seed: u64, with_trace: bool) -> Command {
        let mut command = Command::new(self.program);
        command.args(["--seed", &seed.to_string()]).args(with_trace.then_some("--trace"));
        command.args(self.bug.into_iter().flat_map(|bug| ["--bug", bug]));
        command
    }
}

/// Where two runs of one seed part, if they do.
fn parting(one: &str, other: &str) -> Option<String> {
    let (mut one, mut other) = (one.lines(), other.lines());
    let end = "the end";
    (1..).find_map(|number| match (one.next(), other.next()) {
        (None, None) => Some(None),
        (one, other) if one == other => None,
        (one, other) => Some(Some(format!("line {number} was\n{}\nand then\n{}", one.unwrap_or(end), other.unwrap_or(end)))),
    })?
}

impl Said {
    fn hear(&mut self, text: &str) {
        let mut failed: Option<(u64, String)> = None;
        for line in text.lines() {
            if let Some((seed, problem)) = &mut failed {
                if line == format!("end of seed {seed}") {
                    self.failures.extend(failed.take());
                } else {
                    problem.push_str(line);
                    problem.push('\n');
                }
                continue;
            }
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words.as_slice() {
                ["seed", seed, verdict, simulated] => {
                    let seed = seed.parse().unwrap_or(0);
                    self.runs += 1;
                    self.simulated += Duration::from_millis(simulated.parse().unwrap_or(0));
                    failed = (*verdict == "FAILED").then(|| (seed, String::new()));
                }
                ["fault", count, ..] => add(&mut self.faults, count, line),
                ["count", count, ..] => add(&mut self.counts, count, line),
                _ => {}
            }
        }
    }
}

impl Said {
    fn verdict(&self) -> Result<()> {
        if let Some(fault) = self.idle_fault() {
            return Err(format!("in {} runs there was never this fault: {fault}", self.runs).into());
        }
        for (seed, problem) in &self.failures {
            println!("seed {seed} FAILED: {problem}`cargo xtask simulate --seed {seed}` shows all that came before.");
        }
        if self.failures.is_empty() { Ok(()) } else { Err(format!("{} seeds failed", self.failures.len()).into()) }
    }

    fn idle_fault(&self) -> Option<&String> {
        self.faults.iter().find(|(_, count)| **count == 0 && self.runs >= STRIKING_RUNS).map(|(fault, _)| fault)
    }
}

/// `line` is a word, the count, and what was counted.
fn add(sums: &mut BTreeMap<String, u64>, count: &str, line: &str) {
    let what = line.splitn(3, ' ').last().unwrap_or_default();
    *sums.entry(what.to_owned()).or_default() += count.parse().unwrap_or(0);
}

fn tell(said: &Said, took: Duration) -> Result<()> {
    let (hours, seconds) = (said.simulated.as_secs_f64() / 3_600.0, took.as_secs_f64());
    println!("{} runs in {seconds:.1} s, {:.1} a second", said.runs, said.runs as f64 / seconds);
    println!("{hours:.2} simulated hours, {:.4} per second", hours / seconds);
    println!("faults:");
    said.faults.iter().for_each(|(what, count)| println!("{count:>9}  {what}"));
    println!("what came of it:");
    said.counts.iter().for_each(|(what, count)| println!("{count:>9}  {what}"));
    said.verdict()
}

/// Each bug has so many seeds to be found in.
fn find_all(question: Question) -> Result<()> {
    let list = tree::Source::read(&tree::root()?, BUGS)?;
    let mut missed = Vec::new();
    for (_, line) in list.lines().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let bug = line.split_whitespace().next().unwrap_or_default();
        if !find(Question { bug: Some(bug), ..question }, bug)? {
            missed.push(bug);
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("not found: {}", missed.join(", ")).into()) }
}

/// Whether it was found.
fn find(question: Question, bug: &str) -> Result<bool> {
    let (said, took) = timed(|| question.ask());
    let (said, seconds) = (said?, took.as_secs_f64());
    let Some((seed, problem)) = said.failures.first_key_value() else {
        println!("{bug:<28} not found in {} seeds ({seconds:.0} s)", said.runs);
        return Ok(false);
    };
    let lines = problem.lines().take(3).map(str::trim).collect::<Vec<_>>().join(" ");
    let how: String = lines.chars().take(150).collect();
    println!("{bug:<28} seed {:>4} ({seconds:>3.0} s)  {how}", seed - question.from + 1);
    Ok(true)
}

#[expect(clippy::disallowed_methods, reason = "outside of any runtime there is no other clock")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = std::time::Instant::now();
    let outcome = work();
    (outcome, started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_processes_say_is_added_up() {
        let mut said = Said::default();
        said.hear("seed 1 ok 2000\nfault 2 crash and restart\ncount 7 checkouts completed\n");
        said.hear("seed 2 FAILED 1000\nseed 9 ok\nwrong\nend of seed 2\nfault 1 crash and restart\n");
        assert_eq!((said.runs, said.simulated), (2, Duration::from_secs(3)));
        assert_eq!(said.failures, BTreeMap::from([(2, "seed 9 ok\nwrong\n".to_owned())]));
        assert_eq!(said.faults["crash and restart"], 3);
        assert!(said.verdict().unwrap_err().to_string().contains("1 seeds failed"));
    }

    #[test]
    fn a_fault_that_never_strikes_is_missed_in_many_runs() {
        let mut said = Said { runs: 10, ..Said::default() };
        said.hear("fault 0 slow link\nfault 3 link cut one way\n");
        assert!(said.verdict().is_ok());
        said.runs = STRIKING_RUNS;
        assert_eq!(said.idle_fault().map(String::as_str), Some("slow link"));
    }

    #[test]
    fn two_runs_part_where_they_first_differ() {
        assert_eq!(parting("a\nb\nc", "a\nx\nc").unwrap(), "line 2 was\nb\nand then\nx");
        assert_eq!(parting("a\n", "a\nb").unwrap(), "line 2 was\nthe end\nand then\nb");
        assert_eq!(parting("a\nb", "a\nb"), None);
    }
}
