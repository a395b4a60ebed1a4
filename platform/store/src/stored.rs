//! States as they are stored, past every cache: for those who check that what is on the disk is still what was written.

use std::sync::Arc;

use haat_kernel::Result;

use crate::aggregate::Aggregate;
use crate::backend::StoredAggregate;
use crate::codec;
use crate::store::Store;

/// A row of the database.
pub struct StoredState<A> {
    pub id: String,
    pub version: u64,
    /// An error says that it cannot be read.
    pub state: Result<Arc<A>>,
}

impl Store {
    /// The next rows of a kind in a partition, by id, after `after`; what another schema wrote, as its events have it. Answers
    /// the id to go on after, too; None at the end.
    pub async fn stored<A: Aggregate>(
        &self,
        partition: u16,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<StoredState<A>>, Option<String>)> {
        let rows = self.backend.scan(A::KIND, partition, after, limit).await?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.id.clone());
        let mut stored = Vec::with_capacity(rows.len());
        for row in rows {
            let state = self.state_of(&row).await;
            stored.push(StoredState { state, version: row.version, id: row.id });
        }
        Ok((stored, next))
    }

    async fn state_of<A: Aggregate>(&self, row: &StoredAggregate) -> Result<Arc<A>> {
        if row.schema == A::SCHEMA {
            return codec::decode_state(row);
        }
        let events = self.backend.events_of(A::KIND, &row.id).await?;
        Ok(codec::fold(&row.id, &events)?.1)
    }

    /// Whether a state is what the events up to its version add up to. An error says that they cannot be read.
    pub async fn is_sum_of_events<A: Aggregate>(&self, id: &str, version: u64, state: &A) -> Result<bool> {
        let mut events = self.backend.events_of(A::KIND, id).await?;
        if events.is_empty() && self.backend.load(A::KIND, id).await?.is_none() {
            // Forgotten since it was read.
            return Ok(true);
        }
        events.retain(|event| event.version <= version);
        let (folded, sum) = codec::fold::<A>(id, &events)?;
        Ok(folded == version && codec::encode_state(id, &*sum)? == codec::encode_state(id, state)?)
    }
}
