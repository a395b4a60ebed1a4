//! The programs under test: `haat`, and examples, from the same build as the tests.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The binary beside the tests' own folder in the target directory.
pub fn haat() -> PathBuf {
    built("haat", "cargo build -p haat")
}

/// The tiny shop of the guide.
pub fn tiny_shop() -> PathBuf {
    built("examples/tiny", "cargo build -p haat-storefront --example tiny")
}

fn built(name: &str, how: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    // target/<profile>/deps/<test>
    let program = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(program.exists(), "{} is missing: build it with `{how}`, with the profile of the tests", program.display());
    program
}

/// Runs a command to its end.
pub fn run(arguments: &[&str]) -> Output {
    Command::new(haat()).args(arguments).output().unwrap()
}

/// What a command printed, on both channels.
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
