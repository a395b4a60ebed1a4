//! Forgets what has outlived its use: events are kept for good, unless the aggregate says for how long. What is forgotten goes
//! whole and leaves a hole in its partition's positions; nothing else moves.

use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Error, Result};

use crate::aggregate::Aggregate;
use crate::partition::PARTITIONS;
use crate::store::Store;
use crate::tx::Load;

/// Aggregates forgotten in one commit: other commits wait for it.
const FORGET_BATCH: usize = 50;

impl Store {
    /// Forgets the aggregates of a kind whose last event is older than their `keep_for_s`; answers how many there were.
    /// Subscribers have had all that time to read them.
    pub async fn forget_expired<A: Aggregate>(&self) -> Result<u64> {
        let Some(keep_for_s) = A::keep_for_s() else { return Ok(0) };
        let now = self.clock().now();
        let before = plus_seconds(now, -keep_for_s);
        let ctx = Ctx::internal("store", "retention", now);
        let mut forgotten = 0;
        for partition in 0..PARTITIONS {
            let mut after = String::new();
            loop {
                let idle = self.backend.idle(A::KIND, partition, &after, before, FORGET_BATCH).await?;
                let Some((last, _)) = idle.last() else { break };
                after.clone_from(last);
                forgotten += self.forget::<A>(&ctx, idle).await?;
            }
        }
        if forgotten > 0 {
            tracing::info!(kind = A::KIND, forgotten, "forgot what has outlived its use");
        }
        Ok(forgotten)
    }

    /// Those that have not moved on from the given versions.
    async fn forget<A: Aggregate>(&self, ctx: &Ctx, idle: Vec<(String, u64)>) -> Result<u64> {
        let load = Load::new().all::<A>(idle.iter().map(|(id, _)| id));
        self.transact(ctx, load, move |tx| {
            let mut forgotten = 0;
            for (id, version) in &idle {
                if tx.version::<A>(id) == *version {
                    tx.forget::<A>(id)?;
                    forgotten += 1;
                }
            }
            Ok::<u64, Error>(forgotten)
        })
        .await
    }
}
