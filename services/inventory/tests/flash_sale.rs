//! Four hundred buyers at once for a hundred pieces: exactly a hundred get one, on every store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use haat_inventory::holding;
use haat_inventory::ids::{OfferId, ReservationId};
use haat_inventory::reservation::{Demand, Wanted};
use haat_inventory::stock::{Shelf, Stock};
use haat_kernel::{Clock, Ctx, Result, Timestamp, id::derived, spawn};
use haat_store::{MemoryBackend, Store, sqlite::SqliteBackend};

const PIECES: i64 = 100;
const BUYERS: usize = 400;

fn offer() -> OfferId {
    derived(&["lamp"])
}

fn ctx() -> Ctx {
    Ctx::internal("inventory", "flash-sale", Timestamp::UNIX_EPOCH)
}

async fn reserve(store: Store, buyer: usize) -> Result<()> {
    let id = ReservationId::parse("id", &format!("buyer-{buyer}"))?;
    let demand = Demand::from([(offer(), Wanted { quantity: 1, seller: derived(&["seller"]) })]);
    let load = holding::load(&id, demand.keys());
    let expires = Timestamp::MAX;
    store.transact(&ctx(), load, move |tx| holding::reserve(tx, &id, &demand, expires).map(|_| ())).await
}

async fn sell_out(store: Store) {
    let seller = derived(&["seller"]);
    let opening = move |stock: Option<&Stock>| Stock::decide(stock, &seller, |s| s.receive(derived(&["warehouse"]), PIECES));
    store.update::<Stock, _>(&ctx(), offer().as_str(), opening).await.unwrap();

    let buyers: Vec<_> = (0..BUYERS).map(|buyer| spawn("buyer", reserve(store.clone(), buyer))).collect();
    let mut served = 0;
    for buyer in buyers {
        match buyer.await.unwrap() {
            Ok(()) => served += 1,
            Err(error) => assert_eq!(error.code, "out_of_stock"),
        }
    }
    assert_eq!(served, PIECES);
    let stock = store.load::<Stock>(offer().as_str()).await.unwrap().unwrap();
    assert_eq!(stock.total(), Shelf { on_hand: PIECES, reserved: PIECES, allocated: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    sell_out(Store::memory(Clock::System, MemoryBackend::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(&folder.path().join("inventory.db")).unwrap();
    sell_out(Store::new(Arc::new(backend), Clock::System)).await;
}
