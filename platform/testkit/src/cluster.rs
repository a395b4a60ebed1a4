//! The services of a simulation, and what of them outlives a crash.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use haat_identity::{Identity, Intermediate, KeyPair, LiveIdentity, Root, SpiffeId, TrustBundle};
use haat_kernel::time::Skew;
use haat_kernel::{Clock, Entropy, Result, Timestamp};
use haat_service::{Config, Definition, Endpoints, Environment};
use haat_store::{MemoryBackend, Store};
use haat_telemetry::Metrics;
use haat_transport::{Network, Simulated};
use tempfile::TempDir;

/// The port of every service on its own host.
pub const PORT: u16 = 7000;
/// When every simulation begins.
pub const EPOCH: &str = "2026-01-01T00:00:00Z";
/// Longer than any simulation, so that renewal needs no authority.
const LEAF_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// Cheap to clone; clones share what outlives a crash.
#[derive(Clone)]
pub struct Cluster(Arc<Inner>);

struct Inner {
    seed: u64,
    root_pem: String,
    intermediate: Intermediate,
    endpoints: Endpoints,
    backends: BTreeMap<String, MemoryBackend>,
    skews: BTreeMap<String, Skew>,
    settings: BTreeMap<String, BTreeMap<String, String>>,
    folder: TempDir,
}

impl Cluster {
    /// A cluster of these services; `others` are hosts that keep a store too but are no service (a payment provider).
    pub fn new(
        seed: u64,
        services: &[Definition],
        others: &[&str],
        settings: BTreeMap<String, BTreeMap<String, String>>,
    ) -> Result<Self> {
        let (epoch, entropy) = (epoch(), Entropy::seeded(seed));
        let root = Root::generate(epoch, &entropy)?;
        let names = || services.iter().map(|service| service.name);
        let folder = TempDir::new().map_err(haat_kernel::Error::internal)?;
        for name in names() {
            std::fs::create_dir_all(folder.path().join(name)).map_err(haat_kernel::Error::internal)?;
        }
        Ok(Cluster(Arc::new(Inner {
            seed,
            root_pem: root.certificate_pem(),
            intermediate: root.intermediate(epoch, &entropy)?,
            endpoints: names().map(|name| (name.to_owned(), vec![format!("{name}:{PORT}")])).collect(),
            skews: names().chain(others.iter().copied()).map(|name| (name.to_owned(), Skew::of_millis(0))).collect(),
            backends: names().chain(others.iter().copied()).map(|name| (name.to_owned(), MemoryBackend::new())).collect(),
            settings,
            folder,
        })))
    }

    /// Runs a service as the software of a turmoil host: called anew after every crash.
    pub async fn run(self, definition: Definition) -> Result<()> {
        let name = definition.name;
        let config = Config {
            folder: self.0.folder.path().join(name),
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)),
            health: None,
            endpoints: self.0.endpoints.clone(),
            settings: self.0.settings.get(name).cloned().unwrap_or_default(),
        };
        haat_service::run(definition, config, self.environment(name)?, std::future::pending()).await
    }

    /// What a host stands on. Inside a host only: the clock starts with it.
    pub fn environment(&self, name: &str) -> Result<Environment> {
        let clock = self.clock(name);
        let (entropy, identity) = self.character(name, clock)?;
        Ok(self.equipped(clock, entropy, identity, self.store(name, clock)))
    }

    /// What it takes to make calls as `name` from another host, while `name` itself goes on.
    pub fn guise(&self, name: &str) -> Result<Environment> {
        let clock = Clock::simulated(epoch() + elapsed(), 0);
        let (entropy, identity) = self.character(name, clock)?;
        Ok(self.equipped(clock, entropy, identity, self.look(name, clock)))
    }

    fn equipped(&self, clock: Clock, entropy: Entropy, identity: LiveIdentity, store: Store) -> Environment {
        let network = Arc::new(Simulated) as Arc<dyn Network>;
        Environment { clock, entropy, network, identity, store, metrics: Metrics::default() }
    }

    fn character(&self, name: &str, clock: Clock) -> Result<(Entropy, LiveIdentity)> {
        // Another sequence after every restart, and the same one whenever the seed is run again.
        let started = u64::try_from(elapsed().as_millis()).unwrap_or(0);
        let salt = name.bytes().fold(started, |salt, byte| salt.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let entropy = Entropy::seeded(self.0.seed ^ salt.rotate_left(17));
        let identity = self.identity(name, clock, &entropy)?;
        Ok((entropy, identity))
    }

    /// The wall clock of a host, wrong by its skew.
    fn clock(&self, name: &str) -> Clock {
        let right = epoch() + elapsed();
        self.0.skews.get(name).map_or_else(|| Clock::simulated(right, 0), |skew| Clock::skewed(right, *skew))
    }

    /// By how much a host's wall clock is wrong: to be changed while it runs.
    pub fn skew(&self, name: &str) -> Option<Skew> {
        self.0.skews.get(name).copied()
    }

    /// The store of a host, to make its commits fail.
    pub fn backend(&self, name: &str) -> Option<&MemoryBackend> {
        self.0.backends.get(name)
    }

    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// The store of a host: what had been committed when it was last crashed.
    pub fn store(&self, name: &str, clock: Clock) -> Store {
        Store::memory(clock, self.0.backends.get(name).cloned().unwrap_or_default())
    }

    /// A look at what a host has committed so far, while it runs.
    pub fn look(&self, name: &str, clock: Clock) -> Store {
        Store::new(Arc::new(self.0.backends.get(name).cloned().unwrap_or_default()), clock)
    }

    fn identity(&self, name: &str, clock: Clock, entropy: &Entropy) -> Result<LiveIdentity> {
        let key = KeyPair::generate()?;
        let id = SpiffeId::of(name)?;
        // By the authority's clock, which is right.
        let chain = self.0.intermediate.issue(&key.signing_request()?, &id, LEAF_LIFETIME, epoch() + elapsed(), entropy)?;
        Ok(LiveIdentity::new(Identity::new(chain, key)?, TrustBundle::from_pem(&self.0.root_pem)?, clock)?)
    }

    /// The software of a host, in the form that turmoil takes.
    pub fn host(&self, definition: Definition) -> impl Fn() -> Software + 'static {
        let cluster = self.clone();
        move || {
            let cluster = cluster.clone();
            Box::pin(async move { cluster.run(definition).await.map_err(|error| error.to_string().into()) })
        }
    }
}

type Software = Pin<Box<dyn Future<Output = turmoil::Result>>>;

#[expect(clippy::expect_used, reason = "invariant: EPOCH is a valid time")]
fn epoch() -> Timestamp {
    EPOCH.parse().expect("invariant: EPOCH is a valid time")
}

/// Of the simulation, for the host that runs now.
fn elapsed() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}
