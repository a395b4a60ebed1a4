//! The evening of a simulated day: once nothing moves any more, the books must balance, nothing may be parked, and the
//! payment provider must have moved exactly what we say.

use std::collections::BTreeMap;
use std::time::Duration;

use haat::check::{Report, Stores, settled};
use haat_contracts::operations::DescribeRequest;
use haat_contracts::operations::instance_client::InstanceClient;
use haat_kernel::Ctx;
use haat_payments::payment::Payment;
use haat_rpc::send;
use haat_sandbox_psp::charge::{Charge, Status};
use haat_service::Depth;
use haat_testkit::Cluster;
use tokio::time::{Instant, sleep};

use super::echoes::Echoes;
use super::history::Checked;
use super::world::World;
use super::{PSP, STREET};

/// Long enough for every backoff and every late webhook.
const HEALING_MAX: Duration = Duration::from_secs(10 * 60);

pub async fn close(world: &World) -> Result<Checked, String> {
    let cluster = &world.cluster;
    let clock = cluster.guise(STREET).map_err(|error| error.to_string())?.clock;
    let stores: Stores = cluster.endpoints().keys().map(|name| (name.clone(), cluster.look(name, clock))).collect();
    let until = Instant::now() + HEALING_MAX;
    let report: Report = loop {
        let report = settled(&stores, Depth::Events).await.map_err(|error| error.to_string())?;
        // What was set aside is tried again every so often.
        if report.moving.is_empty() && report.parked.is_empty() {
            break report;
        }
        if Instant::now() >= until {
            return Err(format!("still moving: {:#?}, parked: {:#?}", report.moving, report.parked));
        }
        sleep(Duration::from_secs(1)).await;
    };
    if !report.wrong.is_empty() {
        return Err(format!("wrong: {:#?}", report.wrong));
    }
    let held = held_by_provider(cluster, clock).await.map_err(|error| error.to_string())?;
    if !held.is_empty() {
        return Err(format!("the provider still holds money that nobody will take: {held:?}"));
    }
    let ours = kept_by_us(&stores).await.map_err(|error| error.to_string())?;
    let theirs = kept_by_provider(cluster, clock).await.map_err(|error| error.to_string())?;
    if ours != theirs {
        return Err(format!("we keep {ours:?}, the provider says {theirs:?}"));
    }
    watched(cluster).await?;
    let echoes = Echoes::new(cluster, clock);
    let wrong = echoes.listen().await.map_err(|error| error.to_string())?;
    if !wrong.is_empty() {
        return Err(format!("wrong: {wrong:#?}"));
    }
    let expired = echoes.expired().await.map_err(|error| error.to_string())?;
    let given_back = echoes.given_back().await.map_err(|error| error.to_string())?;
    world.histories.check(&expired, &given_back)
}

/// Every service has looked through its books, and says that they hold.
async fn watched(cluster: &Cluster) -> Result<(), String> {
    let operations = cluster.guise("operations").map_err(|error| error.to_string())?;
    let until = Instant::now() + HEALING_MAX;
    for name in cluster.endpoints().keys() {
        let channel = operations.channel(name, cluster.endpoints()).map_err(|error| error.to_string())?;
        let mut client = InstanceClient::new(channel);
        loop {
            let ctx = Ctx::internal("operations", "evening", operations.clock.now());
            let report = send(&ctx, DescribeRequest::default(), |request| client.describe(request)).await;
            match report.map(|report| report.books) {
                Ok(None) => break,
                Ok(Some(books)) if books.violations > 0 => {
                    return Err(format!("{name} finds its books wrong: {:?}", books.lines));
                }
                Ok(Some(books)) if books.swept_at.is_some() => break,
                _ if Instant::now() >= until => return Err(format!("{name} does not look through its books")),
                _ => sleep(Duration::from_secs(1)).await,
            }
        }
    }
    Ok(())
}

/// What each payment took and did not give back.
async fn kept_by_us(stores: &Stores) -> haat_kernel::Result<BTreeMap<String, i64>> {
    let mut kept = BTreeMap::new();
    let Some(store) = stores.get("payments") else { return Ok(kept) };
    store
        .for_each::<Payment>(|payment| {
            if let Some(intent) = payment.intent() {
                kept.insert(payment.id.clone(), intent.captured().minor - intent.refunded().minor);
            }
        })
        .await?;
    kept.retain(|_, amount| *amount != 0);
    Ok(kept)
}

async fn kept_by_provider(cluster: &Cluster, clock: haat_kernel::Clock) -> haat_kernel::Result<BTreeMap<String, i64>> {
    let mut kept: BTreeMap<String, i64> = BTreeMap::new();
    let visit = |charge: haat_store::Versioned<Charge>| {
        if let Some(open) = charge.opened() {
            *kept.entry(open.terms.reference.clone()).or_default() += open.captured - open.refunded;
        }
    };
    cluster.look(PSP, clock).for_each::<Charge>(visit).await?;
    kept.retain(|_, amount| *amount != 0);
    Ok(kept)
}

/// Authorizations that were neither captured nor voided.
async fn held_by_provider(cluster: &Cluster, clock: haat_kernel::Clock) -> haat_kernel::Result<Vec<String>> {
    let mut held = Vec::new();
    let visit = |charge: haat_store::Versioned<Charge>| {
        if let Some(open) = charge.opened().filter(|open| open.status == Status::Authorized && open.captured == 0 && !open.voided)
        {
            held.push(open.terms.reference.clone());
        }
    };
    cluster.look(PSP, clock).for_each::<Charge>(visit).await?;
    Ok(held)
}
