//! The stock of one offer, per warehouse, as a ledger of movements. Always, in every warehouse: nothing is negative and
//! reserved + allocated ≤ on hand. The state holds sums only, however many reservations there are: it is the hot path of a
//! flash sale. Who holds what stands in the reservations.

use std::collections::BTreeMap;

use haat_kernel::{Fault, Kind, sabotage};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::ids::{ReservationId, SellerId, WarehouseId};

/// The most pieces of an offer that one warehouse can have: a slip of the pen is noticed, and sums cannot overflow.
pub const PIECES_MAX: i64 = 1_000_000_000;

/// What one warehouse has. A sold piece that has not shipped is on hand and allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    pub on_hand: i64,
    pub reserved: i64,
    pub allocated: i64,
}

impl Shelf {
    pub fn available(&self) -> i64 {
        self.on_hand - self.reserved - self.allocated
    }
}

/// Pieces from one warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick {
    pub warehouse: WarehouseId,
    pub quantity: i64,
}

/// What pieces are held as: for a checkout under way, or for orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    Reserved,
    Allocated,
}

/// `available` is what could be reserved after the movement, over all warehouses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StockEvent {
    Opened {
        seller: SellerId,
    },
    /// What the seller said to have when the offer was made.
    OpeningReceived {
        warehouse: WarehouseId,
        quantity: i64,
        available: i64,
    },
    Received {
        warehouse: WarehouseId,
        quantity: i64,
        available: i64,
    },
    Adjusted {
        warehouse: WarehouseId,
        delta: i64,
        reason: String,
        available: i64,
    },
    Reserved {
        reservation: ReservationId,
        picks: Vec<Pick>,
        available: i64,
    },
    Allocated {
        reservation: ReservationId,
        picks: Vec<Pick>,
    },
    Released {
        reservation: ReservationId,
        picks: Vec<Pick>,
        claim: Claim,
        available: i64,
    },
}

impl StockEvent {
    /// What is available after this event; None where it did not change that.
    pub fn available(&self) -> Option<i64> {
        match self {
            StockEvent::Opened { .. } | StockEvent::Allocated { .. } => None,
            StockEvent::OpeningReceived { available, .. }
            | StockEvent::Received { available, .. }
            | StockEvent::Adjusted { available, .. }
            | StockEvent::Reserved { available, .. }
            | StockEvent::Released { available, .. } => Some(*available),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StockError {
    #[error(
        "Of the {on_hand} pieces in this warehouse {held} are held for buyers: a correction by {delta} would take from them."
    )]
    Held { on_hand: i64, held: i64, delta: i64 },
    #[error("One warehouse can have at most {PIECES_MAX} pieces of an offer.")]
    TooMany,
    /// A reservation gives back what this stock does not hold for it: a bug. The transaction must not commit.
    #[error("The stock does not hold what is to be moved.")]
    NotHeld,
}

impl Fault for StockError {
    fn kind(&self) -> Kind {
        match self {
            StockError::Held { .. } => Kind::FailedPrecondition,
            StockError::TooMany => Kind::OutOfRange,
            StockError::NotHeld => Kind::Internal,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            StockError::Held { .. } => "stock_held",
            StockError::TooMany => "quantity_out_of_range",
            StockError::NotHeld => "internal",
        }
    }
}

type Decision = Result<Vec<StockEvent>, StockError>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stock {
    pub seller: SellerId,
    pub shelves: BTreeMap<WarehouseId, Shelf>,
    /// Whether the opening stock was taken in: it comes once, however often it is announced.
    has_opening: bool,
}

impl Stock {
    pub fn new(seller: SellerId) -> Self {
        Stock { seller, shelves: BTreeMap::new(), has_opening: false }
    }

    /// Decides on the stock of an offer of `seller`, and opens it first where there is none yet.
    pub fn decide(stock: Option<&Stock>, seller: &SellerId, decide: impl FnOnce(&Stock) -> Decision) -> Decision {
        if let Some(stock) = stock {
            return decide(stock);
        }
        let mut events = vec![StockEvent::Opened { seller: seller.clone() }];
        events.extend(decide(&Stock::new(seller.clone()))?);
        Ok(events)
    }

    /// Over all warehouses.
    pub fn available(&self) -> i64 {
        self.total().available()
    }

    /// Over all warehouses.
    pub fn total(&self) -> Shelf {
        self.shelves.values().fold(Shelf::default(), |sum, shelf| Shelf {
            on_hand: sum.on_hand + shelf.on_hand,
            reserved: sum.reserved + shelf.reserved,
            allocated: sum.allocated + shelf.allocated,
        })
    }

    /// Goods came in: `quantity` is positive.
    pub fn receive(&self, warehouse: WarehouseId, quantity: i64) -> Decision {
        self.check_room(&warehouse, quantity)?;
        Ok(vec![StockEvent::Received { warehouse, quantity, available: self.available() + quantity }])
    }

    /// The pieces that came with the offer itself; a second time it does nothing.
    pub fn receive_opening(&self, warehouse: WarehouseId, quantity: i64) -> Decision {
        if self.has_opening || quantity <= 0 {
            return Ok(vec![]);
        }
        self.check_room(&warehouse, quantity)?;
        Ok(vec![StockEvent::OpeningReceived { warehouse, quantity, available: self.available() + quantity }])
    }

    /// A count differed, something broke, something was found.
    pub fn adjust(&self, warehouse: WarehouseId, delta: i64, reason: String) -> Decision {
        self.check_room(&warehouse, delta)?;
        let shelf = self.shelf(&warehouse);
        if shelf.available() + delta < 0 {
            return Err(StockError::Held { on_hand: shelf.on_hand, held: shelf.on_hand - shelf.available(), delta });
        }
        Ok(vec![StockEvent::Adjusted { warehouse, delta, reason, available: self.available() + delta }])
    }

    /// Where `quantity` pieces would come from: from as few warehouses as possible, the fullest first. None when there are
    /// not so many.
    pub fn source(&self, quantity: i64) -> Option<Vec<Pick>> {
        let mut fullest: Vec<_> = self.shelves.iter().map(|(warehouse, shelf)| (shelf.available(), warehouse)).collect();
        fullest.sort_by_key(|(available, warehouse)| (std::cmp::Reverse(*available), *warehouse));
        if sabotage::is("stock-check-outside")
            && let Some((_, warehouse)) = fullest.first()
        {
            return Some(vec![Pick { warehouse: (*warehouse).clone(), quantity }]);
        }
        let mut missing = quantity;
        let mut picks = Vec::new();
        for (available, warehouse) in fullest {
            let quantity = missing.min(available);
            if quantity > 0 {
                picks.push(Pick { warehouse: warehouse.clone(), quantity });
                missing -= quantity;
            }
        }
        (missing == 0).then_some(picks)
    }

    pub fn reserve(&self, reservation: ReservationId, picks: Vec<Pick>) -> Decision {
        if !sabotage::is("stock-check-outside") {
            self.check_picks(&picks, Shelf::available)?;
        }
        let available = self.available() - pieces(&picks);
        Ok(vec![StockEvent::Reserved { reservation, picks, available }])
    }

    /// What was reserved now belongs to orders.
    pub fn allocate(&self, reservation: ReservationId, picks: Vec<Pick>) -> Decision {
        self.check_picks(&picks, |shelf| shelf.reserved)?;
        Ok(vec![StockEvent::Allocated { reservation, picks }])
    }

    /// Gives back what is held.
    pub fn release(&self, reservation: ReservationId, picks: Vec<Pick>, claim: Claim) -> Decision {
        self.check_picks(&picks, |shelf| match claim {
            Claim::Reserved => shelf.reserved,
            Claim::Allocated => shelf.allocated,
        })?;
        let available = self.available() + pieces(&picks);
        Ok(vec![StockEvent::Released { reservation, picks, claim, available }])
    }

    fn shelf(&self, warehouse: &WarehouseId) -> Shelf {
        self.shelves.get(warehouse).copied().unwrap_or_default()
    }

    fn check_room(&self, warehouse: &WarehouseId, more: i64) -> Result<(), StockError> {
        let is_within = self.shelf(warehouse).on_hand.checked_add(more).is_some_and(|sum| sum <= PIECES_MAX);
        if is_within { Ok(()) } else { Err(StockError::TooMany) }
    }

    fn check_picks(&self, picks: &[Pick], held: impl Fn(&Shelf) -> i64) -> Result<(), StockError> {
        let is_held = |pick: &Pick| pick.quantity > 0 && pick.quantity <= held(&self.shelf(&pick.warehouse));
        if picks.iter().all(is_held) { Ok(()) } else { Err(StockError::NotHeld) }
    }

    fn each(&mut self, picks: &[Pick], change: impl Fn(&mut Shelf, i64)) {
        for pick in picks {
            change(self.shelves.entry(pick.warehouse.clone()).or_default(), pick.quantity);
        }
    }
}

fn pieces(picks: &[Pick]) -> i64 {
    picks.iter().map(|pick| pick.quantity).sum()
}

impl Aggregate for Stock {
    const KIND: &'static str = "stock";
    const SCHEMA: u32 = 1;
    type Event = StockEvent;

    fn create(event: &StockEvent) -> Option<Self> {
        match event {
            StockEvent::Opened { seller } => Some(Stock::new(seller.clone())),
            _ => None,
        }
    }

    fn apply(&mut self, event: &StockEvent) {
        match event {
            StockEvent::Opened { .. } => {}
            StockEvent::OpeningReceived { warehouse, quantity, .. } => {
                self.has_opening = true;
                self.shelves.entry(warehouse.clone()).or_default().on_hand += quantity;
            }
            StockEvent::Received { warehouse, quantity: delta, .. } | StockEvent::Adjusted { warehouse, delta, .. } => {
                self.shelves.entry(warehouse.clone()).or_default().on_hand += delta;
            }
            StockEvent::Reserved { picks, .. } => self.each(picks, |shelf, quantity| shelf.reserved += quantity),
            StockEvent::Allocated { picks, .. } => self.each(picks, |shelf, quantity| {
                shelf.reserved -= quantity;
                shelf.allocated += quantity;
            }),
            StockEvent::Released { picks, claim, .. } => self.each(picks, |shelf, quantity| match claim {
                Claim::Reserved => shelf.reserved -= quantity,
                Claim::Allocated => shelf.allocated -= quantity,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
