//! The identity that a process uses now. Rotation and revocation replace it whole; every new connection takes what is
//! current, and open connections learn of revocations through `revoked`.

use std::sync::Arc;

use arc_swap::ArcSwap;
use haat_kernel::{Clock, Timestamp};
use rustls::{ClientConfig, ServerConfig};
use tokio::sync::watch;

use crate::certificate::Serial;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::spiffe::SpiffeId;
use crate::tls;
use crate::trust::TrustBundle;

/// Cheap to clone; clones share the identity.
#[derive(Clone)]
pub struct LiveIdentity(Arc<Shared>);

struct Shared {
    clock: Clock,
    current: ArcSwap<Current>,
    bundle: watch::Sender<TrustBundle>,
}

/// An identity with the configurations derived from it and from a trust bundle.
struct Current {
    identity: Identity,
    server: Arc<ServerConfig>,
    optional_client: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

impl Current {
    fn new(identity: Identity, bundle: &TrustBundle, clock: Clock) -> Result<Self, IdentityError> {
        Ok(Current {
            server: tls::server_config(&identity, bundle, false, clock)?,
            optional_client: tls::server_config(&identity, bundle, true, clock)?,
            client: tls::client_config(bundle, Some(&identity), clock)?,
            identity,
        })
    }
}

impl LiveIdentity {
    pub fn new(identity: Identity, bundle: TrustBundle, clock: Clock) -> Result<Self, IdentityError> {
        let current = ArcSwap::from_pointee(Current::new(identity, &bundle, clock)?);
        Ok(LiveIdentity(Arc::new(Shared { clock, current, bundle: watch::Sender::new(bundle) })))
    }

    /// New connections show `identity` from now on. On an error the old one stays.
    pub fn rotate(&self, identity: Identity) -> Result<(), IdentityError> {
        self.replace(|_| identity, |bundle| bundle)
    }

    /// New connections are judged by `bundle` from now on, and open ones of peers it revokes are cut.
    pub fn trust(&self, bundle: TrustBundle) -> Result<(), IdentityError> {
        self.replace(|identity| identity, |_| bundle)
    }

    pub fn identity(&self) -> Identity {
        self.0.current.load().identity.clone()
    }

    pub fn spiffe_id(&self) -> SpiffeId {
        self.0.current.load().identity.spiffe_id.clone()
    }

    pub fn not_after(&self) -> Timestamp {
        self.0.current.load().identity.not_after
    }

    pub fn bundle(&self) -> TrustBundle {
        self.0.bundle.borrow().clone()
    }

    /// Resolves once the trust bundle revokes the certificate `serial`: at once, later, or never.
    pub async fn revoked(&self, serial: &Serial) {
        // An error would mean that the sender is gone; `self` holds it.
        drop(self.0.bundle.subscribe().wait_for(|bundle| bundle.is_revoked(serial)).await);
    }

    /// TLS 1.3, clients must show a certificate.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        self.0.current.load().server.clone()
    }

    /// TLS 1.3, clients may show a certificate: the authority's port, where services enroll.
    pub fn optional_client_config(&self) -> Arc<ServerConfig> {
        self.0.current.load().optional_client.clone()
    }

    /// TLS 1.3, showing our certificate; the server must be who `SpiffeId::server_name` says.
    pub fn client_config(&self) -> Arc<ClientConfig> {
        self.0.current.load().client.clone()
    }

    /// The watch channel's lock orders concurrent changes, so that neither undoes the other.
    fn replace(
        &self,
        identity: impl FnOnce(Identity) -> Identity,
        bundle: impl FnOnce(TrustBundle) -> TrustBundle,
    ) -> Result<(), IdentityError> {
        let mut outcome = Ok(());
        self.0.bundle.send_if_modified(|held| {
            let next_bundle = bundle(held.clone());
            match Current::new(identity(self.identity()), &next_bundle, self.0.clock) {
                Ok(current) => {
                    self.0.current.store(Arc::new(current));
                    *held = next_bundle;
                }
                Err(error) => outcome = Err(error),
            }
            outcome.is_ok()
        });
        outcome
    }
}

impl std::fmt::Debug for LiveIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LiveIdentity({})", self.spiffe_id())
    }
}
