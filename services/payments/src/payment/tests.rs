//! Payments as decision tables, and their stored events.

use haat_kernel::id::derived;
use haat_store::Aggregate;

use super::authorization::create;
use super::settlement::cancel;
use super::*;
use crate::provider::{Charge, ChargeStatus, Effect, Outcome};

pub const START: Timestamp = Timestamp::UNIX_EPOCH;

pub fn after(seconds: i64) -> Timestamp {
    plus_seconds(START, seconds)
}

fn share(order: &str, minor: i64) -> Share {
    Share { order: derived(&[order]), seller: derived(&["seller of", order]), amount: Money::inr(minor) }
}

pub fn terms(shares: &[i64]) -> Terms {
    Terms {
        payment: derived(&["payment"]),
        order_group: derived(&["group"]),
        checkout: derived(&["checkout"]),
        amount: Money::inr(shares.iter().sum()),
        provider: "sandbox".to_owned(),
        token: "tok_ok".to_owned(),
        shares: shares.iter().enumerate().map(|(index, minor)| share(&index.to_string(), *minor)).collect(),
    }
}

pub fn charge(minor: i64, status: ChargeStatus) -> Outcome<Charge> {
    Outcome::Known(Charge { reference: Some("charge_1".to_owned()), amount: Money::inr(minor), status })
}

pub fn fold(events: &[PaymentEvent]) -> Payment {
    let (first, rest) = events.split_first().expect("at least one event");
    let mut payment = Payment::create(first).expect("the first event makes a payment");
    rest.iter().for_each(|event| payment.apply(event));
    payment
}

pub fn intent(events: &[PaymentEvent]) -> Intent {
    fold(events).intent().cloned().expect("an intent")
}

fn created() -> Vec<PaymentEvent> {
    create(None, terms(&[600, 400]), START).unwrap()
}

/// The events that lead to a payment of 600 + 400 in a stage.
fn until(stage: Stage) -> Vec<PaymentEvent> {
    let mut events = created();
    let reference = Some("charge_1".to_owned());
    let authorized = PaymentEvent::Authorized { reference: reference.clone(), at: START };
    events.extend(match stage {
        Stage::Created => vec![],
        Stage::Unknown => vec![PaymentEvent::NotAnswered { detail: String::new(), due: after(1) }],
        Stage::Processing => vec![PaymentEvent::Pending { reference, due: after(1) }],
        Stage::RequiresAction => vec![PaymentEvent::ActionRequired { reference, url: "http://page".into(), due: after(1) }],
        Stage::Authorized => vec![authorized],
        Stage::Captured => vec![authorized, PaymentEvent::CaptureRequested { at: START }, PaymentEvent::Captured { at: START }],
        Stage::Voided => vec![authorized, PaymentEvent::Voided { at: START }],
        Stage::Failed => vec![PaymentEvent::Declined { reference, reason: "card_declined".into(), at: START }],
    });
    events
}

fn canceled(stage: Stage) -> Vec<PaymentEvent> {
    let mut events = until(stage);
    events.extend(cancel(Some(&fold(&events)), &terms(&[1]).payment, "abandoned", after(2)));
    events
}

/// What an answer to the authorization makes of a payment: its stage, and what has to be done next.
#[track_caller]
fn check(given: &[PaymentEvent], answer: Outcome<Charge>, stage: Stage, work: Option<Work>) {
    let mut payment = fold(given);
    let events = payment.intent().expect("an intent").authorization_answered(answer.clone(), after(3));
    events.iter().for_each(|event| payment.apply(event));
    let intent = payment.intent().expect("an intent");
    assert_eq!((intent.stage, intent.work()), (stage, work), "after {answer:?}");
}

#[test]
fn an_authorization_is_what_the_provider_says_it_is() {
    let authorized = || charge(1_000, ChargeStatus::Authorized);
    let declined = || charge(1_000, ChargeStatus::Declined { reason: "card_declined".into() });
    let action = || charge(1_000, ChargeStatus::RequiresAction { url: "http://page".into() });
    check(&created(), authorized(), Stage::Authorized, None);
    check(&created(), declined(), Stage::Failed, None);
    check(&created(), action(), Stage::RequiresAction, Some(Work::LookUp));
    check(&created(), charge(1_000, ChargeStatus::Pending), Stage::Processing, Some(Work::LookUp));
    check(&created(), Outcome::Unknown("timeout".into()), Stage::Unknown, Some(Work::LookUp));
    check(&created(), Outcome::Faltered("500".into()), Stage::Created, Some(Work::Authorize));
    check(&until(Stage::Unknown), authorized(), Stage::Authorized, None);
    check(&until(Stage::Unknown), Outcome::Unknown("timeout".into()), Stage::Unknown, Some(Work::LookUp));
    check(&until(Stage::Processing), declined(), Stage::Failed, None);
    check(&until(Stage::RequiresAction), authorized(), Stage::Authorized, None);
    check(&until(Stage::RequiresAction), Outcome::Unknown("timeout".into()), Stage::RequiresAction, Some(Work::LookUp));
    // Too late: the truth is known.
    check(&until(Stage::Captured), declined(), Stage::Captured, None);
    check(&until(Stage::Failed), authorized(), Stage::Failed, None);
    check(&until(Stage::Voided), authorized(), Stage::Voided, None);
    // A cancel waits for the truth, and then for the money to be let go.
    check(&canceled(Stage::Unknown), authorized(), Stage::Authorized, Some(Work::Void));
    check(&canceled(Stage::Unknown), declined(), Stage::Failed, None);
    check(&canceled(Stage::Created), Outcome::Unknown("timeout".into()), Stage::Unknown, Some(Work::LookUp));
}

#[test]
fn a_provider_that_states_another_amount_is_not_believed_and_its_hold_is_let_go() {
    for stage in [Stage::Created, Stage::Unknown, Stage::Processing, Stage::RequiresAction] {
        check(&until(stage), charge(1_100, ChargeStatus::Authorized), Stage::Failed, Some(Work::Void));
    }
    let dollars = Charge {
        reference: None,
        amount: Money::new(haat_kernel::Currency::parse("USD").unwrap(), 1_000),
        status: ChargeStatus::Authorized,
    };
    check(&created(), Outcome::Known(dollars), Stage::Failed, Some(Work::Void));
    let mut events = created();
    events.extend(intent(&events).authorization_answered(charge(1_100, ChargeStatus::Authorized), after(1)));
    events.extend(intent(&events).void_answered(Outcome::Known(Effect::Done), after(2)));
    let settled = intent(&events);
    assert_eq!((settled.stage, settled.work()), (Stage::Failed, None));
    assert_eq!(settled.failure.unwrap().code, "payment_amount_mismatch");
}

#[test]
fn a_charge_that_stays_missing_is_asked_for_again_after_a_few_seconds() {
    let mut payment = fold(&until(Stage::Unknown));
    let (mut now, mut look_ups) = (after(1), 0);
    while payment.work() == Some(Work::LookUp) {
        let intent = payment.intent().unwrap();
        now = intent.due().max(now);
        intent.looked_up(Outcome::Known(None), now).iter().for_each(|event| payment.apply(event));
        look_ups += 1;
    }
    assert_eq!(payment.work(), Some(Work::Authorize));
    assert!(look_ups >= 2 && (5..12).contains(&now.as_second()), "{look_ups} look-ups in {} s", now.as_second());
}

#[test]
fn waits_double_up_to_a_minute_and_begin_anew_with_other_work() {
    let mut payment = fold(&until(Stage::Processing));
    let mut waits = Vec::new();
    for _ in 0..8 {
        let intent = payment.intent().unwrap();
        let now = intent.due();
        intent.looked_up(Outcome::Unknown(String::new()), now).iter().for_each(|event| payment.apply(event));
        waits.push(payment.intent().unwrap().due().as_second() - now.as_second());
    }
    assert_eq!(waits, [2, 4, 8, 16, 32, 60, 60, 60]);
    cancel(Some(&payment), payment.id(), "", after(600)).iter().for_each(|event| payment.apply(event));
    assert!(payment.intent().unwrap().is_due(after(600)));
}

#[test]
fn a_cancel_leaves_no_money_behind_whenever_it_comes() {
    for (stage, work) in [
        (Stage::Created, Some(Work::Authorize)),
        (Stage::Unknown, Some(Work::LookUp)),
        (Stage::Processing, Some(Work::LookUp)),
        (Stage::RequiresAction, Some(Work::Void)),
        (Stage::Authorized, Some(Work::Void)),
        (Stage::Voided, None),
        (Stage::Failed, None),
    ] {
        assert_eq!(fold(&canceled(stage)).work(), work, "{stage:?}");
    }
    let captured = intent(&canceled(Stage::Captured));
    assert!(matches!(captured.work(), Some(Work::Refund(_))));
    assert_eq!(captured.pending_refund().unwrap().amount, Money::inr(1_000));
    // While the capture is under way its outcome comes first; then the money goes back.
    let mut events = until(Stage::Authorized);
    events.extend(intent(&events).capture(START).unwrap());
    events.extend(cancel(Some(&fold(&events)), &terms(&[1]).payment, "abandoned", after(1)));
    assert_eq!(intent(&events).work(), Some(Work::Capture));
    events.extend(intent(&events).capture_answered(Outcome::Known(Effect::Done), after(2)));
    assert_eq!(intent(&events).pending_refund().unwrap().amount, Money::inr(1_000));
}

#[test]
fn a_cancel_before_the_payment_bars_it() {
    let barred = fold(&cancel(None, &terms(&[1]).payment, "abandoned", START));
    assert_eq!(create(Some(&barred), terms(&[600, 400]), START), Ok(vec![]));
    assert_eq!(cancel(Some(&barred), barred.id(), "again", START), vec![]);
    assert_eq!(barred.work(), None);
}

#[test]
fn terms_are_agreed_once_and_add_up() {
    let payment = fold(&created());
    assert_eq!(create(Some(&payment), terms(&[600, 400]), after(9)), Ok(vec![]));
    assert_eq!(create(Some(&payment), terms(&[600, 401]), after(9)), Err(PaymentError::TermsChanged));
    let mut short = terms(&[600, 400]);
    short.amount = Money::inr(999);
    let mut twice = terms(&[500, 500]);
    twice.shares[1].order = twice.shares[0].order.clone();
    for bad in [short, twice, terms(&[]), terms(&[1_500, -500])] {
        assert_eq!(create(None, bad, START), Err(PaymentError::SharesMismatch));
    }
}

#[test]
fn nothing_to_pay_needs_no_provider() {
    let mut events = create(None, terms(&[0]), START).unwrap();
    assert_eq!((intent(&events).stage, intent(&events).work()), (Stage::Authorized, None));
    events.extend(intent(&events).capture(START).unwrap());
    assert_eq!((intent(&events).stage, intent(&events).work()), (Stage::Captured, None));
    assert_eq!(intent(&events).refund_order(&derived(&["0"]), "", START), Ok(vec![]));
}

#[test]
fn only_held_money_is_captured_and_only_once() {
    for (given, outcome) in [
        (created(), Err(PaymentError::NotAuthorized)),
        (until(Stage::Unknown), Err(PaymentError::NotAuthorized)),
        (until(Stage::Failed), Err(PaymentError::NotAuthorized)),
        (until(Stage::Voided), Err(PaymentError::NotAuthorized)),
        (canceled(Stage::Authorized), Err(PaymentError::NotAuthorized)),
        (until(Stage::Authorized), Ok(vec![PaymentEvent::CaptureRequested { at: START }])),
        (until(Stage::Captured), Ok(vec![])),
    ] {
        assert_eq!(intent(&given).capture(START), outcome);
    }
    let mut events = until(Stage::Authorized);
    events.extend(intent(&events).capture(START).unwrap());
    events.extend(intent(&events).capture_answered(Outcome::Known(Effect::Refused("charge_voided".into())), after(1)));
    assert_eq!((intent(&events).stage, intent(&events).work()), (Stage::Failed, Some(Work::Void)));
}

#[test]
fn a_refund_is_positive_in_the_payments_currency_and_within_what_is_left() {
    let dollar = Money::new(haat_kernel::Currency::parse("USD").unwrap(), 1);
    let exceeds = |asked, left| Err(PaymentError::RefundExceedsCaptured { asked: Money::inr(asked), left: Money::inr(left) });
    for (stage, amount, outcome) in [
        (Stage::Captured, Money::inr(0), Err(PaymentError::RefundInvalid)),
        (Stage::Captured, dollar, Err(PaymentError::RefundInvalid)),
        (Stage::Captured, Money::inr(1_001), exceeds(1_001, 1_000)),
        (Stage::Authorized, Money::inr(1), exceeds(1, 0)),
        (Stage::Captured, Money::inr(1_000), Ok(1)),
    ] {
        let refund = intent(&until(stage)).refund(derived(&["r"]), amount, "", START);
        assert_eq!(refund.map(|events| events.len()), outcome, "{amount}");
    }
}

#[test]
fn a_refund_of_the_whole_payment_comes_out_of_every_share_and_an_order_gets_only_its_rest() {
    let mut events = until(Stage::Captured);
    events.extend(intent(&events).refund(derived(&["r"]), Money::inr(101), "", START).unwrap());
    let parts: Vec<i64> = intent(&events).pending_refund().unwrap().parts.iter().map(|part| part.amount.minor).collect();
    assert_eq!(parts, [61, 40]);
    assert_eq!(intent(&events).refund(derived(&["r"]), Money::inr(101), "", START), Ok(vec![]), "once per id");
    events.extend(intent(&events).refund_order(&derived(&["1"]), "canceled", START).unwrap());
    assert_eq!(intent(&events).refunds[1].amount, Money::inr(360));
    assert_eq!(intent(&events).refund_order(&derived(&["1"]), "canceled", START), Ok(vec![]), "once per order");
    assert!(matches!(intent(&events).refund_order(&derived(&["9"]), "", START), Err(PaymentError::OrderNotFound(_))));
    // What a provider refuses may be asked for again.
    let first = intent(&events).refunds[0].id.clone();
    events.extend(intent(&events).refund_answered(&first, Outcome::Known(Effect::Done), after(1)));
    let second = intent(&events).refunds[1].id.clone();
    events.extend(intent(&events).refund_answered(&second, Outcome::Known(Effect::Refused("no".into())), after(2)));
    assert_eq!(intent(&events).refunded(), Money::inr(101));
    assert_eq!(intent(&events).refund_order(&derived(&["1"]), "canceled", START).unwrap().len(), 1);
}

#[test]
fn an_order_canceled_before_the_capture_gets_its_money_back_after_it() {
    let mut events = until(Stage::Authorized);
    events.extend(intent(&events).refund_order(&derived(&["0"]), "canceled", START).unwrap());
    assert_eq!(intent(&events).work(), None);
    events.extend(intent(&events).capture(START).unwrap());
    events.extend(intent(&events).capture_answered(Outcome::Known(Effect::Done), after(1)));
    assert!(matches!(intent(&events).work(), Some(Work::Refund(_))));
    assert_eq!(intent(&events).pending_refund().unwrap().amount, Money::inr(600));
}

#[test]
fn stored_events_always_load() {
    let refund = intent(&canceled(Stage::Captured)).refunds[0].clone();
    let (reference, reason) = (Some("charge_1".to_owned()), "canceled".to_owned());
    let at = START;
    haat_store::golden::check_events::<Payment>(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
        &[
            ("created", PaymentEvent::Created { terms: terms(&[600, 400]), at }),
            ("barred", PaymentEvent::Barred { payment: terms(&[1]).payment, reason: reason.clone(), at }),
            ("not_answered", PaymentEvent::NotAnswered { detail: "no answer within 3 s".into(), due: at }),
            ("no_news", PaymentEvent::NoNews { detail: "the provider answered 500".into(), due: at }),
            ("not_found", PaymentEvent::NotFound { next: Ask::LookUp, at, due: at }),
            ("pending", PaymentEvent::Pending { reference: reference.clone(), due: at }),
            (
                "action_required",
                PaymentEvent::ActionRequired { reference: reference.clone(), url: "http://page".into(), due: at },
            ),
            ("authorized", PaymentEvent::Authorized { reference: reference.clone(), at }),
            ("declined", PaymentEvent::Declined { reference: reference.clone(), reason: "card_declined".into(), at }),
            ("amount_mismatched", PaymentEvent::AmountMismatched { reference, stated: Money::inr(1_100), at }),
            ("cancel_requested", PaymentEvent::CancelRequested { reason: reason.clone(), at }),
            ("capture_requested", PaymentEvent::CaptureRequested { at }),
            ("captured", PaymentEvent::Captured { at }),
            ("capture_refused", PaymentEvent::CaptureRefused { reason: reason.clone(), at }),
            ("voided", PaymentEvent::Voided { at }),
            ("refund_succeeded", PaymentEvent::RefundSucceeded { refund: refund.id.clone(), at }),
            ("refund_failed", PaymentEvent::RefundFailed { refund: refund.id.clone(), reason, at }),
            ("refund_requested", PaymentEvent::RefundRequested { refund }),
        ],
    );
}
