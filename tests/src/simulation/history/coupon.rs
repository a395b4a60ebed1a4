//! A coupon as it would be if everybody asked in turn: so many redemptions, each held, redeemed or given back.

use std::collections::BTreeMap;

use super::Operation;
use super::linear::{Call, Spec};
use super::read::{Asked, Told};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Redemption {
    Held,
    Redeemed,
    GivenBack,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coupon {
    limit: usize,
    redemptions: BTreeMap<String, Redemption>,
}

#[derive(Clone, Debug)]
pub enum Op {
    Hold { checkout: String },
    Redeem { checkout: String },
    GiveBack { checkout: String },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ret {
    Done,
    Refused,
}

impl Coupon {
    pub fn limited_to(limit: usize) -> Self {
        Coupon { limit, redemptions: BTreeMap::new() }
    }

    fn has_room(&self) -> bool {
        self.redemptions.values().filter(|redemption| **redemption != Redemption::GivenBack).count() < self.limit
    }
}

impl Spec for Coupon {
    type Op = Op;
    type Ret = Ret;

    fn invoke(&mut self, op: &Op) -> Ret {
        let (checkout, next) = match op {
            Op::Hold { checkout } => match self.redemptions.get(checkout) {
                Some(Redemption::GivenBack) => return Ret::Refused,
                Some(_) => return Ret::Done,
                None if !self.has_room() => return Ret::Refused,
                None => (checkout, Redemption::Held),
            },
            Op::Redeem { checkout } => match self.redemptions.get(checkout) {
                Some(Redemption::Held | Redemption::Redeemed) => (checkout, Redemption::Redeemed),
                Some(Redemption::GivenBack) | None => return Ret::Refused,
            },
            Op::GiveBack { checkout } => (checkout, Redemption::GivenBack),
        };
        self.redemptions.insert(checkout.clone(), next);
        Ret::Done
    }
}

/// The calls that concern `code`. What is in `given_back` may have been by an order that was canceled, at any time.
pub fn history(operations: &[Operation], code: &str, given_back: &[String]) -> Vec<Call<Op, Ret>> {
    let canceled = operations.iter().filter_map(|operation| {
        let Asked::Hold(request) = &operation.asked else { return None };
        let checkout = request.checkout_id.clone();
        let is_canceled = given_back.contains(&format!("{code}/{checkout}"));
        is_canceled.then_some(Call { op: Op::GiveBack { checkout }, began: operation.began, ended: None })
    });
    let calls = operations.iter().filter_map(|operation| {
        let op = match &operation.asked {
            Asked::Hold(request) if request.code == code => Op::Hold { checkout: request.checkout_id.clone() },
            Asked::Redeem(request) if request.code == code => Op::Redeem { checkout: request.checkout_id.clone() },
            Asked::GiveBack(request) if request.code == code => Op::GiveBack { checkout: request.checkout_id.clone() },
            _ => return None,
        };
        let answer = |told: &Told| if matches!(told, Told::Refused(_)) { Ret::Refused } else { Ret::Done };
        let ended = operation.ended.as_ref().map(|(at, told)| (*at, answer(told)));
        Some(Call { op, began: operation.began, ended })
    });
    calls.chain(canceled).collect()
}
