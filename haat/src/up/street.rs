//! All processes of the platform: started, watched, restarted, stopped.

use std::collections::BTreeMap;
use std::time::Duration;

use haat_kernel::{Entropy, Error, Result};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout_at};

use super::child::{Child, Exit};
use super::{probe, processes};
use crate::client::Supervisor;
use crate::layout::{self, Layout};
use crate::plan::Plan;
use crate::roster::{self, AUTHORITY, GATEWAY, SANDBOX_PSP};
use crate::terminal::{failure, say};

const RESTART_MIN: Duration = Duration::from_millis(50);
const RESTART_MAX: Duration = Duration::from_secs(5);
/// A process that lived this long starts again at once.
const SOUND: Duration = Duration::from_secs(10);
/// More than there are processes: nobody waits to tell of an end.
const EXITS_MAX: usize = 64;
const STOP_MAX: Duration = Duration::from_secs(14);

pub struct Street {
    pub layout: Layout,
    pub plan: Plan,
    pub entropy: Entropy,
    children: BTreeMap<&'static str, Child>,
    exits: (mpsc::Sender<Exit>, mpsc::Receiver<Exit>),
    /// Those whose turn it is to start again.
    due: (mpsc::Sender<Exit>, mpsc::Receiver<Exit>),
}

impl Street {
    pub fn new(layout: Layout, plan: Plan, entropy: Entropy) -> Self {
        Street {
            layout,
            plan,
            entropy,
            children: BTreeMap::new(),
            exits: mpsc::channel(EXITS_MAX),
            due: mpsc::channel(EXITS_MAX),
        }
    }

    pub fn pid(&self, name: &str) -> u32 {
        self.children.get(name).map_or(0, |child| child.pid)
    }

    /// Starts a process; those with an identity get a join token from the authority first.
    pub async fn start(&mut self, name: &'static str, supervisor: Option<&Supervisor>) -> Result<()> {
        if name != AUTHORITY
            && name != SANDBOX_PSP
            && let Some(supervisor) = supervisor
        {
            leave_join_token(&self.layout, supervisor, name).await?;
        }
        let child = Child::start(name, &self.layout, self.children.get(name), self.exits.0.clone())?;
        self.children.insert(name, child);
        processes::write(&self.layout, &self.plan, &self.children)
    }

    pub async fn await_ready(&self, name: &str, limit: Duration) -> Result<()> {
        let place = self.plan.place(name)?;
        let (address, path) = if name == SANDBOX_PSP { (place.listen, "/healthz") } else { (place.health, "/readyz") };
        let ready = probe::await_ok(address, path, limit);
        let broken = async {
            while !self.children.get(name).is_some_and(Child::has_ended) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            ready = ready => ready.map_err(|e| self.explain(name, e)),
            () = broken => Err(self.explain(name, "it ended while starting")),
        }
    }

    /// What went wrong with a process, with the last words of its log.
    pub fn explain(&self, name: &str, problem: impl std::fmt::Display) -> Error {
        let log = self.layout.log(name);
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let last =
            text.lines().rev().find(|line| line.contains("ERROR")).or_else(|| text.lines().last()).unwrap_or("its log is empty");
        failure(format!("{name} did not start: {problem}. Its log is {}.", log.display())).with_context(last)
    }

    /// Restarts whatever ends, until it is dropped. Nobody waits for anybody: who cannot start yet, because the authority
    /// has ended as well, gets another turn.
    pub async fn watch(&mut self, supervisor: &Supervisor) -> Result<()> {
        loop {
            tokio::select! {
                Some(exit) = self.exits.1.recv() => self.plan_restart(exit),
                Some(exit) = self.due.1.recv() => self.restart(exit, supervisor).await,
                else => return Ok(()),
            }
        }
    }

    fn plan_restart(&mut self, exit: Exit) {
        let Some(child) = self.children.get_mut(exit.name).filter(|child| child.pid == exit.pid) else { return };
        let lived = child.since.elapsed();
        child.penalty = if lived > SOUND { RESTART_MIN } else { (child.penalty * 2).clamp(RESTART_MIN, RESTART_MAX) };
        let penalty = child.penalty;
        say(format!("{} ended ({}) after {:.0} s; it starts again.", exit.name, exit.status, lived.as_secs_f64()));
        self.turn_after(penalty, exit);
    }

    async fn restart(&mut self, exit: Exit, supervisor: &Supervisor) {
        if self.pid(exit.name) != exit.pid {
            return;
        }
        match self.start(exit.name, Some(supervisor)).await {
            Ok(()) => {}
            Err(error) if error.kind.is_transient() => self.turn_after(RESTART_MIN, exit),
            Err(error) => {
                say(format!("{} could not be started: {error}. Trying again.", exit.name));
                self.turn_after(RESTART_MAX, exit);
            }
        }
    }

    fn turn_after(&self, wait: Duration, exit: Exit) {
        let due = self.due.0.clone();
        haat_kernel::spawn("restart", async move {
            sleep(wait).await;
            // Nobody listens any more while the platform stops.
            let _ = due.send(exit).await;
        });
    }

    /// Ends all processes: the gateway first, so that nothing new comes in; then the rest; what does not end is killed.
    pub async fn stop(mut self) {
        let until = Instant::now() + STOP_MAX;
        let order = [
            vec![GATEWAY],
            roster::processes().into_iter().filter(|n| *n != GATEWAY && *n != AUTHORITY).collect(),
            vec![AUTHORITY],
        ];
        for names in order {
            names.iter().filter_map(|name| self.children.get(name)).for_each(Child::terminate);
            for name in names {
                let Some(child) = self.children.get_mut(name) else { continue };
                if timeout_at(until, child.ended()).await.is_err() {
                    say(format!("{name} did not end in time and is killed."));
                    child.kill();
                    child.ended().await;
                }
            }
        }
        let _ = std::fs::remove_file(self.layout.processes());
    }
}

pub async fn leave_join_token(layout: &Layout, supervisor: &Supervisor, name: &str) -> Result<()> {
    let token = supervisor.join_token(name).await?;
    layout::write_private(&layout.join_token(name), token.as_bytes())
}
