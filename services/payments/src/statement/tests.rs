//! Statements from a ledger of two sellers: balances lead from day to day, and spans and months begin where they should.

use haat_kernel::id::derived;
use haat_kernel::{Clock, Ctx, Principal};
use haat_store::MemoryBackend;

use super::*;
use crate::ledger::{Entry, LedgerEvent};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn entry(account: String, minor: i64) -> Entry {
    Entry { account, amount: Money::inr(minor) }
}

/// A sale of two sellers, or its refund.
fn transaction(payment: &str, sign: i64, parts: [(&SellerId, i64); 2], at: Timestamp) -> LedgerTransaction {
    let total: i64 = parts.iter().map(|(_, minor)| minor).sum();
    let mut entries = vec![entry("provider:sandbox:receivable".to_owned(), sign * total)];
    entries.extend(parts.map(|(seller, minor)| entry(format!("seller:{seller}:payable"), -sign * minor)));
    let fact = if sign > 0 { Fact::Captured } else { Fact::Refunded { refund: derived(&[payment, "refund"]) } };
    LedgerTransaction { payment: derived(&[payment]), fact, entries, at }
}

fn sellers() -> (SellerId, SellerId) {
    (derived(&["a"]), derived(&["b"]))
}

fn ledger() -> Vec<LedgerTransaction> {
    let (a, b) = sellers();
    vec![
        transaction("before", 1, [(&a, 100), (&b, 5)], at("2026-10-30T10:00:00Z")),
        // Half past midnight in India.
        transaction("first", 1, [(&a, 1_000), (&b, 7)], at("2026-10-31T19:00:00Z")),
        transaction("second", 1, [(&a, 500), (&b, 9)], at("2026-11-20T10:00:00Z")),
        transaction("first", -1, [(&a, 400), (&b, 0)], at("2026-11-20T12:00:00Z")),
        transaction("after", 1, [(&a, 9_000), (&b, 1)], at("2026-12-01T10:00:00Z")),
    ]
}

#[test]
fn the_days_lead_from_the_opening_to_the_closing_balance() {
    let (a, _) = sellers();
    let span = Span::read("2026-11-01", "2026-11-30", Step::Day, Timestamp::UNIX_EPOCH).unwrap();
    let statement = Statement::of(span, &a, &ledger()).unwrap();
    assert_eq!((statement.opening, statement.closing), (Money::inr(100), Money::inr(1_200)));
    let sums = Sums { sales: 2, sold: Money::inr(1_500), refunds: 1, refunded: Money::inr(400) };
    assert_eq!((statement.sums, statement.periods.len()), (sums, 30));
    assert_eq!(statement.periods[0].sums.sold, Money::inr(1_000), "the day is India's");
    assert_eq!(statement.periods[0].balance, Money::inr(1_100));
    assert_eq!(statement.periods[19].sums.refunded, Money::inr(400));
}

#[test]
fn months_begin_where_the_statement_does() {
    let (a, _) = sellers();
    let span = Span::read("2026-10-30", "2026-12-02", Step::Month, Timestamp::UNIX_EPOCH).unwrap();
    let statement = Statement::of(span, &a, &ledger()).unwrap();
    let months: Vec<(String, i64)> =
        statement.periods.iter().map(|period| (period.first.to_string(), period.sums.sold.minor)).collect();
    let expected = [("2026-10-30", 100), ("2026-11-01", 1_500), ("2026-12-01", 9_000)];
    assert_eq!(months, expected.map(|(day, sold)| (day.to_owned(), sold)));
    assert_eq!(statement.opening, Money::inr(0));
}

#[test]
fn a_span_is_the_last_thirty_days_or_a_sensible_one() {
    let now = at("2026-11-21T20:00:00Z");
    let span = Span::read("", "", Step::Day, now).unwrap();
    assert_eq!((span.first.to_string(), span.last.to_string()), ("2026-10-24".to_owned(), "2026-11-22".to_owned()));
    for (from, to, field) in [
        ("2026-11-02", "2026-11-01", "to"),
        ("yesterday", "", "from"),
        ("", "2026-13-01", "to"),
        ("2020-01-01", "2026-11-01", "from"),
    ] {
        let error = Span::read(from, to, Step::Day, now).unwrap_err();
        assert_eq!(error.violations[0].field, field, "{from} {to}");
    }
}

#[tokio::test]
async fn sellers_see_their_own_account_only() {
    let store = Store::memory(Clock::System, MemoryBackend::default());
    for transaction in ledger() {
        let id = LedgerTransaction::id(&transaction.payment, &transaction.fact);
        let ctx = Ctx::internal("test", "post", transaction.at);
        let posted = |_: Option<&LedgerTransaction>| Ok::<_, Error>(vec![LedgerEvent::Posted { transaction }]);
        store.update(&ctx, id.as_str(), posted).await.unwrap();
    }
    let (a, b) = sellers();
    let span = Span::read("2026-10-01", "2026-12-31", Step::Month, Timestamp::UNIX_EPOCH).unwrap();
    for (seller, sold) in [(a, 10_600), (b, 22), (derived(&["nobody"]), 0)] {
        assert_eq!(statement(&store, &seller, span).await.unwrap().sums.sold, Money::inr(sold), "{seller}");
    }
    let operator = Principal::user("user_1", &["operator"]);
    assert!(crate::api::own_seller(&operator).is_err());
}
