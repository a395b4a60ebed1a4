//! The words that every crate shares: money, postal addresses, ids, time, randomness, who asks, and how a call fails.
//! No I/O. What a simulation must control (the clock, randomness, spawned tasks) is reached from here.

pub mod ctx;
pub mod error;
mod etag;
pub mod id;
pub mod money;
pub mod postal;
pub mod principal;
pub mod sabotage;
pub mod task;
pub mod time;

pub use ctx::{CorrelationId, Ctx, Cursor, Idempotency, TraceContext};
pub use error::{Error, Fault, Kind, OVERLOADED, Result, Violation};
pub use etag::etag;
pub use id::{Entropy, Id};
pub use money::{Currency, Money, MoneyError};
pub use postal::PostalAddress;
pub use principal::{Principal, PrincipalKind};
pub use task::{blocking, spawn};
pub use time::{Clock, Timestamp};
