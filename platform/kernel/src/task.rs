//! The one way to start a background task, which has a name and whose panic is never silent; and the one way to work on
//! another thread, which a simulation does without.

use std::future::Future;

use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::time::Clock;

/// Spawns `future`. A panic is logged with the task's name and ends the process: a task that is gone unnoticed is worse
/// than a restart.
#[expect(clippy::disallowed_methods, reason = "this is where tasks are spawned")]
pub fn spawn<F>(name: &'static str, future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    struct Guard(&'static str);
    impl Drop for Guard {
        fn drop(&mut self) {
            if std::thread::panicking() {
                tracing::error!(task = self.0, "a background task panicked; stopping the process");
                if !cfg!(debug_assertions) {
                    std::process::abort();
                }
            }
        }
    }
    tokio::spawn(async move {
        let _guard = Guard(name);
        future.await
    })
}

/// Does work that blocks, or takes milliseconds of computing, on a thread for such work. In a simulation right here: when
/// another thread is done is nothing that a seed decides.
#[expect(clippy::disallowed_methods, reason = "this is where work goes to other threads")]
pub async fn blocking<R: Send + 'static>(clock: Clock, work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    if clock.is_simulated() {
        return Ok(work());
    }
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};

    use super::*;
    use crate::time::Timestamp;

    #[tokio::test]
    async fn blocking_work_leaves_its_thread_only_when_time_is_real() {
        let works_at = async |clock| -> ThreadId { blocking(clock, || current().id()).await.unwrap() };
        assert_ne!(works_at(Clock::System).await, current().id());
        assert_eq!(works_at(Clock::simulated(Timestamp::UNIX_EPOCH, 0)).await, current().id());
    }
}
