//! What happened in a run, in the order of simulated time: faults, calls, commits. The same seed writes the same trace.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Of a failed run, at most so many lines are shown at once.
const EXCERPT_LINES_MAX: usize = 60;
/// What follows the prefix of an id.
const ID_CHARS: usize = 26;

/// Cheap to clone; clones write to the same trace.
#[derive(Clone, Default)]
pub struct Trace(Arc<Mutex<Vec<(Duration, String)>>>);

impl Trace {
    /// From inside of a host.
    pub fn note(&self, line: String) {
        self.note_at(turmoil::sim_elapsed().unwrap_or_default(), line);
    }

    pub fn note_at(&self, at: Duration, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((at, line));
    }

    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(at, line)| format!("{:>10.3} {line}", at.as_secs_f64())).collect()
    }
}

/// The last lines that concern a problem: those that name an id that it names, and the weather. All of them concern one
/// that names none.
pub fn excerpt<'a>(trace: &'a [String], problem: &str) -> Vec<&'a str> {
    let ids: BTreeSet<&str> =
        problem.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| is_id(word)).collect();
    let concerns = |line: &str| ids.is_empty() || line.contains("weather: ") || ids.iter().any(|id| line.contains(id));
    let mut lines: Vec<&str> = trace.iter().map(String::as_str).filter(|line| concerns(line)).collect();
    lines.drain(..lines.len().saturating_sub(EXCERPT_LINES_MAX));
    lines
}

fn is_id(word: &str) -> bool {
    word.rsplit_once('_').is_some_and(|(prefix, rest)| !prefix.is_empty() && rest.len() == ID_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_shows_what_a_problem_names() {
        let trace = ["1 call order_01h455vb4pex5vsknk084sn02q", "2 weather: rain", "3 call order_01h455vb4pex5vsknk084sn02r"];
        let trace = trace.map(str::to_owned);
        assert_eq!(excerpt(&trace, "`order_01h455vb4pex5vsknk084sn02q` is gone"), &trace[..2]);
        assert_eq!(excerpt(&trace, "something is wrong").len(), 3);
    }
}
