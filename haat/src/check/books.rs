//! The verdict on the books: each rule looks at the facts and says what is wrong, what still moves, and what is parked.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::{feeds, money, sales, stock};

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

pub fn judge(facts: &Facts) -> Report {
    let mut report = Report::default();
    for rule in [money::judge, stock::judge, sales::judge, feeds::judge] {
        rule(facts, &mut report);
    }
    report.counted = BTreeMap::from([
        ("checkouts", facts.checkouts.len()),
        ("orders", facts.orders.len()),
        ("payments", facts.payments.len()),
        ("ledger transactions", facts.ledger.len()),
        ("offers in stock", facts.stocks.len()),
        ("reservations", facts.reservations.len()),
        ("coupons", facts.coupons.len()),
    ]);
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
