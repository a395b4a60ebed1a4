//! Reads that know no type: for those who look at a log from outside, whatever service it belongs to.

use haat_kernel::Result;

use crate::backend::StoredEvent;
use crate::store::Store;

impl Store {
    /// All events of the aggregate with this kind and id, the oldest first; none when there is no such aggregate.
    pub async fn events_of(&self, kind: &str, id: &str) -> Result<Vec<StoredEvent>> {
        self.backend.events_of(kind, id).await
    }
}
