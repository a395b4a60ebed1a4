//! `haat run`: services as this process. Each gets its identity with the join token that the supervisor left for it, opens
//! its own database, and runs until it is told to stop.

use std::collections::BTreeMap;
use std::fs::File;
use std::future::Future;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join_all;
use haat_identity::LiveIdentity;
use haat_kernel::{Clock, Entropy, Result};
use haat_service::{Config, Environment};
use haat_store::Store;
use haat_telemetry::{LogFormat, Metrics};
use haat_transport::Tcp;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::cli;
use crate::layout::{self, Layout};
use crate::plan::Plan;
use crate::roster::{self, AUTHORITY, GATEWAY, SANDBOX_PSP};
use crate::terminal::failure;

/// How long the authority may take to answer a newcomer.
const ENROLL_MAX: Duration = Duration::from_secs(30);
const ENROLL_RETRY: Duration = Duration::from_millis(50);

pub async fn run(arguments: cli::Run) -> Result<()> {
    let format = if arguments.text_logs { LogFormat::Text } else { LogFormat::Json };
    let layout = Layout::existing(&arguments.data)?;
    let plan = Plan::read(&layout)?;
    // Who runs elsewhere outlives a `haat up`.
    let is_here = arguments.services.iter().any(|name| !plan.elsewhere.contains(name));
    let _alive = is_here.then(|| hold_alive(&layout)).transpose()?;
    let telemetry = haat_telemetry::start(format, &arguments.log, plan.otlp.as_deref(), &arguments.services.join("+"));
    let (stop, stopping) = watch::channel(false);
    haat_kernel::spawn("stop", wait_for_stop(arguments.supervised, stop));
    let services = arguments.services.iter().map(|name| run_one(name, &layout, &plan, stopping.clone()));
    let ended = try_join_all(services).await.map(|_| ());
    if let Err(error) = &ended {
        tracing::error!(%error, "the service cannot go on");
    }
    // The last traces leave over this runtime, whose one thread must not wait for them.
    let _ = haat_kernel::blocking(Clock::System, move || drop(telemetry)).await;
    ended
}

/// Shows that a process of the platform lives, for as long as it does.
fn hold_alive(layout: &Layout) -> Result<File> {
    let path = layout.alive();
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let held = file.and_then(|file| file.lock_shared().map(|()| file));
    held.map_err(|e| failure(format!("{} cannot be locked: {e}.", path.display())))
}

async fn wait_for_stop(is_supervised: bool, stop: watch::Sender<bool>) -> Result<()> {
    let problem = haat_kernel::Error::internal;
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate()).map_err(problem)?, signal(SignalKind::interrupt()).map_err(problem)?);
    let supervisor = if is_supervised { Some(supervisor_pipe()?) } else { None };
    let supervisor_gone = async {
        let Some(mut pipe) = supervisor else { return std::future::pending().await };
        let mut byte = [0; 1];
        // The supervisor never writes: the end of the pipe is the end of the supervisor.
        while pipe.read(&mut byte).await.is_ok_and(|read| read > 0) {}
    };
    tokio::pin!(supervisor_gone);
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            // A Ctrl-C reaches the whole terminal; the supervisor decides on the order.
            _ = interrupt.recv() => if !is_supervised { break },
            () = &mut supervisor_gone => break,
        }
    }
    stop.send_replace(true);
    Ok(())
}

/// Standard input, as the pipe that the supervisor holds the other end of.
fn supervisor_pipe() -> Result<pipe::Receiver> {
    let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(haat_kernel::Error::internal)?;
    pipe::Receiver::from_owned_fd(input).map_err(haat_kernel::Error::internal)
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

async fn run_one(name: &str, layout: &Layout, plan: &Plan, stopping: watch::Receiver<bool>) -> Result<()> {
    if name == SANDBOX_PSP {
        return run_sandbox(layout, plan, stopped(stopping)).await;
    }
    let Some(definition) = roster::service(name) else {
        let names = roster::processes().join(", ");
        return Err(failure(format!("There is no service `{name}`. There are: {names}.")));
    };
    let place = plan.place(name)?;
    let (clock, entropy) = (Clock::System, Entropy::system());
    let environment = Environment {
        clock,
        entropy: entropy.clone(),
        network: Arc::new(Tcp),
        identity: identity(name, layout, plan, clock, &entropy).await?,
        store: Store::open_sqlite(layout.database(name), clock)?,
        metrics: Metrics::default(),
    };
    let config = Config {
        folder: layout.service(name),
        listen: place.listen,
        health: Some(place.health),
        endpoints: plan.endpoints(),
        settings: settings(name, layout, plan)?,
    };
    haat_service::run(definition, config, environment, stopped(stopping)).await
}

async fn identity(name: &str, layout: &Layout, plan: &Plan, clock: Clock, entropy: &Entropy) -> Result<LiveIdentity> {
    if name == AUTHORITY {
        let material = haat_authority::load_or_create(&layout.service(AUTHORITY), clock.now(), entropy)?;
        haat_identity::files::write_public(&layout.root_certificate(), material.root_pem().as_bytes())?;
        return haat_authority::own_identity(&material, clock, entropy);
    }
    let file = layout.join_token(name);
    let token = std::fs::read_to_string(&file).map_err(|e| {
        failure(format!(
            "No join token for {name} at {}: `haat up` leaves one whenever it starts the service ({e}).",
            file.display()
        ))
    })?;
    // It works once; a copy lying about would only tempt.
    std::fs::remove_file(&file).map_err(|e| failure(format!("{} cannot be removed: {e}.", file.display())))?;
    let root = layout::read(&layout.root_certificate())?;
    enroll(plan, &root, token.trim(), clock, entropy).await
}

/// Enrolls with the authority, which may be starting at this very moment.
pub async fn enroll(plan: &Plan, root: &str, token: &str, clock: Clock, entropy: &Entropy) -> Result<LiveIdentity> {
    let address = plan.place(AUTHORITY)?.listen.to_string();
    let until = Instant::now() + ENROLL_MAX;
    loop {
        match haat_service::enroll(Arc::new(Tcp), &address, root, token, clock, entropy.clone()).await {
            Err(error) if error.kind == haat_kernel::Kind::Unavailable && Instant::now() < until => sleep(ENROLL_RETRY).await,
            outcome => return outcome,
        }
    }
}

/// What each service needs to know beside the addresses of its neighbours.
fn settings(name: &str, layout: &Layout, plan: &Plan) -> Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::from([("public_url".to_owned(), plan.public_url())]);
    let mut set = |key: &str, value: String| settings.insert(key.to_owned(), value);
    match name {
        GATEWAY => {
            set("listen", plan.listen.to_string());
            set("http", plan.http.to_string());
        }
        "payments" => {
            set("sandbox_url", plan.sandbox_url()?);
            set("sandbox_secret", layout::read(&layout.secret("sandbox-webhook"))?.trim().to_owned());
        }
        "notifications" => {
            set("mail_folder", layout.mail().display().to_string());
            if layout.secret("smtp-url").exists() {
                set("smtp_url", layout::read(&layout.secret("smtp-url"))?.trim().to_owned());
            }
        }
        "operations" => {
            set("watch", "on".to_owned());
            if let Some(address) = plan.collector {
                set("collector", address.to_string());
            }
        }
        _ => {}
    }
    Ok(settings)
}

async fn run_sandbox(layout: &Layout, plan: &Plan, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    let secret = layout::read(&layout.secret("sandbox-webhook"))?;
    let config = haat_sandbox_psp::Config {
        listen: plan.place(SANDBOX_PSP)?.listen,
        public_url: Some(plan.sandbox_url()?),
        webhook_url: Some(format!("http://{}/v1/webhooks/payments/sandbox", plan.http)),
        webhook_secret: haat_sandbox_psp::WebhookSecret::parse(secret.trim())?,
        api_key: None,
        delays: haat_sandbox_psp::Delays::default(),
    };
    let store = Store::open_sqlite(layout.database(SANDBOX_PSP), Clock::System)?;
    haat_sandbox_psp::run(config, Arc::new(Tcp), store, Clock::System, Entropy::system(), shutdown).await
}
