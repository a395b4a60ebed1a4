//! What a service gets to work with. Everything that a simulation must control reaches it through here.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use haat_identity::{LiveIdentity, SpiffeId};
use haat_kernel::{Clock, Entropy, Error, Result};
use haat_rpc::Channel;
use haat_store::Store;
use haat_telemetry::Metrics;
use haat_transport::{Connector, Network, channel};

/// Where each service can be reached: its name, and `host:port` of each replica.
pub type Endpoints = BTreeMap<String, Vec<String>>;

/// How this process is set up.
#[derive(Clone, Debug)]
pub struct Config {
    /// The service's own folder: its database, its keys, its index. No other service's.
    pub folder: PathBuf,
    /// The port for other services, mutual TLS.
    pub listen: SocketAddr,
    /// Health and metrics, on loopback, plain; None in a simulation.
    pub health: Option<SocketAddr>,
    pub endpoints: Endpoints,
    /// By name, for the service's own needs: `smtp_url`.
    pub settings: BTreeMap<String, String>,
}

/// What the process stands on: real or simulated.
#[derive(Clone)]
pub struct Environment {
    pub clock: Clock,
    pub entropy: Entropy,
    pub network: Arc<dyn Network>,
    pub identity: LiveIdentity,
    pub store: Store,
    pub metrics: Metrics,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// Of the service.
    pub name: &'static str,
    pub clock: Clock,
    pub entropy: Entropy,
    pub store: Store,
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    environment: Environment,
    channels: Mutex<BTreeMap<String, Channel>>,
}

impl Platform {
    /// What [`crate::run`] hands to a service; a service's tests make their own.
    pub fn new(name: &'static str, config: Config, environment: Environment) -> Self {
        Platform {
            name,
            clock: environment.clock,
            entropy: environment.entropy.clone(),
            store: environment.store.clone(),
            inner: Arc::new(Inner { config, environment, channels: Mutex::default() }),
        }
    }

    /// The way to a neighbour. One per neighbour, however often it is asked for, so that breakers and budgets are shared.
    pub fn channel(&self, service: &str) -> Result<Channel> {
        let mut channels = self.inner.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(service) {
            return Ok(channel.clone());
        }
        let channel = connect(service, &self.inner.config.endpoints, &self.inner.environment)?;
        channels.insert(service.to_owned(), channel.clone());
        Ok(channel)
    }

    /// The channels that are in use, for metrics and readiness.
    pub fn channels(&self) -> Vec<Channel> {
        self.inner.channels.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Every process that this one knows of, as service and address, each with a way to it alone: for who looks at all of
    /// them. Not to be asked for often: breakers and budgets are not shared with [`Platform::channel`].
    pub fn instances(&self) -> Result<Vec<(String, String, Channel)>> {
        let mut instances = Vec::new();
        for (service, addresses) in &self.inner.config.endpoints {
            for address in addresses {
                let only = Endpoints::from([(service.clone(), vec![address.clone()])]);
                instances.push((service.clone(), address.clone(), connect(service, &only, &self.inner.environment)?));
            }
        }
        Ok(instances)
    }

    /// For connections to the world outside: a payment provider, an SMTP server.
    pub fn network(&self) -> Arc<dyn Network> {
        self.inner.environment.network.clone()
    }

    /// Who this process is, now.
    pub fn identity(&self) -> &LiveIdentity {
        &self.inner.environment.identity
    }

    pub fn metrics(&self) -> &Metrics {
        &self.inner.environment.metrics
    }

    pub fn setting(&self, name: &str) -> Option<&str> {
        self.inner.config.settings.get(name).map(String::as_str)
    }

    /// The service's own folder on this machine.
    pub fn folder(&self) -> &Path {
        &self.inner.config.folder
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.inner.environment
    }
}

/// A channel to `service` over mutual TLS that accepts nobody else at the other end.
pub(crate) fn connect(service: &str, endpoints: &Endpoints, environment: &Environment) -> Result<Channel> {
    let addresses = endpoints.get(service).filter(|a| !a.is_empty());
    let addresses = addresses.ok_or_else(|| Error::internal(format!("no endpoint of {service} is configured")))?;
    let id = SpiffeId::of(service)?;
    let connector = Connector::mutual(environment.network.clone(), environment.identity.clone(), &id)?;
    let replicas = addresses.iter().map(|address| channel(connector.clone(), address).map_err(Error::internal));
    let replicas = replicas.collect::<Result<Vec<_>>>()?;
    Ok(Channel::new(service, replicas, environment.entropy.clone(), environment.metrics.clone()))
}

impl Environment {
    /// A channel for a process that is no service itself: the supervisor.
    pub fn channel(&self, service: &str, endpoints: &Endpoints) -> Result<Channel> {
        connect(service, endpoints, self)
    }
}
