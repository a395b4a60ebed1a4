//! Certificates: what a service is (`spiffe://haat/orders`), how it proves it, and whom it believes.
//! Every certificate chains to one root, lives for an hour and carries exactly one SPIFFE id; private keys are made in the
//! process that uses them and never leave it. No network here: `transport` makes the connections, `authority` issues.
//!
//! Reading order: `spiffe`, `certificate`, `keys`, `ca`, `identity`, `term`, `trust`, `live`, `edge`, `files`.

pub mod ca;
pub mod certificate;
pub mod edge;
pub mod error;
pub mod files;
pub mod identity;
pub mod keys;
pub mod live;
pub mod spiffe;
mod term;
mod tls;
pub mod trust;

pub use ca::{Intermediate, Root};
pub use certificate::{CertificateInfo, Chain, Serial};
pub use edge::LiveEdge;
pub use error::IdentityError;
pub use identity::Identity;
pub use keys::KeyPair;
pub use live::LiveIdentity;
pub use spiffe::SpiffeId;
pub use term::Term;
pub use trust::TrustBundle;
