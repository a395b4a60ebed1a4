//! A reservation: pieces of one or more offers that a checkout holds, then orders have. It gives back exactly what it holds,
//! once, whatever is repeated or comes late. What it holds is fixed when it is made; lines are only ever given back.

use std::collections::BTreeMap;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Fault, Kind, Timestamp, Violation, sabotage};
use haat_store::{Aggregate, Timer};
use serde::{Deserialize, Serialize};

use crate::ids::{OfferId, SellerId, WarehouseId};
use crate::stock::{Claim, Pick};

/// The timer that ends a reservation which nobody allocated.
pub const EXPIRE: &str = "expire";
const REASON_CHARS_MAX: usize = 400;

/// What a caller wants: the pieces of each offer, two lines of the same offer added up.
pub type Demand = BTreeMap<OfferId, Wanted>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub quantity: i64,
    pub seller: SellerId,
}

/// Pieces of one offer from one warehouse.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub offer: OfferId,
    pub seller: SellerId,
    pub warehouse: WarehouseId,
    pub quantity: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Held,
    Allocated,
    Released,
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReservationEvent {
    Held {
        lines: Vec<Line>,
        expires: Timestamp,
    },
    Allocated,
    /// The lines of one seller, or all that is left.
    Released {
        seller: Option<SellerId>,
    },
    Expired,
    /// An operator took it from the checkout that held it.
    Withdrawn {
        reason: String,
    },
    /// It was released before it was made, and will never be.
    Barred,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    pub offer: OfferId,
    pub requested: i64,
    pub available: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReservationError {
    #[error("There is no such reservation.")]
    NotFound,
    #[error("The reservation has expired or was released.")]
    Ended,
    #[error("There is a reservation with this id, of other offers or quantities.")]
    Differs,
    #[error("Some offers have fewer pieces left than requested.")]
    OutOfStock(Vec<Shortage>),
    #[error("The reservation was made this moment; try again.")]
    Changed,
    #[error("These pieces belong to orders; they go back when the orders are canceled.")]
    Allocated,
    #[error("Say in at most {REASON_CHARS_MAX} characters why it is released.")]
    ReasonRequired,
}

impl Fault for ReservationError {
    fn kind(&self) -> Kind {
        match self {
            ReservationError::NotFound => Kind::NotFound,
            ReservationError::Ended
            | ReservationError::Differs
            | ReservationError::OutOfStock(_)
            | ReservationError::Allocated => Kind::FailedPrecondition,
            ReservationError::ReasonRequired => Kind::InvalidArgument,
            ReservationError::Changed => Kind::Aborted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            ReservationError::NotFound => "reservation_not_found",
            ReservationError::Ended => "reservation_ended",
            ReservationError::Differs => "reservation_differs",
            ReservationError::OutOfStock(_) => "out_of_stock",
            ReservationError::Changed => "reservation_changed",
            ReservationError::Allocated => "reservation_allocated",
            ReservationError::ReasonRequired => "reason_required",
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let shortages = match self {
            ReservationError::OutOfStock(shortages) => shortages,
            ReservationError::ReasonRequired => return vec![Violation::new("reason", "is required, in at most 400 characters")],
            _ => return Vec::new(),
        };
        let describe =
            |s: &Shortage| Violation::new(s.offer.as_str(), format!("{} requested, {} available", s.requested, s.available));
        shortages.iter().map(describe).collect()
    }
}

type Decision = Result<Vec<ReservationEvent>, ReservationError>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    pub status: Status,
    /// None for one that never was.
    pub expires: Option<Timestamp>,
    /// What is held.
    lines: Vec<Line>,
    /// What was held and is given back.
    given_back: Vec<Line>,
}

impl Reservation {
    /// The answer to a repeated request: nothing happens when it asks for the same.
    pub fn repeat(&self, demand: &Demand) -> Decision {
        match self.status {
            Status::Released | Status::Expired => Err(ReservationError::Ended),
            Status::Held | Status::Allocated if !self.is_of(demand) => Err(ReservationError::Differs),
            Status::Held | Status::Allocated => Ok(vec![]),
        }
    }

    pub fn allocate(&self) -> Decision {
        match self.status {
            Status::Held => Ok(vec![ReservationEvent::Allocated]),
            Status::Allocated => Ok(vec![]),
            _ if sabotage::is("allocate-unchecked") => Ok(vec![ReservationEvent::Allocated]),
            Status::Released | Status::Expired => Err(ReservationError::Ended),
        }
    }

    /// The lines of `seller`, or everything; a second time it does nothing.
    pub fn release(&self, seller: Option<SellerId>) -> Vec<ReservationEvent> {
        let is_concerned = self.lines.iter().any(|line| belongs(line, seller.as_ref()));
        if is_concerned { vec![ReservationEvent::Released { seller }] } else { vec![] }
    }

    /// Only what is held, and not before its time: the one who allocated it in the last moment keeps it.
    pub fn expire(&self, now: Timestamp) -> Vec<ReservationEvent> {
        let is_due = self.status == Status::Held && self.expires.is_some_and(|expires| expires <= now);
        if is_due { vec![ReservationEvent::Expired] } else { vec![] }
    }

    /// By an operator's word, while a checkout holds it; a second time it does nothing.
    pub fn withdraw(&self, reason: &str) -> Decision {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
            return Err(ReservationError::ReasonRequired);
        }
        match self.status {
            Status::Held => Ok(vec![ReservationEvent::Withdrawn { reason: reason.to_owned() }]),
            Status::Allocated => Err(ReservationError::Allocated),
            Status::Released | Status::Expired => Ok(vec![]),
        }
    }

    /// Pieces that it holds, in all.
    pub fn pieces(&self) -> i64 {
        self.lines.iter().map(|line| line.quantity).sum()
    }

    /// What the stocks hold for this reservation, per offer: of `seller`, or of all.
    pub fn picks(&self, seller: Option<&SellerId>) -> BTreeMap<OfferId, Vec<Pick>> {
        let mut picks: BTreeMap<OfferId, Vec<Pick>> = BTreeMap::new();
        for line in self.lines.iter().filter(|line| belongs(line, seller)) {
            let pick = Pick { warehouse: line.warehouse.clone(), quantity: line.quantity };
            picks.entry(line.offer.clone()).or_default().push(pick);
        }
        picks
    }

    /// As what the stocks hold it.
    pub fn claim(&self) -> Claim {
        if self.status == Status::Allocated { Claim::Allocated } else { Claim::Reserved }
    }

    /// Every offer that it ever held something of, in order.
    pub fn offers(&self) -> Vec<OfferId> {
        self.quantities().into_keys().collect()
    }

    fn quantities(&self) -> BTreeMap<OfferId, i64> {
        let mut quantities = BTreeMap::new();
        for line in self.lines.iter().chain(&self.given_back) {
            *quantities.entry(line.offer.clone()).or_default() += line.quantity;
        }
        quantities
    }

    fn is_of(&self, demand: &Demand) -> bool {
        self.quantities().iter().eq(demand.iter().map(|(offer, wanted)| (offer, &wanted.quantity)))
    }

    fn give_back(&mut self, seller: Option<&SellerId>, end: Status) {
        let (back, kept) = std::mem::take(&mut self.lines).into_iter().partition(|line| belongs(line, seller));
        self.lines = kept;
        self.given_back.extend::<Vec<Line>>(back);
        if self.lines.is_empty() {
            self.status = end;
        }
    }
}

fn belongs(line: &Line, seller: Option<&SellerId>) -> bool {
    seller.is_none_or(|seller| line.seller == *seller)
}

impl Aggregate for Reservation {
    const KIND: &'static str = "reservation";
    const SCHEMA: u32 = 1;
    type Event = ReservationEvent;

    fn create(event: &ReservationEvent) -> Option<Self> {
        let (status, expires, lines) = match event {
            ReservationEvent::Held { lines, expires } => {
                (Status::Held, Some(plus_seconds(*expires, -i64::from(sabotage::is("expiry-off-by-one")))), lines.clone())
            }
            ReservationEvent::Barred => (Status::Released, None, vec![]),
            _ => return None,
        };
        Some(Reservation { status, expires, lines, given_back: vec![] })
    }

    fn apply(&mut self, event: &ReservationEvent) {
        match event {
            ReservationEvent::Held { .. } | ReservationEvent::Barred => {}
            ReservationEvent::Allocated => self.status = Status::Allocated,
            ReservationEvent::Released { seller } => self.give_back(seller.as_ref(), Status::Released),
            ReservationEvent::Expired => self.give_back(None, Status::Expired),
            ReservationEvent::Withdrawn { .. } => self.give_back(None, Status::Released),
        }
    }

    fn timers(&self) -> Vec<Timer> {
        let due = self.expires.filter(|_| self.status == Status::Held);
        due.map(|due| Timer::at(EXPIRE, due)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
