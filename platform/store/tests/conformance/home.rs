//! Where a store under test keeps its data, across restarts.

use haat_kernel::{Clock, CorrelationId, Ctx, Cursor, Idempotency, Principal, Timestamp};
use haat_store::{MemoryBackend, Store};
use tempfile::TempDir;

pub enum Home {
    Memory(MemoryBackend),
    Sqlite(TempDir),
}

impl Home {
    pub fn memory() -> Self {
        Home::Memory(MemoryBackend::new())
    }

    pub fn sqlite() -> Self {
        Home::Sqlite(tempfile::tempdir().unwrap())
    }

    pub fn open(&self) -> Store {
        self.open_after_s(0)
    }

    /// As if that many seconds had passed since the epoch of these tests.
    pub fn open_after_s(&self, seconds: i64) -> Store {
        let clock = Clock::simulated(epoch(), seconds * 1_000);
        match self {
            Home::Memory(backend) => Store::memory(clock, backend.clone()),
            Home::Sqlite(folder) => Store::open_sqlite(folder.path().join("store.db"), clock).unwrap(),
        }
    }
}

pub fn epoch() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

pub fn ctx() -> Ctx {
    Ctx::new(Principal::user("user_1", &["buyer"]), CorrelationId::parse("conformance").unwrap(), epoch())
}

/// A call with an idempotency key.
pub fn keyed(key: &str, request_hash: u64) -> Ctx {
    let mut ctx = ctx();
    ctx.idempotency = Some(Idempotency { scope: "user_1".to_owned(), key: key.to_owned(), request_hash });
    ctx
}

/// A reaction to an event of `orders`.
pub fn reacting(partition: u16, position: u64) -> Ctx {
    let mut ctx = ctx();
    ctx.cursor = Some(Cursor { source: "orders".to_owned(), partition, position });
    ctx
}
