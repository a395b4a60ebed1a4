//! `cargo xtask browser`: what the journeys in a real browser need. Chromium with its driver comes from the system's
//! packages, axe-core from the npm registry: one version, known by its checksum, below the target folder.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Result, tree};

const AXE: &str = "axe-core@4.14.1";
const AXE_ARCHIVE: &str = "axe-core-4.14.1.tgz";
const AXE_FILE: &str = "axe.min.js";
const AXE_SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";
const PROGRAMS: [&str; 2] = ["chromium", "chromedriver"];

pub fn run() -> Result<()> {
    if !PROGRAMS.into_iter().all(is_there) {
        println!("installing chromium and its driver");
        execute(Command::new("apt-get").args(["update", "--quiet"]))?;
        execute(Command::new("apt-get").args(["install", "--yes", "chromium", "chromium-driver"]))?;
    }
    let folder = tree::target()?.join("browser");
    std::fs::create_dir_all(&folder)?;
    if !is_axe(&folder) {
        fetch_axe(&folder)?;
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    asked.is_ok_and(|status| status.success())
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
