//! Whatever comes in whatever order: no shelf goes below zero, nothing is sold twice, and the stocks hold exactly what the
//! open reservations say.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;

use haat_inventory::holding;
use haat_inventory::ids::{OfferId, ReservationId, SellerId, WarehouseId};
use haat_inventory::reservation::{Demand, Reservation, Wanted};
use haat_inventory::stock::{Claim, Shelf, Stock};
use haat_kernel::{Clock, Ctx, Error, Result, Timestamp, id::derived};
use haat_store::{Load, MemoryBackend, Store, Versioned};
use proptest::prelude::*;

const OFFERS: u8 = 3;
const RESERVATIONS: u8 = 4;
const DUE: i64 = 900;

#[derive(Clone, Debug)]
enum Step {
    Receive { offer: u8, warehouse: u8, quantity: i64 },
    Adjust { offer: u8, warehouse: u8, delta: i64 },
    Reserve { id: u8, wanted: Vec<(u8, i64)> },
    Allocate { id: u8 },
    Release { id: u8, seller: Option<u8> },
    Expire { id: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let (offer, warehouse, id) = (0..OFFERS, 0..2u8, 0..RESERVATIONS);
    let wanted = prop::collection::vec((0..OFFERS, 1..6i64), 1..4);
    prop_oneof![
        (offer.clone(), warehouse.clone(), 1..8i64).prop_map(|(offer, warehouse, quantity)| Step::Receive {
            offer,
            warehouse,
            quantity
        }),
        (offer, warehouse, -8..8i64).prop_map(|(offer, warehouse, delta)| Step::Adjust { offer, warehouse, delta }),
        (id.clone(), wanted).prop_map(|(id, wanted)| Step::Reserve { id, wanted }),
        id.clone().prop_map(|id| Step::Allocate { id }),
        (id.clone(), prop::option::of(0..2u8)).prop_map(|(id, seller)| Step::Release { id, seller }),
        id.prop_map(|id| Step::Expire { id }),
    ]
}

fn offer_id(offer: u8) -> OfferId {
    derived(&["offer", &offer.to_string()])
}

/// Two sellers share the offers.
fn seller_id(seller: u8) -> SellerId {
    derived(&["seller", &(seller % 2).to_string()])
}

fn warehouse_id(warehouse: u8) -> WarehouseId {
    derived(&["warehouse", &warehouse.to_string()])
}

fn reservation_id(id: u8) -> ReservationId {
    ReservationId::parse("id", &format!("reservation-{id}")).unwrap()
}

fn demand(wanted: &[(u8, i64)]) -> Demand {
    let mut demand = Demand::new();
    for (offer, quantity) in wanted {
        let seller = seller_id(*offer);
        demand.entry(offer_id(*offer)).or_insert(Wanted { quantity: 0, seller }).quantity += quantity;
    }
    demand
}

struct World {
    store: Store,
    ctx: Ctx,
}

impl World {
    fn new() -> Self {
        let store = Store::memory(Clock::System, MemoryBackend::default());
        World { store, ctx: Ctx::internal("inventory", "interleavings", Timestamp::UNIX_EPOCH) }
    }

    /// A refusal is fine; a broken invariant is not.
    async fn take(&self, step: Step) {
        let done = match step {
            Step::Receive { offer, warehouse, quantity } => self.receive(offer, warehouse, quantity).await,
            Step::Adjust { offer, warehouse, delta } => self.adjust(offer, warehouse, delta).await,
            Step::Reserve { id, wanted } => self.reserve(id, demand(&wanted)).await,
            step => self.end(step).await,
        };
        if let Err(error) = done {
            assert!(error.code != "internal", "{error}");
        }
    }

    async fn receive(&self, offer: u8, warehouse: u8, quantity: i64) -> Result<()> {
        self.change(offer, move |stock| stock.receive(warehouse_id(warehouse), quantity)).await
    }

    async fn adjust(&self, offer: u8, warehouse: u8, delta: i64) -> Result<()> {
        self.change(offer, move |stock| stock.adjust(warehouse_id(warehouse), delta, String::new())).await
    }

    async fn change(
        &self,
        offer: u8,
        decide: impl FnOnce(&Stock) -> Result<Vec<haat_inventory::stock::StockEvent>, haat_inventory::stock::StockError>
        + Send
        + 'static,
    ) -> Result<()> {
        let decide = move |stock: Option<&Stock>| Stock::decide(stock, &seller_id(offer), decide);
        self.store.update::<Stock, _>(&self.ctx, offer_id(offer).as_str(), decide).await.map(|_| ())
    }

    async fn reserve(&self, id: u8, demand: Demand) -> Result<()> {
        let id = reservation_id(id);
        let load = holding::load(&id, demand.keys());
        let expires = Timestamp::from_second(DUE).map_err(Error::internal)?;
        self.store.transact(&self.ctx, load, move |tx| holding::reserve(tx, &id, &demand, expires).map(|_| ())).await
    }

    async fn end(&self, step: Step) -> Result<()> {
        let (Step::Allocate { id } | Step::Release { id, .. } | Step::Expire { id }) = step else { return Ok(()) };
        let id = reservation_id(id);
        let offers = self.reservation(&id).await.map(|reservation| reservation.offers()).unwrap_or_default();
        let load = holding::load(&id, &offers);
        let due = Timestamp::from_second(DUE).map_err(Error::internal)?;
        let work = move |tx: &mut haat_store::Tx| match step {
            Step::Allocate { .. } => holding::allocate(tx, &id, &offers).map(|_| ()),
            Step::Release { seller, .. } => holding::release(tx, &id, seller.map(seller_id), &offers),
            _ => holding::expire(tx, &id, due, &offers),
        };
        self.store.transact(&self.ctx, load, work).await
    }

    async fn reservation(&self, id: &ReservationId) -> Option<Versioned<Reservation>> {
        self.store.load(id.as_str()).await.unwrap()
    }

    async fn check(&self) {
        let mut held: BTreeMap<(OfferId, WarehouseId), (i64, i64)> = BTreeMap::new();
        for id in 0..RESERVATIONS {
            let Some(reservation) = self.reservation(&reservation_id(id)).await else { continue };
            for (offer, picks) in reservation.picks(None) {
                for pick in picks {
                    let (reserved, allocated) = held.entry((offer.clone(), pick.warehouse)).or_default();
                    match reservation.claim() {
                        Claim::Reserved => *reserved += pick.quantity,
                        Claim::Allocated => *allocated += pick.quantity,
                    }
                }
            }
        }
        for offer in 0..OFFERS {
            let Some(stock) = self.store.load::<Stock>(offer_id(offer).as_str()).await.unwrap() else { continue };
            for (warehouse, Shelf { on_hand, reserved, allocated }) in stock.shelves.clone() {
                let key = (offer_id(offer), warehouse);
                assert_eq!((reserved, allocated), held.remove(&key).unwrap_or_default(), "{key:?}");
                assert!(on_hand >= 0 && reserved + allocated <= on_hand, "{key:?}");
            }
        }
        assert!(held.is_empty(), "no stock holds {held:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn stocks_hold_what_reservations_say(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let world = World::new();
            for step in steps {
                world.take(step).await;
                world.check().await;
            }
        });
    }
}

#[tokio::test]
async fn a_release_that_comes_first_bars_the_reservation() {
    let world = World::new();
    world.receive(0, 0, 5).await.unwrap();
    world.end(Step::Release { id: 0, seller: None }).await.unwrap();
    assert_eq!(world.reserve(0, demand(&[(0, 1)])).await.unwrap_err().code, "reservation_ended");
    world.check().await;
}

#[tokio::test]
async fn lines_of_one_offer_add_up_and_a_shortage_holds_nothing() {
    let world = World::new();
    world.receive(0, 0, 5).await.unwrap();
    world.receive(1, 0, 1).await.unwrap();
    let error = world.reserve(0, demand(&[(0, 3), (0, 3), (1, 1), (2, 1)])).await.unwrap_err();
    let short = |offer: u8, text: &str| haat_kernel::Violation::new(offer_id(offer).as_str(), text);
    let mut expected = vec![short(0, "6 requested, 5 available"), short(2, "1 requested, 0 available")];
    expected.sort_by(|one, other| one.field.cmp(&other.field));
    assert_eq!((error.code.as_str(), error.violations), ("out_of_stock", expected));
    assert!(world.reservation(&reservation_id(0)).await.is_none());
    world.check().await;
}

#[tokio::test]
async fn a_step_on_a_reservation_that_has_just_come_into_being_is_to_be_tried_again() {
    let world = World::new();
    world.receive(0, 0, 5).await.unwrap();
    world.reserve(0, demand(&[(0, 1)])).await.unwrap();
    let id = reservation_id(0);
    let load = Load::new().one::<Reservation>(id.as_str());
    let late = world.store.transact(&world.ctx, load, move |tx| holding::release(tx, &id, None, &[])).await;
    assert!(late.unwrap_err().kind.is_transient());
    world.check().await;
}
