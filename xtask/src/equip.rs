//! `cargo xtask equip`: what the tests need beside Rust. Programs come from the system's packages, axe-core from the npm
//! registry: one version, known by its checksum, below the target folder.

use std::path::Path;
use std::process::Command;

use crate::{Result, tree};

const AXE: &str = "axe-core@4.14.1";
const AXE_ARCHIVE: &str = "axe-core-4.14.1.tgz";
const AXE_FILE: &str = "axe.min.js";
const AXE_SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";
/// Programs and the packages that bring them: a browser, the fuzzer's compiler, and what faults are made with.
const PROGRAMS: [(&str, &str); 6] = [
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("c++", "g++"),
    ("cc", "gcc"),
    ("faketime", "faketime"),
    ("ip", "iproute2"),
];

pub fn run() -> Result<()> {
    let missing: Vec<&str> = PROGRAMS.iter().filter(|(program, _)| !is_there(program)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        println!("installing {}", missing.join(", "));
        execute(Command::new("apt-get").args(["update", "--quiet"]))?;
        execute(Command::new("apt-get").args(["install", "--yes"]).args(missing))?;
    }
    let folder = tree::target()?.join("browser");
    std::fs::create_dir_all(&folder)?;
    if !is_axe(&folder) {
        fetch_axe(&folder)?;
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
}

/// Whether the file is there, byte for byte.
fn is_axe(folder: &Path) -> bool {
    let sum = Command::new("sha256sum").arg(AXE_FILE).current_dir(folder).output();
    sum.is_ok_and(|sum| String::from_utf8_lossy(&sum.stdout).starts_with(AXE_SHA256))
}

fn fetch_axe(folder: &Path) -> Result<()> {
    println!("fetching {AXE}");
    execute(Command::new("npm").args(["pack", "--silent", AXE]).current_dir(folder))?;
    let member = format!("package/{AXE_FILE}");
    execute(Command::new("tar").args(["-xzf", AXE_ARCHIVE, "--strip-components=1", &member]).current_dir(folder))?;
    if is_axe(folder) { Ok(()) } else { Err(format!("{AXE} is not the one that is expected").into()) }
}

fn execute(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} says no").into()) }
}
