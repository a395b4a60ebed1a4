//! A payment as it would be if everybody asked in turn. The provider decides by itself, so an answer is checked against
//! what may be true after those before it: nothing is captured that nobody asked to capture, a captured payment stays
//! so, and all refunds together are within what was captured.

use std::collections::BTreeMap;

use haat_contracts::payments::{Payment as Told, payment::State};

use super::Operation;
use super::linear::{Call, Spec};
use super::read::{self, Asked};

#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payment {
    is_capture_asked: bool,
    is_captured: bool,
    /// No money is held or will be.
    is_refused: bool,
}

#[derive(Clone, Debug)]
pub enum Op {
    Authorize,
    Capture,
    Cancel,
    Refund { amount: i64 },
    RefundOrder,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ret {
    /// The state, the amount, and the sum of the refunds that stand.
    State(i32, i64, i64),
    Refused(String),
}

impl Spec for Payment {
    type Op = Op;
    type Ret = Ret;

    /// Of one whose answer never came: what it may have done.
    fn invoke(&mut self, op: &Op) -> Ret {
        self.is_capture_asked |= matches!(op, Op::Capture);
        Ret::Refused(String::new())
    }

    fn is_valid_step(&mut self, op: &Op, ret: &Ret) -> bool {
        self.invoke(op);
        match ret {
            Ret::State(_, amount, _) if matches!(op, Op::Refund { amount: asked } if asked > amount) => false,
            Ret::State(state, amount, refunds) => self.may_be(*state, *amount, *refunds),
            Ret::Refused(code) => match (op, code.as_str()) {
                (Op::Refund { .. }, "refund_exceeds_captured" | "payment_not_authorized" | "payment_not_found") => true,
                (Op::Capture, "payment_not_authorized" | "payment_not_found") => !self.is_captured,
                _ => false,
            },
        }
    }
}

impl Payment {
    /// Learns the told state, if it may follow.
    fn may_be(&mut self, state: i32, amount: i64, refunds: i64) -> bool {
        let is_captured = state == State::Captured as i32;
        let is_refused = state == State::Voided as i32 || state == State::Failed as i32;
        let is_possible = match () {
            () if is_captured => self.is_capture_asked && !self.is_refused,
            () if is_refused => !self.is_captured,
            () => !self.is_captured && !self.is_refused,
        };
        self.is_captured |= is_captured;
        self.is_refused |= is_refused;
        is_possible && refunds <= amount
    }
}

/// A payment's id, its beginning, and what was asked of it.
type History = (String, Payment, Vec<Call<Op, Ret>>);

pub fn histories(operations: &[Operation]) -> Vec<History> {
    let mut calls: BTreeMap<String, Vec<Call<Op, Ret>>> = BTreeMap::new();
    for operation in operations {
        let (id, op) = match &operation.asked {
            Asked::Authorize(request) => (&request.payment_id, Op::Authorize),
            Asked::Capture(request) => (&request.payment_id, Op::Capture),
            Asked::Cancel(request) => (&request.payment_id, Op::Cancel),
            Asked::Refund(request) => {
                let amount = request.amount.as_ref().map_or(0, |amount| amount.amount);
                (&request.payment, Op::Refund { amount })
            }
            Asked::RefundOrder(request) => (&request.payment_id, Op::RefundOrder),
            _ => continue,
        };
        let ended = operation.ended.as_ref().map(|(at, told)| (*at, answer(told)));
        calls.entry(id.clone()).or_default().push(Call { op, began: operation.began, ended });
    }
    calls.into_iter().map(|(id, calls)| (id, Payment::default(), calls)).collect()
}

fn answer(told: &read::Told) -> Ret {
    match told {
        read::Told::Payment(payment) => Ret::State(payment.state, amount(payment), standing(payment)),
        read::Told::Refused(error) => Ret::Refused(error.code.to_string()),
        _ => Ret::Refused("odd".to_owned()),
    }
}

fn amount(payment: &Told) -> i64 {
    payment.amount.as_ref().map_or(0, |amount| amount.amount)
}

fn standing(payment: &Told) -> i64 {
    let refunds = payment.refunds.iter().filter(|refund| refund.state != "FAILED");
    refunds.filter_map(|refund| refund.amount.as_ref()).map(|amount| amount.amount).sum()
}
