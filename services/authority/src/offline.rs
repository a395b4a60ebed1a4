//! Certificates made without a running authority, by whoever may read its keys: for tests and for operators who connect to
//! a service themselves.

use std::path::Path;

use haat_identity::{KeyPair, SpiffeId, files};
use haat_kernel::{Entropy, Error, Result, Timestamp};

use crate::material;

/// Makes a key and a certificate for `id`, signed with the material below `folder`, and writes `cert.pem` (the chain),
/// `key.pem` (for its owner alone) and `ca.pem` into `out`. 409 `authority_missing` where there is no material.
pub fn issue_offline(folder: &Path, id: &SpiffeId, out: &Path, now: Timestamp, entropy: &Entropy) -> Result<()> {
    let material = material::load(folder)?;
    let key = KeyPair::generate()?;
    let chain = material.issue(&key.signing_request()?, id, now, entropy)?;
    std::fs::create_dir_all(out).map_err(|error| Error::internal(format!("{}: {error}", out.display())))?;
    files::write_private(&out.join("key.pem"), key.to_pem().as_bytes())?;
    files::write_public(&out.join("cert.pem"), chain.to_pem().as_bytes())?;
    files::write_public(&out.join("ca.pem"), material.root_pem().as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use haat_identity::{Chain, Identity};

    use super::*;

    #[test]
    fn what_it_writes_is_an_identity_under_the_platforms_root() {
        let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (now, entropy) = ("2026-11-21T10:00:00Z".parse().unwrap(), Entropy::seeded(1));
        let id = SpiffeId::of("intruder").unwrap();
        assert_eq!(issue_offline(folder.path(), &id, out.path(), now, &entropy).unwrap_err().code, "authority_missing");

        let material = material::load_or_create(folder.path(), now, &entropy).unwrap();
        issue_offline(folder.path(), &id, out.path(), now, &entropy).unwrap();
        let read = |name: &str| files::read(&out.path().join(name)).unwrap();
        let identity = Identity::new(Chain::from_pem(&read("cert.pem")).unwrap(), KeyPair::from_pem(&read("key.pem")).unwrap());
        assert_eq!(identity.unwrap().spiffe_id, id);
        assert_eq!(read("ca.pem"), material.root_pem());
        let mode = std::fs::metadata(out.path().join("key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
