//! What can go wrong with a certificate. Bad input of a caller is told to the caller; the rest only to the log.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    #[error("`{0}` is not of the form spiffe://haat/NAME")]
    NotASpiffeId(String),
    #[error("the certificate signing request is refused: {0}")]
    Request(String),
    #[error("`{0}` is neither a DNS name nor an address")]
    NotAName(String),
    #[error("the certificate cannot be used: {0}")]
    Certificate(String),
    #[error("the private key does not belong to the certificate")]
    KeyMismatch,
    #[error("the private key cannot be used: {0}")]
    Key(String),
    #[error("making a certificate failed")]
    Issue(#[from] rcgen::Error),
    #[error("the TLS configuration is refused")]
    Tls(#[from] rustls::Error),
    #[error("{path}: {source}", path = path.display())]
    File { path: PathBuf, source: std::io::Error },
}

impl From<IdentityError> for haat_kernel::Error {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::NotASpiffeId(_) => haat_kernel::Error::invalid("spiffe_id", error.to_string()),
            IdentityError::Request(_) => haat_kernel::Error::invalid("csr", error.to_string()),
            IdentityError::NotAName(_) => haat_kernel::Error::invalid("names", error.to_string()),
            other => haat_kernel::Error::internal(format!("{other:?}")),
        }
    }
}
