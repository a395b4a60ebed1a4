//! A seller's statement: their account in the ledger, by day or by month of India's time.
//! Always: the opening balance and everything sold, less everything refunded, is the closing balance.

use haat_kernel::{Error, Money, Result, Timestamp};
use haat_store::page::READ_MAX;
use haat_store::{Page, Store};
use jiff::ToSpan;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};

use crate::ids::SellerId;
use crate::ledger::{Fact, LedgerTransaction, OF_SELLER};

const DAYS_MAX: i32 = 731;
/// Up to now, when nothing is asked for.
const DAYS_DEFAULT: i32 = 30;
const INDIA_OFFSET_SECONDS: i32 = 5 * 3600 + 30 * 60;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Day,
    Month,
}

/// From the first to the last day, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    first: Date,
    last: Date,
    step: Step,
}

/// What happened in a day or a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    pub first: Date,
    pub sums: Sums,
    /// At its end.
    pub balance: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    pub sales: i64,
    pub sold: Money,
    pub refunds: i64,
    pub refunded: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    pub span: Span,
    pub opening: Money,
    pub closing: Money,
    pub sums: Sums,
    pub periods: Vec<Period>,
}

impl Span {
    /// Reads what a request asks for; `now` is where it ends unless it says otherwise.
    pub fn read(from: &str, to: &str, step: Step, now: Timestamp) -> Result<Self> {
        let last = if to.is_empty() { day_of(now) } else { day("to", to)? };
        let first = if from.is_empty() { last.saturating_sub((DAYS_DEFAULT - 1).days()) } else { day("from", from)? };
        if first > last {
            return Err(Error::invalid("to", "must not be before `from`"));
        }
        if first < last.saturating_sub((DAYS_MAX - 1).days()) {
            return Err(Error::invalid("from", format!("must be at most {DAYS_MAX} days before `to`")));
        }
        Ok(Span { first, last, step })
    }

    pub fn first(&self) -> Date {
        self.first
    }

    pub fn last(&self) -> Date {
        self.last
    }

    /// Where the periods begin.
    fn beginnings(&self) -> Vec<Date> {
        let days = self.first.series(1.day()).take_while(|day| *day <= self.last);
        days.filter(|day| self.step == Step::Day || day.day() == 1 || *day == self.first).collect()
    }
}

fn day(field: &str, text: &str) -> Result<Date> {
    text.parse().map_err(|_| Error::invalid(field, "must be a day such as `2026-11-21`"))
}

/// India has one time zone, without summer time.
fn day_of(at: Timestamp) -> Date {
    let offset = Offset::from_seconds(INDIA_OFFSET_SECONDS).unwrap_or(Offset::UTC);
    at.to_zoned(TimeZone::fixed(offset)).date()
}

impl Sums {
    fn none() -> Self {
        Sums { sales: 0, sold: Money::inr(0), refunds: 0, refunded: Money::inr(0) }
    }

    fn add(&mut self, fact: &Fact, owed: Money) -> Result<()> {
        match fact {
            Fact::Captured => {
                self.sales += 1;
                self.sold = self.sold.plus(owed)?;
            }
            Fact::Refunded { .. } => {
                self.refunds += 1;
                self.refunded = self.refunded.minus(owed)?;
            }
        }
        Ok(())
    }
}

impl Statement {
    /// `transactions` are those of the seller, in any order.
    pub fn of<'a>(span: Span, seller: &SellerId, transactions: impl IntoIterator<Item = &'a LedgerTransaction>) -> Result<Self> {
        let period = |first| Period { first, sums: Sums::none(), balance: Money::inr(0) };
        let mut statement = Statement {
            span,
            opening: Money::inr(0),
            closing: Money::inr(0),
            sums: Sums::none(),
            periods: span.beginnings().into_iter().map(period).collect(),
        };
        for transaction in transactions {
            if let Some(owed) = transaction.owed_to(seller) {
                statement.add(day_of(transaction.at), &transaction.fact, owed)?;
            }
        }
        statement.balance()
    }

    fn add(&mut self, day: Date, fact: &Fact, owed: Money) -> Result<()> {
        if day < self.span.first {
            self.opening = self.opening.plus(owed)?;
        } else if day <= self.span.last {
            self.sums.add(fact, owed)?;
            let after = self.periods.partition_point(|period| period.first <= day);
            if let Some(period) = after.checked_sub(1).and_then(|index| self.periods.get_mut(index)) {
                period.sums.add(fact, owed)?;
            }
        }
        Ok(())
    }

    fn balance(mut self) -> Result<Self> {
        let mut balance = self.opening;
        for period in &mut self.periods {
            balance = balance.plus(period.sums.sold)?.minus(period.sums.refunded)?;
            period.balance = balance;
        }
        self.closing = balance;
        Ok(self)
    }
}

pub async fn statement(store: &Store, seller: &SellerId, span: Span) -> Result<Statement> {
    let mut transactions = Vec::new();
    let mut page = Page::first(READ_MAX);
    loop {
        let read = store.list::<LedgerTransaction>(OF_SELLER, seller.as_str(), &page).await?;
        transactions.extend(read.items);
        if read.next_token.is_empty() {
            return Statement::of(span, seller, transactions.iter().map(|transaction| &**transaction));
        }
        page = page.at(&read.next_token);
    }
}

#[cfg(test)]
mod tests;
