//! The books of stock, for each offer and warehouse: nothing is negative, what is reserved and allocated is what the
//! reservations hold, and nothing is promised that is not there.

use std::collections::BTreeMap;

use haat_inventory::stock::Claim;

use super::books::Report;
use super::facts::Facts;

type Place<'a> = (&'a str, String);

pub fn judge(facts: &Facts, report: &mut Report) {
    let mut reserved: BTreeMap<Place, i64> = BTreeMap::new();
    let mut allocated: BTreeMap<Place, i64> = BTreeMap::new();
    let picks: Vec<_> = facts.reservations.values().map(|reservation| (reservation.claim(), reservation.picks(None))).collect();
    for (claim, picks) in &picks {
        let sums = if *claim == Claim::Allocated { &mut allocated } else { &mut reserved };
        for (offer, picks) in picks {
            for pick in picks {
                *sums.entry((offer.as_str(), pick.warehouse.to_string())).or_default() += pick.quantity;
            }
        }
    }
    for (offer, stock) in &facts.stocks {
        for (warehouse, shelf) in &stock.shelves {
            let place = (offer.as_str(), warehouse.to_string());
            let held = (reserved.remove(&place).unwrap_or(0), allocated.remove(&place).unwrap_or(0));
            if held != (shelf.reserved, shelf.allocated) {
                report.wrong(format!(
                    "offer {offer} at {warehouse} has {} reserved and {} allocated, but reservations hold {} and {}",
                    shelf.reserved, shelf.allocated, held.0, held.1
                ));
            }
            if shelf.on_hand < 0 || shelf.available() < 0 {
                report.wrong(format!(
                    "offer {offer} at {warehouse} has {} on hand and {} available",
                    shelf.on_hand,
                    shelf.available()
                ));
            }
        }
    }
    for (offer, warehouse) in reserved.keys().chain(allocated.keys()) {
        report.wrong(format!("a reservation holds offer {offer} at {warehouse}, which has no such stock"));
    }
}
