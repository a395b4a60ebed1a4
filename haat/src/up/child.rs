//! One process of the platform. Its standard input is a pipe that we never write to: when we are gone, however that came
//! about, it ends, and so does the process. Its log goes to a file.

use std::fs::File;
use std::process::Stdio;
use std::time::Duration;

use haat_kernel::{Clock, Result, Timestamp};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{ChildStdin, Command};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::layout::Layout;
use crate::roster;
use crate::terminal::failure;

/// A log larger than this begins anew when its process starts; the one before is kept.
const LOG_BYTES_MAX: u64 = 64 << 20;

pub struct Child {
    pub pid: u32,
    pub started_at: Timestamp,
    pub since: Instant,
    pub restarts: u32,
    /// To wait before the next restart.
    pub penalty: Duration,
    _input: Option<ChildStdin>,
    ended: watch::Receiver<bool>,
}

/// A process that has ended.
pub struct Exit {
    pub name: &'static str,
    pub pid: u32,
    pub status: String,
}

impl Child {
    pub fn start(name: &'static str, layout: &Layout, before: Option<&Child>, exits: mpsc::Sender<Exit>) -> Result<Self> {
        let program = std::env::current_exe().map_err(|e| failure(format!("The program does not find itself: {e}.")))?;
        let mut command = Command::new(program);
        command.args(["run", name, "--supervised", "--data"]).arg(layout.root());
        if !roster::is_wide(name) {
            command.args(["--threads", "1"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log(name, layout)?)
            .spawn()
            .map_err(|e| failure(format!("{name} cannot be started: {e}.")))?;
        let pid = child.id().unwrap_or(0);
        let input = child.stdin.take();
        let (has_ended, ended) = watch::channel(false);
        haat_kernel::spawn("child", async move {
            let status = child.wait().await.map_or_else(|e| e.to_string(), |status| status.to_string());
            has_ended.send_replace(true);
            // Nobody listens any more while the platform stops.
            let _ = exits.send(Exit { name, pid, status }).await;
        });
        Ok(Child {
            pid,
            started_at: Clock::System.now(),
            since: Instant::now(),
            restarts: before.map_or(0, |before| before.restarts + 1),
            penalty: before.map_or(Duration::ZERO, |before| before.penalty),
            _input: input,
            ended,
        })
    }

    pub fn has_ended(&self) -> bool {
        *self.ended.borrow()
    }

    pub async fn ended(&mut self) {
        let _ = self.ended.wait_for(|has_ended| *has_ended).await;
    }

    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw).filter(|_| !self.has_ended()) {
            // It may have ended this very moment.
            let _ = kill_process(pid, signal);
        }
    }
}

fn log(name: &str, layout: &Layout) -> Result<File> {
    let path = layout.log(name);
    if path.metadata().is_ok_and(|file| file.len() > LOG_BYTES_MAX) {
        let _ = std::fs::rename(&path, path.with_extension("log.1"));
    }
    let file = File::options().create(true).append(true).open(&path);
    file.map_err(|e| failure(format!("The log {} cannot be opened: {e}.", path.display())))
}
