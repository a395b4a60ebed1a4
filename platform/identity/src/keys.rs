//! Private keys (ECDSA P-256) and the requests that prove their possession.

use rcgen::{CertificateParams, DistinguishedName, PKCS_ECDSA_P256_SHA256};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::error::IdentityError;

/// A private key and its public half. Not `Clone`, and its `Debug` text says nothing.
pub struct KeyPair(pub(crate) rcgen::KeyPair);

impl KeyPair {
    pub fn generate() -> Result<Self, IdentityError> {
        Ok(KeyPair(rcgen::KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?))
    }

    /// Reads a PKCS#8 private key.
    pub fn from_pem(pem: &str) -> Result<Self, IdentityError> {
        rcgen::KeyPair::from_pem(pem).map(KeyPair).map_err(|error| IdentityError::Key(error.to_string()))
    }

    pub fn to_pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// A PKCS#10 request in DER. It asks for nothing: the issuer decides what the certificate says.
    pub fn signing_request(&self) -> Result<Vec<u8>, IdentityError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        Ok(params.serialize_request(&self.0)?.der().to_vec())
    }

    /// The bits of the public key, as a certificate carries them.
    pub fn public_key(&self) -> &[u8] {
        self.0.public_key_raw()
    }

    pub(crate) fn private_der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.0.serialize_der()))
    }
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyPair")
    }
}
