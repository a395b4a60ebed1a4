//! The one thread that writes. It takes whatever waits, commits it as one group, and only then answers: a queue that is long
//! costs one fsync for all of it, and a hot aggregate queues instead of conflicting.

use std::fs::File;
use std::sync::Arc;
use std::thread::JoinHandle;

use haat_kernel::{Error, Result, Timestamp};
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::group::{self, Failure, Group};
use super::{Shared, write};
use crate::backend::{Decide, Intent};
use crate::partition::Positions;

/// Jobs that may wait; who comes later waits to be let in.
const QUEUE_MAX: usize = 1_024;
/// Jobs in one group: bounds how long the first of them waits for the last.
const GROUP_MAX: usize = 256;
/// How often expired replies are swept, and how many at a time.
const SWEEP_EVERY_S: i64 = 60;
const SWEEP_MAX: i64 = 2_000;

struct Job {
    intent: Intent,
    decide: Decide,
    done: oneshot::Sender<Result<()>>,
}

/// The handle. Dropping it lets the queue run dry, closes the file and waits for that.
pub struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// `lock` is given up when the file is closed.
    pub fn start(connection: Connection, lock: File, shared: Arc<Shared>) -> Result<Self> {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        let positions = shared.head.lock().clone();
        let state = State { connection, _lock: lock, shared, positions, swept: Timestamp::MIN };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(move || state.run(queue));
        let thread = thread.map_err(|error| Error::unavailable(format!("the store's thread: {error}")))?;
        Ok(Writer { jobs: Some(jobs), thread: Some(thread) })
    }

    pub async fn transact(&self, intent: Intent, decide: Decide) -> Result<()> {
        let stopped = || Error::unavailable("the store's writer has stopped");
        let (done, outcome) = oneshot::channel();
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        jobs.send(Job { intent, decide, done }).await.map_err(|_| stopped())?;
        outcome.await.map_err(|_| stopped())?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.jobs.take());
        // The last handle may be dropped by a decision, that is, on the writer's own thread, which cannot wait for itself.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
    }
}

struct State {
    connection: Connection,
    /// After the connection: fields are dropped in order, and the file is closed before it is given up.
    _lock: File,
    shared: Arc<Shared>,
    /// The last ones committed.
    positions: Positions,
    swept: Timestamp,
}

impl State {
    fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(GROUP_MAX);
        while queue.blocking_recv_many(&mut jobs, GROUP_MAX) > 0 {
            self.commit(jobs.drain(..));
        }
    }

    fn commit(&mut self, jobs: impl Iterator<Item = Job>) {
        let began = Instant::now();
        let mut waiting = Vec::new();
        let outcome = self.write(jobs, &mut waiting);
        match &outcome {
            Ok((0, _)) => {}
            Ok((commits, events)) => {
                self.shared.stats.count_batch(*commits, *events, began.elapsed());
                if *events > 0 {
                    self.shared.commits.send_modify(|commits| *commits += 1);
                }
            }
            Err(error) => {
                group::roll_back(&self.connection);
                self.shared.stats.count_failure();
                tracing::error!(%error, "the store could not commit");
            }
        }
        // What a job was refused for may be what another wrote: when that is lost, so is the refusal.
        for (done, result) in waiting {
            let lost = outcome.as_ref().err().cloned().map(Err);
            // Whoever does not wait any longer does not want to know.
            let _ = done.send(lost.unwrap_or(result));
        }
    }

    /// Answers how many commits and events were written.
    fn write(
        &mut self,
        jobs: impl Iterator<Item = Job>,
        waiting: &mut Vec<(oneshot::Sender<Result<()>>, Result<()>)>,
    ) -> Result<(u64, u64)> {
        let mut begun = Group::begin(&self.connection, &self.shared, &self.positions);
        let mut broken = begun.as_ref().err().cloned();
        let mut now = Timestamp::MIN;
        for job in jobs {
            now = now.max(job.intent.now);
            let result = match &mut begun {
                Ok(group) if broken.is_none() => group.run(&job.intent, job.decide),
                _ => Ok(()),
            };
            let result = match result {
                Ok(()) => Ok(()),
                Err(Failure::Refused(error)) => Err(error),
                Err(Failure::Broken(error)) => {
                    broken = Some(error);
                    Ok(())
                }
            };
            waiting.push((job.done, result));
        }
        if let Some(error) = broken {
            return Err(error);
        }
        let group = begun?;
        let written = (group.commits, group.events);
        if written.0 > 0 && now.duration_since(self.swept).as_secs() >= SWEEP_EVERY_S {
            write::sweep_replies(&self.connection, now, SWEEP_MAX).map_err(|error| super::file::fault(&error))?;
            self.swept = now;
        }
        self.positions = group.commit()?;
        self.shared.head.lock().clone_from(&self.positions);
        Ok(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::{Batch, NewReply};
    use crate::sqlite::{file, query};
    use haat_kernel::{Idempotency, Kind};

    fn state(folder: &tempfile::TempDir) -> State {
        let path = folder.path().join("store.db");
        let (lock, connection) = (file::lock(&path).unwrap(), file::open(&path).unwrap());
        let positions = Positions::default();
        let shared = Arc::new(Shared::new(positions.clone()));
        State { connection, _lock: lock, shared, positions, swept: Timestamp::MIN }
    }

    /// Remembers a reply of `bytes` bytes under `key`.
    fn job(key: &str, bytes: usize) -> (Job, oneshot::Receiver<Result<()>>) {
        let idempotency = Idempotency { scope: "user_1".to_owned(), key: key.to_owned(), request_hash: 1 };
        let reply = NewReply::new(&idempotency, vec![0; bytes], Timestamp::UNIX_EPOCH);
        let batch = Batch { reply: Some(reply), ..Batch::default() };
        let (done, outcome) = oneshot::channel();
        (Job { intent: Intent::default(), decide: Box::new(|_| Ok(batch)), done }, outcome)
    }

    fn commit(state: &mut State, keys: [(&str, usize); 2]) -> Vec<Result<()>> {
        let (jobs, outcomes): (Vec<_>, Vec<_>) = keys.into_iter().map(|(key, bytes)| job(key, bytes)).unzip();
        state.commit(jobs.into_iter());
        outcomes.into_iter().map(|mut outcome| outcome.try_recv().unwrap()).collect()
    }

    #[test]
    fn a_full_disk_loses_one_group_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = state(&folder);
        let is_there =
            |state: &State, key: &str| query::reply(&state.connection, "user_1", key, Timestamp::UNIX_EPOCH).unwrap().is_some();
        state.connection.pragma_update(None, "max_page_count", 60).unwrap();
        assert!(commit(&mut state, [("a", 10), ("b", 10)]).iter().all(Result::is_ok));
        for outcome in commit(&mut state, [("c", 10), ("d", 1 << 20)]) {
            let error = outcome.unwrap_err();
            assert_eq!((error.kind, error.context.as_deref()), (Kind::Unavailable, Some("the store's disk is full")));
        }
        assert!(is_there(&state, "a") && !is_there(&state, "c") && !is_there(&state, "d"));

        state.connection.pragma_update(None, "max_page_count", 100_000).unwrap();
        assert!(commit(&mut state, [("c", 10), ("d", 1 << 20)]).iter().all(Result::is_ok));
        assert!(is_there(&state, "c") && is_there(&state, "d"));
    }
}
