//! The verdict on the books: what each service's own books say, and what must hold between services: what is wrong, what
//! still moves, and what is parked.

use std::collections::BTreeMap;

use haat_checkout::checkout::Checkout;
use haat_inventory::reservation::Reservation;
use haat_inventory::stock::Stock;
use haat_orders::order::Order;
use haat_payments::ledger::LedgerTransaction;
use haat_payments::payment::Payment;
use haat_pricing::coupon::Coupon;
use haat_service::Audit;
use haat_store::Aggregate;

use super::facts::Facts;
use super::{feeds, money, sales};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// What must never be.
    pub wrong: Vec<String>,
    /// What is under way: until it has ended, some of what looks wrong may be half-done.
    pub moving: Vec<String>,
    /// What waits for an operator, with its reason.
    pub parked: Vec<String>,
    pub counted: BTreeMap<&'static str, usize>,
}

/// What is counted, by the kinds of aggregates.
const COUNTED: [(&str, &str); 7] = [
    ("checkouts", Checkout::KIND),
    ("orders", Order::KIND),
    ("payments", Payment::KIND),
    ("ledger transactions", LedgerTransaction::KIND),
    ("offers in stock", Stock::KIND),
    ("reservations", Reservation::KIND),
    ("coupons", Coupon::KIND),
];

pub fn judge(audits: Vec<Audit>, facts: &Facts) -> Report {
    let mut report = Report::default();
    for rule in [money::judge, sales::judge, feeds::judge] {
        rule(facts, &mut report);
    }
    for audit in &audits {
        let of_kind = |kind: &str| audit.states.get(kind);
        report.counted.extend(COUNTED.iter().filter_map(|(what, kind)| Some((*what, *of_kind(kind)?))));
    }
    report.wrong.extend(audits.into_iter().flat_map(|audit| audit.wrong));
    report
}

impl Report {
    pub fn wrong(&mut self, what: impl Into<String>) {
        self.wrong.push(what.into());
    }

    pub fn moving(&mut self, what: impl Into<String>) {
        self.moving.push(what.into());
    }

    pub fn parked(&mut self, what: impl Into<String>) {
        self.parked.push(what.into());
    }
}
