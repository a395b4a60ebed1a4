//! Every dependency has a reason, and every version stands once: in the table of the root manifest, under a heading or with
//! a comment. Crates take versions and lints from the workspace.

use super::Finding;
use crate::tree::Source;

const TABLE: &str = "[workspace.dependencies]";

/// In the root manifest: each line of the table ends with its reason, or belongs to a group that begins with one.
pub fn check_table(manifest: &Source) -> Vec<Finding> {
    let in_table = manifest.lines().skip_while(|(_, line)| *line != TABLE).skip(1);
    let mut has_heading = false;
    let mut findings = Vec::new();
    for (number, line) in in_table.take_while(|(_, line)| !line.starts_with('[')) {
        if line.is_empty() {
            has_heading = false;
        } else if line.starts_with('#') {
            has_heading = true;
        } else if !has_heading && !line.contains(" # ") {
            let message = "say why it is needed: a comment on the line, or a heading over its group";
            findings.push(Finding::new(&manifest.path, number, message));
        }
    }
    findings
}

/// In a crate's manifest.
pub fn check_member(manifest: &Source) -> Vec<Finding> {
    let mut section = "";
    let mut has_lints = false;
    let mut findings = Vec::new();
    for (number, line) in manifest.lines().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        if line.starts_with('[') {
            section = line;
        }
        has_lints |= section == "[lints]" && line == "workspace = true";
        if is_own_version(section, line) {
            let message = "write `NAME.workspace = true`; the version stands in the root manifest";
            findings.push(Finding::new(&manifest.path, number, message));
        }
    }
    if !has_lints {
        findings.push(Finding::new(&manifest.path, 1, "take the workspace's lints: `[lints]` with `workspace = true`"));
    }
    findings
}

fn is_own_version(section: &str, line: &str) -> bool {
    let is_list = section.ends_with("dependencies]");
    // `[dependencies.NAME]`: one dependency as a section of its own.
    let is_one = section.contains("dependencies.");
    let is_header = line.starts_with('[');
    (is_list && !is_header && !line.contains("workspace = true")) || (is_one && is_header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_dependency_has_a_reason_of_its_own_or_of_its_group() {
        let table = "[workspace.dependencies]\n# HTTP.\nhttp = \"1\"\nurl = \"2\" # URLs\n\nbytes = \"1\" # buffers\nrand = \"1\"\n\n[profile.dev]\ndebug = 1\n";
        assert_eq!(lines(&check_table(&Source::new("Cargo.toml", table))), [7]);
    }

    #[test]
    fn a_crate_has_no_versions_and_no_lints_of_its_own() {
        let check = |text: &str| lines(&check_member(&Source::new("a/Cargo.toml", text)));
        let lints = "[lints]\nworkspace = true\n";
        assert!(check(&format!("{lints}[dependencies]\na.workspace = true # why\nb = {{ workspace = true }}\n")).is_empty());
        assert_eq!(check(&format!("{lints}[dependencies]\na = \"1\"\n")), [4]);
        assert_eq!(check(&format!("{lints}[dev-dependencies]\n\na = {{ path = \"../a\" }}\n")), [5]);
        assert_eq!(check(&format!("{lints}[dependencies.a]\nversion = \"1\"\n")), [3]);
        assert_eq!(check("[dependencies]\na.workspace = true\n"), [1]);
    }
}
