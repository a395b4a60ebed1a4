//! What a message tells, as it was when the fact happened: all that its template needs, so that a message sent late or
//! again says the same.

use haat_kernel::Money;
use serde::{Deserialize, Serialize};

/// The template and what fills it. The tag is the template's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub enum Content {
    OrderConfirmation(Confirmation),
    OrderCancellation(Cancellation),
}

impl Content {
    pub fn template(&self) -> &'static str {
        match self {
            Content::OrderConfirmation(_) => "order_confirmation",
            Content::OrderCancellation(_) => "order_cancellation",
        }
    }
}

/// A group of orders was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// What a person quotes on the telephone.
    pub number: String,
    /// One per seller.
    pub orders: Vec<OrderPart>,
    pub sums: Sums,
    pub address: Option<Address>,
}

/// One order of a group was canceled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancellation {
    pub number: String,
    pub order: OrderPart,
    pub sums: Sums,
    /// Empty when none was given.
    pub reason: String,
    /// Whether nothing of the group is left.
    pub is_whole_group: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPart {
    pub order_id: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub title: String,
    pub quantity: i32,
    pub unit_price: Money,
    pub discount: Money,
    pub total: Money,
}

/// `subtotal − discount + shipping + tax = total`; `tax_included` is part of the prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub subtotal: Money,
    pub discount: Money,
    pub shipping: Money,
    pub tax: Money,
    pub tax_included: Money,
    pub total: Money,
}

/// A postal address as it stands on a label, a line each, none of them empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address {
    pub lines: Vec<String>,
}
