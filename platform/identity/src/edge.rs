//! The certificate that the public sees at the gateway, replaced while connections come in.

use std::sync::Arc;

use arc_swap::ArcSwap;
use haat_kernel::{Clock, Timestamp};
use rustls::ServerConfig;

use crate::certificate::{CertificateInfo, Chain};
use crate::error::IdentityError;
use crate::keys::KeyPair;
use crate::tls;

/// Cheap to clone; clones share the certificate.
#[derive(Clone)]
pub struct LiveEdge(Arc<Shared>);

struct Shared {
    clock: Clock,
    current: ArcSwap<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    not_after: Timestamp,
}

impl Current {
    fn new(chain: &Chain, key: &KeyPair, clock: Clock) -> Result<Self, IdentityError> {
        let not_after = CertificateInfo::read(chain.leaf())?.not_after;
        Ok(Current { config: tls::edge_config(chain, key, clock)?, not_after })
    }
}

impl LiveEdge {
    pub fn new(chain: &Chain, key: &KeyPair, clock: Clock) -> Result<Self, IdentityError> {
        let current = ArcSwap::from_pointee(Current::new(chain, key, clock)?);
        Ok(LiveEdge(Arc::new(Shared { clock, current })))
    }

    /// New connections see this certificate from now on. On an error the old one stays.
    pub fn rotate(&self, chain: &Chain, key: &KeyPair) -> Result<(), IdentityError> {
        self.0.current.store(Arc::new(Current::new(chain, key, self.0.clock)?));
        Ok(())
    }

    /// TLS 1.2 and 1.3, ALPN `h2` and `http/1.1`, no client certificate.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.0.current.load().config.clone()
    }

    pub fn not_after(&self) -> Timestamp {
        self.0.current.load().not_after
    }
}

impl std::fmt::Debug for LiveEdge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveEdge(until {})", self.not_after())
    }
}
