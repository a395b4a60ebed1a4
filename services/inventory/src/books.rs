//! The books of stock, for each offer and warehouse: nothing is negative, nothing is promised that is not there, and what is
//! reserved and allocated is what the reservations hold.

use haat_service::{Book, Books, Entry};

use crate::ids::{OfferId, WarehouseId};
use crate::reservation::Reservation;
use crate::stock::{Claim, Pick, Shelf, Stock};
use crate::warehouse::Warehouse;

pub fn books() -> Books {
    Books::new().book::<Stock>().book::<Reservation>().kept::<Warehouse>()
}

impl Book for Stock {
    fn faults(&self, _: &str) -> Vec<String> {
        let is_wrong = |shelf: &Shelf| [shelf.on_hand, shelf.reserved, shelf.allocated, shelf.available()].iter().any(|n| *n < 0);
        let wrong = self.shelves.iter().filter(|(_, shelf)| is_wrong(shelf));
        wrong
            .map(|(warehouse, shelf)| {
                let Shelf { on_hand, reserved, allocated } = shelf;
                format!("has {on_hand} on hand at {warehouse}, {reserved} of them reserved and {allocated} allocated")
            })
            .collect()
    }

    fn entries(&self, id: &str) -> Vec<Entry> {
        let claimed = |claim, warehouse: &WarehouseId, pieces| Entry::new(account(claim, id, warehouse), pieces);
        let of = |(warehouse, shelf): (&WarehouseId, &Shelf)| {
            [claimed(Claim::Reserved, warehouse, shelf.reserved), claimed(Claim::Allocated, warehouse, shelf.allocated)]
        };
        self.shelves.iter().flat_map(of).collect()
    }
}

impl Book for Reservation {
    fn entries(&self, _: &str) -> Vec<Entry> {
        let claim = self.claim();
        let entry = |offer: &OfferId, pick: &Pick| Entry::new(account(claim, offer.as_str(), &pick.warehouse), -pick.quantity);
        self.picks(None).iter().flat_map(|(offer, picks)| picks.iter().map(move |pick| entry(offer, pick))).collect()
    }
}

fn account(claim: Claim, offer: &str, warehouse: &WarehouseId) -> String {
    let claim = match claim {
        Claim::Reserved => "reserved",
        Claim::Allocated => "allocated",
    };
    format!("{offer} {claim} at {warehouse}")
}

#[cfg(test)]
mod tests {
    use haat_kernel::Timestamp;
    use haat_kernel::id::derived;
    use haat_store::Aggregate;

    use super::*;
    use crate::reservation::{Line, ReservationEvent};

    fn stock(on_hand: i64, reserved: i64, allocated: i64) -> Stock {
        let mut stock = Stock::new(derived(&["seller"]));
        stock.shelves.insert(derived(&["warehouse"]), Shelf { on_hand, reserved, allocated });
        stock
    }

    #[test]
    fn nothing_is_negative_or_promised_that_is_not_there() {
        assert_eq!(stock(5, 2, 3).faults(""), Vec::<String>::new());
        for broken in [stock(-1, 0, 0), stock(5, -1, 0), stock(5, 0, -1), stock(5, 3, 3)] {
            assert_eq!(broken.faults("").len(), 1, "{broken:?}");
        }
    }

    #[test]
    fn what_is_held_is_held_for_somebody() {
        let (offer, seller, warehouse) = (derived::<OfferId>(&["offer"]), derived(&["seller"]), derived(&["warehouse"]));
        let lines = vec![Line { offer: offer.clone(), seller, warehouse, quantity: 2 }];
        let held = ReservationEvent::Held { lines, expires: Timestamp::UNIX_EPOCH };
        let mut reservation = Reservation::create(&held).unwrap();
        let is_balanced = |stock: &Stock, reservation: &Reservation| {
            let entries = [stock.entries(offer.as_str()), reservation.entries("")].concat();
            entries.iter().all(|entry| {
                entries.iter().filter(|other| other.account == entry.account).map(|other| other.amount).sum::<i64>() == 0
            })
        };
        assert!(is_balanced(&stock(5, 2, 0), &reservation));
        assert!(!is_balanced(&stock(5, 0, 2), &reservation) && !is_balanced(&stock(5, 3, 0), &reservation));
        reservation.apply(&ReservationEvent::Allocated);
        assert!(is_balanced(&stock(5, 0, 2), &reservation) && !is_balanced(&stock(5, 2, 0), &reservation));
        reservation.apply(&ReservationEvent::Released { seller: None });
        assert!(is_balanced(&stock(5, 0, 0), &reservation));
    }
}
