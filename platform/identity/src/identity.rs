//! Who this process is: a verified pair of certificate and key, and when to replace it.

use std::sync::Arc;

use haat_kernel::time::plus_millis;
use haat_kernel::{Entropy, Timestamp};

use crate::certificate::{CertificateInfo, Chain, Serial};
use crate::error::IdentityError;
use crate::keys::KeyPair;
use crate::spiffe::SpiffeId;

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
}

/// When to renew: at half of the lifetime, ± 10 % of that half, so that services started together do not renew together.
pub fn renewal_time(not_before: Timestamp, not_after: Timestamp, entropy: &Entropy) -> Timestamp {
    let lifetime_ms = not_after.as_millisecond().saturating_sub(not_before.as_millisecond()).max(0);
    let per_mille = i64::try_from(900 + entropy.below(201)).unwrap_or(1000);
    plus_millis(not_before, lifetime_ms / 2 / 1000 * per_mille)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renewal_comes_around_half_of_the_lifetime_and_differs_between_services() {
        let entropy = Entropy::seeded(1);
        let hour = 3600;
        let times: Vec<i64> = (0..100)
            .map(|_| renewal_time(Timestamp::UNIX_EPOCH, Timestamp::from_second(hour).unwrap(), &entropy).as_second())
            .collect();
        let (earliest, latest) = (times.iter().min().unwrap(), times.iter().max().unwrap());
        assert!((1620..1700).contains(earliest) && (1900..=1980).contains(latest), "{earliest} to {latest}");
    }
}
