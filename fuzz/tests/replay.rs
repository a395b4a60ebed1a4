//! Replays what the fuzzer once found: inputs that together reach the most code, and those that once broke something.

use std::fs::{read, read_dir};
use std::panic::catch_unwind;
use std::path::Path;

use haat_fuzz::TARGETS;

/// The whole repository pays for every byte.
const CORPUS_BYTES_MAX: u64 = 300_000;

#[test]
fn nothing_breaks_again() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut bytes, mut broken) = (0, Vec::new());
    for target in TARGETS {
        let mut inputs = 0;
        for folder in ["corpus", "crashes"] {
            let Ok(entries) = read_dir(here.join(folder).join(target.name)) else { continue };
            for entry in entries {
                let path = entry.unwrap().path();
                let input = read(&path).unwrap();
                bytes += input.len() as u64;
                inputs += 1;
                if catch_unwind(|| (target.run)(&input)).is_err() {
                    broken.push(path);
                }
            }
        }
        assert!(inputs > 0, "{} has nothing to replay", target.name);
    }
    assert!(broken.is_empty(), "these break a target: {broken:?}");
    assert!(bytes < CORPUS_BYTES_MAX, "{bytes} bytes: `cargo xtask fuzz --keep` makes them fewer");
}
