//! Shows what was committed to one who watches, commit by commit, in order, each aggregate with its state before and after.
//! Nobody waits for the watcher: what it does not take in time is dropped and counted.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use haat_kernel::Timestamp;
use parking_lot::Mutex;

use crate::backend::{Batch, Write};

/// Commits that may wait for the watcher: their states stay in memory as long.
const QUEUE_MAX: usize = 2_048;

/// A decoded state of some kind.
pub type AnyState = Arc<dyn Any + Send + Sync>;

/// An aggregate's part in a commit.
pub struct Moved {
    pub kind: &'static str,
    pub id: String,
    pub before: Before,
    pub after: AnyState,
}

/// What an aggregate was before a commit.
pub enum Before {
    Nothing,
    State(AnyState),
    /// Another schema wrote it.
    Unknown,
}

pub struct Commit {
    pub moved: Vec<Moved>,
    pub time: Timestamp,
    pub correlation: String,
}

/// Closed until somebody watches, and then costs a commit a few pointers.
#[derive(Default)]
pub struct Tap {
    is_open: AtomicBool,
    queue: Mutex<VecDeque<Commit>>,
    dropped: AtomicU64,
}

impl Tap {
    /// From now on keeps what is committed. There is one watcher: what another one left is forgotten.
    pub fn open(&self) {
        self.queue.lock().clear();
        self.is_open.store(true, Ordering::Release);
    }

    /// At most `max` commits, the oldest first.
    pub fn take(&self, max: usize) -> Vec<Commit> {
        let mut queue = self.queue.lock();
        let count = queue.len().min(max);
        queue.drain(..count).collect()
    }

    /// How many commits wait.
    pub fn waiting(&self) -> usize {
        self.queue.lock().len()
    }

    /// How many commits nobody saw.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Acquire)
    }

    /// What is to be shown of `batch` once it is committed; None when nobody watches, or nothing is to be seen.
    pub(crate) fn see(&self, batch: &Batch) -> Option<Commit> {
        if batch.writes.is_empty() || !self.is_open.load(Ordering::Acquire) {
            return None;
        }
        let moved = batch.writes.iter().map(Moved::of).collect();
        Some(Commit { moved, time: batch.time, correlation: batch.correlation.clone() })
    }

    pub(crate) fn show(&self, commits: impl IntoIterator<Item = Commit>) {
        let mut queue = self.queue.lock();
        for commit in commits {
            if queue.len() < QUEUE_MAX {
                queue.push_back(commit);
            } else {
                self.dropped.fetch_add(1, Ordering::AcqRel);
            }
        }
    }
}

impl Moved {
    fn of(write: &Write) -> Self {
        let before = match &write.before {
            Some(state) => Before::State(Arc::clone(state)),
            None if write.version_before() == 0 => Before::Nothing,
            None => Before::Unknown,
        };
        Moved { kind: write.kind, id: write.id.clone(), before, after: Arc::clone(&write.live) }
    }
}
