//! The platform under measurement: `haat up` on a fresh data folder and free ports, ended with this process.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use haat_kernel::Entropy;
use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::client::{Client, Target, Version};
use crate::usage::{Cpu, Pids};

/// `haat up` itself, which is not in its own list.
const SUPERVISOR: &str = "haat up";
const READY_MAX: Duration = Duration::from_secs(120);
const READY_EVERY: Duration = Duration::from_millis(5);
const STOP_TRIES: u32 = 250;
const STOP_EVERY: Duration = Duration::from_millis(100);
/// Below the ports that the operating system lends to outgoing connections, and beside those that `haat up` picks.
const PORTS: std::ops::Range<u16> = 12_000..20_000;

pub struct Platform {
    child: Child,
    data: PathBuf,
    pub target: Target,
    /// From the start of the process to the first 200 of `/readyz`.
    pub ready_after: Duration,
    /// What all processes had used by then.
    pub ready_cpu: Duration,
    // Removed after the processes have ended.
    _folder: TempDir,
}

#[derive(Deserialize)]
struct Process {
    pid: u32,
    port: u16,
}

#[derive(Clone, Deserialize)]
pub struct Account {
    pub email: String,
    pub password: String,
}

/// `demo.json`.
#[derive(Deserialize)]
pub struct Accounts {
    pub seller: Account,
    pub buyer: Account,
    pub operator: Account,
}

impl Platform {
    /// Starts a platform and waits until it is ready. The demo catalogue may still be loading.
    pub async fn start(products: u32) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("haat-bench-").tempdir()?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let (https, http) = (free_address()?, free_address()?);
        let log = File::create(data.join("up.log"))?;
        let started = Instant::now();
        let child = Command::new(std::env::current_exe()?.with_file_name("haat"))
            .args(["up", "--demo", &products.to_string(), "--listen", &https.to_string(), "--http", &http.to_string(), "--data"])
            .arg(&data)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .map_err(|error| format!("`haat` cannot be started; is it built with the same profile? {error}"))?;
        let target = Target::new(https, http, data.join("ca.pem"));
        let (ready_after, ready_cpu) = (Duration::ZERO, Duration::ZERO);
        let mut platform = Platform { child, data, target, ready_after, ready_cpu, _folder: folder };
        platform.await_ready(started).await?;
        Ok(platform)
    }

    async fn await_ready(&mut self, started: Instant) -> Result<()> {
        while !is_ready(&self.target).await {
            if self.child.try_wait()?.is_some() || started.elapsed() > READY_MAX {
                let log = std::fs::read_to_string(self.data.join("up.log")).unwrap_or_default();
                return Err(format!("the platform did not become ready:\n{log}").into());
            }
            sleep(READY_EVERY).await;
        }
        self.ready_after = started.elapsed();
        self.ready_cpu = Cpu::of(&self.pids()?)?.total();
        Ok(())
    }

    /// Every process, by name.
    pub fn pids(&self) -> Result<Pids> {
        let services = self.processes()?.into_iter().map(|(name, process)| (name, process.pid));
        Ok(services.chain([(SUPERVISOR.to_owned(), self.child.id())]).collect())
    }

    /// Where a service listens.
    pub fn port(&self, name: &str) -> Result<u16> {
        let process = self.processes()?.remove(name);
        process.map(|process| process.port).ok_or_else(|| format!("there is no process {name}").into())
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    fn processes(&self) -> Result<BTreeMap<String, Process>> {
        self.read("run/processes.json")
    }

    /// None until the demo's accounts are there.
    pub fn accounts(&self) -> Option<Accounts> {
        self.read("demo.json").ok()
    }

    fn read<T: for<'a> Deserialize<'a>>(&self, file: &str) -> Result<T> {
        Ok(serde_json::from_slice(&std::fs::read(self.data.join(file))?)?)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        let has_ended = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
        if !has_ended(&mut self.child)
            && let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
        {
            // It may have ended this very moment.
            let _ = kill_process(pid, Signal::TERM);
        }
        for _ in 0..STOP_TRIES {
            if has_ended(&mut self.child) {
                return;
            }
            std::thread::sleep(STOP_EVERY);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn is_ready(target: &Target) -> bool {
    let Ok(mut client) = Client::connect(target, Version::Plain).await else { return false };
    client.get("/readyz").await.is_ok_and(|answer| answer.status == StatusCode::OK)
}

fn free_address() -> Result<SocketAddr> {
    const TRIES_MAX: u32 = 1_000;
    let entropy = Entropy::system();
    for _ in 0..TRIES_MAX {
        let offset = u16::try_from(entropy.below(u64::from(PORTS.end - PORTS.start)))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + offset));
        if TcpListener::bind(address).is_ok() {
            return Ok(address);
        }
    }
    Err("no free port was found".into())
}
