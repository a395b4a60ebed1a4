//! `haat events`: a service's log as a person can read it, straight from its database, running or not.

use haat_kernel::{Clock, Result};
use haat_store::{Positions, Store, StoredEvent};

use crate::cli::Events;
use crate::layout::Layout;
use crate::terminal::{failure, say};

const READ_EVENTS: usize = 512;

pub async fn events(arguments: &Events) -> Result<()> {
    let layout = Layout::existing(&arguments.data)?;
    let path = layout.database(&arguments.service);
    if !path.exists() {
        return Err(failure(format!("There is no log of `{}`: {} is missing.", arguments.service, path.display())));
    }
    let store = Store::open_sqlite_read_only(&path, Clock::System)?;
    let mut after = Positions::default();
    let mut shown = Vec::new();
    loop {
        let events = store.read_feed(&after, READ_EVENTS).await?;
        if events.is_empty() {
            break;
        }
        for event in events {
            after.raise(event.partition, event.position);
            if arguments.id.as_ref().is_none_or(|id| *id == event.id) {
                shown.push(event);
            }
        }
    }
    // Each partition has its own order; across them time is the best there is.
    shown.sort_by_key(|event| (event.time, event.partition, event.position));
    shown.iter().for_each(show);
    Ok(())
}

fn show(event: &StoredEvent) {
    let body = String::from_utf8_lossy(&event.body);
    say(format!(
        "{}  {:>2}/{:<6} {}.{} v{}  {}  by {}  ({})\n    {body}",
        event.time,
        event.partition,
        event.position,
        event.kind,
        event.event_type,
        event.version,
        event.id,
        event.principal,
        event.correlation
    ));
}
