//! Deliberate bugs stay where they belong: none of them is without a line in the list that the simulator works through, and
//! nothing but the feature of the tests' crate turns them on, so no binary that anybody runs can have one.

use std::collections::BTreeSet;
use std::path::Path;

use super::Finding;
use crate::tree::Source;

/// A name a line, then what it does.
pub const BUGS: &str = "xtask/bugs.txt";
const TURNED_ON: &str = "\"haat-kernel/sabotage\"";
const MAY_TURN_ON: &str = "tests/Cargo.toml";
/// Written in two halves, so that this file may stand in the tree that it checks.
const CALL: &str = concat!("sabotage::", "is(\"");

pub fn check_names(sources: &[Source], bugs: &Source) -> Vec<Finding> {
    let listed: BTreeSet<&str> = bugs.lines().filter_map(|(_, line)| name(line)).collect();
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for source in sources {
        for (number, line) in source.lines() {
            for call in line.split(CALL).skip(1) {
                let bug = call.split('"').next().unwrap_or_default();
                used.insert(bug);
                if !listed.contains(bug) && source.path != Path::new("platform/kernel/src/sabotage.rs") {
                    findings.push(Finding::new(&source.path, number, format!("`{bug}` does not stand in {BUGS}")));
                }
            }
        }
    }
    let unused = bugs.lines().filter(|(_, line)| name(line).is_some_and(|bug| !used.contains(bug)));
    findings.extend(unused.map(|(number, line)| Finding::new(BUGS, number, format!("no code has the bug of `{line}`"))));
    findings
}

/// In a crate's manifest.
pub fn check_feature(manifest: &Source) -> Option<Finding> {
    if manifest.path == Path::new(MAY_TURN_ON) {
        return None;
    }
    let (number, _) = manifest.lines().find(|(_, line)| line.contains(TURNED_ON) || line.contains("[\"sabotage\"]"))?;
    Some(Finding::new(&manifest.path, number, format!("only {MAY_TURN_ON} may turn deliberate bugs on")))
}

fn name(line: &str) -> Option<&str> {
    line.split_whitespace().next().filter(|word| !word.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bug_is_listed_and_every_listed_bug_is_there() {
        let count = |code: &str, list: &str| check_names(&[Source::new("a.rs", code)], &Source::new(BUGS, list)).len();
        let line = format!("if haat_kernel::{CALL}lost-timer\") {{");
        assert_eq!(count(&line, "# why\nlost-timer  it is lost\n"), 0);
        assert_eq!(count(&line, "other  it is another\n"), 2);
        assert_eq!(count("", "lost-timer  it is lost\n"), 1);
    }

    #[test]
    fn nobody_else_turns_them_on() {
        let is_found = |path: &str, text: &str| check_feature(&Source::new(path, text)).is_some();
        let text = format!("sabotage = [{TURNED_ON}]\n");
        assert!(is_found("haat/Cargo.toml", &text) && !is_found(MAY_TURN_ON, &text));
        assert!(is_found("haat/Cargo.toml", "haat-kernel = { workspace = true, features = [\"sabotage\"] }\n"));
        assert!(!is_found("haat/Cargo.toml", "haat-kernel.workspace = true\n"));
    }
}
