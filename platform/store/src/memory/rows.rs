//! What a decision reads inside its transaction, in memory.

use haat_kernel::{Cursor, Idempotency, Result, Timestamp};

use super::Tables;
use crate::backend::{Current, Lock, Remembered, Rows, StoredEvent};
use crate::cache::StateCache;

/// The tables as a decision sees them.
pub(super) struct MemoryRows<'a> {
    pub tables: &'a Tables,
    pub cache: &'a StateCache,
    pub now: Timestamp,
}

impl Rows for MemoryRows<'_> {
    fn aggregate(&mut self, lock: &Lock) -> Result<Option<Current>> {
        let live = self.cache.get(lock.kind, &lock.id).map(Current::Live);
        Ok(live.or_else(|| self.tables.aggregate(lock.kind, &lock.id).map(Current::Stored)))
    }

    fn events(&mut self, lock: &Lock) -> Result<Vec<StoredEvent>> {
        Ok(self.tables.events_of(lock.kind, &lock.id))
    }

    fn position(&mut self, cursor: &Cursor) -> Result<u64> {
        Ok(self.tables.cursors.get(&cursor.source).map_or(0, |positions| positions.get(cursor.partition)))
    }

    fn reply(&mut self, idempotency: &Idempotency) -> Result<Option<Remembered>> {
        Ok(self.tables.reply(&idempotency.scope, &idempotency.key, self.now))
    }
}
