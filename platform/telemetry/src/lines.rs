//! Log lines on their way to standard error. A line for every request would cost a system call for every request, so lines
//! wait a moment for others; one that reports a problem takes all before it along at once. What waits is lost with a
//! process that is killed.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;
use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// How long a line waits at most.
const WAIT_MAX: Duration = Duration::from_millis(100);
/// So many bytes do not wait.
const WAITING_BYTES_MAX: usize = 32 << 10;

/// Cheap to clone; clones share what waits.
#[derive(Clone, Default)]
pub struct Lines(Arc<Inner>);

#[derive(Default)]
struct Inner {
    waiting: Mutex<Vec<u8>>,
    /// Something waits now, and did not before.
    begun: Notify,
}

impl Lines {
    /// Writes what waits, for as long as the process runs.
    pub(crate) async fn write_in_time(self) {
        loop {
            self.0.begun.notified().await;
            sleep(WAIT_MAX).await;
            self.write();
        }
    }

    pub(crate) fn write(&self) {
        write_all(&mut self.0.waiting.lock());
    }

    fn add(&self, line: &[u8], is_urgent: bool) {
        let mut waiting = self.0.waiting.lock();
        let is_first = waiting.is_empty();
        waiting.extend_from_slice(line);
        if is_urgent || waiting.len() >= WAITING_BYTES_MAX {
            write_all(&mut waiting);
        } else if is_first {
            self.0.begun.notify_one();
        }
    }
}

/// Under the lock, so that no line gets into another.
fn write_all(waiting: &mut Vec<u8>) {
    // When standard error is gone there is nobody left to tell.
    let _ = io::stderr().write_all(waiting);
    waiting.clear();
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Line<'w>;

    fn make_writer(&'w self) -> Line<'w> {
        Line { lines: self, is_urgent: true }
    }

    fn make_writer_for(&'w self, metadata: &Metadata<'_>) -> Line<'w> {
        Line { lines: self, is_urgent: *metadata.level() <= Level::WARN }
    }
}

/// Gets one whole line.
pub struct Line<'w> {
    lines: &'w Lines,
    is_urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.lines.add(line, self.is_urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn lines_wait_for_others_but_not_for_long() {
        let lines = Lines::default();
        haat_kernel::spawn("lines", lines.clone().write_in_time());
        let waiting = || lines.0.waiting.lock().len();
        lines.add(b" ", false);
        lines.add(b" ", false);
        assert_eq!(waiting(), 2);
        sleep(WAIT_MAX * 2).await;
        assert_eq!(waiting(), 0);
        lines.add(b" ", false);
        lines.add(b" ", true);
        assert_eq!(waiting(), 0);
    }
}
