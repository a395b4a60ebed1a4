//! The service among others on a simulated network: an event that its reader cannot take is seen, tried again, and skipped,
//! by whom the contract lets and nobody else; what was done is in the audit, what happened is found without what is personal.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use haat_contracts::operations as pb;
use haat_contracts::operations::instance_client::InstanceClient;
use haat_contracts::operations::instance_report::State;
use haat_contracts::operations::operations_client::OperationsClient;
use haat_contracts::orders::OrderCanceled;
use haat_kernel::{CorrelationId, Ctx, Error, Kind, Principal, Result, Timestamp};
use haat_rpc::{Channel, send};
use haat_service::{Definition, FeedEvent, Platform, PublicEvent, Publisher, Reaction, Wiring};
use haat_store::{Aggregate, StoredEvent};
use haat_testkit::Cluster;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// Whether the reader of the feed takes events.
static IS_MENDED: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Serialize, Deserialize)]
struct Note;

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum NoteEvent {
    Written { email: String },
}

impl Aggregate for Note {
    const KIND: &'static str = "note";
    const SCHEMA: u32 = 1;
    type Event = NoteEvent;

    fn create(_: &NoteEvent) -> Option<Self> {
        Some(Note)
    }

    fn apply(&mut self, _: &NoteEvent) {}
}

struct Notes;

#[async_trait]
impl Publisher for Notes {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        Ok((event.kind == Note::KIND).then(|| PublicEvent::of(&OrderCanceled::default())))
    }
}

struct Moody;

#[async_trait]
impl Reaction for Moody {
    async fn react(&self, _: Ctx, _: FeedEvent) -> Result<()> {
        if IS_MENDED.load(Ordering::SeqCst) { Ok(()) } else { Err(Error::invalid("event", "cannot be read")) }
    }
}

fn orders(platform: &Platform) -> Result<Wiring> {
    let (store, now) = (platform.store.clone(), platform.clock.now());
    let write = async move {
        for id in ["note-one", "note-two"] {
            let written = |_: Option<&Note>| Ok::<_, Error>(vec![NoteEvent::Written { email: "asha@example.com".to_owned() }]);
            store.update(&Ctx::internal("orders", "test", now), id, written).await?;
        }
        std::future::pending().await
    };
    Ok(Wiring::new().aggregate::<Note>().publish(Notes).task("write", write))
}

fn definitions() -> [Definition; 4] {
    [
        haat_operations::definition(),
        Definition::new("gateway", |_| Ok(Wiring::new())),
        Definition::new("orders", orders),
        Definition::new("notifications", |_| Ok(Wiring::new().react("orders", Moody))),
    ]
}

fn ctx(roles: &[&str]) -> Ctx {
    let principal = Principal::user("user_test", roles);
    Ctx::new(principal, CorrelationId::parse("operations-test").unwrap(), Timestamp::UNIX_EPOCH)
}

fn support() -> Ctx {
    ctx(&["operator", "operator:support"])
}

struct Desk {
    operations: OperationsClient<Channel>,
    cluster: Cluster,
}

impl Desk {
    async fn stuck(&self, ctx: &Ctx) -> Result<Vec<pb::StuckWork>> {
        let mut client = self.operations.clone();
        send(ctx, pb::ListStuckWorkRequest {}, |r| client.list_stuck_work(r)).await.map(|found| found.work)
    }

    async fn retry(&self, work: &pb::StuckWork, reason: &str) -> Result<pb::StuckAnswer> {
        let mut client = self.operations.clone();
        send(&support(), request(work, reason), |r| client.retry_stuck_work(r)).await
    }

    async fn resolve(&self, ctx: &Ctx, work: &pb::StuckWork) -> Result<pb::StuckAnswer> {
        let mut client = self.operations.clone();
        send(ctx, request(work, "it means nothing here"), |r| client.resolve_stuck_work(r)).await
    }

    fn instance(&self, caller: &str) -> InstanceClient<Channel> {
        let environment = self.cluster.environment(caller).unwrap();
        InstanceClient::new(environment.channel("notifications", self.cluster.endpoints()).unwrap())
    }
}

fn request(work: &pb::StuckWork, reason: &str) -> pb::StuckRequest {
    pb::StuckRequest { service: work.service.clone(), kind: work.kind.clone(), id: work.id.clone(), reason: reason.to_owned() }
}

#[test]
fn stuck_work_is_seen_tried_again_and_skipped_by_operators_alone() {
    let services = definitions();
    let cluster = Cluster::new(3, &services, &[], BTreeMap::new()).unwrap();
    let mut sim = turmoil::Builder::new().simulation_duration(Duration::from_secs(60)).build();
    for service in services {
        sim.host(service.name, cluster.host(service));
    }
    sim.client("desk", async move {
        let channel = cluster.environment("gateway").unwrap().channel("operations", cluster.endpoints()).unwrap();
        let desk = Desk { operations: OperationsClient::new(channel), cluster };
        let work = loop {
            match desk.stuck(&support()).await {
                Ok(work) if work.len() == 2 => break work,
                _ => sleep(Duration::from_millis(200)).await,
            }
        };
        assert!(work.iter().all(|item| item.service == "notifications" && item.kind == "event" && item.can_resolve));
        acts(&desk, &work).await;
        refuses(&desk, &work).await;
        tells(&desk).await;
        Ok(())
    });
    sim.run().unwrap();
}

async fn acts(desk: &Desk, work: &[pb::StuckWork]) {
    assert_eq!(desk.retry(&work[0], " ").await.unwrap_err().kind, Kind::InvalidArgument);
    assert_eq!(desk.retry(&work[0], "let us see").await.unwrap_err().code, "retry_failed");
    assert_eq!(desk.resolve(&support(), &work[1]).await.unwrap_err().kind, Kind::PermissionDenied);
    desk.resolve(&ctx(&["operator", "operator:admin"]), &work[1]).await.unwrap();
    IS_MENDED.store(true, Ordering::SeqCst);
    desk.retry(&work[0], "the cause is mended").await.unwrap();
    assert!(desk.stuck(&support()).await.unwrap().is_empty());
    assert_eq!(desk.retry(&work[0], "once more").await.unwrap_err().code, "stuck_work_not_found");

    let mut client = desk.operations.clone();
    let actions = send(&support(), pb::ListActionsRequest::default(), |r| client.list_actions(r)).await.unwrap().actions;
    let outcomes: Vec<(&str, bool)> = actions.iter().rev().map(|action| (action.reason.as_str(), action.has_failed)).collect();
    let expected = [("let us see", true), ("it means nothing here", false), ("the cause is mended", false), ("once more", true)];
    // Times of a simulation may be equal, and then their order says nothing.
    assert_eq!(outcomes.len(), expected.len());
    assert!(expected.iter().all(|one| outcomes.contains(one)), "{outcomes:?}");
}

async fn refuses(desk: &Desk, work: &[pb::StuckWork]) {
    assert_eq!(desk.stuck(&ctx(&["buyer"])).await.unwrap_err().kind, Kind::PermissionDenied);
    let mut foreign = desk.instance("orders");
    let refused = send(&support(), pb::ListStuckRequest {}, |r| foreign.list_stuck(r)).await.unwrap_err();
    assert_eq!(refused.code, "caller_not_allowed");
    let mut own = desk.instance("operations");
    let itself = Ctx::internal("operations", "test", Timestamp::UNIX_EPOCH);
    let refused = send(&itself, request(&work[0], "I want to"), |r| own.retry_stuck(r)).await.unwrap_err();
    assert_eq!(refused.kind, Kind::PermissionDenied, "the service has no authority of its own");
}

async fn tells(desk: &Desk) {
    let mut client = desk.operations.clone();
    let services = send(&support(), pb::ListServicesRequest {}, |r| client.list_services(r)).await.unwrap().services;
    assert_eq!(services.len(), 4);
    for instance in services.iter().flat_map(|service| &service.instances) {
        assert_eq!(instance.state(), State::Running, "{} {:?}", instance.service, instance.reasons);
        assert_eq!(instance.connections.unwrap().plain, 0);
    }
    let request = pb::SearchRequest { text: "note-one".to_owned() };
    let found = send(&support(), request, |r| client.search(r)).await.unwrap();
    let written = found.events.iter().find(|event| event.service == "orders" && event.r#type == "written").unwrap();
    assert!(!written.body.contains("asha@example.com") && written.body.contains("•"), "{}", written.body);
    assert!(found.events.iter().any(|event| event.service == "notifications" && event.r#type == "parked"), "who names it, too");
}
