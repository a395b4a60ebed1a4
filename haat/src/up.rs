//! `haat up`: the whole platform on one machine. Starts every service as a process of its own, hands each a join token,
//! restarts what dies, and ends all of them in order.

mod books;
mod child;
mod elsewhere;
mod probe;
mod processes;
mod street;

use std::fs::{File, TryLockError};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use haat_kernel::{Clock, Entropy, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep};

use crate::cli;
use crate::client::Supervisor;
use crate::layout::{self, Layout};
use crate::plan::Plan;
use crate::roster::{self, AUTHORITY, SANDBOX_PSP};
use crate::terminal::{failure, say};
use crate::{demo, run};
use street::Street;

/// From the start of the processes to the first answer, on a slow and busy machine.
const READY_MAX: Duration = Duration::from_secs(60);
/// A little longer than a service may take to finish what it does.
const PREDECESSORS_MAX: Duration = Duration::from_secs(20);

pub async fn up(arguments: cli::Up) -> Result<()> {
    let started = Instant::now();
    if !arguments.http.ip().is_loopback() {
        return Err(failure(format!(
            "--http {} is not a loopback address: without TLS only this machine may connect.",
            arguments.http
        )));
    }
    let layout = Layout::new(&arguments.data)?;
    layout.create(&roster::processes())?;
    let _lock = lock(&layout)?;
    await_predecessors(&layout).await?;
    check_free(arguments.listen, "--listen")?;
    check_free(arguments.http, "--http")?;

    let entropy = Entropy::system();
    let (plan, _claim) = Plan::make(&arguments, &entropy)?;
    plan.write(&layout)?;
    write_secrets(&layout, arguments.smtp.as_deref(), &entropy)?;

    let (mut terminate, mut interrupt) = (listen_for(SignalKind::terminate())?, listen_for(SignalKind::interrupt())?);
    let mut street = Street::new(layout.clone(), plan.clone(), entropy.clone());
    let ended = tokio::select! {
        ended = live(&mut street, &arguments, started) => ended,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    say("Stopping …");
    street.stop().await;
    say("Stopped. Everything is kept in the data folder.");
    ended
}

/// Starts everything, says so, and watches over it until something cannot be mended.
async fn live(street: &mut Street, arguments: &cli::Up, started: Instant) -> Result<()> {
    let (layout, plan) = (street.layout.clone(), street.plan.clone());
    let token = haat_authority::write_bootstrap_token(&layout.service(AUTHORITY), Clock::System.now(), &street.entropy)?;
    street.start(AUTHORITY, None).await?;
    street.await_ready(AUTHORITY, READY_MAX).await?;
    let root = layout::read(&layout.root_certificate())?;
    let identity = run::enroll(&plan, &root, &token, Clock::System, &street.entropy).await?;
    let supervisor = Supervisor::new(&plan, identity)?;
    haat_kernel::spawn("renewal", supervisor.clone().renew(layout.service(AUTHORITY)));
    haat_kernel::spawn("elsewhere", elsewhere::keep_welcome(layout.clone(), supervisor.clone(), plan.elsewhere.clone()));
    for name in plan.here() {
        if name != AUTHORITY {
            street.start(name, Some(&supervisor)).await?;
        }
    }
    for name in plan.here() {
        street.await_ready(name, READY_MAX).await?;
    }
    probe::await_ok(plan.http, "/readyz", READY_MAX).await.map_err(|e| street.explain(roster::GATEWAY, e))?;
    haat_kernel::spawn("books", books::keep(supervisor.clone(), layout.clone()));
    welcome(street, started);
    if let Some(products) = arguments.demo {
        let demo = demo::Demo { layout, plan, supervisor: supervisor.clone(), products };
        haat_kernel::spawn("demo", demo.load());
    }
    street.watch(&supervisor).await
}

/// One `haat up` for a data folder. The lock goes with the process, however it ends.
fn lock(layout: &Layout) -> Result<File> {
    let taken =
        || failure(format!("Another `haat up` runs on {}: stop it first, or choose another --data.", layout.root().display()));
    try_lock(&layout.lock())?.ok_or_else(taken)
}

/// The processes of a `haat up` that was killed end by themselves a moment later. Until then they have the databases and
/// the ports.
async fn await_predecessors(layout: &Layout) -> Result<()> {
    let until = Instant::now() + PREDECESSORS_MAX;
    while try_lock(&layout.alive())?.is_none() {
        if Instant::now() >= until {
            return Err(failure(format!(
                "Processes of an earlier `haat up` on {} still run: end them first.",
                layout.root().display()
            )));
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The file, locked for us alone; none when somebody else has it.
fn try_lock(path: &Path) -> Result<Option<File>> {
    let problem = |e: std::io::Error| failure(format!("{} cannot be opened: {e}.", path.display()));
    let file = File::options().create(true).truncate(false).write(true).open(path).map_err(problem)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(e)) => Err(problem(e)),
    }
}

fn check_free(address: SocketAddr, option: &str) -> Result<()> {
    TcpListener::bind(address).map(drop).map_err(|e| {
        failure(format!("{address} cannot be used ({e}): stop what listens there, or choose another address with {option}."))
    })
}

fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal> {
    signal(kind).map_err(haat_kernel::Error::internal)
}

fn write_secrets(layout: &Layout, smtp: Option<&str>, entropy: &Entropy) -> Result<()> {
    let mut key = [0; 24];
    entropy.fill(&mut key);
    // The form that Standard Webhooks gives a shared key.
    layout::secret(&layout.secret("sandbox-webhook"), || format!("whsec_{}", STANDARD.encode(key)))?;
    if let Some(url) = smtp {
        layout::write_private(&layout.secret("smtp-url"), url.as_bytes())?;
    }
    Ok(())
}

fn welcome(street: &Street, started: Instant) {
    let plan = &street.plan;
    say(format!("\nHaat is ready after {:.1} s.\n", started.elapsed().as_secs_f64()));
    for name in roster::processes() {
        let Ok(place) = plan.place(name) else { continue };
        let kind = if name == SANDBOX_PSP { "http, a stand-in payment provider" } else { "mutual TLS" };
        match street.pid(name) {
            0 => say(format!("  {name:<14} elsewhere    {}", place.listen)),
            pid => say(format!("  {name:<14} pid {pid:<8} port {:<6} {kind}", place.listen.port())),
        }
    }
    let (http, url) = (plan.http, plan.public_url());
    say(format!("\n  shop           http://{http}/\n  sellers        http://{http}/seller\n  operations     http://{http}/ops"));
    say(format!(
        "  API reference  http://{http}/docs\n  with TLS       {url} (root certificate: {})\n  logs           {}\n",
        street.layout.root_certificate().display(),
        street.layout.root().join("logs").display(),
    ));
    let data = street.layout.root().display();
    say(format!("Try:  curl 'http://{}/v1/products:search?query=blue+kurta'", plan.http));
    say(format!("      kill -9 any of the pids above and watch it come back; then: haat check --data {data}"));
    say("Stop with Ctrl-C.\n");
}
