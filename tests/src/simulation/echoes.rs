//! What services know of each other by their feeds must be true in the evening: nothing was lost on the way, and nothing
//! was told that never happened. And every store keeps its own word: gapless logs, no timer that nobody minds.

use std::collections::{BTreeMap, BTreeSet};

use haat_catalog::product::{Product, State};
use haat_catalog::shelf::Shelf;
use haat_inventory::reservation::{Reservation, ReservationEvent, Status};
use haat_inventory::stock::Stock;
use haat_kernel::{Clock, Result};
use haat_orders::group::{GroupState, OrderGroup};
use haat_orders::order::Order;
use haat_payments::payment::{Payment, RefundState};
use haat_pricing::offer_price::OfferPrice;
use haat_pricing::redemption::{Redemption, Status as RedemptionStatus};
use haat_sandbox_psp::charge::{Charge, Status as ChargeStatus};
use haat_store::{Positions, Store, StoredEvent};
use haat_testkit::Cluster;
use serde_json::Value;

use super::PSP;

const EVERYTHING: usize = 1_000_000;
/// A timer that has been due for longer is minded by nobody.
const OVERDUE_MAX_S: i64 = 90;

/// The stores of all hosts.
pub struct Echoes<'a> {
    cluster: &'a Cluster,
    clock: Clock,
}

impl<'a> Echoes<'a> {
    pub fn new(cluster: &'a Cluster, clock: Clock) -> Self {
        Echoes { cluster, clock }
    }

    /// What is wrong.
    pub async fn listen(&self) -> Result<Vec<String>> {
        let mut wrong = Vec::new();
        self.logs(&mut wrong).await?;
        self.shown_goods(&mut wrong).await?;
        self.refunds(&mut wrong).await?;
        self.authorizations(&mut wrong).await?;
        self.messages(&mut wrong).await?;
        self.expiries(&mut wrong).await?;
        self.coupons(&mut wrong).await?;
        Ok(wrong)
    }

    fn store(&self, name: &str) -> Store {
        self.cluster.look(name, self.clock)
    }

    async fn events(&self, name: &str, kind: &str) -> Result<Vec<StoredEvent>> {
        let events = self.store(name).read_feed(&Positions::default(), EVERYTHING).await?;
        Ok(events.into_iter().filter(|event| event.kind == kind).collect())
    }

    async fn logs(&self, wrong: &mut Vec<String>) -> Result<()> {
        let now = self.clock.now();
        for name in self.cluster.endpoints().keys() {
            let store = self.store(name);
            let mut versions: BTreeMap<(String, String), u64> = BTreeMap::new();
            for event in store.read_feed(&Positions::default(), EVERYTHING).await? {
                let last = versions.entry((event.kind.clone(), event.id.clone())).or_default();
                *last += 1;
                if *last != event.version {
                    wrong.push(format!("{name}: {} {} has version {} after {}", event.kind, event.id, event.version, *last - 1));
                }
            }
            for timer in store.due_timers(now, EVERYTHING).await? {
                let late = now.duration_since(timer.due).as_secs();
                if late > OVERDUE_MAX_S && timer.due.as_second() > 0 {
                    wrong.push(format!("{name}: timer {} of {} {} is {late} s late", timer.name, timer.kind, timer.id));
                }
            }
        }
        Ok(())
    }

    /// The catalog shows the prices and the stock that their owners have.
    async fn shown_goods(&self, wrong: &mut Vec<String>) -> Result<()> {
        let (catalog, pricing, inventory) = (self.store("catalog"), self.store("pricing"), self.store("inventory"));
        let mut products = Vec::new();
        catalog.for_each::<Product>(|product| products.push(product)).await?;
        for product in products.iter().filter(|product| product.state.state == State::Published) {
            let shelf = catalog.load::<Shelf>(&product.id).await?;
            for offer in product.variants.iter().flat_map(|variant| &variant.offers) {
                let price = pricing.load::<OfferPrice>(offer.id.as_str()).await?.map(|price| price.price);
                if price != Some(offer.price) {
                    wrong.push(format!("the catalog shows {} for {}, pricing has {price:?}", offer.price, offer.id));
                }
                let available = inventory.load::<Stock>(offer.id.as_str()).await?.map_or(0, |stock| stock.available());
                let shelf = shelf.as_deref();
                if !Shelf::stock(shelf, &offer.id, available).is_empty() {
                    let shown = shelf.map(|shelf| (shelf.is_available(&offer.id), shelf.left(&offer.id)));
                    wrong.push(format!("the catalog shows {shown:?} of {}, inventory has {available}", offer.id));
                }
            }
        }
        Ok(())
    }

    /// Orders know of exactly the money that went back.
    async fn refunds(&self, wrong: &mut Vec<String>) -> Result<()> {
        let mut refunded: BTreeMap<String, i64> = BTreeMap::new();
        let note = |payment: haat_store::Versioned<Payment>| {
            let refunds = payment.intent().map(|intent| intent.refunds.as_slice()).unwrap_or_default();
            let done = refunds.iter().filter(|refund| refund.state == RefundState::Succeeded);
            for part in done.flat_map(|refund| &refund.parts) {
                *refunded.entry(part.order.to_string()).or_default() += part.amount.minor;
            }
        };
        self.store("payments").for_each::<Payment>(note).await?;
        let mut orders = Vec::new();
        self.store("orders").for_each::<Order>(|order| orders.push(order)).await?;
        for order in orders {
            let (known, paid) = (order.refunded_total().minor, refunded.remove(&order.id).unwrap_or(0));
            if known != paid {
                wrong.push(format!("order {} knows of {known} given back, payments of {paid}", order.id));
            }
        }
        wrong.extend(refunded.keys().map(|order| format!("payments refunded the unknown order {order}")));
        Ok(())
    }

    /// Nothing counted as authorized that the provider did not authorize, and nothing was asked of it that it had to refuse.
    async fn authorizations(&self, wrong: &mut Vec<String>) -> Result<()> {
        let mut granted = BTreeSet::new();
        let note = |charge: haat_store::Versioned<Charge>| {
            if let Some(open) = charge.opened().filter(|open| open.status == ChargeStatus::Authorized) {
                granted.insert(open.terms.reference.clone());
            }
        };
        self.store(PSP).for_each::<Charge>(note).await?;
        for event in self.events("payments", "payment").await? {
            // Whoever asks for more than it may have is not saved by a provider that counts better.
            if ["capture_refused", "refund_failed"].contains(&event.event_type.as_str()) {
                wrong.push(format!("the provider had to refuse payment {}: {}", event.id, event.event_type));
            }
            let counts = event.event_type == "authorized" || event.event_type == "captured";
            if counts && !granted.contains(&event.id) {
                wrong.push(format!("payment {} was {} without its provider", event.id, event.event_type));
            }
        }
        Ok(())
    }

    /// One confirmation for each group that was placed, and none for any other; and each message has left.
    async fn messages(&self, wrong: &mut Vec<String>) -> Result<()> {
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        let events = self.events("notifications", "message").await?;
        let is = |name: &'static str| move |event: &&StoredEvent| event.event_type == name;
        let sent: BTreeSet<&str> = events.iter().filter(is("message_sent")).map(|event| event.id.as_str()).collect();
        for event in events.iter().filter(is("message_queued")) {
            if !sent.contains(event.id.as_str()) {
                wrong.push(format!("message {} never left", event.id));
            }
            let body: Value = serde_json::from_slice(&event.body).unwrap_or_default();
            if body["content"]["template"] == "order_confirmation" {
                *told.entry(body["subject_id"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
        let mut placed = Vec::new();
        let note = |group: haat_store::Versioned<OrderGroup>| {
            let is_placed = |state: &GroupState| matches!(state, GroupState::Placed | GroupState::Closed);
            placed.extend(group.known().filter(|known| is_placed(&known.state)).map(|_| group.id.clone()));
        };
        self.store("orders").for_each::<OrderGroup>(note).await?;
        for group in placed {
            match told.remove(&group) {
                Some(1) => {}
                times => wrong.push(format!("order group {group} was confirmed {} times", times.unwrap_or(0))),
            }
        }
        wrong.extend(told.keys().map(|group| format!("order group {group} was confirmed and never placed")));
        Ok(())
    }

    /// A reservation lasts as long as it was made for, and no longer.
    async fn expiries(&self, wrong: &mut Vec<String>) -> Result<()> {
        let store = self.store("inventory");
        for (id, reservation) in self.reservations().await? {
            let late = reservation.expires.map_or(0, |expires| self.clock.now().duration_since(expires).as_secs());
            if reservation.status == Status::Held && late > OVERDUE_MAX_S {
                wrong.push(format!("reservation {id} still holds stock {late} s after its time"));
            }
            let mut expires = None;
            for recorded in store.history::<Reservation>(&id).await? {
                match recorded.event {
                    ReservationEvent::Held { expires: at, .. } => expires = Some(at),
                    ReservationEvent::Expired if expires.is_some_and(|at| recorded.time < at) => {
                        wrong.push(format!("reservation {id} expired before its time"));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    async fn reservations(&self) -> Result<Vec<(String, Reservation)>> {
        let mut found = Vec::new();
        let note = |reservation: haat_store::Versioned<Reservation>| {
            found.push((reservation.id.clone(), (*reservation.state).clone()));
        };
        self.store("inventory").for_each::<Reservation>(note).await?;
        Ok(found)
    }

    /// The reservations whose time ran out.
    pub async fn expired(&self) -> Result<Vec<String>> {
        let all = self.reservations().await?;
        Ok(all.into_iter().filter(|(_, reservation)| reservation.status == Status::Expired).map(|(id, _)| id).collect())
    }

    /// Whoever held a coupon has redeemed it or given it back.
    async fn coupons(&self, wrong: &mut Vec<String>) -> Result<()> {
        let note = |redemption: haat_store::Versioned<Redemption>| {
            if redemption.status == RedemptionStatus::Held {
                wrong.push(format!("coupon redemption {} is held by nobody", redemption.id));
            }
        };
        self.store("pricing").for_each::<Redemption>(note).await
    }

    /// The redemptions of coupons that were given back.
    pub async fn given_back(&self) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        let note = |redemption: haat_store::Versioned<Redemption>| {
            if redemption.status == RedemptionStatus::GivenBack {
                ids.push(redemption.id.clone());
            }
        };
        self.store("pricing").for_each::<Redemption>(note).await?;
        Ok(ids)
    }
}
