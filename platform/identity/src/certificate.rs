//! Certificates as they travel and as they are read: a chain from the leaf up, and the facts a leaf states.

use base64::Engine;
use haat_kernel::Timestamp;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;

use crate::error::IdentityError;
use crate::spiffe::SpiffeId;

/// The serial number of a certificate: what a revocation list holds. Big-endian bytes without leading zeros.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Serial(bytes.iter().copied().skip_while(|b| *b == 0).collect())
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Display for Serial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for Serial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

/// A leaf certificate and the intermediates under the root, leaf first; never empty. The root itself is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain(Vec<CertificateDer<'static>>);

impl Chain {
    /// Fails when there is no certificate. Does not verify anything.
    pub fn new(certificates: Vec<CertificateDer<'static>>) -> Result<Self, IdentityError> {
        if certificates.is_empty() {
            return Err(IdentityError::Certificate("the chain is empty".to_owned()));
        }
        Ok(Chain(certificates))
    }

    /// From DER bytes, leaf first, as `to_der` gives them: the form on the wire.
    pub fn from_der(certificates: Vec<Vec<u8>>) -> Result<Self, IdentityError> {
        Chain::new(certificates.into_iter().map(CertificateDer::from).collect())
    }

    pub fn from_pem(pem: &str) -> Result<Self, IdentityError> {
        Chain::new(certificates_from_pem(pem)?)
    }

    pub fn to_der(&self) -> Vec<Vec<u8>> {
        self.0.iter().map(|certificate| certificate.to_vec()).collect()
    }

    pub fn to_pem(&self) -> String {
        self.0.iter().map(|certificate| pem_of(certificate)).collect()
    }

    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }

    pub fn leaf(&self) -> &CertificateDer<'static> {
        &self.0[0]
    }
}

/// What a certificate states. Reading it verifies nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateInfo {
    pub serial: Serial,
    /// Its URI names; a service's certificate has exactly one.
    pub uris: Vec<String>,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
    /// The bits of its public key.
    pub public_key: Vec<u8>,
}

impl CertificateInfo {
    pub fn read(der: &[u8]) -> Result<Self, IdentityError> {
        let malformed = |what: &str| IdentityError::Certificate(format!("its {what} cannot be read"));
        let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| malformed("form"))?;
        let validity = certificate.validity();
        let time = |seconds| Timestamp::from_second(seconds).map_err(|_| malformed("validity"));
        Ok(CertificateInfo {
            serial: Serial::from_bytes(certificate.raw_serial()),
            uris: uris(&certificate).ok_or_else(|| malformed("names"))?,
            not_before: time(validity.not_before.timestamp())?,
            not_after: time(validity.not_after.timestamp())?,
            public_key: certificate.public_key().subject_public_key.data.to_vec(),
        })
    }

    /// The one SPIFFE id; fails when there is no URI name, more than one, or one of another form.
    pub fn spiffe_id(&self) -> Result<SpiffeId, IdentityError> {
        match self.uris.as_slice() {
            [uri] => SpiffeId::parse(uri),
            other => Err(IdentityError::Certificate(format!("it has {} URI names instead of one", other.len()))),
        }
    }
}

/// None when the names are malformed.
fn uris(certificate: &X509Certificate<'_>) -> Option<Vec<String>> {
    let names = certificate.subject_alternative_name().ok()?;
    let names = names.iter().flat_map(|names| &names.value.general_names);
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    Some(names.filter_map(uri).collect())
}

pub(crate) fn certificates_from_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|error| IdentityError::Certificate(format!("not PEM: {error:?}")))
}

/// RFC 7468: lines of 64 characters.
pub(crate) fn pem_of(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(String::from_utf8_lossy).map(|line| line + "\n");
    format!("-----BEGIN CERTIFICATE-----\n{}-----END CERTIFICATE-----\n", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_and_der_are_the_same_chain() {
        let now = Timestamp::UNIX_EPOCH;
        let root = crate::Root::generate(now, &haat_kernel::Entropy::seeded(1)).unwrap();
        let chain = Chain::from_pem(&root.certificate_pem().repeat(2)).unwrap();
        assert_eq!(chain.certificates().len(), 2);
        assert_eq!(Chain::from_pem(&chain.to_pem()).unwrap(), chain);
        assert_eq!(Chain::from_der(chain.to_der()).unwrap(), chain);
        for bad in ["", "-----BEGIN CERTIFICATE-----\nzz", "no certificate here"] {
            assert!(Chain::from_pem(bad).is_err(), "{bad}");
        }
    }
}
