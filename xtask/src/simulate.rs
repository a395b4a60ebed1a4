//! `cargo xtask simulate`: builds the simulator in a profile of its own and runs seeds on every core, or shows that it
//! finds each deliberate bug. The first seed is run thrice, in two processes: the same seed must make the same trace.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
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

/// What the processes of one run said.
#[derive(Default)]
struct Said {
    runs: u64,
    simulated: Duration,
    hashes: BTreeMap<u64, BTreeSet<String>>,
    /// By seed.
    failures: BTreeMap<u64, String>,
    counts: BTreeMap<String, u64>,
    faults: BTreeMap<String, u64>,
}

pub fn run(options: &Options) -> Result<()> {
    let program = build(options.bug.is_some() || options.bugs)?;
    if let Some(seed) = options.seed {
        return show(&program, seed, options.bug.as_deref());
    }
    if options.bugs {
        return find_all(&program, options);
    }
    if let Some(bug) = &options.bug {
        let bug = bug.as_str();
        let (said, took) = timed(|| ask(&program, options.from, options.seeds, &["--stop", "--bug", bug]));
        return tell_bug(bug, options.from, &said?, took).map(drop);
    }
    let again = start(&program, &["--twice", "--from", &options.from.to_string()])?;
    let twice: &[&str] = if options.twice { &["--twice"] } else { &[] };
    let (said, took) = timed(|| ask(&program, options.from, options.seeds, twice));
    let mut said = said?;
    said.compare(&finish(again)?);
    tell(&said, took).and(said.agree())
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
fn show(program: &PathBuf, seed: u64, bug: Option<&str>) -> Result<()> {
    let mut command = Command::new(program);
    command.args(["--trace", "--from", &seed.to_string()]);
    command.args(bug.into_iter().flat_map(|bug| ["--bug", bug]));
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("seed {seed} failed").into()) }
}

/// Runs seeds on every core.
fn ask(program: &PathBuf, from: u64, seeds: u64, how: &[&str]) -> Result<Said> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64).min(seeds.max(1));
    let mut children = Vec::new();
    for core in 0..cores {
        let share = (seeds + cores - 1 - core) / cores;
        let (from, seeds, step) = ((from + core).to_string(), share.to_string(), cores.to_string());
        let share = ["--from", &from, "--seeds", &seeds, "--step", &step];
        children.push(start(program, &[&share[..], how].concat())?);
    }
    let mut said = Said::default();
    for child in children {
        said.hear(&finish(child)?);
    }
    Ok(said)
}

fn start(program: &PathBuf, arguments: &[&str]) -> Result<Child> {
    Ok(Command::new(program).args(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
}

fn finish(child: Child) -> Result<String> {
    let output = child.wait_with_output()?;
    match output.status.code() {
        Some(PASSED | FAILED) => Ok(String::from_utf8(output.stdout)?),
        _ => Err(format!("a simulator died before its seeds were done: {}", output.status).into()),
    }
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
            let words: Vec<&str> = line.splitn(6, ' ').collect();
            match words.as_slice() {
                ["seed", seed, verdict, simulated, _, hash] => {
                    let seed = seed.parse().unwrap_or(0);
                    self.runs += 1;
                    self.simulated += Duration::from_millis(simulated.parse().unwrap_or(0));
                    self.hashes.entry(seed).or_default().insert((*hash).to_owned());
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
    /// Hears of seeds that were run before, which count once.
    fn compare(&mut self, text: &str) {
        let mut again = Said::default();
        again.hear(text);
        self.failures.extend(again.failures);
        for (seed, hashes) in again.hashes {
            self.hashes.entry(seed).or_default().extend(hashes);
        }
    }

    fn agree(&self) -> Result<()> {
        match self.hashes.iter().find(|(_, hashes)| hashes.len() > 1) {
            None => Ok(()),
            Some((seed, _)) => {
                let problem = "made different traces: a run depends on something that the seed does not decide";
                Err(format!("seed {seed} {problem}").into())
            }
        }
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
    said.counts.iter().for_each(|(what, count)| println!("{count:>9}  {what}"));
    for (seed, problem) in &said.failures {
        println!("seed {seed} FAILED: {problem}`cargo xtask simulate --seed {seed}` shows all that came before.");
    }
    if let Some(fault) = said.idle_fault() {
        return Err(format!("in {} runs there was never this fault: {fault}", said.runs).into());
    }
    if said.failures.is_empty() { Ok(()) } else { Err(format!("{} seeds failed", said.failures.len()).into()) }
}

/// Each bug has so many seeds to be found in.
fn find_all(program: &PathBuf, options: &Options) -> Result<()> {
    let list = tree::Source::read(&tree::root()?, BUGS)?;
    let mut missed = Vec::new();
    for (_, line) in list.lines().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let bug = line.split_whitespace().next().unwrap_or_default();
        let (said, took) = timed(|| ask(program, options.from, options.seeds, &["--stop", "--bug", bug]));
        if !tell_bug(bug, options.from, &said?, took)? {
            missed.push(bug);
        }
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("not found: {}", missed.join(", ")).into()) }
}

/// Whether it was found.
fn tell_bug(bug: &str, from: u64, said: &Said, took: Duration) -> Result<bool> {
    let seconds = took.as_secs_f64();
    let Some((seed, problem)) = said.failures.first_key_value() else {
        println!("{bug:<28} not found in {} seeds ({seconds:.0} s)", said.runs);
        return Ok(false);
    };
    let lines = problem.lines().take(3).map(str::trim).collect::<Vec<_>>().join(" ");
    let how: String = lines.chars().take(150).collect();
    println!("{bug:<28} seed {:>4} ({seconds:>3.0} s)  {how}", seed - from + 1);
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
        said.hear("seed 1 ok 2000 10 aa\nfault 2 crash and restart\ncount 7 checkouts completed\n");
        said.hear("seed 2 FAILED 1000 10 bb\nseed 9 ok\nwrong\nend of seed 2\nfault 1 crash and restart\n");
        assert!(said.agree().is_ok());
        said.compare("seed 1 ok 2000 10 ab\n");
        assert_eq!((said.runs, said.simulated), (2, Duration::from_secs(3)));
        assert_eq!(said.failures, BTreeMap::from([(2, "seed 9 ok\nwrong\n".to_owned())]));
        assert_eq!(said.faults["crash and restart"], 3);
        assert!(tell(&said, Duration::from_secs(1)).unwrap_err().to_string().contains("1 seeds failed"));
        assert!(said.agree().unwrap_err().to_string().contains("different traces"));
    }

    #[test]
    fn a_fault_that_never_strikes_is_missed_in_many_runs() {
        let mut said = Said { runs: 10, ..Said::default() };
        said.hear("fault 0 slow link\nfault 3 link cut one way\n");
        assert_eq!(said.idle_fault(), None);
        said.runs = STRIKING_RUNS;
        assert_eq!(said.idle_fault().map(String::as_str), Some("slow link"));
    }
}
