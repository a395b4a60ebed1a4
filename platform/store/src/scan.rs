//! Reads every aggregate of a kind, partition by partition: for tools that look at everything, such as the books check.

use haat_kernel::Result;

use crate::aggregate::{Aggregate, Versioned};
use crate::partition::PARTITIONS;
use crate::store::Store;

const SCAN_BATCH: usize = 500;

impl Store {
    /// Hands every aggregate of a kind to `visit`, in no order that means anything. Not a snapshot: what changes meanwhile
    /// may be seen before or after.
    pub async fn for_each<A: Aggregate>(&self, mut visit: impl FnMut(Versioned<A>)) -> Result<()> {
        for partition in 0..PARTITIONS {
            let mut after = String::new();
            loop {
                let rows = self.backend.scan(A::KIND, partition, &after, SCAN_BATCH).await?;
                let Some(last) = rows.last() else { break };
                after.clone_from(&last.id);
                for row in rows {
                    visit(self.decode(row, None).await?);
                }
            }
        }
        Ok(())
    }
}
