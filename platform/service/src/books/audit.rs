//! A whole reading of a service's books, on a store that nothing need run on.

use std::collections::BTreeMap;

use haat_kernel::Result;
use haat_store::{PARTITIONS, Store};

use super::ledger::{Ledger, unbalanced};
use super::{Books, Kind};

const BATCH: usize = 500;

/// How much is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every state, and the sums over all of them.
    States,
    /// Every event, too: each state must be what its events add up to.
    Events,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Audit {
    pub wrong: Vec<String>,
    /// How many states there are, by kind.
    pub states: BTreeMap<&'static str, usize>,
}

impl Books {
    /// Reads everything. What is committed meanwhile may be seen half: the caller looks again when the log has moved.
    pub async fn audit(&self, store: &Store, depth: Depth) -> Result<Audit> {
        let (mut audit, mut sums) = (Audit::default(), Ledger::default());
        for kind in &self.0 {
            for partition in 0..PARTITIONS {
                read(&**kind, store, partition, depth, &mut audit, &mut sums).await?;
            }
        }
        audit.wrong.extend(sums.iter().map(|(account, amount)| unbalanced(account, amount)));
        Ok(audit)
    }
}

async fn read(kind: &dyn Kind, store: &Store, partition: u16, depth: Depth, audit: &mut Audit, sums: &mut Ledger) -> Result<()> {
    let folded_max = if depth == Depth::Events { u64::MAX } else { 0 };
    let mut after = Some(String::new());
    while let Some(place) = after {
        let (rows, next) = kind.read(store, partition, &place, BATCH, folded_max).await?;
        for row in rows {
            *audit.states.entry(kind.name()).or_default() += 1;
            sums.add(&row.judged.entries);
            let name = kind.name();
            audit.wrong.extend(row.judged.faults.iter().map(|fault| format!("{name} {} {fault}", row.id)));
        }
        after = next;
    }
    Ok(())
}
