//! A platform of its own: `haat up` on a fresh data folder and free ports, ended with the test.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;

use haat_kernel::Entropy;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::binary;
use crate::client::{Client, try_send};
use crate::guard::Guard;
use crate::poll::until;

/// A debug build, with several platforms starting on two cores.
const READY_SECONDS: u64 = 90;
const DEMO_SECONDS: u64 = 60;

pub struct Options {
    /// How many products `--demo` makes; none: without `--demo`.
    pub demo: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Options { demo: Some(12) }
    }
}

/// What is around a platform, for tests that make it hard.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// More options of `haat up`.
    pub arguments: Vec<String>,
    /// Environment variables of every process.
    pub environment: Vec<(String, String)>,
}

pub struct Platform {
    // Behind locks, so that a platform can be stopped and started under those who look at it.
    child: Mutex<Child>,
    guard: Mutex<Option<Guard>>,
    folder: Option<TempDir>,
    data: PathBuf,
    surroundings: Surroundings,
    pub https: SocketAddr,
    pub http: SocketAddr,
}

impl Platform {
    /// Starts a platform and waits until it is ready, and its demo accounts are there.
    pub async fn start(options: Options) -> Self {
        Platform::start_in(new_folder(), options, Surroundings::default()).await
    }

    /// The same in a folder of [`new_folder`] that has been prepared, in hard surroundings.
    pub async fn start_in(folder: TempDir, options: Options, surroundings: Surroundings) -> Self {
        let platform = Platform::launch(folder, &options, surroundings);
        platform.await_ready().await;
        if options.demo.is_some() {
            let file = platform.data.join("demo.json");
            until(DEMO_SECONDS, "demo.json", async || file.exists().then_some(())).await;
        }
        platform
    }

    /// Starts another on the data of one that has ended, on the same ports.
    pub async fn start_again(&self) {
        if let Some(guard) = self.guard.lock().unwrap().take() {
            guard.dismiss();
        }
        let child = spawn(&self.data, self.https, self.http, None, &self.surroundings);
        *self.guard.lock().unwrap() = Some(Guard::over(child.id(), self.removed()));
        *self.child.lock().unwrap() = child;
        self.await_ready().await;
    }

    fn launch(folder: TempDir, options: &Options, surroundings: Surroundings) -> Self {
        let (https, http) = (free_address(), free_address());
        let data = data_in(&folder);
        std::fs::create_dir_all(&data).unwrap();
        let child = spawn(&data, https, http, options.demo, &surroundings);
        let (child, guard) = (Mutex::new(child), Mutex::default());
        let platform = Platform { child, guard, folder: Some(folder), data, surroundings, https, http };
        *platform.guard.lock().unwrap() = Some(Guard::over(platform.pid(), platform.removed()));
        platform
    }

    /// What goes when the test process has gone.
    fn removed(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path).filter(|_| !is_kept())
    }

    async fn await_ready(&self) {
        let (log, url) = (self.data.join("up.log"), format!("http://{}", self.http));
        let client = Client::plain(&url);
        until(READY_SECONDS, &format!("readiness; see {}", log.display()), async || {
            let ended = self.child.lock().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "`haat up` ended: {}", std::fs::read_to_string(&log).unwrap_or_default());
            let answer = try_send(client.request(reqwest::Method::GET, "/readyz")).await;
            answer.is_ok_and(|answer| answer.status == 200).then_some(())
        })
        .await;
    }

    /// Somebody at the plain port.
    pub fn client(&self) -> Client {
        Client::plain(&format!("http://{}", self.http))
    }

    /// Somebody at the HTTPS port.
    pub fn tls_client(&self, http1: bool) -> Client {
        Client::tls(&format!("https://localhost:{}", self.https.port()), &std::fs::read(self.data.join("ca.pem")).unwrap(), http1)
    }

    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap().id()
    }

    pub fn json(&self, file: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.data.join(file)).unwrap()).unwrap()
    }

    /// `run/processes.json`.
    pub fn processes(&self) -> Value {
        self.json("run/processes.json")
    }

    pub fn process(&self, name: &str) -> Process {
        let processes = self.processes();
        let number = |field: &str| processes[name][field].as_u64().unwrap_or_else(|| panic!("{name}.{field}: {processes}"));
        Process {
            pid: u32::try_from(number("pid")).unwrap(),
            port: u16::try_from(number("port")).unwrap(),
            restarts: number("restarts"),
        }
    }

    /// What a process tells Prometheus; none while it is away.
    pub async fn metrics(&self, name: &str) -> Option<String> {
        let port = self.processes()[name]["healthPort"].as_u64()?;
        let client = Client::plain(&format!("http://127.0.0.1:{port}"));
        Some(try_send(client.request(reqwest::Method::GET, "/metrics")).await.ok()?.text())
    }

    /// A metric without labels.
    pub async fn figure(&self, process: &str, metric: &str) -> Option<u64> {
        let text = self.metrics(process).await?;
        text.lines().find_map(|line| line.strip_prefix(metric)?.strip_prefix(' ')?.parse().ok())
    }

    /// The exit code of `haat check`, and what it said.
    pub fn check(&self) -> (Option<i32>, String) {
        self.check_with(&[])
    }

    /// The same with options.
    pub fn check_with(&self, options: &[&str]) -> (Option<i32>, String) {
        let data = self.data.display().to_string();
        let output = binary::run(&[&["check", "--data", &data], options].concat());
        (output.status.code(), binary::text(&output))
    }

    /// `haat check` says that the books balance; it may wait for what still moves.
    #[track_caller]
    pub fn assert_balanced(&self) {
        let (code, said) = self.check();
        assert_eq!(code, Some(0), "{said}");
    }

    /// What a process has logged.
    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.data.join("logs").join(format!("{name}.log"))).unwrap_or_default()
    }

    pub fn signal(&self, signal: Signal) {
        signal_process(self.pid(), signal);
    }

    /// Waits for `haat up` to end.
    pub async fn ended(&self, seconds: u64) -> ExitStatus {
        until(seconds, "the end of `haat up`", async || self.child.lock().unwrap().try_wait().unwrap()).await
    }

    /// What `haat up` printed.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.data.join("up.log")).unwrap()
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        // The guard ends the processes, in time or by force, and then removes their files.
        drop(self.guard.lock().unwrap().take());
        let _ = self.child.lock().unwrap().wait();
        if let Some(folder) = self.folder.take()
            && is_kept()
        {
            let _ = folder.keep();
        }
    }
}

/// A line of `processes.json`.
#[derive(Clone, Copy, Debug)]
pub struct Process {
    pub pid: u32,
    pub port: u16,
    pub restarts: u64,
}

/// A process that does nothing until this is dropped.
pub struct Hung(Process);

impl Hung {
    pub fn new(platform: &Platform, name: &str) -> Self {
        let process = platform.process(name);
        signal_process(process.pid, Signal::STOP);
        Hung(process)
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        signal_process(self.0.pid, Signal::CONT);
    }
}

pub fn signal_process(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // It may have ended this very moment.
    let _ = kill_process(pid, signal);
}

/// Whether a process runs; one that has ended and was not waited for does not.
pub fn is_running(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

/// A loopback address that nobody has: below the ports that the operating system lends to outgoing connections, and beside
/// those that `haat up` picks for its services.
pub fn free_address() -> SocketAddr {
    const PORTS: std::ops::Range<u16> = 12_000..20_000;
    let entropy = Entropy::system();
    loop {
        let offset = u16::try_from(entropy.below(u64::from(PORTS.end - PORTS.start))).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + offset));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

/// A folder for a platform; everything in it goes with the test.
pub fn new_folder() -> TempDir {
    tempfile::Builder::new().prefix("haat-test-").tempdir().unwrap()
}

/// Where the platform of such a folder keeps its data.
pub fn data_in(folder: &TempDir) -> PathBuf {
    folder.path().join("data")
}

fn spawn(data: &Path, https: SocketAddr, http: SocketAddr, demo: Option<u32>, surroundings: &Surroundings) -> Child {
    let log = File::options().create(true).append(true).open(data.join("up.log")).unwrap();
    let mut command = Command::new(binary::haat());
    command.arg("up").arg("--data").arg(data);
    command.args(["--listen", &https.to_string(), "--http", &http.to_string()]);
    if let Some(products) = demo {
        command.args(["--demo", &products.to_string()]);
    }
    command.args(&surroundings.arguments).envs(surroundings.environment.iter().cloned());
    command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}

fn is_kept() -> bool {
    std::env::var_os("HAAT_TESTS_KEEP").is_some()
}
