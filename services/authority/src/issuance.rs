//! One answer of the authority, on record: a certificate it issued, or why it refused to. The record of who could ever claim
//! to be which service.

use haat_identity::CertificateInfo;
use haat_kernel::{Fault, Kind, Timestamp};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

haat_kernel::id_type!(
    /// An answer of the authority.
    IssuanceId,
    "issuance"
);

/// A certificate lives for an hour; for a year it can be told who had which.
const KEPT_S: i64 = 365 * 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A first certificate, for a join token.
    Enrollment,
    /// A service replaces its own.
    Renewal,
    /// The public listener of the gateway.
    Edge,
}

/// Whom a certificate names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A service, by its name.
    Service(String),
    /// A public listener, by DNS names and addresses.
    Listener(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssuedCertificate {
    pub subject: Subject,
    /// Hexadecimal.
    pub serial: String,
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl IssuedCertificate {
    pub fn new(subject: Subject, leaf: &CertificateInfo) -> Self {
        IssuedCertificate { subject, serial: leaf.serial.to_string(), not_before: leaf.not_before, not_after: leaf.not_after }
    }
}

/// Why the authority issues nothing. The text is for the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Refusal {
    #[error("The join token is not valid.")]
    JoinTokenInvalid,
    #[error("{why}.")]
    CsrInvalid { why: String },
    #[error("`{name}` is not a name that the public listener may have.")]
    NameNotAllowed { name: String },
}

impl Fault for Refusal {
    fn kind(&self) -> Kind {
        match self {
            Refusal::JoinTokenInvalid => Kind::Unauthenticated,
            Refusal::CsrInvalid { .. } => Kind::InvalidArgument,
            Refusal::NameNotAllowed { .. } => Kind::PermissionDenied,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            Refusal::JoinTokenInvalid => "join_token_invalid",
            Refusal::CsrInvalid { .. } => "csr_invalid",
            Refusal::NameNotAllowed { .. } => "name_not_allowed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IssuanceEvent {
    CertificateIssued {
        occasion: Occasion,
        certificate: IssuedCertificate,
    },
    CertificateRefused {
        occasion: Occasion,
        /// The service whose certificate asked; empty without one.
        caller: String,
        refusal: Refusal,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuance {
    pub occasion: Occasion,
    /// None when it was refused.
    pub certificate: Option<IssuedCertificate>,
}

impl Aggregate for Issuance {
    const KIND: &'static str = "issuance";
    const SCHEMA: u32 = 1;
    type Event = IssuanceEvent;

    fn create(event: &IssuanceEvent) -> Option<Self> {
        Some(match event.clone() {
            IssuanceEvent::CertificateIssued { occasion, certificate } => Issuance { occasion, certificate: Some(certificate) },
            IssuanceEvent::CertificateRefused { occasion, .. } => Issuance { occasion, certificate: None },
        })
    }

    /// There is one event in its life.
    fn apply(&mut self, _: &IssuanceEvent) {}

    fn keep_for_s() -> Option<i64> {
        Some(KEPT_S)
    }
}
