//! Keeps the search index in step with the store: follows the store's own log from where the index stands, and commits at
//! most every half second. A change is found within a second, and a search never waits for one.

use std::collections::BTreeSet;
use std::time::Duration;

use haat_kernel::{Result, blocking};
use haat_store::{Aggregate, Positions, Store, StoredEvent};
use tokio::time::sleep;

use crate::document::{Document, document};
use crate::ids::ProductId;
use crate::index::{Index, Writer, failed};
use crate::product::Product;
use crate::shelf::{self, Shelf};

const COMMIT_EVERY: Duration = Duration::from_millis(500);
const RETRY_AFTER: Duration = Duration::from_secs(2);
const EVENTS_READ: usize = 1_000;
/// Products of one commit; a new index is made in steps of so many.
const PRODUCTS_MAX: usize = 2_000;

pub struct Indexer {
    pub store: Store,
    pub index: Index,
}

/// What a commit changes: the documents of products, None for those that buyers do not see.
type Changes = Vec<(ProductId, Option<Document>)>;

impl Indexer {
    /// Goes on as long as the service runs. A failure of the index stops nothing else: it is tried again.
    pub async fn run(self) -> Result<()> {
        loop {
            if let Err(error) = self.follow().await {
                tracing::error!(%error, "the search index is behind and will be tried again");
            }
            sleep(RETRY_AFTER).await;
        }
    }

    async fn follow(&self) -> Result<()> {
        let mut commits = self.store.commits();
        let mut writer = self.index.writer()?;
        let mut positions = self.start(&writer).await?;
        loop {
            commits.borrow_and_update();
            let changes = self.gather(&mut positions).await?;
            if changes.is_empty() {
                commits.changed().await.map_err(failed)?;
                continue;
            }
            writer = self.commit(writer, changes, positions.clone()).await?;
            sleep(COMMIT_EVERY).await;
        }
    }

    /// Where the index stands. One that is ahead of the store belongs to another store, and is emptied.
    async fn start(&self, writer: &Writer) -> Result<Positions> {
        let positions = self.index.positions();
        let head = self.store.head().await?;
        if positions.iter().all(|(partition, position)| position <= head.get(partition)) {
            return Ok(positions);
        }
        writer.clear()?;
        Ok(Positions::default())
    }

    /// The products that the log names after `positions`, as they are now; moves `positions` on.
    async fn gather(&self, positions: &mut Positions) -> Result<Changes> {
        let mut changed = BTreeSet::new();
        while changed.len() < PRODUCTS_MAX {
            let events = self.store.read_feed(positions, EVENTS_READ).await?;
            if events.is_empty() {
                break;
            }
            for event in events {
                positions.raise(event.partition, event.position);
                if changes_search(&event) {
                    changed.insert(event.id);
                }
            }
        }
        let mut changes = Changes::with_capacity(changed.len());
        for id in changed {
            let Some(product) = self.store.load::<Product>(&id).await? else { continue };
            let shelf = self.store.load::<Shelf>(&id).await?.map(|shelf| shelf.state).unwrap_or_default();
            changes.push((product.state.id.clone(), document(&product.state, &shelf)));
        }
        Ok(changes)
    }

    async fn commit(&self, writer: Writer, changes: Changes, positions: Positions) -> Result<Writer> {
        blocking(self.store.clock(), move || commit(writer, &changes, &positions)).await?
    }
}

/// A product and its shelf have the same id.
fn changes_search(event: &StoredEvent) -> bool {
    event.kind == Product::KIND || (event.kind == Shelf::KIND && event.event_type != shelf::LEFT_CHANGED)
}

fn commit(mut writer: Writer, changes: &Changes, positions: &Positions) -> Result<Writer> {
    for (id, document) in changes {
        match document {
            Some(document) => writer.put(id, document)?,
            None => writer.remove(id),
        }
    }
    writer.commit(positions)?;
    Ok(writer)
}
