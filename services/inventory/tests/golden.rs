//! What was once stored always loads: a golden file for each type of event.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_inventory::ids::ReservationId;
use haat_inventory::reservation::{Line, Reservation, ReservationEvent};
use haat_inventory::stock::{Claim, Pick, Stock, StockEvent};
use haat_inventory::warehouse::{Address, Warehouse, WarehouseEvent};
use haat_kernel::{Id, Timestamp, id::derived};
use haat_store::golden::check_events;

const FOLDER: &str = "tests/golden";

fn id<I: Id>() -> I {
    derived(&["golden"])
}

fn reservation() -> ReservationId {
    ReservationId::parse("id", "checkout-1").unwrap()
}

#[test]
fn stock() {
    let picks = || vec![Pick { warehouse: id(), quantity: 2 }];
    check_events::<Stock>(
        FOLDER,
        &[
            ("opened", StockEvent::Opened { seller: id() }),
            ("opening_received", StockEvent::OpeningReceived { warehouse: id(), quantity: 10, available: 10 }),
            ("received", StockEvent::Received { warehouse: id(), quantity: 5, available: 15 }),
            ("adjusted", StockEvent::Adjusted { warehouse: id(), delta: -1, reason: "broken".into(), available: 14 }),
            ("reserved", StockEvent::Reserved { reservation: reservation(), picks: picks(), available: 12 }),
            ("allocated", StockEvent::Allocated { reservation: reservation(), picks: picks() }),
            (
                "released",
                StockEvent::Released { reservation: reservation(), picks: picks(), claim: Claim::Allocated, available: 14 },
            ),
        ],
    );
}

#[test]
fn reservations() {
    let line = Line { offer: id(), seller: id(), warehouse: id(), quantity: 2 };
    check_events::<Reservation>(
        FOLDER,
        &[
            ("held", ReservationEvent::Held { lines: vec![line], expires: Timestamp::UNIX_EPOCH }),
            ("allocated", ReservationEvent::Allocated),
            ("released", ReservationEvent::Released { seller: None }),
            ("released.seller", ReservationEvent::Released { seller: Some(id()) }),
            ("withdrawn", ReservationEvent::Withdrawn { reason: "stuck since noon".into() }),
            ("expired", ReservationEvent::Expired),
            ("barred", ReservationEvent::Barred),
        ],
    );
}

#[test]
fn warehouses() {
    let platform = Warehouse {
        display_name: "North".into(),
        address: Some(Address { city: "Delhi".into(), country: "IN".into(), ..Address::default() }),
        seller: None,
        at: Timestamp::UNIX_EPOCH,
    };
    let first = Warehouse::first_of(id(), Timestamp::UNIX_EPOCH);
    check_events::<Warehouse>(
        FOLDER,
        &[
            ("created", WarehouseEvent::Created { warehouse: platform }),
            ("created.first", WarehouseEvent::Created { warehouse: first }),
        ],
    );
}
