//! Brings what is stored of a kind to the schema that the service has: states, keys and timers are derived from the events
//! again. Which schema a kind's rows have is itself an aggregate, so that a start with nothing to do costs one read.

use haat_kernel::{Ctx, Result};
use serde::{Deserialize, Serialize};

use crate::aggregate::Aggregate;
use crate::partition::PARTITIONS;
use crate::store::Store;
use crate::tx::Load;

/// Aggregates rewritten in one commit.
const REBUILD_BATCH: usize = 200;

/// The schema that all rows of a kind have; its id is the kind.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct KindSchema {
    schema: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum KindSchemaEvent {
    Rebuilt { schema: u32 },
}

impl Aggregate for KindSchema {
    const KIND: &'static str = "kind_schema";
    const SCHEMA: u32 = 1;
    type Event = KindSchemaEvent;

    fn create(event: &KindSchemaEvent) -> Option<Self> {
        let KindSchemaEvent::Rebuilt { schema } = event;
        Some(KindSchema { schema: *schema })
    }

    fn apply(&mut self, event: &KindSchemaEvent) {
        let KindSchemaEvent::Rebuilt { schema } = event;
        self.schema = *schema;
    }
}

impl Store {
    /// Rewrites every aggregate of the kind that another schema wrote; answers how many there were. To be called when a service
    /// starts, before it serves: until then, keys and timers of such aggregates are those of the other schema.
    pub async fn rebuild<A: Aggregate>(&self) -> Result<u64> {
        if self.load::<KindSchema>(A::KIND).await?.is_some_and(|kind| kind.schema == A::SCHEMA) {
            return Ok(0);
        }
        let ctx = Ctx::internal("store", "rebuild", self.clock().now());
        let mut rewritten = 0;
        for partition in 0..PARTITIONS {
            rewritten += self.rebuild_partition::<A>(&ctx, partition).await?;
        }
        if rewritten > 0 {
            tracing::info!(kind = A::KIND, schema = A::SCHEMA, rewritten, "rebuilt the states of a kind");
        }
        let rebuilt = |_: Option<&KindSchema>| Ok::<_, haat_kernel::Error>(vec![KindSchemaEvent::Rebuilt { schema: A::SCHEMA }]);
        self.update(&ctx, A::KIND, rebuilt).await?;
        Ok(rewritten)
    }

    async fn rebuild_partition<A: Aggregate>(&self, ctx: &Ctx, partition: u16) -> Result<u64> {
        let (mut after, mut rewritten) = (String::new(), 0);
        loop {
            let rows = self.backend.scan(A::KIND, partition, &after, REBUILD_BATCH).await?;
            let Some(last) = rows.last() else { return Ok(rewritten) };
            after.clone_from(&last.id);
            let ids: Vec<String> = rows.into_iter().filter(|row| row.schema != A::SCHEMA).map(|row| row.id).collect();
            rewritten += ids.len() as u64;
            let load = Load::new().all::<A>(&ids);
            self.transact(ctx, load, move |tx| ids.iter().try_for_each(|id| tx.rewrite::<A>(id))).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_event_stays_as_it_is() {
        crate::golden::check_events::<KindSchema>("tests/golden", &[("rebuilt", KindSchemaEvent::Rebuilt { schema: 2 })]);
    }
}
