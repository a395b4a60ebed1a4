//! Why a decision on a product is refused.

use haat_kernel::{Fault, Kind, Violation};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProductError {
    #[error("{}", first(.0))]
    Invalid(Vec<Violation>),
    #[error("The product was changed meanwhile; read it again.")]
    EtagMismatch,
}

fn first(violations: &[Violation]) -> String {
    violations.first().map(|violation| format!("`{}` {}", violation.field, violation.description)).unwrap_or_default()
}

impl Fault for ProductError {
    fn kind(&self) -> Kind {
        match self {
            ProductError::Invalid(_) => Kind::InvalidArgument,
            ProductError::EtagMismatch => Kind::Aborted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ProductError::Invalid(_) => "invalid_argument",
            ProductError::EtagMismatch => "etag_mismatch",
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            ProductError::Invalid(violations) => violations.clone(),
            ProductError::EtagMismatch => Vec::new(),
        }
    }
}
