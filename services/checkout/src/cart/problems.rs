//! What stands between a cart and its checkout, line by line, as the market is now. Problems never keep a cart from being
//! changed; they tell the buyer what to look at.

use super::{Cart, Line};
use crate::ids::OfferId;
use crate::market::{Delivery, Market};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemCode {
    PriceChanged,
    OutOfStock,
    LowStock,
    OfferUnavailable,
    Undeliverable,
}

impl ProblemCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            ProblemCode::PriceChanged => "price_changed",
            ProblemCode::OutOfStock => "out_of_stock",
            ProblemCode::LowStock => "low_stock",
            ProblemCode::OfferUnavailable => "offer_unavailable",
            ProblemCode::Undeliverable => "undeliverable",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: ProblemCode,
    /// None where it is about the whole cart.
    pub offer: Option<OfferId>,
    pub detail: String,
}

pub fn problems(cart: &Cart, market: &Market, delivery: &Delivery) -> Vec<Problem> {
    let address = cart.address.as_ref().filter(|address| !delivery.serves(address));
    let undeliverable = address.map(|address| Problem {
        code: ProblemCode::Undeliverable,
        offer: None,
        detail: format!("Nobody delivers to `{}`.", address.country),
    });
    cart.lines.iter().flat_map(|line| problems_of(line, market)).chain(undeliverable).collect()
}

fn problems_of(line: &Line, market: &Market) -> Vec<Problem> {
    if !market.sells(&line.offer) {
        return vec![problem(line, ProblemCode::OfferUnavailable, "It is no longer sold.".to_owned())];
    }
    price_problem(line, market).into_iter().chain(stock_problem(line, market)).collect()
}

fn price_problem(line: &Line, market: &Market) -> Option<Problem> {
    let now = market.quote.line(&line.offer)?.unit_price;
    let detail = format!("It cost {}, and is {now} now.", line.seen);
    (now != line.seen).then(|| problem(line, ProblemCode::PriceChanged, detail))
}

fn stock_problem(line: &Line, market: &Market) -> Option<Problem> {
    match *market.available.get(&line.offer)? {
        left if left <= 0 => Some(problem(line, ProblemCode::OutOfStock, "There are none left.".to_owned())),
        left if left < i64::from(line.quantity) => Some(problem(line, ProblemCode::LowStock, format!("Only {left} are left."))),
        _ => None,
    }
}

fn problem(line: &Line, code: ProblemCode, detail: String) -> Problem {
    Problem { code, offer: Some(line.offer.clone()), detail }
}
