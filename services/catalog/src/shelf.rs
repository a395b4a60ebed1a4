//! The shelf of a product: which of its offers can be had, as inventory last said. One for each product, with the same id.
//! It changes only when a buyer would see it: an offer sells out, comes back, or few are left. Ten thousand sales out of a
//! full stock leave it untouched.

use std::collections::BTreeMap;

use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::ids::OfferId;

/// Up to how many pieces count as few.
pub const FEW: i64 = 5;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    /// The offers that can be had; with the number of pieces where few are left.
    offers: BTreeMap<OfferId, Option<i64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ShelfEvent {
    CameIn {
        offer: OfferId,
        left: Option<i64>,
    },
    /// Still to be had, and how many are left is another matter than before.
    LeftChanged {
        offer: OfferId,
        left: Option<i64>,
    },
    SoldOut {
        offer: OfferId,
    },
}

/// The name of the one shelf event that changes nothing that search knows.
pub const LEFT_CHANGED: &str = "left_changed";

impl Shelf {
    pub fn is_available(&self, offer: &OfferId) -> bool {
        self.offers.contains_key(offer)
    }

    /// How many are left, where few are.
    pub fn left(&self, offer: &OfferId) -> Option<i64> {
        self.offers.get(offer).copied().flatten()
    }

    /// What buyers see change when `available` pieces of an offer can be reserved; nothing, mostly.
    pub fn stock(shelf: Option<&Shelf>, offer: &OfferId, available: i64) -> Vec<ShelfEvent> {
        let before = shelf.and_then(|shelf| shelf.offers.get(offer)).copied();
        let left = (available <= FEW).then_some(available);
        let offer = offer.clone();
        match before {
            None if available > 0 => vec![ShelfEvent::CameIn { offer, left }],
            Some(_) if available <= 0 => vec![ShelfEvent::SoldOut { offer }],
            Some(before) if before != left => vec![ShelfEvent::LeftChanged { offer, left }],
            _ => Vec::new(),
        }
    }
}

impl Aggregate for Shelf {
    const KIND: &'static str = "shelf";
    const SCHEMA: u32 = 1;
    type Event = ShelfEvent;

    fn create(event: &ShelfEvent) -> Option<Self> {
        let mut shelf = Shelf::default();
        shelf.apply(event);
        Some(shelf)
    }

    fn apply(&mut self, event: &ShelfEvent) {
        match event {
            ShelfEvent::CameIn { offer, left } | ShelfEvent::LeftChanged { offer, left } => {
                self.offers.insert(offer.clone(), *left);
            }
            ShelfEvent::SoldOut { offer } => {
                self.offers.remove(offer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haat_kernel::id::derived;

    fn offer() -> OfferId {
        derived(&["an offer"])
    }

    /// Tells a shelf of each stock in turn and answers how many events each made.
    fn check(stocks: &[i64]) -> (Vec<usize>, Shelf) {
        let mut shelf: Option<Shelf> = None;
        let counts = stocks.iter().map(|available| {
            let events = Shelf::stock(shelf.as_ref(), &offer(), *available);
            for event in &events {
                match &mut shelf {
                    Some(shelf) => shelf.apply(event),
                    None => shelf = Shelf::create(event),
                }
            }
            events.len()
        });
        (counts.collect(), shelf.unwrap_or_default())
    }

    #[test]
    fn only_what_buyers_see_makes_an_event() {
        assert_eq!(check(&[0, 0]).0, [0, 0]);
        assert_eq!(check(&[1000, 999, 6]).0, [1, 0, 0]);
        assert_eq!(check(&[6, 5, 5, 4, 0, 0, 9]).0, [1, 1, 0, 1, 1, 0, 1]);
        let (_, shelf) = check(&[100, 3]);
        assert_eq!((shelf.is_available(&offer()), shelf.left(&offer())), (true, Some(3)));
        let (_, shelf) = check(&[100, 3, -1]);
        assert_eq!((shelf.is_available(&offer()), shelf.left(&offer())), (false, None));
        assert_eq!(check(&[3, 100]).1.left(&offer()), None);
    }

    #[test]
    fn stored_events_keep_loading() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        haat_store::golden::check_events::<Shelf>(
            golden,
            &[
                ("came_in", ShelfEvent::CameIn { offer: offer(), left: Some(5) }),
                ("left_changed", ShelfEvent::LeftChanged { offer: offer(), left: None }),
                ("sold_out", ShelfEvent::SoldOut { offer: offer() }),
            ],
        );
    }
}
