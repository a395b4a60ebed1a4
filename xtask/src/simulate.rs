//! `cargo xtask simulate`: builds the simulator in a profile of its own and runs seeds on every core, or shows that it
//! finds each deliberate bug. The first seed is run twice: the same seed must make the same trace.

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
        let (said, took) = timed(|| ask(&program, options.from, options.seeds, Some(bug)));
        return tell_bug(bug, options.from, &said?, took).map(drop);
    }
    // Both processes of the first seed have to agree.
    let again = start(&program, &["--from", &options.from.to_string()], None)?;
    let (said, took) = timed(|| ask(&program, options.from, options.seeds, None));
    let mut said = said?;
    let runs = said.runs;
    said.hear(&finish(again)?);
    said.runs = runs;
    tell(&said, took)
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

/// Runs seeds on every core; with a bug, each process stops at the first that fails.
fn ask(program: &PathBuf, from: u64, seeds: u64, bug: Option<&str>) -> Result<Said> {
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64).min(seeds.max(1));
    let mut children = Vec::new();
    for core in 0..cores {
        let share = (seeds + cores - 1 - core) / cores;
        let (from, seeds, step) = ((from + core).to_string(), share.to_string(), cores.to_string());
        children.push(start(program, &["--from", &from, "--seeds", &seeds, "--step", &step], bug)?);
    }
    let mut said = Said::default();
    for child in children {
        said.hear(&finish(child)?);
    }
    Ok(said)
}

fn start(program: &PathBuf, arguments: &[&str], bug: Option<&str>) -> Result<Child> {
    let mut command = Command::new(program);
    command.args(arguments).args(bug.into_iter().flat_map(|bug| ["--stop", "--bug", bug]));
    Ok(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?)
}

fn finish(child: Child) -> Result<String> {
    Ok(String::from_utf8(child.wait_with_output()?.stdout)?)
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
        println!("seed {seed} FAILED: {problem}`cargo xtask simulate --seed {seed}` shows how it came to this.");
    }
    if let Some((seed, _)) = said.hashes.iter().find(|(_, hashes)| hashes.len() > 1) {
        return Err(
            format!("seed {seed} made two different traces: a run depends on something that the seed does not decide").into()
        );
    }
    if said.failures.is_empty() { Ok(()) } else { Err(format!("{} seeds failed", said.failures.len()).into()) }
}

/// Each bug has so many seeds to be found in.
fn find_all(program: &PathBuf, options: &Options) -> Result<()> {
    let list = tree::Source::read(&tree::root()?, BUGS)?;
    let mut missed = Vec::new();
    for (_, line) in list.lines().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let bug = line.split_whitespace().next().unwrap_or_default();
        let (said, took) = timed(|| ask(program, options.from, options.seeds, Some(bug)));
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
        said.hear("seed 1 ok 2000 10 ab\n");
        assert_eq!((said.runs, said.simulated), (3, Duration::from_secs(5)));
        assert_eq!(said.failures, BTreeMap::from([(2, "seed 9 ok\nwrong\n".to_owned())]));
        assert_eq!(said.faults["crash and restart"], 3);
        assert!(tell(&said, Duration::from_secs(1)).unwrap_err().to_string().contains("two different traces"));
    }
}
