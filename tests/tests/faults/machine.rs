//! What a fault needs of the machine. One that cannot be had here is skipped, says so, and is written down for `cargo xtask
//! test`, which lets pass only what `tests/allowed-skips.txt` names.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where it is written down what was skipped, a file each.
const SKIPPED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/skipped");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/faults");

/// Runs a command that must succeed.
pub fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Whether this process may mount file systems.
pub fn mounts(fault: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let is_mounted = succeeds("mount", &["-t", "tmpfs", "tmpfs", &path]);
    offered(fault, is_mounted && succeeds("umount", &[&path]), "to mount file systems (root)")
}

/// Whether this process may make network namespaces and connect them.
pub fn tunnels(fault: &str) -> bool {
    let is_there = compiler() && Path::new("/dev/net/tun").exists() && succeeds("unshare", &["--net", "ip", "link"]);
    offered(fault, is_there, "a C compiler, /dev/net/tun, network namespaces (root) and the programs ip and nsenter")
}

/// A program or library in C, built beside the tests; none without a compiler.
pub fn compiled(fault: &str, source: &str, options: &[&str]) -> Option<PathBuf> {
    offered(fault, compiler(), "a C compiler").then(|| {
        // A file of its own, put in place whole: several tests may build the same.
        let built = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(source).with_extension("built");
        let source = Path::new(SOURCES).join(source);
        run(Command::new("cc")
            .args(["-O1", "-Wall", "-Wextra", "-Werror"])
            .args(options)
            .arg(source)
            .arg("-o")
            .arg(built.path()));
        built.persist(&target).unwrap();
        target
    })
}

/// libfaketime, for programs with threads.
pub fn fake_time(fault: &str) -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let library = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    offered(fault, library.is_some(), "libfaketime (the package faketime)");
    library
}

fn compiler() -> bool {
    succeeds("cc", &["--version"])
}

#[expect(clippy::print_stderr, reason = "whoever reads the tests' output must see it")]
fn offered(fault: &str, is_offered: bool, need: &str) -> bool {
    if !is_offered {
        eprintln!("SKIPPED: {fault}: this machine does not offer {need}");
        std::fs::create_dir_all(SKIPPED).unwrap();
        std::fs::write(Path::new(SKIPPED).join(fault), need).unwrap();
    }
    is_offered
}
