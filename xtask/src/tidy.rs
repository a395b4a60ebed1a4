//! `cargo xtask tidy`: the rules of this codebase that neither the compiler nor clippy know. Every check is a pure function
//! from texts to findings, and has a test that shows that it can fail.

mod arrows;
mod crates;
mod locked;
mod manifests;
mod openings;
mod sabotage;
mod service_graph;
mod sizes;
mod words;

use std::fmt;
use std::path::PathBuf;

pub use sabotage::BUGS;

use crate::Result;
use crate::tree::{self, Source};

/// Something to put right, and where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    pub path: PathBuf,
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl Finding {
    pub fn new(path: impl Into<PathBuf>, line: usize, message: impl Into<String>) -> Self {
        Finding { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.message)
    }
}

/// Checks everything; with `write`, the generated documents are written instead of compared.
pub fn run(write: bool) -> Result<()> {
    let root = &tree::root()?;
    let sources = tree::rust_sources(root)?;
    let crates = crates::read(root)?;

    let mut findings = arrows::check(&crates);
    findings.extend(service_graph::check(root, write)?);
    findings.extend(sizes::check(&sources, &Source::read(root, sizes::LARGE_FILES)?));
    findings.extend(sources.iter().filter_map(openings::check));
    findings.extend(manifests::check_table(&Source::read(root, "Cargo.toml")?));
    findings.extend(crates.iter().flat_map(|member| manifests::check_member(&member.manifest)));
    findings.extend(sources.iter().flat_map(words::check));
    findings.extend(sabotage::check_names(&sources, &Source::read(root, sabotage::BUGS)?));
    findings.extend(crates.iter().filter_map(|member| sabotage::check_feature(&member.manifest)));
    findings.extend(locked::check_count(&Source::read(root, "Cargo.lock")?, &Source::read(root, locked::PACKAGES_MAX)?)?);
    findings.extend(locked::check_banned(root)?);

    findings.sort();
    findings.iter().for_each(|finding| println!("{finding}"));
    if findings.is_empty() { Ok(()) } else { Err(format!("{} things are not tidy", findings.len()).into()) }
}

/// What can be checked of files that are not part of the workspace yet.
#[cfg(test)]
pub fn check_new(root: &std::path::Path, paths: &[PathBuf]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in paths {
        let source = Source::read(root, path)?;
        if tree::is_rust(path) {
            findings.extend(openings::check(&source));
            findings.extend(words::check(&source));
        } else if path.ends_with("Cargo.toml") {
            findings.extend(manifests::check_member(&source));
        }
    }
    Ok(findings)
}
