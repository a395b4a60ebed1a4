//! What a charge allows, as tables: given the requests so far, when another comes, then its events or its refusal.

use haat_kernel::{Fault, Id, id::derived};
use proptest::prelude::*;

use super::*;

fn terms(token: Token) -> Terms {
    Terms { reference: "payment_1".into(), amount: 1_000, currency: Currency::INR, token, return_url: None, webhook_url: None }
}

fn refund_id(key: &str) -> RefundId {
    derived(&[RefundId::PREFIX, key])
}

/// One request to a charge.
#[derive(Clone, Debug)]
enum When {
    Authorize(Token, &'static str),
    Settle,
    Answer(Verdict),
    Capture(Option<i64>, &'static str),
    Refund(i64, &'static str),
    Void(&'static str),
}

use When::{Answer, Authorize, Capture, Settle, Void};

fn decide(charge: &Charge, when: &When) -> Decision {
    let at = Timestamp::UNIX_EPOCH;
    match when.clone() {
        Authorize(token, key) => charge.authorize(terms(token), key, at, at),
        Settle => charge.settle(),
        Answer(verdict) => charge.answer(verdict),
        Capture(amount, key) => charge.capture(amount, key),
        When::Refund(amount, key) => charge.refund(amount, key, refund_id(key), at),
        Void(key) => charge.void(key),
    }
}

fn given(requests: &[When]) -> Charge {
    let mut charge = Charge::default();
    for when in requests {
        for event in decide(&charge, when).unwrap() {
            charge.apply(&event);
        }
    }
    charge
}

/// `expected` is the list of the events' names, or the code of the refusal.
#[track_caller]
fn check(requests: &[When], when: When, expected: &str) {
    let found = match decide(&given(requests), &when) {
        Err(error) => error.code().to_owned(),
        Ok(events) => events.iter().map(name).collect::<Vec<_>>().join(" "),
    };
    assert_eq!(found, expected, "given {requests:?}, when {when:?}");
}

fn name(event: &ChargeEvent) -> String {
    serde_json::to_value(event).unwrap()["type"].as_str().unwrap().to_owned()
}

const OK: When = Authorize(Token::Ok, "a");
const ASK: When = Authorize(Token::RequiresAction, "a");
const CAPTURED: When = Capture(None, "c");
const NO: Verdict = Verdict::Declined(DeclineCode::DeclinedByBuyer);

#[test]
fn an_authorization_is_taken_once() {
    check(&[], OK, "opened authorized");
    check(&[OK], OK, "");
    check(&[OK], Authorize(Token::Ok, "another key"), "");
    check(&[OK], Authorize(Token::Declined, "a"), "idempotency_key_reused");
    check(&[OK], Authorize(Token::Declined, "b"), "reference_in_use");
    check(&[], Authorize(Token::InsufficientFunds, "a"), "opened declined");
}

#[test]
fn a_flaky_token_fails_twice() {
    let flaky = || Authorize(Token::Flaky, "a");
    check(&[], flaky(), "faltered");
    check(&[flaky()], flaky(), "faltered");
    check(&[flaky(), flaky()], flaky(), "opened authorized");
    check(&[flaky()], CAPTURED, "charge_not_found");
}

#[test]
fn a_silent_token_is_decided_later_and_once() {
    let silent = || Authorize(Token::TimeoutThenOk, "a");
    check(&[], silent(), "opened");
    check(&[silent()], CAPTURED, "charge_undecided");
    check(&[silent()], Void("v"), "charge_undecided");
    check(&[silent()], Settle, "authorized");
    check(&[silent(), Settle], Settle, "");
    check(&[Authorize(Token::TimeoutThenDeclined, "a")], Settle, "declined");
}

#[test]
fn a_buyer_decides_once() {
    check(&[], ASK, "opened");
    check(&[ASK], Settle, "");
    check(&[ASK], Answer(Verdict::Authorized), "authorized");
    check(&[ASK], Answer(NO), "declined");
    check(&[ASK, Answer(NO)], Answer(Verdict::Authorized), "already_decided");
    check(&[OK], Answer(NO), "already_decided");
    check(&[ASK], Void("v"), "declined voided");
    check(&[ASK, Void("v")], Answer(Verdict::Authorized), "already_decided");
}

#[test]
fn a_capture_takes_what_is_left_and_no_more() {
    check(&[OK], CAPTURED, "captured");
    check(&[OK, CAPTURED], CAPTURED, "");
    check(&[OK, CAPTURED], Capture(Some(1_000), "c"), "");
    check(&[OK, CAPTURED], Capture(Some(999), "c"), "idempotency_key_reused");
    check(&[OK, CAPTURED], Capture(None, "d"), "amount_too_large");
    check(&[OK, Capture(Some(400), "c")], Capture(Some(601), "d"), "amount_too_large");
    check(&[OK, Capture(Some(400), "c")], Capture(None, "d"), "captured");
    check(&[OK], Capture(Some(0), "c"), "amount_invalid");
    check(&[Authorize(Token::Declined, "a")], CAPTURED, "charge_declined");
    check(&[OK, Void("v")], CAPTURED, "charge_voided");
}

#[test]
fn a_refund_gives_back_what_was_captured() {
    check(&[OK], When::Refund(1, "r"), "amount_too_large");
    check(&[OK, CAPTURED], When::Refund(400, "r"), "refunded");
    check(&[OK, CAPTURED, When::Refund(400, "r")], When::Refund(400, "r"), "");
    check(&[OK, CAPTURED, When::Refund(400, "r")], When::Refund(401, "r"), "idempotency_key_reused");
    check(&[OK, CAPTURED, When::Refund(400, "r")], When::Refund(601, "s"), "amount_too_large");
    check(&[OK, CAPTURED], When::Refund(5, "c"), "idempotency_key_reused");
    check(&[OK, CAPTURED], When::Refund(-5, "r"), "amount_invalid");
}

#[test]
fn a_void_needs_an_authorization_that_is_not_captured() {
    check(&[OK], Void("v"), "voided");
    check(&[OK, Void("v")], Void("v"), "");
    check(&[OK, Void("v")], Void("w"), "charge_voided");
    check(&[OK, Capture(Some(1), "c")], Void("v"), "charge_captured");
    check(&[Authorize(Token::Declined, "a")], Void("v"), "charge_declined");
}

#[test]
fn a_reference_has_a_new_charge_only_after_dead_ones() {
    let open = |requests: &[When]| given(requests).opened().unwrap().clone();
    let (alive, declined, voided) = (open(&[OK]), open(&[Authorize(Token::Declined, "x")]), open(&[OK, Void("v")]));
    assert_eq!(attempt_of(&[], "a"), 0);
    assert_eq!(attempt_of(std::slice::from_ref(&alive), "b"), 0);
    assert_eq!(attempt_of(std::slice::from_ref(&declined), "b"), 1);
    assert_eq!(attempt_of(std::slice::from_ref(&voided), "b"), 1);
    assert_eq!(attempt_of(&[declined.clone(), alive], "x"), 0, "a key keeps meaning the charge that it made");
    assert_eq!(attempt_of(&[declined, voided], "b"), 2);
}

fn request() -> impl Strategy<Value = When> {
    let key = || prop::sample::select(vec!["a", "b", "c", "d", "e"]);
    prop_oneof![
        (prop::option::of(-10i64..1_100), key()).prop_map(|(amount, key)| Capture(amount, key)),
        (-10i64..1_100, key()).prop_map(|(amount, key)| When::Refund(amount, key)),
        key().prop_map(Void),
        Just(OK),
        Just(Settle),
    ]
}

proptest! {
    #[test]
    fn no_order_of_requests_moves_more_than_was_authorized(requests in prop::collection::vec(request(), 0..40)) {
        let mut charge = given(&[OK]);
        for when in &requests {
            for event in decide(&charge, when).unwrap_or_default() {
                charge.apply(&event);
            }
            let open = charge.opened().unwrap();
            prop_assert!(0 <= open.refunded && open.refunded <= open.captured && open.captured <= 1_000);
            prop_assert!(!(open.voided && open.captured > 0));
            prop_assert_eq!(open.refunded, open.refunds.iter().map(|refund| refund.amount).sum::<i64>());
        }
    }
}
