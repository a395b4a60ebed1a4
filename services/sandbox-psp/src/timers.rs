//! Does what is due: decides pending charges, sends webhooks. A timer stays until a commit clears it, so what a crash
//! interrupts is done again.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use haat_kernel::Result;
use haat_store::{Aggregate, DueTimer};

use crate::charge::{Charge, ChargeId};
use crate::delivery::Delivery;
use crate::provider::Provider;

/// Timers that are worked on together.
const BATCH_MAX: usize = 64;
/// The longest sleep; a commit ends it at once.
const SLEEP_MAX: Duration = Duration::from_secs(60);
const SLEEP_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub async fn run(provider: Arc<Provider>) {
    let mut commits = provider.store.commits();
    loop {
        commits.borrow_and_update();
        match work(&provider).await {
            Ok(None) => {}
            Ok(Some(wait)) => {
                // An error means that the store is closed; the wait is then merely not cut short.
                let _ = tokio::time::timeout(wait, commits.changed()).await;
            }
            Err(error) => {
                tracing::error!(%error, "timers could not be worked on");
                tokio::time::sleep(SLEEP_AFTER_ERROR).await;
            }
        }
    }
}

/// Does what is due; or says how long nothing will be.
async fn work(provider: &Provider) -> Result<Option<Duration>> {
    let now = provider.clock.now();
    let due = provider.store.due_timers(now, BATCH_MAX).await?;
    if due.is_empty() {
        let next = provider.store.next_due().await?;
        let wait = next.map(|next| Duration::try_from(next.duration_since(now)).unwrap_or_default());
        return Ok(Some(wait.unwrap_or(SLEEP_MAX).min(SLEEP_MAX)));
    }
    let done = join_all(due.iter().map(|timer| fire(provider, timer))).await;
    done.into_iter().collect::<Result<()>>().map(|()| None)
}

async fn fire(provider: &Provider, timer: &DueTimer) -> Result<()> {
    match timer.kind.as_str() {
        Charge::KIND => match ChargeId::parse(&timer.id) {
            Ok(id) => provider.settle(&id).await,
            Err(error) => Err(error.in_field("timer")),
        },
        Delivery::KIND => provider.send(&timer.id).await,
        _ => Ok(()),
    }
}
