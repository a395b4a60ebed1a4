//! Where a service keeps its aggregates: it loads, decides, commits, and never writes SQL.
//!
//! One commit writes, atomically: events, state, secondary keys, timers, the reply remembered for an idempotency key, and a
//! feed's cursor. Positions in a partition are gapless and in commit order: who has read position n never meets a late n-1.
//! State is a cache of the events and is rebuilt from them when its schema moves on.
//!
//! Reading order: `aggregate`, `store`, `tx`, `backend`, then `memory` and `sqlite`.

pub mod aggregate;
pub mod backend;
pub mod cache;
mod codec;
pub mod golden;
pub mod memory;
pub mod page;
pub mod partition;
mod rebuild;
mod retention;
mod scan;
pub mod select;
pub mod set_aside;
pub mod sqlite;
pub mod stats;
pub mod store;
mod stored;
pub mod tap;
pub mod tx;
mod untyped;

pub use aggregate::{Aggregate, Key, Recorded, Timer, Versioned};
pub use backend::{Backend, DueTimer, Remembered, StoredEvent};
pub use memory::{CommitFault, MemoryBackend};
pub use page::{Page, PageOf};
pub use partition::{PARTITIONS, Positions, partition_of};
pub use set_aside::{AsideState, SetAside, SetAsideEvent};
pub use sqlite::SqliteBackend;
pub use stats::Stats;
pub use store::Store;
pub use stored::StoredState;
pub use tx::{Load, Tx};

/// The code of a commit whose feed event was taken before: nothing was written, and the reaction has nothing left to do.
pub const ALREADY_APPLIED: &str = "already_applied";
/// The code of a commit whose idempotency key already has a reply to the same request: read it with [`Store::reply`].
pub const ALREADY_REPLIED: &str = "already_replied";
/// The code of a commit whose idempotency key was used for another request.
pub const IDEMPOTENCY_KEY_REUSED: &str = "idempotency_key_reused";
/// The code of a commit that claims a unique key somebody else has; the context and the first violation's field name the key.
pub const ALREADY_EXISTS: &str = "already_exists";
