//! The plan of a running platform: who listens where. `haat up` writes it once at its start; every process reads it.
//! It holds no secret.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use haat_kernel::{Entropy, Result};
use haat_service::Endpoints;
use serde::{Deserialize, Serialize};

use crate::cli;
use crate::layout::{self, Layout};
use crate::roster;
use crate::terminal::failure;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plan {
    pub listen: SocketAddr,
    pub http: SocketAddr,
    /// Where traces go.
    #[serde(default)]
    pub otlp: Option<String>,
    /// Where `operations` takes traces; none when they go elsewhere.
    #[serde(default)]
    pub collector: Option<SocketAddr>,
    /// By process name.
    pub places: BTreeMap<String, Place>,
    /// Those of them that `haat up` does not start.
    #[serde(default)]
    pub elsewhere: BTreeSet<String>,
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
/// A platform takes a block of neighbouring ports. Who holds the first of them has them all, so platforms side by side
/// never take each other's ports, not even while a service restarts.
const BLOCK_PORTS: u16 = 32;

/// A block of ports is ours until this is dropped.
pub struct Claim(#[expect(dead_code, reason = "it only has to stay open")] TcpListener);

impl Plan {
    /// Finds a free port for everything that has no address yet.
    pub fn make(wanted: &cli::Up, entropy: &Entropy) -> Result<(Self, Claim)> {
        let (claim, mut ports) = free_block(entropy)?;
        let mut next = || ports.next().map(local).ok_or_else(|| failure("A block of ports is too small for all processes."));
        let mut places = BTreeMap::new();
        for name in roster::processes() {
            let (mut listen, health) = (next()?, next()?);
            // The provider speaks plain HTTP, so it stays on loopback.
            if name != roster::SANDBOX_PSP {
                listen.set_ip(wanted.inside);
            }
            places.insert(name.to_owned(), Place { listen, health });
        }
        for (name, address) in &wanted.elsewhere {
            place_elsewhere(&mut places, name, *address)?;
        }
        let collector = if wanted.otlp.is_none() { Some(next()?) } else { None };
        let otlp = wanted.otlp.clone().or(collector.map(|address| format!("http://{address}")));
        let elsewhere = wanted.elsewhere.iter().map(|(name, _)| name.clone()).collect();
        Ok((Plan { listen: wanted.listen, http: wanted.http, otlp, collector, places, elsewhere }, claim))
    }

    /// The processes that `haat up` runs.
    pub fn here(&self) -> Vec<&'static str> {
        roster::processes().into_iter().filter(|name| !self.elsewhere.contains(*name)).collect()
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

/// The authority gives everybody else their identities, so it is always here; and a provider is no service.
fn place_elsewhere(places: &mut BTreeMap<String, Place>, name: &str, address: SocketAddr) -> Result<()> {
    let place = places.get_mut(name).filter(|_| ![roster::AUTHORITY, roster::SANDBOX_PSP].contains(&name));
    let place =
        place.ok_or_else(|| failure(format!("--elsewhere {name}: this cannot run elsewhere, or there is no such service.")))?;
    place.listen = address;
    Ok(())
}

/// Ports that nobody has, behind the one that claims them.
fn free_block(entropy: &Entropy) -> Result<(Claim, std::ops::Range<u16>)> {
    const TRIES_MAX: u32 = 1_000;
    let blocks = u64::from((PORTS.end - PORTS.start) / BLOCK_PORTS);
    for _ in 0..TRIES_MAX {
        let first = PORTS.start + BLOCK_PORTS * u16::try_from(entropy.below(blocks)).unwrap_or(0);
        let Ok(claim) = TcpListener::bind(local(first)) else { continue };
        let mut rest = first + 1..first + BLOCK_PORTS;
        if rest.all(|port| TcpListener::bind(local(port)).is_ok()) {
            return Ok((Claim(claim), first + 1..first + BLOCK_PORTS));
        }
    }
    Err(failure("No free ports were found between 20000 and 32000."))
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
