//! One offer's stock as it would be if everybody asked in turn: so many pieces, and who holds which of them.

use std::collections::BTreeMap;

use super::Operation;
use super::linear::{Call, Spec};
use super::read::{Asked, Told};
use haat_kernel::Error;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Hold {
    Held(i64),
    Allocated(i64),
    Ended,
}

/// Assumes one warehouse per offer, as the simulated market has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shelf {
    on_hand: i64,
    holds: BTreeMap<String, Hold>,
}

#[derive(Clone, Debug)]
pub enum Op {
    Reserve { reservation: String, quantity: i64 },
    Allocate { reservation: String },
    Release { reservation: String },
    Expire { reservation: String },
    Receive { quantity: i64 },
    Adjust { delta: i64 },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ret {
    Done,
    /// So many pieces are available now.
    Available(i64),
    /// Fewer are left than were asked for.
    Short {
        available: i64,
    },
    /// Another offer of the reservation was short.
    OthersShort,
    Ended,
    NotFound,
    /// The correction would take pieces that are held.
    Held,
    /// An answer that there must not be.
    Odd(String),
}

impl Shelf {
    pub fn of(on_hand: i64) -> Self {
        Shelf { on_hand, holds: BTreeMap::new() }
    }

    fn available(&self) -> i64 {
        let held = self.holds.values().map(|hold| match hold {
            Hold::Held(quantity) | Hold::Allocated(quantity) => *quantity,
            Hold::Ended => 0,
        });
        self.on_hand - held.sum::<i64>()
    }

    fn hold(&self, reservation: &str) -> Option<Hold> {
        self.holds.get(reservation).copied()
    }

    fn set(&mut self, reservation: &str, hold: Hold) {
        self.holds.insert(reservation.to_owned(), hold);
    }
}

impl Spec for Shelf {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        match op {
            Op::Reserve { reservation, quantity } => match self.hold(reservation) {
                Some(Hold::Ended) => Ret::Ended,
                Some(_) => Ret::Done,
                None if *quantity > self.available() => Ret::Short { available: self.available() },
                None => {
                    self.set(reservation, Hold::Held(*quantity));
                    Ret::Done
                }
            },
            Op::Allocate { reservation } => match self.hold(reservation) {
                None => Ret::NotFound,
                Some(Hold::Ended) => Ret::Ended,
                Some(Hold::Held(quantity) | Hold::Allocated(quantity)) => {
                    self.set(reservation, Hold::Allocated(quantity));
                    Ret::Done
                }
            },
            Op::Release { reservation } => {
                self.set(reservation, Hold::Ended);
                Ret::Done
            }
            Op::Expire { reservation } => {
                if matches!(self.hold(reservation), Some(Hold::Held(_))) {
                    self.set(reservation, Hold::Ended);
                }
                Ret::Done
            }
            Op::Receive { quantity } => {
                self.on_hand += quantity;
                Ret::Available(self.available())
            }
            Op::Adjust { delta } if self.available() + delta < 0 => Ret::Held,
            Op::Adjust { delta } => {
                self.on_hand += delta;
                Ret::Available(self.available())
            }
        }
    }

    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        match (op, ret) {
            // It took nothing here, though there was enough.
            (Op::Reserve { reservation, quantity }, Ret::OthersShort) => {
                self.hold(reservation).is_none() && *quantity <= self.available()
            }
            _ => self.invoke(op) == *ret,
        }
    }
}

/// The calls that concern `offer`.
pub fn history(operations: &[Operation], offer: &str, expired: &[String]) -> Vec<Call<Op, Ret>> {
    let sellers = sellers(operations, offer);
    let mut calls = Vec::new();
    for operation in operations {
        let op = match &operation.asked {
            Asked::Reserve(request) => {
                let wanted = request.lines.iter().filter(|line| line.offer_id == offer);
                let quantity: i64 = wanted.map(|line| line.quantity).sum();
                (quantity > 0).then(|| Op::Reserve { reservation: request.reservation_id.clone(), quantity })
            }
            Asked::Allocate(request) => sellers
                .contains_key(request.reservation_id.as_str())
                .then(|| Op::Allocate { reservation: request.reservation_id.clone() }),
            Asked::Release(request) => {
                let seller = sellers.get(request.reservation_id.as_str());
                let concerns = seller.is_some_and(|seller| request.seller_id.is_empty() || request.seller_id == *seller);
                concerns.then(|| Op::Release { reservation: request.reservation_id.clone() })
            }
            Asked::Receive(request) if request.offer == offer => Some(Op::Receive { quantity: request.quantity }),
            Asked::Adjust(request) if request.offer == offer => Some(Op::Adjust { delta: request.delta }),
            _ => None,
        };
        let Some(op) = op else { continue };
        let began = operation.began;
        if let Op::Reserve { reservation, .. } = &op
            && expired.contains(reservation)
        {
            calls.push(Call { op: Op::Expire { reservation: reservation.clone() }, began, ended: None });
            // It may have been made, and its time have run out, before a repetition was answered.
            calls.push(Call { op: op.clone(), began, ended: None });
        }
        let ended = operation.ended.as_ref().map(|(at, told)| (*at, answer(offer, told)));
        calls.push(Call { op, began, ended });
    }
    calls
}

/// The reservations that want something of `offer`, and of whom.
fn sellers<'a>(operations: &'a [Operation], offer: &str) -> BTreeMap<&'a str, &'a str> {
    let requests = operations.iter().filter_map(|operation| match &operation.asked {
        Asked::Reserve(request) => Some(request),
        _ => None,
    });
    let lines = requests.flat_map(|request| request.lines.iter().map(|line| (request.reservation_id.as_str(), line)));
    lines.filter(|(_, line)| line.offer_id == offer).map(|(id, line)| (id, line.seller_id.as_str())).collect()
}

fn answer(offer: &str, told: &Told) -> Ret {
    match told {
        Told::Done => Ret::Done,
        Told::Stock(stock) => Ret::Available(stock.available),
        Told::Payment(_) => Ret::Odd("a payment".to_owned()),
        Told::Refused(error) => refusal(offer, error),
    }
}

fn refusal(offer: &str, error: &Error) -> Ret {
    match error.code.as_str() {
        "out_of_stock" => {
            let about = error.violations.iter().find(|violation| violation.field == offer);
            let words = about.and_then(|violation| violation.description.rsplit(", ").next());
            let available = words.and_then(|words| words.trim_end_matches(" available").parse().ok());
            available.map_or(Ret::OthersShort, |available| Ret::Short { available })
        }
        "reservation_ended" => Ret::Ended,
        "reservation_not_found" => Ret::NotFound,
        "stock_held" => Ret::Held,
        other => Ret::Odd(other.to_owned()),
    }
}
