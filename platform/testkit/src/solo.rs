//! One service's platform without a network: for tests of what stands above the runtime.

use std::sync::Arc;
use std::time::Duration;

use haat_identity::{Identity, KeyPair, LiveIdentity, Root, SpiffeId, TrustBundle};
use haat_kernel::{Clock, Entropy, Result};
use haat_service::{Config, Environment, Platform};
use haat_store::Store;
use haat_telemetry::Metrics;
use haat_transport::Tcp;

const HOUR: Duration = Duration::from_secs(3_600);

/// A platform for `name` on `store`, with an identity of its own and no neighbours.
pub fn platform(name: &'static str, clock: Clock, store: Store) -> Result<Platform> {
    let entropy = Entropy::seeded(7);
    let root = Root::generate(clock.now(), &entropy)?;
    let key = KeyPair::generate()?;
    let intermediate = root.intermediate(clock.now(), &entropy)?;
    let chain = intermediate.issue(&key.signing_request()?, &SpiffeId::of(name)?, HOUR, clock.now(), &entropy)?;
    let bundle = TrustBundle::from_pem(&root.certificate_pem())?;
    let environment = Environment {
        clock,
        entropy,
        network: Arc::new(Tcp),
        identity: LiveIdentity::new(Identity::new(chain, key)?, bundle, clock)?,
        store,
        metrics: Metrics::default(),
    };
    let config = Config {
        folder: "unused".into(),
        listen: ([127, 0, 0, 1], 0).into(),
        health: None,
        endpoints: Default::default(),
        settings: Default::default(),
    };
    Ok(Platform::new(name, config, environment))
}
