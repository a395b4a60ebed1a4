//! The certificate authority: a root that only signs intermediates, an intermediate that only signs leaves.
//! What a certificate says is decided here; of a request only its public key is taken, after its signature was verified.
//! Used by `services/authority`, by `haat certs issue`, and by the testkit.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Entropy, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKey, PublicKeyData, SanType, SerialNumber,
};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};

use crate::certificate::{CertificateInfo, Chain, certificates_from_pem, pem_of};
use crate::error::IdentityError;
use crate::files;
use crate::keys::KeyPair;
use crate::spiffe::SpiffeId;

/// How long a service's certificate lives unless its issuer says otherwise.
pub const LEAF_LIFETIME: Duration = Duration::from_secs(3600);
const INTERMEDIATE_LIFETIME_S: i64 = 365 * 86_400;
const ROOT_LIFETIME_S: i64 = 3650 * 86_400;
/// Certificates begin this long before they are made, so that machines whose clocks run behind accept them at once.
const BACKDATED_S: i64 = 60;
/// A request with a P-256 key takes about 250 bytes.
const REQUEST_BYTES_MAX: usize = 4096;
/// An uncompressed point of P-256.
const PUBLIC_KEY_BYTES: usize = 65;

/// The root of all trust. Its key signs intermediates and nothing else.
#[derive(Debug)]
pub struct Root(Signer);

/// Signs the certificates of services and of the public listener. Its chain is itself, under the root.
#[derive(Debug)]
pub struct Intermediate(Signer);

impl Root {
    /// A new root, valid for ten years.
    pub fn generate(now: Timestamp, entropy: &Entropy) -> Result<Self, IdentityError> {
        let key = KeyPair::generate()?;
        let params = ca_params("Haat Root", 1, Validity::from(now, ROOT_LIFETIME_S), entropy);
        let certificate = params.self_signed(&key.0)?.der().clone();
        Signer::new(certificate, key).map(Root)
    }

    pub fn load(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        Signer::load(certificate, key).map(Root)
    }

    pub fn save(&self, certificate: &Path, key: &Path) -> Result<(), IdentityError> {
        self.0.save(certificate, key)
    }

    /// What everybody trusts: the content of `ca.pem`.
    pub fn certificate_pem(&self) -> String {
        pem_of(&self.0.certificate)
    }

    /// A new intermediate, valid for a year, at most as long as the root.
    pub fn intermediate(&self, now: Timestamp, entropy: &Entropy) -> Result<Intermediate, IdentityError> {
        let key = KeyPair::generate()?;
        let validity = Validity::from(now, INTERMEDIATE_LIFETIME_S).within(self.0.info.not_after);
        let params = ca_params("Haat Intermediate", 0, validity, entropy);
        let certificate = params.signed_by(&key.0, &self.0.issuer)?.der().clone();
        Signer::new(certificate, key).map(Intermediate)
    }
}

impl Intermediate {
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        Signer::load(certificate, key).map(Intermediate)
    }

    pub fn save(&self, certificate: &Path, key: &Path) -> Result<(), IdentityError> {
        self.0.save(certificate, key)
    }

    pub fn not_after(&self) -> Timestamp {
        self.0.info.not_after
    }

    /// A service's certificate over the public key of `request` (PKCS#10, DER): the one URI name `id`, the DNS name
    /// `NAME.haat.internal`, usable as server and client, for `lifetime` at most.
    pub fn issue(
        &self,
        request: &[u8],
        id: &SpiffeId,
        lifetime: Duration,
        now: Timestamp,
        entropy: &Entropy,
    ) -> Result<Chain, IdentityError> {
        let names = vec![uri_name(id.as_str())?, dns_name(&id.dns_name())?];
        let usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(request, id.name(), names, usages, Validity::from(now, seconds(lifetime)), entropy)
    }

    /// A certificate for a listener that the public connects to, valid for `names` (DNS names and addresses). It carries no
    /// SPIFFE id, so it proves nothing between services.
    pub fn issue_edge(
        &self,
        request: &[u8],
        names: &[&str],
        lifetime: Duration,
        now: Timestamp,
        entropy: &Entropy,
    ) -> Result<Chain, IdentityError> {
        let common_name = names.first().copied().unwrap_or("localhost");
        let validity = Validity::from(now, seconds(lifetime));
        let alternative_names = names.iter().map(|name| public_name(name)).collect::<Result<_, _>>()?;
        self.sign(request, common_name, alternative_names, vec![ExtendedKeyUsagePurpose::ServerAuth], validity, entropy)
    }

    fn sign(
        &self,
        request: &[u8],
        common_name: &str,
        names: Vec<SanType>,
        usages: Vec<ExtendedKeyUsagePurpose>,
        validity: Validity,
        entropy: &Entropy,
    ) -> Result<Chain, IdentityError> {
        let public_key = verified_public_key(request)?;
        let mut params = params(common_name, validity.within(self.not_after()), entropy);
        params.subject_alt_names = names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = usages;
        params.use_authority_key_identifier_extension = true;
        let leaf = params.signed_by(&public_key, &self.0.issuer)?.der().clone();
        Chain::new(vec![leaf, self.0.certificate.clone()])
    }
}

/// A certificate with the key that signs under it.
struct Signer {
    certificate: CertificateDer<'static>,
    info: CertificateInfo,
    issuer: Issuer<'static, rcgen::KeyPair>,
}

impl Signer {
    fn new(certificate: CertificateDer<'static>, key: KeyPair) -> Result<Self, IdentityError> {
        let info = CertificateInfo::read(&certificate)?;
        if info.public_key != key.public_key() {
            return Err(IdentityError::KeyMismatch);
        }
        let issuer = Issuer::from_ca_cert_der(&certificate, key.0)?;
        Ok(Signer { certificate, info, issuer })
    }

    fn load(certificate: &Path, key: &Path) -> Result<Self, IdentityError> {
        let [found] = <[_; 1]>::try_from(certificates_from_pem(&files::read(certificate)?)?)
            .map_err(|_| IdentityError::Certificate(format!("{} does not hold one certificate", certificate.display())))?;
        Signer::new(found, KeyPair::from_pem(&files::read(key)?)?)
    }

    /// The key first: a certificate without its key would be taken for a finished authority.
    fn save(&self, certificate: &Path, key: &Path) -> Result<(), IdentityError> {
        files::write_private(key, self.issuer.key().serialize_pem().as_bytes())?;
        files::write_public(certificate, pem_of(&self.certificate).as_bytes())
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("serial", &self.info.serial).field("not_after", &self.info.not_after).finish()
    }
}

#[derive(Clone, Copy)]
struct Validity {
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Validity {
    fn from(now: Timestamp, lifetime_s: i64) -> Self {
        let not_before = plus_seconds(now, -BACKDATED_S);
        Validity { not_before, not_after: plus_seconds(not_before, lifetime_s) }
    }

    /// Nothing outlives its issuer.
    fn within(self, issuer_not_after: Timestamp) -> Self {
        Validity { not_after: self.not_after.min(issuer_not_after), ..self }
    }
}

fn params(common_name: &str, validity: Validity, entropy: &Entropy) -> CertificateParams {
    let since_epoch = |at: Timestamp| Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Haat");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = epoch + since_epoch(validity.not_before);
    params.not_after = epoch + since_epoch(validity.not_after);
    params.serial_number = Some(random_serial(entropy));
    params
}

fn ca_params(common_name: &str, path_length: u8, validity: Validity, entropy: &Entropy) -> CertificateParams {
    let mut params = params(common_name, validity, entropy);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// 16 bytes, positive and without leading zeros, as RFC 5280 section 4.1.2.2 asks.
fn random_serial(entropy: &Entropy) -> SerialNumber {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    bytes[0] = bytes[0] & 0x7f | 0x40;
    SerialNumber::from_slice(&bytes)
}

/// The request's public key, once its signature proves that the sender has the private one.
fn verified_public_key(request: &[u8]) -> Result<PublicKey, IdentityError> {
    let refused = |why: &str| IdentityError::Request(why.to_owned());
    if request.len() > REQUEST_BYTES_MAX {
        return Err(refused("it is too long"));
    }
    let request = CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
        .map_err(|error| IdentityError::Request(error.to_string()))?;
    let key = request.public_key;
    if *key.algorithm() != PKCS_ECDSA_P256_SHA256 || key.der_bytes().len() != PUBLIC_KEY_BYTES {
        return Err(refused("its key is not ECDSA P-256"));
    }
    Ok(key)
}

fn uri_name(uri: &str) -> Result<SanType, IdentityError> {
    uri.try_into().map(SanType::URI).map_err(|_| IdentityError::NotASpiffeId(uri.to_owned()))
}

fn dns_name(name: &str) -> Result<SanType, IdentityError> {
    name.try_into().map(SanType::DnsName).map_err(|_| IdentityError::NotAName(name.to_owned()))
}

fn public_name(name: &str) -> Result<SanType, IdentityError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let is_dns = rustls_pki_types::DnsName::try_from(name).is_ok();
    if is_dns { dns_name(name) } else { Err(IdentityError::NotAName(name.chars().take(100).collect())) }
}

fn seconds(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn authority(now: Timestamp, entropy: &Entropy) -> (Root, Intermediate) {
        let root = Root::generate(now, entropy).unwrap();
        let intermediate = root.intermediate(now, entropy).unwrap();
        (root, intermediate)
    }

    #[test]
    fn a_leaf_says_what_the_issuer_decided_whatever_the_request_asks() {
        let (now, entropy) = (at("2026-11-21T10:00:00Z"), Entropy::seeded(1));
        let (_, intermediate) = authority(now, &entropy);
        let key = KeyPair::generate().unwrap();
        let mut wishes = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
        wishes.subject_alt_names.push(uri_name("spiffe://haat/authority").unwrap());
        wishes.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let request = wishes.serialize_request(&key.0).unwrap().der().to_vec();

        let orders = SpiffeId::of("orders").unwrap();
        let chain = intermediate.issue(&request, &orders, LEAF_LIFETIME, now, &entropy).unwrap();
        let info = CertificateInfo::read(chain.leaf()).unwrap();
        assert_eq!(info.uris, ["spiffe://haat/orders"]);
        assert_eq!((info.not_before, info.not_after), (at("2026-11-21T09:59:00Z"), at("2026-11-21T10:59:00Z")));
        assert_eq!(info.public_key, key.public_key());
        let (_, leaf) = x509_parser::parse_x509_certificate(chain.leaf()).unwrap();
        assert!(!leaf.is_ca());
        let names = &leaf.subject_alternative_name().unwrap().unwrap().value.general_names;
        let dns = x509_parser::extensions::GeneralName::DNSName("orders.haat.internal");
        assert!(names.len() == 2 && names.contains(&dns), "{names:?}");

        let identity = crate::Identity::new(chain.clone(), key).unwrap();
        assert_eq!(identity.spiffe_id, orders);
        let other_key = KeyPair::generate().unwrap();
        assert!(matches!(crate::Identity::new(chain, other_key), Err(IdentityError::KeyMismatch)));
    }

    #[test]
    fn a_request_that_does_not_prove_possession_of_a_p256_key_is_refused() {
        let (now, entropy) = (at("2026-11-21T10:00:00Z"), Entropy::seeded(2));
        let (_, intermediate) = authority(now, &entropy);
        let mut forged = KeyPair::generate().unwrap().signing_request().unwrap();
        *forged.last_mut().unwrap() ^= 1;
        let other_curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
        let other_curve = CertificateParams::default().serialize_request(&other_curve).unwrap().der().to_vec();
        for bad in [forged, other_curve, vec![0x30; REQUEST_BYTES_MAX + 1], Vec::new()] {
            let refused = intermediate.issue(&bad, &SpiffeId::of("orders").unwrap(), LEAF_LIFETIME, now, &entropy);
            assert!(matches!(refused, Err(IdentityError::Request(_))), "{refused:?}");
        }
    }

    #[test]
    fn an_edge_certificate_has_public_names_and_no_identity() {
        let (now, entropy) = (at("2026-11-21T10:00:00Z"), Entropy::seeded(3));
        let (_, intermediate) = authority(now, &entropy);
        let request = KeyPair::generate().unwrap().signing_request().unwrap();
        let edge = |names: &[&str]| intermediate.issue_edge(&request, names, LEAF_LIFETIME, now, &entropy);
        let chain = edge(&["localhost", "127.0.0.1", "::1"]).unwrap();
        assert!(CertificateInfo::read(chain.leaf()).unwrap().spiffe_id().is_err());
        assert!(matches!(edge(&["spiffe://haat/orders"]), Err(IdentityError::NotAName(_))));
    }

    #[test]
    fn an_authority_is_the_same_after_a_restart_and_nothing_outlives_its_issuer() {
        let (now, entropy) = (at("2026-11-21T10:00:00Z"), Entropy::seeded(4));
        let (root, intermediate) = authority(now, &entropy);
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        root.save(&path("ca.pem"), &path("ca.key")).unwrap();
        intermediate.save(&path("intermediate.pem"), &path("intermediate.key")).unwrap();
        let loaded = Root::load(&path("ca.pem"), &path("ca.key")).unwrap();
        assert_eq!(loaded.certificate_pem(), root.certificate_pem());
        assert_eq!(loaded.certificate_pem(), files::read(&path("ca.pem")).unwrap());
        assert!(Root::load(&path("ca.pem"), &path("intermediate.key")).is_err(), "a key of another certificate");

        let intermediate = Intermediate::load(&path("intermediate.pem"), &path("intermediate.key")).unwrap();
        let late = plus_seconds(intermediate.not_after(), -600);
        let request = KeyPair::generate().unwrap().signing_request().unwrap();
        let chain = intermediate.issue(&request, &SpiffeId::of("orders").unwrap(), LEAF_LIFETIME, late, &entropy).unwrap();
        assert_eq!(CertificateInfo::read(chain.leaf()).unwrap().not_after, intermediate.not_after());
    }
}
