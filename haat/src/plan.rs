//! The plan of a running platform: who listens where. `haat up` writes it once at its start; every process reads it.
//! It holds no secret.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use haat_kernel::{Entropy, Result};
use haat_service::Endpoints;
use serde::{Deserialize, Serialize};

use crate::layout::{self, Layout};
use crate::roster;
use crate::terminal::failure;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub listen: SocketAddr,
    pub http: SocketAddr,
    #[serde(default)]
    pub otlp: Option<String>,
    /// By process name.
    pub places: BTreeMap<String, Place>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The port for other services; the HTTP port of the sandbox provider.
    pub listen: SocketAddr,
    /// Health and metrics.
    pub health: SocketAddr,
}

/// Below the ports that the operating system lends to outgoing connections: one of those could take a service's port
/// while it restarts.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

impl Plan {
    /// Finds a free port for everything.
    pub fn make(listen: SocketAddr, http: SocketAddr, otlp: Option<String>, entropy: &Entropy) -> Result<Self> {
        let mut held = Vec::new();
        let mut places = BTreeMap::new();
        for name in roster::processes() {
            let place = Place { listen: free_port(entropy, &mut held)?, health: free_port(entropy, &mut held)? };
            places.insert(name.to_owned(), place);
        }
        Ok(Plan { listen, http, otlp, places })
    }

    pub fn read(layout: &Layout) -> Result<Self> {
        let text = layout::read(&layout.plan())?;
        serde_json::from_str(&text).map_err(|e| failure(format!("{} is broken: {e}.", layout.plan().display())))
    }

    pub fn write(&self, layout: &Layout) -> Result<()> {
        let text = serde_json::to_vec_pretty(self).map_err(haat_kernel::Error::internal)?;
        layout::write_private(&layout.plan(), &text)
    }

    pub fn place(&self, name: &str) -> Result<Place> {
        self.places.get(name).copied().ok_or_else(|| failure(format!("There is no service `{name}`.")))
    }

    pub fn endpoints(&self) -> Endpoints {
        let services = self.places.iter().filter(|(name, _)| *name != roster::SANDBOX_PSP);
        services.map(|(name, place)| (name.clone(), vec![place.listen.to_string()])).collect()
    }

    /// Where people reach the platform.
    pub fn public_url(&self) -> String {
        let host = if self.listen.ip().is_loopback() { "localhost".to_owned() } else { self.listen.ip().to_string() };
        format!("https://{host}:{}", self.listen.port())
    }

    pub fn sandbox_url(&self) -> Result<String> {
        Ok(format!("http://{}", self.place(roster::SANDBOX_PSP)?.listen))
    }
}

/// A port that nobody has; kept open in `held` until all are found, so that none is given twice.
fn free_port(entropy: &Entropy, held: &mut Vec<TcpListener>) -> Result<SocketAddr> {
    const TRIES_MAX: u32 = 1_000;
    for _ in 0..TRIES_MAX {
        let offset = u16::try_from(entropy.below(u64::from(PORTS.end - PORTS.start))).unwrap_or(0);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORTS.start + offset));
        if let Ok(listener) = TcpListener::bind(address) {
            held.push(listener);
            return Ok(address);
        }
    }
    Err(failure("No free port was found between 20000 and 32000."))
}
