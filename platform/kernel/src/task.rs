//! The one way to start a background task: it has a name, and a panic in it is never silent.

use std::future::Future;

use tokio::task::JoinHandle;

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
