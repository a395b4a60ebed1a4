//! The Ed25519 keys that sign access tokens: PKCS#8 files that only this service can read, in its own folder, never in
//! its database. The first is made at the first start. To rotate, put a further file beside it: every key is published,
//! and the one whose file name sorts last signs.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use haat_kernel::{Entropy, Error, Result};
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyOperations, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey};

const FIRST_FILE: &str = "access-token-0001.pem";
const SEED_BYTES: usize = 32;
/// PKCS#8 version 1 around an Ed25519 seed, RFC 8410, section 7: always these bytes, then the seed.
const PKCS8_PREFIX: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

pub struct SigningKeys {
    /// In the order of their file names; never empty.
    public: Vec<Jwk>,
    pub current: SigningKey,
}

#[derive(Clone)]
pub struct SigningKey {
    /// The RFC 7638 thumbprint of the public key.
    pub id: String,
    pub private: EncodingKey,
}

impl SigningKeys {
    /// Reads the keys of `folder`, or makes the first one.
    pub fn load_or_create(folder: &Path, entropy: &Entropy) -> Result<Self> {
        create_private_folder(folder)?;
        if key_files(folder)?.is_empty() {
            haat_identity::files::write_private(&folder.join(FIRST_FILE), new_key(entropy).as_bytes())
                .map_err(Error::internal)?;
        }
        let keys = key_files(folder)?.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
        let public = keys.iter().map(|(_, public)| public.clone()).collect();
        let current = keys.into_iter().next_back().map(|(key, _)| key);
        let current = current.ok_or_else(|| Error::internal("there is no key to sign access tokens with"))?;
        Ok(SigningKeys { public, current })
    }

    /// RFC 7517.
    pub fn jwks(&self) -> JwkSet {
        JwkSet { keys: self.public.clone() }
    }
}

fn create_private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let created = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    created.map_err(|error| Error::internal(format!("{}: {error}", folder.display())))
}

fn key_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error: std::io::Error| Error::internal(format!("{}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "pem") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn new_key(entropy: &Entropy) -> String {
    let mut der = PKCS8_PREFIX.to_vec();
    der.resize(PKCS8_PREFIX.len() + SEED_BYTES, 0);
    entropy.fill(&mut der[PKCS8_PREFIX.len()..]);
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der))
}

fn read(path: &Path) -> Result<(SigningKey, Jwk)> {
    let bad = |error: jsonwebtoken::errors::Error| Error::internal(format!("{}: {error}", path.display()));
    let pem = haat_identity::files::read(path).map_err(Error::internal)?;
    let private = EncodingKey::from_ed_pem(pem.as_bytes()).map_err(bad)?;
    let mut public = Jwk::from_encoding_key(&private, Algorithm::EdDSA).map_err(bad)?;
    let id = public.thumbprint(ThumbprintHash::SHA256).map_err(bad)?;
    public.common.key_id = Some(id.clone());
    public.common.public_key_use = Some(PublicKeyUse::Signature);
    public.common.key_operations = Some(vec![KeyOperations::Verify]);
    Ok((SigningKey { id, private }, public))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_first_start_makes_a_key_that_stays_and_that_only_its_owner_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        let first = SigningKeys::load_or_create(&keys, &Entropy::seeded(1)).unwrap();
        let again = SigningKeys::load_or_create(&keys, &Entropy::seeded(2)).unwrap();
        assert_eq!(first.current.id, again.current.id);
        assert_eq!(std::fs::metadata(keys.join(FIRST_FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_further_key_signs_and_the_earlier_one_stays_public() {
        let folder = tempfile::tempdir().unwrap();
        let first = SigningKeys::load_or_create(folder.path(), &Entropy::seeded(1)).unwrap();
        std::fs::write(folder.path().join("access-token-0002.pem"), new_key(&Entropy::seeded(2))).unwrap();
        let both = SigningKeys::load_or_create(folder.path(), &Entropy::seeded(3)).unwrap();
        assert_ne!(both.current.id, first.current.id);
        assert!(both.jwks().find(&first.current.id).is_some() && both.jwks().find(&both.current.id).is_some());
    }
}
