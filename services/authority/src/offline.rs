//! Identities made without a running authority, by whoever may read its keys: for tests, and for an operator's commands on
//! the machine of the platform.

use std::path::Path;

use haat_identity::{LiveIdentity, SpiffeId, files};
use haat_kernel::{Clock, Entropy, Error, Result};

use crate::material;

/// Makes a key and a certificate for `id`, signed with the material in the authority's `folder`, and writes `cert.pem` (the
/// chain), `key.pem` (for its owner alone) and `ca.pem` into `out`. 409 `authority_missing` where there is no material.
pub fn issue_offline(folder: &Path, id: &SpiffeId, out: &Path, clock: Clock, entropy: &Entropy) -> Result<()> {
    let material = material::load(folder)?;
    let identity = material.identity(id, clock.now(), entropy)?;
    std::fs::create_dir_all(out).map_err(|error| Error::internal(format!("{}: {error}", out.display())))?;
    files::write_private(&out.join("key.pem"), identity.key.to_pem().as_bytes())?;
    files::write_public(&out.join("cert.pem"), identity.chain.to_pem().as_bytes())?;
    files::write_public(&out.join("ca.pem"), material.root_pem().as_bytes())?;
    Ok(())
}

/// The supervisor's identity, for a command beside a platform that runs already. 409 `authority_missing` where there is no
/// material in the authority's `folder`.
pub fn supervisor_identity(folder: &Path, clock: Clock, entropy: &Entropy) -> Result<LiveIdentity> {
    let material = material::load(folder)?;
    material.live(material.identity(&SpiffeId::of("supervisor")?, clock.now(), entropy)?, clock)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use haat_identity::{Chain, Identity, KeyPair};

    use super::*;

    #[test]
    fn what_it_writes_is_an_identity_under_the_platforms_root() {
        let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (clock, entropy) = (Clock::System, Entropy::seeded(1));
        let id = SpiffeId::of("intruder").unwrap();
        assert_eq!(issue_offline(folder.path(), &id, out.path(), clock, &entropy).unwrap_err().code, "authority_missing");

        let material = material::load_or_create(folder.path(), clock.now(), &entropy).unwrap();
        issue_offline(folder.path(), &id, out.path(), clock, &entropy).unwrap();
        let read = |name: &str| files::read(&out.path().join(name)).unwrap();
        let identity = Identity::new(Chain::from_pem(&read("cert.pem")).unwrap(), KeyPair::from_pem(&read("key.pem")).unwrap());
        assert_eq!(identity.unwrap().spiffe_id, id);
        assert_eq!(read("ca.pem"), material.root_pem());
        let mode = std::fs::metadata(out.path().join("key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let supervisor = supervisor_identity(folder.path(), clock, &entropy).unwrap();
        assert_eq!(supervisor.spiffe_id().name(), "supervisor");
    }
}
