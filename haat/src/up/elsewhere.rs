//! Services that somebody else runs on this data folder: a join token lies ready for each of them, a fresh one whenever the
//! last was taken or has grown old.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use haat_kernel::Result;
use tokio::time::{Instant, sleep};

use super::street::leave_join_token;
use crate::client::Supervisor;
use crate::layout::Layout;

const LOOK: Duration = Duration::from_millis(500);
/// Half as long as a token is good.
const TOKEN_AGE_MAX: Duration = Duration::from_secs(300);

pub async fn keep_welcome(layout: Layout, supervisor: Supervisor, names: BTreeSet<String>) -> Result<()> {
    let mut left = BTreeMap::<&String, Instant>::new();
    while !names.is_empty() {
        for name in &names {
            let is_fresh = left.get(name).is_some_and(|at| at.elapsed() < TOKEN_AGE_MAX);
            if is_fresh && layout.join_token(name).exists() {
                continue;
            }
            match leave_join_token(&layout, &supervisor, name).await {
                Ok(()) => drop(left.insert(name, Instant::now())),
                Err(error) => tracing::debug!(%error, "no join token could be left yet"),
            }
        }
        sleep(LOOK).await;
    }
    Ok(())
}
