//! A simulated market: the real services, gateway included, on a simulated network under a clock of the simulation's own;
//! buyers who buy, repeat and cancel; processes that crash at any moment, links that break. When everything has healed,
//! the books must balance, every checkout has ended, and the payment provider agrees. One seed is one run.

mod books;
mod buyer;
mod disk;
mod echoes;
mod faults;
mod history;
mod http;
mod panics;
mod shop;
mod staff;
mod trace;
mod weather;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haat_sandbox_psp::{Config, Delays, WebhookSecret};
use haat_service::Definition;
use haat_testkit::Cluster;

pub use faults::Fault;
pub use history::Checked;
pub use trace::excerpt;
use weather::Weather;
use world::World;

const GATEWAY: &str = "gateway";
const PSP: &str = "psp";
/// Where buyers and staff are.
const STREET: &str = "street";
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
    pub walked_away: usize,
    pub is_flash_sale: bool,
    /// The histories that were found linearizable.
    pub checked: Checked,
}

/// One run of one seed.
pub struct Run {
    /// The error says what was wrong in the end.
    pub outcome: Result<Outcome, String>,
    pub faults: BTreeMap<Fault, usize>,
    pub simulated: Duration,
    /// The same for the same seed, always.
    pub trace: Vec<String>,
}

/// Runs one seed.
pub fn run(seed: u64) -> Result<Run, String> {
    let services = services();
    let cluster = Cluster::new(seed, &services, &[PSP], settings()).map_err(|error| error.to_string())?;
    let world = World::new(seed, cluster);
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let played = panics::watched(|| play(seed, &services, &world, &outcome));
    let (ended, simulated) = played.unwrap_or_else(|panic| (Err(panic), Duration::ZERO));
    let outcome = outcome.lock().map_err(|error| error.to_string())?.clone();
    Ok(Run { outcome: ended.map(|()| outcome), faults: world.tally.read(), simulated, trace: world.trace.lines() })
}

/// How it ended, after how long.
fn play(seed: u64, services: &[Definition], world: &World, outcome: &Arc<Mutex<Outcome>>) -> (Result<(), String>, Duration) {
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .simulation_duration(LONGEST)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(12))
        .tcp_capacity(4_096)
        .enable_random_order()
        .build();
    let hosts: Vec<&'static str> = services.iter().map(|service| service.name).chain([PSP]).collect();
    hosts.iter().for_each(|host| disk::watch(world, host));
    wire::watch(world);
    for service in services {
        sim.host(service.name, world.cluster.host(*service));
    }
    let provider = world.cluster.clone();
    sim.host(PSP, move || {
        let cluster = provider.clone();
        async move { run_provider(cluster).await.map_err(|error| error.to_string().into()) }
    });
    sim.client(STREET, shop::market_day(world.clone(), outcome.clone()));

    let mut weather = Weather::new(world.clone(), &hosts);
    let ended = loop {
        weather.pass(&mut sim);
        match sim.step() {
            Ok(false) => {}
            Ok(true) => break Ok(()),
            Err(error) => break Err(error.to_string()),
        }
    };
    (ended, sim.elapsed())
}

/// Who has a part in a sale. The testkit plays the authority.
const SERVICES: [&str; 9] =
    ["users", "catalog", "pricing", "inventory", "payments", "orders", "checkout", "notifications", GATEWAY];

fn services() -> Vec<Definition> {
    haat::roster::services().into_iter().filter(|service| SERVICES.contains(&service.name)).collect()
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
