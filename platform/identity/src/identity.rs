//! Who this process is: a verified pair of certificate and key.

use std::sync::Arc;

use haat_kernel::{Entropy, Timestamp};

use crate::certificate::{CertificateInfo, Chain, Serial};
use crate::error::IdentityError;
use crate::keys::KeyPair;
use crate::spiffe::SpiffeId;
use crate::term::Term;

/// A service's certificate with its key. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Identity {
    pub spiffe_id: SpiffeId,
    pub chain: Chain,
    pub key: Arc<KeyPair>,
    pub serial: Serial,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Identity {
    /// Fails unless `key` belongs to the leaf of `chain` and the leaf has exactly one SPIFFE id. Trust is not checked here:
    /// every peer does.
    pub fn new(chain: Chain, key: KeyPair) -> Result<Self, IdentityError> {
        let leaf = CertificateInfo::read(chain.leaf())?;
        if leaf.public_key != key.public_key() {
            return Err(IdentityError::KeyMismatch);
        }
        Ok(Identity {
            spiffe_id: leaf.spiffe_id()?,
            chain,
            key: Arc::new(key),
            serial: leaf.serial,
            not_before: leaf.not_before,
            not_after: leaf.not_after,
        })
    }

    pub fn term(&self, entropy: &Entropy) -> Term {
        Term::new(self.not_before, self.not_after, entropy)
    }
}
