//! Between the contract and the domain.

use haat_contracts::authority as pb;
use haat_contracts::convert::timestamp;
use haat_identity::SpiffeId;
use haat_kernel::{Error, Result, Timestamp};

use crate::issuer::Issued;
use crate::token::Token;

/// A service that may join with a token: every one but the authority, which signs for itself.
pub fn joining_service(name: &str) -> Result<SpiffeId> {
    let id = SpiffeId::of(name).ok().filter(|id| id.name() != "authority");
    id.ok_or_else(|| Error::invalid("service", "is not the name of a service that joins with a token"))
}

pub fn join_token(token: Token, expires_at: Timestamp) -> pb::JoinToken {
    pb::JoinToken { token: token.into_text(), expires_at: Some(timestamp(expires_at)) }
}

pub fn certificate(issued: Issued) -> pb::Certificate {
    pb::Certificate {
        chain: issued.chain.to_der(),
        trust_bundle: issued.trust_bundle,
        not_before: Some(timestamp(issued.certificate.not_before)),
        not_after: Some(timestamp(issued.certificate.not_after)),
    }
}
