//! What happened in a run, in the order of simulated time: faults, calls, commits. The same seed writes the same trace.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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

    pub fn hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).hash(&mut hasher);
        hasher.finish()
    }

    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(at, line)| format!("{:>10.3} {line}", at.as_secs_f64())).collect()
    }
}
