//! Signs: decides what a certificate says, and refuses what the policy does not allow. Every certificate that leaves the
//! authority over the network is made here.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use haat_identity::ca::LEAF_LIFETIME;
use haat_identity::{CertificateInfo, Chain, IdentityError, SpiffeId};
use haat_kernel::{Entropy, Error, Timestamp};

use crate::issuance::{IssuedCertificate, Refusal, Subject};
use crate::material::Material;

/// Names in one certificate of the public listener.
const EDGE_NAMES_MAX: usize = 20;

pub struct Issuer {
    material: Arc<Material>,
    names: EdgeNames,
    entropy: Entropy,
}

/// A certificate with what the record says of it.
#[derive(Debug)]
pub struct Issued {
    pub chain: Chain,
    pub trust_bundle: Vec<Vec<u8>>,
    pub certificate: IssuedCertificate,
}

/// No certificate: refused, which goes on record, or failed, which is a bug or a broken machine.
#[derive(Debug)]
pub enum NotIssued {
    Refused(Refusal),
    Failed(Error),
}

impl From<Refusal> for NotIssued {
    fn from(refusal: Refusal) -> Self {
        NotIssued::Refused(refusal)
    }
}

impl From<Error> for NotIssued {
    fn from(error: Error) -> Self {
        NotIssued::Failed(error)
    }
}

impl From<IdentityError> for NotIssued {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Request(why) => Refusal::CsrInvalid { why }.into(),
            IdentityError::NotAName(name) => Refusal::NameNotAllowed { name }.into(),
            other => NotIssued::Failed(other.into()),
        }
    }
}

impl Issuer {
    pub fn new(material: Arc<Material>, names: EdgeNames, entropy: Entropy) -> Self {
        Issuer { material, names, entropy }
    }

    /// A certificate that says: this key is the service `id`.
    pub fn service(&self, csr: &[u8], id: &SpiffeId, now: Timestamp) -> Result<Issued, NotIssued> {
        let chain = self.material.issue(csr, id, now, &self.entropy)?;
        self.issued(chain, Subject::Service(id.name().to_owned()))
    }

    /// A certificate for the public listener, for names that the configuration allows.
    pub fn edge(&self, csr: &[u8], names: &[String], now: Timestamp) -> Result<Issued, NotIssued> {
        self.names.check(names)?;
        let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
        let chain = self.material.intermediate().issue_edge(csr, &borrowed, LEAF_LIFETIME, now, &self.entropy)?;
        self.issued(chain, Subject::Listener(names.to_vec()))
    }

    fn issued(&self, chain: Chain, subject: Subject) -> Result<Issued, NotIssued> {
        let certificate = IssuedCertificate::new(subject, &CertificateInfo::read(chain.leaf())?);
        Ok(Issued { chain, trust_bundle: self.material.root_der()?, certificate })
    }
}

/// What the public listener may call itself: this machine, and the names in the configuration.
pub struct EdgeNames(BTreeSet<String>);

impl EdgeNames {
    /// `public` is a list separated by commas: `shop.example, www.shop.example`.
    pub fn with_public(public: &str) -> Self {
        let names = public.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
        EdgeNames(names.collect())
    }

    fn check(&self, names: &[String]) -> Result<(), Refusal> {
        let not_allowed = |name: &str| Refusal::NameNotAllowed { name: name.chars().take(100).collect() };
        if names.is_empty() {
            return Err(not_allowed(""));
        }
        let too_many = names.get(EDGE_NAMES_MAX);
        let refused = names.iter().find(|name| !self.allows(name)).or(too_many);
        refused.map_or(Ok(()), |name| Err(not_allowed(name)))
    }

    fn allows(&self, name: &str) -> bool {
        let is_loopback = name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_loopback || name == "localhost" || self.0.contains(&name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_this_machine_or_what_the_configuration_says() {
        let names = EdgeNames::with_public("shop.example, WWW.shop.example,");
        let check = |asked: &[&str]| names.check(&asked.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        for good in [&["localhost", "127.0.0.1", "::1", "127.0.0.8"][..], &["shop.example"], &["www.shop.example"]] {
            assert_eq!(check(good), Ok(()), "{good:?}");
        }
        let many = vec!["localhost"; EDGE_NAMES_MAX + 1];
        for bad in [&[][..], &[""], &["localhost", "evil.example"], &["10.0.0.1"], &["*.shop.example"], &many] {
            assert!(matches!(check(bad), Err(Refusal::NameNotAllowed { .. })), "{bad:?}");
        }
    }
}
