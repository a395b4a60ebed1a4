//! What a checkout does next, as tables: given what has happened, when something comes, then the step that follows.

use haat_kernel::id::derived;
use haat_kernel::{Kind, Money, PostalAddress};

use super::*;
use crate::cart::{Cart, CartEvent};
use crate::contact::Email;
use crate::market::tests::{market, offer};

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Two pieces of `x` and one of `y`, of two sellers, 1,300 rupees.
pub fn terms(coupon: Option<&str>) -> Terms {
    let mut cart = Cart::create(&CartEvent::Created { owner: None, at: at(0) }).unwrap();
    cart = cart.after(&cart.add(&offer("x", 50_000), 2, at(0)).unwrap());
    cart = cart.after(&cart.add(&offer("y", 30_000), 1, at(0)).unwrap());
    let address = PostalAddress { country: "IN".into(), ..PostalAddress::default() };
    cart = cart.after(&cart.set_contact(Email::parse("asha@example.in"), Some(address)).unwrap());
    cart.coupon = coupon.map(str::to_owned);
    let quote = market(&[(derived(&["x"]), 2, 50_000), (derived(&["y"]), 1, 30_000)]).quote;
    let orders = quote.sellers.iter().map(|seller| (seller.seller.clone(), derived(&["order", seller.seller.as_str()])));
    let ids = Ids {
        checkout: derived(&["checkout"]),
        group: derived(&["group"]),
        payment: derived(&["payment"]),
        reservation: derived(&["reservation"]),
    };
    let instrument = Instrument { method: "card".into(), token: "tok_ok".into() };
    let cart_id = derived(&["cart"]);
    Terms::new((cart_id, &cart), &quote, ids, orders.clone().collect(), Some(instrument), "correlation-1", at(0)).unwrap()
}

pub fn started(coupon: Option<&str>) -> Checkout {
    Checkout::create(&CheckoutEvent::Started { terms: Box::new(terms(coupon)) }).unwrap()
}

#[derive(Clone, Debug)]
enum When {
    /// The present step takes effect.
    Does,
    Refuses(&'static str),
    Unreachable,
    /// After so many failed attempts.
    StillUnreachable,
    /// The answer to the present step.
    Answers(PaymentState),
    /// An event, or an answer that comes late.
    Learns(PaymentState),
    Polls(Option<PaymentState>),
    GivesUp(i64),
}

use PaymentState::{Authorized, Captured, Undecided};
use When::*;

const PENDING: PaymentState = Undecided { action_url: None };

fn action() -> PaymentState {
    Undecided { action_url: Some("https://pay.test/1".into()) }
}

fn declined() -> PaymentState {
    PaymentState::Refused { detail: "no".into() }
}

fn error(kind: Kind, code: &str) -> Error {
    Error::new(kind, code, "detail").with_violation(Violation::new("x", "y"))
}

fn decide(checkout: &Checkout, when: &When) -> Vec<CheckoutEvent> {
    let Next::Call(step) = checkout.next() else { return facts(checkout, when) };
    let failed = |checkout: &Checkout, error: &Error| match checkout.verdict(step, error) {
        Some(failure) => checkout.turn_back(step, failure),
        None => vec![],
    };
    match when {
        Does if matches!(step, Step::CloseCart | Step::ReopenCart) => checkout.end(step, at(9)),
        Does => checkout.did(step),
        Refuses(code) => failed(checkout, &error(Kind::FailedPrecondition, code)),
        Unreachable => failed(checkout, &error(Kind::Unavailable, "service_unavailable")),
        StillUnreachable => {
            let mut tired = checkout.clone();
            tired.progress.attempts = ATTEMPTS_MAX;
            failed(&tired, &error(Kind::DeadlineExceeded, "deadline_exceeded"))
        }
        Answers(payment) => checkout.payment_answered(step, payment, at(1)),
        _ => facts(checkout, when),
    }
}

fn facts(checkout: &Checkout, when: &When) -> Vec<CheckoutEvent> {
    match when {
        Learns(payment) => checkout.learn(payment, at(1)),
        Polls(payment) => checkout.polled(payment.as_ref(), at(2)),
        GivesUp(second) => checkout.give_up(at(*second)),
        _ => vec![],
    }
}

fn after(mut checkout: Checkout, when: &[When]) -> Checkout {
    for when in when {
        decide(&checkout, when).iter().for_each(|event| checkout.apply(event));
    }
    checkout
}

fn show(checkout: &Checkout) -> String {
    let failure = match &checkout.path {
        Path::Back { failure, .. } | Path::Failed { failure, .. } => format!(" {}", failure.code),
        _ => String::new(),
    };
    let next = match checkout.next() {
        Next::Call(step) => step.to_string(),
        Next::Wait => "wait".to_owned(),
        Next::Done if matches!(checkout.path, Path::Completed { .. }) => "completed".to_owned(),
        Next::Done => "failed".to_owned(),
    };
    next + &failure
}

#[track_caller]
fn check(given: &[When], when: When, expected: &str) {
    let checkout = after(started(None), given);
    assert_eq!(show(&after(checkout, std::slice::from_ref(&when))), expected, "{given:?}, then {when:?}");
}

/// Stock is reserved and orders are placed.
const PREPARED: [When; 2] = [Does, Does];
const AUTHORIZED: [When; 3] = [Does, Does, Answers(Authorized)];
const ALLOCATED: [When; 4] = [Does, Does, Answers(Authorized), Does];
const CAPTURED: [When; 5] = [Does, Does, Answers(Authorized), Does, Answers(Captured)];

#[test]
fn forward_in_order_with_a_coupon() {
    let mut checkout = started(Some("TEN"));
    let mut names = Vec::new();
    while let Next::Call(step) = checkout.next() {
        names.push(step.name());
        checkout = after(checkout, &[Does]);
    }
    let expected = [
        "reserve_stock",
        "hold_coupon",
        "place_orders",
        "authorize_payment",
        "allocate_stock",
        "capture_payment",
        "confirm_orders",
        "redeem_coupon",
        "close_cart",
    ];
    assert_eq!((names.as_slice(), show(&checkout).as_str()), (&expected[..], "completed"));
}

#[test]
fn back_undoes_everything_that_may_have_happened() {
    let mut checkout = after(started(Some("TEN")), &[Does, Does, Does, Answers(declined())]);
    let mut names = Vec::new();
    while let Next::Call(step) = checkout.next() {
        names.push(step.name());
        checkout = after(checkout, &[Does]);
    }
    assert_eq!(names, ["cancel_payment", "abandon_orders", "release_coupon", "release_stock", "reopen_cart"]);
    assert_eq!(show(&checkout), "failed payment_declined");
}

#[test]
fn a_refusal_turns_back_from_where_it_was() {
    check(&[], Refuses("out_of_stock"), "release_stock out_of_stock");
    check(&[Does], Refuses("order_group_abandoned"), "abandon_orders order_group_abandoned");
    check(&PREPARED, Refuses("payment_token_invalid"), "cancel_payment payment_token_invalid");
    check(&AUTHORIZED, Refuses("reservation_ended"), "cancel_payment out_of_stock");
    check(&ALLOCATED, Refuses("payment_not_authorized"), "cancel_payment payment_declined");
    check(&CAPTURED, Refuses("anything"), "confirm_orders");
    check(&[Refuses("out_of_stock")], Refuses("anything"), "release_stock out_of_stock");
}

#[test]
fn who_cannot_be_reached_is_tried_again_and_given_up_only_before_the_capture() {
    check(&[], Unreachable, "reserve_stock");
    check(&[], StillUnreachable, "release_stock service_unavailable");
    check(&PREPARED, StillUnreachable, "cancel_payment service_unavailable");
    check(&AUTHORIZED, StillUnreachable, "cancel_payment service_unavailable");
    check(&ALLOCATED, StillUnreachable, "capture_payment");
    check(&CAPTURED, StillUnreachable, "confirm_orders");
    check(&[Refuses("out_of_stock")], StillUnreachable, "release_stock out_of_stock");
}

#[test]
fn a_payment_is_waited_for_and_every_source_brings_the_same_fact() {
    let waiting = [&PREPARED[..], &[Answers(PENDING)]].concat();
    check(&PREPARED, Answers(PENDING), "wait");
    check(&PREPARED, Answers(action()), "wait");
    for source in [Learns as fn(PaymentState) -> When, |payment| Polls(Some(payment))] {
        check(&waiting, source(PENDING), "wait");
        check(&waiting, source(Authorized), "allocate_stock");
        check(&waiting, source(declined()), "cancel_payment payment_declined");
    }
    check(&waiting, Polls(None), "wait");
    check(&PREPARED, Learns(Authorized), "allocate_stock");
    check(&AUTHORIZED, Learns(Authorized), "allocate_stock");
    check(&AUTHORIZED, Learns(PENDING), "allocate_stock");
    check(&AUTHORIZED, Learns(declined()), "cancel_payment payment_declined");
    check(&CAPTURED, Learns(declined()), "confirm_orders");
}

#[test]
fn a_page_to_visit_stays_until_the_payment_decides() {
    let checkout = after(started(None), &[Does, Does, Answers(action()), Learns(PENDING), Polls(Some(PENDING)), Polls(None)]);
    assert_eq!(checkout.action_url(), Some("https://pay.test/1"));
    assert_eq!(after(checkout, &[Learns(Authorized)]).action_url(), None);
}

#[test]
fn the_wait_for_an_authorization_ends_and_that_for_a_capture_does_not() {
    let waiting = [&PREPARED[..], &[Answers(action())]].concat();
    check(&waiting, GivesUp(899), "wait");
    check(&waiting, GivesUp(900), "cancel_payment payment_declined");
    check(&AUTHORIZED, GivesUp(9_000), "allocate_stock");
    let capturing = [&ALLOCATED[..], &[Answers(Authorized)]].concat();
    check(&ALLOCATED, Answers(Authorized), "wait");
    check(&capturing, GivesUp(9_000), "wait");
    check(&capturing, Polls(Some(Captured)), "confirm_orders");
    check(&capturing, Learns(declined()), "cancel_payment payment_declined");
    check(&ALLOCATED, Learns(Captured), "confirm_orders");
}

#[test]
fn it_asks_less_and_less_often() {
    let mut checkout = after(started(None), &PREPARED);
    checkout = after(checkout, &[Answers(PENDING)]);
    let mut pauses = vec![checkout.wait.as_ref().unwrap().poll_at.duration_since(at(1)).as_secs()];
    for _ in 0..5 {
        checkout = after(checkout, &[Polls(None)]);
        pauses.push(checkout.wait.as_ref().unwrap().poll_at.duration_since(at(2)).as_secs());
    }
    assert_eq!(pauses, [2, 4, 8, 15, 15, 15]);
}

#[test]
fn the_terms_cover_the_cart_and_their_orders_add_up() {
    let terms = terms(None);
    assert_eq!(terms.orders.len(), 2);
    assert_eq!(
        Money::sum(terms.totals.total.currency, terms.orders.iter().map(|order| order.totals.total)),
        Ok(terms.totals.total)
    );
    assert!(terms.quote().adds_up());
}
