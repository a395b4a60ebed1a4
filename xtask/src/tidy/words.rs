//! What no file may hold: work put off, lints silenced without a reason, tests that do not run, modules called `mod`.

use super::Finding;
use crate::tree::Source;

/// Written in two halves, so that this file may stand in the tree that it checks.
const FORBIDDEN: [(&str, &str); 6] = [
    (concat!("[al", "low("), "use `#[expect(lint, reason = \"…\")]`: it says why, and goes when it is not needed"),
    (concat!("[ign", "ore"), "a test runs or is not there"),
    (concat!("to", "do!"), "write it, or leave it out"),
    (concat!("unimple", "mented!"), "write it, or leave it out"),
    (concat!("TO", "DO"), "do it, or say what is so and why"),
    (concat!("FIX", "ME"), "fix it, or say what is so and why"),
];

pub fn check(source: &Source) -> Vec<Finding> {
    let is_called_mod = source.path.file_name().is_some_and(|name| name == "mod.rs");
    let name = is_called_mod.then(|| Finding::new(&source.path, 1, "call it `foo.rs`, beside the folder `foo/`"));
    let words = source.lines().flat_map(|(number, line)| {
        let found = FORBIDDEN.iter().filter(move |(word, _)| line.contains(word));
        found.map(move |(word, right)| Finding::new(&source.path, number, format!("`{word}`: {right}")))
    });
    name.into_iter().chain(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forbidden_word_is_found_where_it_stands() {
        for (word, _) in FORBIDDEN {
            let found = check(&Source::new("a.rs", format!("//! Orders.\nlet x = 1; // {word}\n")));
            assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2], "{word}");
        }
        assert_eq!(check(&Source::new("orders/mod.rs", "//! Orders.\n")).len(), 1);
        assert!(check(&Source::new("orders.rs", "//! Orders.\n#[expect(unused, reason = \"so\")]\n")).is_empty());
    }
}
