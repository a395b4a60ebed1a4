//! Why a charge does not take a request.

use haat_kernel::{Fault, Kind};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeError {
    #[error("There is no such charge.")]
    NotFound,
    #[error("This idempotency key came with another request before.")]
    KeyReused,
    #[error("The reference `{reference}` has a charge of other terms already.")]
    ReferenceInUse { reference: String },
    #[error("The authorization has no result yet.")]
    Undecided,
    #[error("The charge was declined.")]
    Declined,
    #[error("The charge was voided.")]
    Voided,
    #[error("The charge was captured; refund it instead.")]
    Captured,
    #[error("Only {left} minor units are left of the {asked} asked for.")]
    TooMuch { asked: i64, left: i64 },
    #[error("An amount must be a positive number of minor units.")]
    AmountNotPositive,
    #[error("The charge was decided already.")]
    AlreadyDecided,
    #[error("The charge has seen too many operations.")]
    TooManyOperations,
}

impl Fault for ChargeError {
    fn kind(&self) -> Kind {
        match self {
            ChargeError::NotFound => Kind::NotFound,
            ChargeError::AmountNotPositive => Kind::InvalidArgument,
            _ => Kind::FailedPrecondition,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ChargeError::NotFound => "charge_not_found",
            ChargeError::KeyReused => "idempotency_key_reused",
            ChargeError::ReferenceInUse { .. } => "reference_in_use",
            ChargeError::Undecided => "charge_undecided",
            ChargeError::Declined => "charge_declined",
            ChargeError::Voided => "charge_voided",
            ChargeError::Captured => "charge_captured",
            ChargeError::TooMuch { .. } => "amount_too_large",
            ChargeError::AmountNotPositive => "amount_invalid",
            ChargeError::AlreadyDecided => "already_decided",
            ChargeError::TooManyOperations => "too_many_operations",
        }
    }
}
