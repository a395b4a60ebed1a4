//! The authority's keys and certificates in `keys/` of its own folder, made at its first start and the same ever after. The
//! root's certificate stands beside them at `ca.pem`, for everybody to take their trust from.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use haat_identity::ca::LEAF_LIFETIME;
use haat_identity::{Chain, Identity, IdentityError, Intermediate, KeyPair, LiveIdentity, Root, SpiffeId, TrustBundle};
use haat_kernel::time::plus_seconds;
use haat_kernel::{Clock, Entropy, Error, Kind, Result, Timestamp};

/// A start within this time of the intermediate's end makes a new one: leaves must not be cut short by it.
const INTERMEDIATE_REPLACED_BEFORE_S: i64 = 90 * 86_400;

/// What the authority signs with. The root's key is not kept: it signs intermediates, at start, and nothing else.
#[derive(Debug)]
pub struct Material {
    root_pem: String,
    intermediate: Intermediate,
}

impl Material {
    /// The root's certificate: the content of `ca.pem`.
    pub fn root_pem(&self) -> &str {
        &self.root_pem
    }

    pub(crate) fn intermediate(&self) -> &Intermediate {
        &self.intermediate
    }

    pub(crate) fn root_der(&self) -> std::result::Result<Vec<Vec<u8>>, IdentityError> {
        Ok(Chain::from_pem(&self.root_pem)?.to_der())
    }

    /// A service's certificate over the public key in `csr`.
    pub(crate) fn issue(
        &self,
        csr: &[u8],
        id: &SpiffeId,
        now: Timestamp,
        entropy: &Entropy,
    ) -> std::result::Result<Chain, IdentityError> {
        self.intermediate.issue(csr, id, LEAF_LIFETIME, now, entropy)
    }

    /// A new key and certificate of the authority itself.
    pub(crate) fn own_identity(&self, now: Timestamp, entropy: &Entropy) -> std::result::Result<Identity, IdentityError> {
        self.identity(&SpiffeId::of("authority")?, now, entropy)
    }

    /// A new key and certificate for `id`. For the authority itself and for work on its own machine; whoever else wants to be
    /// a service makes the key and keeps it.
    pub(crate) fn identity(
        &self,
        id: &SpiffeId,
        now: Timestamp,
        entropy: &Entropy,
    ) -> std::result::Result<Identity, IdentityError> {
        let key = KeyPair::generate()?;
        let chain = self.issue(&key.signing_request()?, id, now, entropy)?;
        Identity::new(chain, key)
    }

    pub(crate) fn live(&self, identity: Identity, clock: Clock) -> Result<LiveIdentity> {
        Ok(LiveIdentity::new(identity, TrustBundle::from_pem(&self.root_pem)?, clock)?)
    }
}

/// Reads the material in the authority's own folder, or makes it where there is none.
pub fn load_or_create(folder: &Path, now: Timestamp, entropy: &Entropy) -> Result<Material> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| Error::internal(format!("{}: {error}", folder.display())))?;
    let files = Files::within(folder);
    let root = match existing(Root::load(&files.root, &files.root_key))? {
        Some(root) => root,
        None => {
            let root = Root::generate(now, entropy)?;
            root.save(&files.root, &files.root_key)?;
            root
        }
    };
    let intermediate = match usable(Intermediate::load(&files.intermediate, &files.intermediate_key), now)? {
        Some(intermediate) => intermediate,
        None => {
            let intermediate = root.intermediate(now, entropy)?;
            intermediate.save(&files.intermediate, &files.intermediate_key)?;
            intermediate
        }
    };
    Ok(Material { root_pem: root.certificate_pem(), intermediate })
}

/// Reads the material in the authority's own folder; 409 `authority_missing` where there is none.
pub fn load(folder: &Path) -> Result<Material> {
    let files = Files::within(folder);
    let Some(root) = existing(Root::load(&files.root, &files.root_key))? else {
        let detail = format!("There is no certificate authority in {}.", folder.display());
        return Err(Error::new(Kind::FailedPrecondition, "authority_missing", detail));
    };
    let intermediate = Intermediate::load(&files.intermediate, &files.intermediate_key)?;
    Ok(Material { root_pem: root.certificate_pem(), intermediate })
}

/// The identity `spiffe://haat/authority`, signed by the authority itself: nobody else could.
pub fn own_identity(material: &Material, clock: Clock, entropy: &Entropy) -> Result<LiveIdentity> {
    material.live(material.own_identity(clock.now(), entropy)?, clock)
}

struct Files {
    root: PathBuf,
    root_key: PathBuf,
    intermediate: PathBuf,
    intermediate_key: PathBuf,
}

impl Files {
    fn within(folder: &Path) -> Self {
        Files {
            root: folder.join("root.pem"),
            root_key: folder.join("root.key"),
            intermediate: folder.join("intermediate.pem"),
            intermediate_key: folder.join("intermediate.key"),
        }
    }
}

/// None where the files are not there. The certificate is written last, so without it nothing was finished.
fn existing<T>(loaded: std::result::Result<T, IdentityError>) -> Result<Option<T>> {
    match loaded {
        Ok(found) => Ok(Some(found)),
        Err(IdentityError::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// None where a new intermediate is needed. A key that does not fit its certificate is what a crash leaves between the
/// two files of a replacement.
fn usable(loaded: std::result::Result<Intermediate, IdentityError>, now: Timestamp) -> Result<Option<Intermediate>> {
    if matches!(loaded, Err(IdentityError::KeyMismatch)) {
        return Ok(None);
    }
    let found = existing(loaded)?;
    Ok(found.filter(|intermediate| plus_seconds(now, INTERMEDIATE_REPLACED_BEFORE_S) < intermediate.not_after()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use haat_identity::files;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn material_is_made_once_and_private() {
        let (data, entropy, now) = (tempfile::tempdir().unwrap(), Entropy::seeded(1), at("2026-11-21T10:00:00Z"));
        let folder = data.path().join("authority");
        let made = load_or_create(&folder, now, &entropy).unwrap();
        let again = load_or_create(&folder, plus_seconds(now, 3600), &entropy).unwrap();
        assert_eq!(again.root_pem(), made.root_pem());
        assert_eq!(again.intermediate().not_after(), made.intermediate().not_after());

        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!((mode(&folder.join("root.key")), mode(&folder.join("intermediate.key"))), (0o600, 0o600));
    }

    #[test]
    fn an_old_or_torn_intermediate_is_replaced_under_the_same_root() {
        let (folder, entropy, now) = (tempfile::tempdir().unwrap(), Entropy::seeded(2), at("2026-11-21T10:00:00Z"));
        let made = load_or_create(folder.path(), now, &entropy).unwrap();
        let late = plus_seconds(now, 300 * 86_400);
        let replaced = load_or_create(folder.path(), late, &entropy).unwrap();
        assert_eq!(replaced.root_pem(), made.root_pem());
        assert!(replaced.intermediate().not_after() > made.intermediate().not_after());

        let stray = KeyPair::generate().unwrap().to_pem();
        files::write_private(&folder.path().join("intermediate.key"), stray.as_bytes()).unwrap();
        assert!(load_or_create(folder.path(), late, &entropy).is_ok());
        files::write_private(&folder.path().join("root.key"), stray.as_bytes()).unwrap();
        assert!(load_or_create(folder.path(), late, &entropy).is_err(), "a root is never replaced");
    }

    #[test]
    fn the_authority_signs_its_own_certificate() {
        let (folder, entropy) = (tempfile::tempdir().unwrap(), Entropy::seeded(3));
        let clock = Clock::System;
        let material = load_or_create(folder.path(), clock.now(), &entropy).unwrap();
        let identity = own_identity(&material, clock, &entropy).unwrap();
        assert_eq!(identity.spiffe_id().as_str(), "spiffe://haat/authority");
        assert_eq!(load(&folder.path().join("elsewhere")).unwrap_err().code, "authority_missing");
    }
}
