//! A simulated market: the real services, gateway included, on a simulated network under a clock of the simulation's own;
//! buyers who buy, repeat and cancel; processes that crash at any moment, links that break. When everything has healed,
//! the books must balance, every checkout has ended, and the payment provider agrees. One seed is one run.

mod books;
mod buyer;
mod http;
mod shop;
mod weather;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haat_contracts::policy::policies;
use haat_sandbox_psp::{Config, Delays, WebhookSecret};
use haat_service::Definition;
use haat_testkit::Cluster;

use weather::Weather;

pub const BUYERS: usize = 12;
const GATEWAY: &str = "gateway";
const PSP: &str = "psp";
const HTTP_PORT: u16 = 8080;
const PSP_PORT: u16 = 9000;
/// A key of 24 bytes; the simulation has no secrets.
const WEBHOOK_SECRET: &str = "whsec_c2ltdWxhdGlvbiBzaW11bGF0aW9uIDAx";
/// Coarser than turmoil's own, for speed; messages take longer than that anyway.
const TICK: Duration = Duration::from_millis(5);
/// A run that has not ended by then never will.
const LONGEST: Duration = Duration::from_secs(45 * 60);

/// What a run came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub completed: usize,
    pub failed: usize,
    pub canceled: usize,
    pub crashes: usize,
    pub cuts: usize,
    pub simulated: Duration,
}

/// Runs one seed. The error says what was wrong in the end.
pub fn run(seed: u64) -> Result<Outcome, String> {
    let services = services();
    let cluster = Cluster::new(seed, &services, &[PSP], settings()).map_err(|error| error.to_string())?;
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(LONGEST)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(12))
        .tcp_capacity(4_096)
        .enable_random_order()
        .build();
    for service in &services {
        sim.host(service.name, cluster.host(*service));
    }
    let provider = cluster.clone();
    sim.host(PSP, move || {
        let cluster = provider.clone();
        async move { run_provider(cluster).await.map_err(|error| error.to_string().into()) }
    });
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    sim.client("street", shop::market_day(cluster, seed, outcome.clone()));

    let hosts: Vec<&'static str> = services.iter().map(|service| service.name).chain([PSP]).collect();
    let mut weather = Weather::new(seed, hosts);
    loop {
        weather.pass(&mut sim);
        if sim.step().map_err(|error| error.to_string())? {
            break;
        }
    }
    let outcome = outcome.lock().map_err(|error| error.to_string())?.clone();
    Ok(Outcome { crashes: weather.crashes, cuts: weather.cuts, simulated: sim.elapsed(), ..outcome })
}

/// All but the authority, which the testkit plays, and the web applications: these buyers use the API.
fn services() -> Vec<Definition> {
    let is_left_out = |name: &str| name == haat::roster::AUTHORITY || policies().is_application(name);
    haat::roster::services().into_iter().filter(|service| !is_left_out(service.name)).collect()
}

fn settings() -> BTreeMap<String, BTreeMap<String, String>> {
    let pairs = |pairs: &[(&str, String)]| pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
    BTreeMap::from([
        (GATEWAY.to_owned(), pairs(&[("http", format!("0.0.0.0:{HTTP_PORT}"))])),
        (
            "payments".to_owned(),
            pairs(&[("sandbox_url", format!("http://{PSP}:{PSP_PORT}")), ("sandbox_secret", WEBHOOK_SECRET.to_owned())]),
        ),
    ])
}

async fn run_provider(cluster: Cluster) -> haat_kernel::Result<()> {
    let environment = cluster.environment(PSP)?;
    let config = Config {
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, PSP_PORT)),
        public_url: Some(format!("http://{PSP}:{PSP_PORT}")),
        webhook_url: Some(format!("http://{GATEWAY}:{HTTP_PORT}/v1/webhooks/payments/sandbox")),
        webhook_secret: WebhookSecret::parse(WEBHOOK_SECRET)?,
        api_key: None,
        delays: Delays::default(),
    };
    let (store, clock, entropy) = (environment.store, environment.clock, environment.entropy);
    haat_sandbox_psp::run(config, environment.network, store, clock, entropy, std::future::pending()).await
}
