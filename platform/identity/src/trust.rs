//! Whom this process believes: the roots, and the certificates revoked under them. `verify` is the one place where a
//! peer's certificate becomes a SPIFFE id; the verifiers of both sides of a handshake go through it.

use std::collections::BTreeSet;
use std::sync::Arc;

use haat_kernel::Clock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::certificate::{CertificateInfo, Serial, certificates_from_pem};
use crate::error::IdentityError;
use crate::spiffe::SpiffeId;
use crate::tls;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct TrustBundle {
    roots: Arc<RootCertStore>,
    revoked: Arc<BTreeSet<Serial>>,
    pem: Arc<str>,
}

impl TrustBundle {
    /// From the content of `ca.pem`: one root, or several while they change.
    pub fn from_pem(pem: &str) -> Result<Self, IdentityError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates_from_pem(pem)? {
            roots.add(certificate)?;
        }
        if roots.is_empty() {
            return Err(IdentityError::Certificate("the trust bundle is empty".to_owned()));
        }
        Ok(TrustBundle { roots: Arc::new(roots), revoked: Arc::default(), pem: pem.into() })
    }

    /// The same roots with exactly these certificates revoked.
    #[must_use]
    pub fn with_revoked(self, revoked: BTreeSet<Serial>) -> Self {
        TrustBundle { revoked: Arc::new(revoked), ..self }
    }

    pub fn is_revoked(&self, serial: &Serial) -> bool {
        self.revoked.contains(serial)
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// For a client that has no certificate yet: to enroll at the authority.
    pub fn anonymous_client_config(&self, clock: Clock) -> Result<Arc<ClientConfig>, IdentityError> {
        tls::client_config(self, None, clock)
    }

    pub(crate) fn server_verifier(&self) -> Arc<dyn ServerCertVerifier> {
        Arc::new(ServerVerifier(self.clone()))
    }

    /// With `optional`, a client may show no certificate; one that it shows must still be good.
    pub(crate) fn client_verifier(&self, optional: bool) -> Result<Arc<dyn ClientCertVerifier>, IdentityError> {
        let builder = WebPkiClientVerifier::builder_with_provider(self.roots.clone(), tls::provider());
        let builder = if optional { builder.allow_unauthenticated() } else { builder };
        let chain = builder.build().map_err(|error| IdentityError::Certificate(error.to_string()))?;
        Ok(Arc::new(ClientVerifier { chain, bundle: self.clone() }))
    }

    /// The SPIFFE id of a leaf whose chain was verified: exactly one, and not revoked.
    fn spiffe_id(&self, leaf: &CertificateDer<'_>) -> Result<SpiffeId, rustls::Error> {
        let info = CertificateInfo::read(leaf).map_err(|_| CertificateError::BadEncoding)?;
        if self.is_revoked(&info.serial) {
            return Err(CertificateError::Revoked.into());
        }
        info.spiffe_id().map_err(|_| CertificateError::ApplicationVerificationFailure.into())
    }
}

/// The server must be the service that the client meant to call.
#[derive(Debug)]
struct ServerVerifier(TrustBundle);

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let parsed = ParsedCertificate::try_from(leaf)?;
        let algorithms = tls::provider().signature_verification_algorithms;
        verify_server_cert_signed_by_trust_anchor(&parsed, &self.0.roots, intermediates, now, algorithms.all)?;
        let expected = SpiffeId::of_server_name(server_name).map_err(|_| CertificateError::NotValidForName)?;
        if self.0.spiffe_id(leaf)? != expected {
            return Err(CertificateError::NotValidForName.into());
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, leaf, signature, &tls::provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &tls::provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The client must be one of our services; which one may call what is decided per call.
#[derive(Debug)]
struct ClientVerifier {
    chain: Arc<dyn ClientCertVerifier>,
    bundle: TrustBundle,
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.chain.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.chain.verify_client_cert(leaf, intermediates, now)?;
        self.bundle.spiffe_id(leaf).map(|_| verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls12_signature(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.chain.verify_tls13_signature(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}
