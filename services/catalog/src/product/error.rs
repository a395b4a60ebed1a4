//! Why a decision on a product is refused.

use haat_kernel::{Fault, Kind, Violation};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProductError {
    #[error("{}", first(.0))]
    Invalid(Vec<Violation>),
    #[error("The product was changed meanwhile; read it again.")]
    EtagMismatch,
    #[error("The product has no variant with this SKU.")]
    VariantNotFound,
    #[error("You sell this variant already; change the price and the stock of your offer.")]
    OfferExists,
}

fn first(violations: &[Violation]) -> String {
    violations.first().map(|violation| format!("`{}` {}", violation.field, violation.description)).unwrap_or_default()
}

impl Fault for ProductError {
    fn kind(&self) -> Kind {
        match self {
            ProductError::Invalid(_) => Kind::InvalidArgument,
            ProductError::EtagMismatch => Kind::Aborted,
            ProductError::VariantNotFound => Kind::NotFound,
            ProductError::OfferExists => Kind::AlreadyExists,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ProductError::Invalid(_) => "invalid_argument",
            ProductError::EtagMismatch => "etag_mismatch",
            ProductError::VariantNotFound => "variant_not_found",
            ProductError::OfferExists => "offer_exists",
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            ProductError::Invalid(violations) => violations.clone(),
            ProductError::EtagMismatch | ProductError::VariantNotFound | ProductError::OfferExists => Vec::new(),
        }
    }
}
