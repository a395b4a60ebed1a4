//! `haat check`: whether the books balance across all services. Reads their databases directly, so it works on a running
//! platform and on a stopped one. While work is under way it waits, because half-done is not wrong.

mod books;
mod facts;
mod feeds;
mod money;
mod sales;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use haat_kernel::{Clock, Result};
use haat_service::Depth;
use haat_store::{Positions, Store};
use tokio::time::{Instant, sleep};

pub use books::Report;

use crate::layout::Layout;
use crate::roster;
use crate::terminal::say;

/// How long work that moves is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// The stores of all services, by name.
pub type Stores = BTreeMap<String, Store>;

pub async fn check(data: &Path, depth: Depth) -> Result<ExitCode> {
    let stores = open(&Layout::existing(data)?)?;
    let report = patient(&stores, depth, PATIENCE).await?;
    show(&report);
    Ok(verdict(&report))
}

/// The stores of all services, to be looked at.
pub fn open(layout: &Layout) -> Result<Stores> {
    let mut stores = Stores::new();
    for name in roster::services().iter().map(|service| service.name) {
        if layout.database(name).exists() {
            stores.insert(name.to_owned(), Store::open_sqlite_read_only(layout.database(name), Clock::System)?);
        }
    }
    Ok(stores)
}

/// How many events there are in all of them.
pub async fn events(stores: &Stores) -> Result<u64> {
    let heads = heads(stores).await?;
    Ok(heads.iter().flat_map(Positions::iter).map(|(_, position)| position).sum())
}

/// Looks again while work is under way, for so long.
pub async fn patient(stores: &Stores, depth: Depth, patience: Duration) -> Result<Report> {
    let until = Instant::now() + patience;
    loop {
        let report = settled(stores, depth).await?;
        if report.moving.is_empty() || Instant::now() >= until {
            return Ok(report);
        }
        sleep(LOOK_AGAIN).await;
    }
}

/// Reads everything and judges it. What was committed while we read may look half-done: then that is what it says.
pub async fn settled(stores: &Stores, depth: Depth) -> Result<Report> {
    let before = heads(stores).await?;
    let mut audits = Vec::new();
    for service in roster::services() {
        if let Some(store) = stores.get(service.name) {
            audits.push(service.books().audit(store, depth).await?);
        }
    }
    let mut report = books::judge(audits, &facts::Facts::read(stores).await?);
    if heads(stores).await? != before {
        report.moving.push("commits were made while the books were read".to_owned());
    }
    Ok(report)
}

async fn heads(stores: &Stores) -> Result<Vec<Positions>> {
    let mut heads = Vec::new();
    for store in stores.values() {
        heads.push(store.head().await?);
    }
    Ok(heads)
}

fn verdict(report: &Report) -> ExitCode {
    match (report.moving.is_empty(), report.wrong.is_empty()) {
        (false, _) => ExitCode::from(2),
        (true, false) => ExitCode::from(1),
        (true, true) => ExitCode::SUCCESS,
    }
}

fn show(report: &Report) {
    for (what, count) in &report.counted {
        say(format!("{count:>10}  {what}"));
    }
    for parked in &report.parked {
        say(format!("parked: {parked}"));
    }
    if !report.moving.is_empty() {
        report.moving.iter().take(20).for_each(|what| say(format!("moving: {what}")));
        return say("The books cannot be judged yet: work is still moving.");
    }
    report.wrong.iter().for_each(|what| say(format!("WRONG: {what}")));
    say(if report.wrong.is_empty() {
        "The books balance.".to_owned()
    } else {
        format!("The books are wrong in {} places.", report.wrong.len())
    });
}
