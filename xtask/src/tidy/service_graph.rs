//! `docs/service-graph.md`: who may call whom and who reads whose feed, as the contracts say. It is generated and committed,
//! so that a new arrow shows in review.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use haat_contracts::policy::{EVERY_SERVICE, Policies, policies};

use super::Finding;
use crate::Result;
use crate::tree::Source;

const PATH: &str = "docs/service-graph.md";
const OPENING: &str = "\
# Who calls whom

Written by `cargo xtask tidy --write` from `callers` and `subscribers` in the contracts; the servers refuse everybody else.
A solid arrow is a call, a dotted one an event feed. Every service also renews its certificate at `authority`; those arrows
are left out of the picture.
";
/// Everybody calls it, which would hide the rest.
const LEFT_OUT: &str = "authority";

/// Compares the document with the contracts, or writes it.
pub fn check(root: &Path, write: bool) -> Result<Option<Finding>> {
    let document = document(&Graph::of(policies()));
    if write {
        std::fs::create_dir_all(root.join("docs"))?;
        std::fs::write(root.join(PATH), document)?;
        return Ok(None);
    }
    let committed = Source::read(root, PATH).map(|source| source.text).unwrap_or_default();
    Ok(compare(&committed, &document))
}

fn compare(committed: &str, document: &str) -> Option<Finding> {
    let same = committed.lines().zip(document.lines()).take_while(|(left, right)| left == right).count();
    let message = "the contracts say otherwise: run `cargo xtask tidy --write` and look at the difference";
    (committed != document).then(|| Finding::new(PATH, same + 1, message))
}

#[derive(Default)]
struct Graph {
    /// By service: who calls it.
    callers: BTreeMap<String, BTreeSet<String>>,
    /// By service: who reads its feed.
    subscribers: BTreeMap<String, BTreeSet<String>>,
    /// By path: who may make the call.
    calls: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn of(policies: &Policies) -> Self {
        let mut graph = Graph::default();
        for service in policies.services.values() {
            graph.callers.entry(offering(&service.name)).or_default();
            graph.subscribers.insert(offering(&service.name), service.subscribers.iter().cloned().collect());
        }
        for call in policies.calls.values() {
            let callers: Vec<String> = call.callers.iter().map(|name| shown(name)).collect();
            graph.callers.entry(offering(&call.service)).or_default().extend(callers.iter().cloned());
            graph.calls.insert(call.path.trim_start_matches('/').to_owned(), callers);
        }
        graph
    }
}

/// Who answers: a service, or each of them.
fn offering(service: &str) -> String {
    if service == EVERY_SERVICE { "everybody".to_owned() } else { service.to_owned() }
}

fn shown(caller: &str) -> String {
    if caller == "*" { "anybody".to_owned() } else { caller.to_owned() }
}

fn document(graph: &Graph) -> String {
    let mut text = format!("{OPENING}\n```mermaid\ngraph LR\n");
    for (service, callers) in graph.callers.iter().filter(|(service, _)| *service != LEFT_OUT) {
        callers.iter().for_each(|caller| line(&mut text, &format!("  {caller} --> {service}")));
    }
    for (service, readers) in &graph.subscribers {
        readers.iter().for_each(|reader| line(&mut text, &format!("  {service} -.-> {reader}")));
    }
    line(&mut text, "```\n\n| service | called by | its feed is read by |\n|---|---|---|");
    for (service, callers) in &graph.callers {
        let readers = graph.subscribers.get(service).map(listed).unwrap_or_default();
        line(&mut text, &format!("| {service} | {} | {readers} |", listed(callers)));
    }
    line(&mut text, "\n| call | who may make it |\n|---|---|");
    for (path, callers) in &graph.calls {
        line(&mut text, &format!("| `{path}` | {} |", listed(callers)));
    }
    text
}

fn line(text: &mut String, line: &str) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "{line}");
}

fn listed<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_arrow_changes_the_document() {
        let mut graph = Graph::of(policies());
        let before = document(&graph);
        assert!(before.contains("\n  gateway --> orders\n") && before.contains("\n  orders -.-> notifications\n"));
        assert!(before.contains("| `haat.authority.v1.Authority/Enroll` | anybody |"));
        assert_eq!(compare(&before, &document(&graph)), None);

        graph.callers.get_mut("orders").unwrap().insert("reviews".to_owned());
        let finding = compare(&before, &document(&graph)).unwrap();
        assert!(finding.line > 1 && finding.message.contains("--write"), "{finding}");
        assert!(compare("", &before).is_some(), "a missing document is a finding, not an error");
    }
}
