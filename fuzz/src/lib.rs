//! What must hold for any bytes: nothing panics, nothing runs or grows without bound, a refusal has a code, and what was
//! translated can be translated back. A target takes bytes and panics when something does not hold; the fuzzer
//! (`cargo xtask fuzz`) looks for such bytes, and a test replays those that are kept in `corpus/` and `crashes/`.
#![expect(clippy::expect_used, reason = "by a panic a target says that something does not hold")]

mod calls;
mod edge;
mod events;
mod import;
mod simulated;
mod transcoder;

pub struct Target {
    /// Also of its folders in `corpus/` and `crashes/`.
    pub name: &'static str,
    pub run: fn(&[u8]),
}

pub const TARGETS: [Target; 5] = [
    Target { name: "transcoder", run: transcoder::run },
    Target { name: "edge", run: edge::run },
    Target { name: "calls", run: calls::run },
    Target { name: "import", run: import::run },
    Target { name: "events", run: events::run },
];

/// Inputs begin with a line of text that says what the rest is for.
fn split_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let line = std::str::from_utf8(&data[..end]).ok()?;
    Some((line, &data[end + 1..]))
}
