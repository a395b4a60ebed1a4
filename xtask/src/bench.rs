//! `cargo xtask bench`: builds the release binary and the load generator, and runs it.

use std::path::Path;
use std::process::Command;

use cargo_metadata::MetadataCommand;

use crate::Result;

/// `arguments` are the load generator's own. A complete run replaces the results in `bench/RESULTS.md`.
pub fn run(arguments: &[String]) -> Result<()> {
    let workspace = MetadataCommand::new().no_deps().exec()?;
    let root = workspace.workspace_root.as_std_path();
    let program = workspace.target_directory.as_std_path().join("release").join("haat-bench");
    succeed(root, Command::new("cargo").args(["build", "--release", "--package", "haat", "--package", "haat-bench"]))?;
    let is_complete = !arguments.iter().any(|argument| ["--quick", "--only"].contains(&argument.as_str()));
    let page: &[&str] = if is_complete { &["--page", "bench/RESULTS.md"] } else { &[] };
    succeed(root, Command::new(program).args(page).args(arguments))
}

fn succeed(root: &Path, command: &mut Command) -> Result<()> {
    let status = command.current_dir(root).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} says no").into()) }
}
