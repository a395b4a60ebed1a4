//! Tests that a machine cannot run say so in files below the target folder, one each, with what is missing. Here they
//! pass only if the list of allowed skips names them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::{Result, tree};

/// A name a line; `#` begins a comment.
const ALLOWED: &str = "tests/allowed-skips.txt";

pub fn forget() -> Result<()> {
    let folder = folder()?;
    if folder.exists() { Ok(std::fs::remove_dir_all(folder)?) } else { Ok(()) }
}

pub fn check() -> Result<()> {
    let folder = folder()?;
    if !folder.exists() {
        return Ok(());
    }
    let list = tree::Source::read(&tree::root()?, ALLOWED)?;
    let allowed: BTreeSet<&str> = list.lines().map(|(_, line)| line.trim()).collect();
    let mut refused = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (name, missing) = (entry.file_name().to_string_lossy().into_owned(), std::fs::read_to_string(entry.path())?);
        println!("skipped: {name}, which needs {missing}");
        if !allowed.contains(name.as_str()) {
            refused.push(name);
        }
    }
    if refused.is_empty() { Ok(()) } else { Err(format!("not tested here: {}", refused.join(", ")).into()) }
}

/// Where cargo lets tests write.
fn folder() -> Result<PathBuf> {
    Ok(tree::target()?.join("tmp").join("skipped"))
}
