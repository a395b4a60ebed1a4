//! `cargo xtask fuzz`: builds the targets of `fuzz/` with a fuzzer that follows which code an input reaches, and runs them
//! one after the other. What it finds on the way stays in the target folder, for the next time; what breaks a target goes to
//! `fuzz/crashes`, where the tests replay it for good.

use std::fs::{create_dir_all, read_dir, remove_dir_all, rename};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::{Result, tree};

/// An input larger than this says nothing that a smaller one could not.
const INPUT_BYTES_MAX: u32 = 4_096;
/// The same for what is kept in the repository.
const KEPT_BYTES_MAX: u32 = 768;
const INPUT_SECONDS_MAX: u32 = 10;
const MEMORY_MEGABYTES_MAX: u32 = 1_024;
const TARGETS: &str = "fuzz/corpus";

#[derive(Args)]
pub struct Options {
    /// Only this target; else all of them.
    pub target: Option<String>,
    /// How long each target runs.
    #[arg(long, default_value_t = 60)]
    pub seconds: u32,
    /// Afterwards keeps in the repository as few inputs as reach all that was reached.
    #[arg(long)]
    pub keep: bool,
}

/// Where everything is.
struct Fuzzer {
    root: PathBuf,
    program: PathBuf,
    /// What was found so far, a folder a target.
    found: PathBuf,
}

pub fn run(options: &Options) -> Result<()> {
    let root = tree::root()?;
    let names = match &options.target {
        Some(name) => vec![name.clone()],
        None => targets(&root)?,
    };
    let fuzzer = Fuzzer::build(root)?;
    for name in names {
        fuzzer.fuzz(&name, options.seconds)?;
        if options.keep {
            fuzzer.keep(&name)?;
        }
    }
    Ok(())
}

/// Each has a folder of inputs.
fn targets(root: &Path) -> Result<Vec<String>> {
    let entries = read_dir(root.join(TARGETS))?.collect::<std::result::Result<Vec<_>, _>>()?;
    let mut names: Vec<String> = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

impl Fuzzer {
    fn build(root: PathBuf) -> Result<Self> {
        let mut cargo = Command::new("cargo");
        // With the features that the whole workspace has, so that libraries are those of its other builds.
        cargo.args(["build", "--quiet", "--workspace", "--bin", "haat-fuzz", "--features", "haat-fuzz/libfuzzer"]);
        let status = cargo.env("RUSTC_WORKSPACE_WRAPPER", root.join("fuzz/rustc")).current_dir(&root).status()?;
        let target = tree::target()?;
        let (program, found) = (target.join("debug/haat-fuzz"), target.join("fuzz"));
        if status.success() { Ok(Fuzzer { root, program, found }) } else { Err("the fuzzer does not build".into()) }
    }

    fn fuzz(&self, name: &str, seconds: u32) -> Result<()> {
        let (found, kept, crashes) = (self.found.join(name), self.kept(name), self.root.join("fuzz/crashes").join(name));
        create_dir_all(&found)?;
        create_dir_all(&crashes)?;
        println!("{name}: {seconds} s");
        let arguments = [
            format!("-max_total_time={seconds}"),
            format!("-max_len={INPUT_BYTES_MAX}"),
            format!("-artifact_prefix={}/", crashes.display()),
            "-print_final_stats=1".to_owned(),
        ];
        let succeeded = self.command(name, &arguments, &[&found, &kept])?;
        let hint = format!("the input is in fuzz/crashes/{name}; `cargo test -p haat-fuzz` replays it");
        if succeeded { Ok(()) } else { Err(format!("{name} broke: {hint}").into()) }
    }

    /// The smallest inputs that reach what all of them reach.
    fn keep(&self, name: &str) -> Result<()> {
        let (found, kept, fewer) = (self.found.join(name), self.kept(name), self.root.join("fuzz").join(format!("{name}.kept")));
        create_dir_all(&fewer)?;
        let arguments = ["-set_cover_merge=1".to_owned(), format!("-max_len={KEPT_BYTES_MAX}")];
        if !self.command(name, &arguments, &[&fewer, &kept, &found])? {
            return Err(format!("the inputs of {name} cannot be compared").into());
        }
        remove_dir_all(&kept)?;
        Ok(rename(fewer, kept)?)
    }

    fn kept(&self, name: &str) -> PathBuf {
        self.root.join(TARGETS).join(name)
    }

    fn command(&self, name: &str, arguments: &[String], folders: &[&PathBuf]) -> Result<bool> {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg(format!("-timeout={INPUT_SECONDS_MAX}"));
        command.arg(format!("-rss_limit_mb={MEMORY_MEGABYTES_MAX}")).args(folders);
        // libFuzzer leaves what comes last to the target's own `main`.
        Ok(command.args(["-ignore_remaining_args=1", name]).status()?.success())
    }
}
