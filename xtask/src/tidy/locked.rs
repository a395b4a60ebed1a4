//! What is locked: no more packages than before, and none that brings a second TLS stack or a second calendar.

use std::path::Path;
use std::process::Command;

use super::Finding;
use crate::Result;
use crate::tree::Source;

/// One number: as many packages as the lock file may have. It may only go down, or up with a reason in its commit.
pub const PACKAGES_MAX: &str = "xtask/tidy/packages-max.txt";
const BANNED: [(&str, &str); 4] = [
    ("ring", "the one crypto provider is aws-lc-rs; two in one process panic at run time"),
    ("openssl-sys", "the one TLS stack is rustls"),
    ("native-tls", "the one TLS stack is rustls"),
    ("chrono", "time is jiff's"),
];
/// What Haat is built for. The lock file also names what other systems would need.
const TARGETS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

pub fn check_count(lock: &Source, packages_max: &Source) -> Result<Option<Finding>> {
    let max: usize = packages_max.text.trim().parse().map_err(|error| format!("{}: {error}", packages_max.path.display()))?;
    let count = lock.text.lines().filter(|line| *line == "[[package]]").count();
    let message = || {
        format!("{count} packages are locked, at most {max} may be: do without the new ones, or raise {PACKAGES_MAX} and say why")
    };
    Ok((count > max).then(|| Finding::new(&lock.path, 1, message())))
}

/// Asks cargo what is really built: the lock file also holds optional packages that nobody turned on.
pub fn check_banned(root: &Path) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for target in TARGETS {
        let arguments = ["tree", "--workspace", "--target", target, "--prefix", "none", "--format", "{p}"];
        let output = Command::new("cargo").args(arguments).current_dir(root).output()?;
        if !output.status.success() {
            return Err(format!("`cargo tree` failed: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        findings.extend(banned(&String::from_utf8_lossy(&output.stdout), target));
    }
    Ok(findings)
}

/// `built` has a package a line, its name first.
fn banned(built: &str, target: &str) -> Vec<Finding> {
    let is_built = |name: &str| built.lines().any(|line| line.split(' ').next() == Some(name));
    let found = BANNED.iter().filter(|(name, _)| is_built(name));
    let finding = |(name, why): &(&str, &str)| {
        let message =
            format!("{name} is banned: {why}; `cargo tree --workspace --target {target} -i {name}` shows who asks for it");
        Finding::new("Cargo.lock", 1, message)
    };
    found.map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banned_package_is_found_by_its_whole_name() {
        for (name, _) in BANNED {
            assert_eq!(banned(&format!("tonic v0.14.0\n{name} v1.0.0\n"), TARGETS[0]).len(), 1, "{name}");
        }
        assert!(banned("stringring v1.0.0\nring-buffer v1.0.0\n", TARGETS[0]).is_empty());
    }

    #[test]
    fn the_number_of_packages_is_bounded() {
        let lock = Source::new("Cargo.lock", "[[package]]\nname = \"a\"\n\n[[package]]\nname = \"b\"\n");
        let is_over = |max: &str| check_count(&lock, &Source::new(PACKAGES_MAX, max)).unwrap().is_some();
        assert_eq!((is_over("2\n"), is_over("1\n")), (false, true));
    }
}
