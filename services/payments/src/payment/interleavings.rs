//! What is true of a payment under every interleaving of calls, answers and repeats.

use haat_kernel::id::derived;
use haat_kernel::{Money, Timestamp};
use proptest::prelude::*;

use super::authorization::create;
use super::settlement::cancel;
use super::tests::{START, after, charge, fold, intent, terms};
use super::{Intent, RefundState, Work};
use crate::ledger::LedgerTransaction;
use crate::payment::PaymentEvent;
use crate::provider::{ChargeStatus, Effect, Outcome};

/// Something that happens to a payment, or to the provider behind it.
#[derive(Clone, Debug)]
enum Step {
    Answer { kind: u8, minor: i64 },
    Repeat,
    Capture,
    Cancel,
    RefundOrder(u8),
    Refund { id: u8, minor: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u8..8, prop_oneof![9 => Just(1_000i64), 1 => 900i64..1_100]).prop_map(|(kind, minor)| Step::Answer { kind, minor }),
        1 => Just(Step::Repeat),
        2 => Just(Step::Capture),
        1 => Just(Step::Cancel),
        2 => (0u8..3).prop_map(Step::RefundOrder),
        2 => (0u8..6, 1i64..1_200).prop_map(|(id, minor)| Step::Refund { id, minor }),
    ]
}

/// An answer to `work`, which may come when other work is pending by now.
fn answer(intent: &Intent, work: &Work, kind: u8, minor: i64, at: Timestamp) -> Vec<PaymentEvent> {
    let charge = match kind {
        0..4 => charge(minor, ChargeStatus::Authorized),
        4 => charge(minor, ChargeStatus::Pending),
        5 => charge(minor, ChargeStatus::Declined { reason: String::new() }),
        6 => Outcome::Faltered(String::new()),
        _ => Outcome::Unknown(String::new()),
    };
    let effect = match kind {
        0..5 => Outcome::Known(Effect::Done),
        5 => Outcome::Known(Effect::Refused(String::new())),
        6 => Outcome::Faltered(String::new()),
        _ => Outcome::Unknown(String::new()),
    };
    match work {
        Work::Authorize => intent.authorization_answered(charge, at),
        Work::LookUp => intent.looked_up(charge.map(|charge| Some(charge).filter(|_| minor != 1_000 || kind != 3)), at),
        Work::Capture => intent.capture_answered(effect, at),
        Work::Void => intent.void_answered(effect, at),
        Work::Refund(id) => intent.refund_answered(id, effect, at),
    }
}

proptest! {
    #[test]
    fn money_is_neither_lost_nor_made_under_any_interleaving(steps in prop::collection::vec(step(), 1..60)) {
        let mut events = create(None, terms(&[333, 333, 334]), START).unwrap();
        let mut asked: Vec<Work> = Vec::new();
        let mut ledger = Vec::new();
        for (second, step) in (1..).zip(steps) {
            let (now, payment, intent) = (after(second), fold(&events), intent(&events));
            asked.extend(intent.work());
            let new = match step {
                Step::Answer { kind, minor } => asked.last().map(|work| answer(&intent, work, kind, minor, now)).unwrap_or_default(),
                // A late answer, to the first question ever asked.
                Step::Repeat => asked.first().map(|work| answer(&intent, work, 0, 1_000, now)).unwrap_or_default(),
                Step::Capture => intent.capture(now).unwrap_or_default(),
                Step::Cancel => cancel(Some(&payment), payment.id(), "", now),
                Step::RefundOrder(order) => intent.refund_order(&derived(&[&order.to_string()]), "", now).unwrap_or_default(),
                Step::Refund { id, minor } => {
                    intent.refund(derived(&["r", &id.to_string()]), Money::inr(minor), "", now).unwrap_or_default()
                }
            };
            for event in &new {
                ledger.extend(LedgerTransaction::of(&intent, event).unwrap());
            }
            events.extend(new);
            holds(&self::intent(&events), &ledger)?;
        }
    }
}

/// What is true of every payment at every moment.
fn holds(intent: &Intent, ledger: &[LedgerTransaction]) -> Result<(), TestCaseError> {
    let claimed: i64 = intent.refunds.iter().filter(|r| r.state != RefundState::Failed).map(|r| r.amount.minor).sum();
    prop_assert!(claimed <= intent.terms.amount.minor);
    prop_assert!(intent.refunded().minor <= intent.captured().minor);
    for share in &intent.terms.shares {
        let parts = intent.refunds.iter().filter(|r| r.state != RefundState::Failed).flat_map(|r| &r.parts);
        let back: i64 = parts.filter(|part| part.order == share.order).map(|part| part.amount.minor).sum();
        prop_assert!((0..=share.amount.minor).contains(&back));
    }
    for refund in &intent.refunds {
        prop_assert_eq!(refund.parts.iter().map(|part| part.amount.minor).sum::<i64>(), refund.amount.minor);
    }
    let mut facts: Vec<_> = ledger.iter().map(|t| LedgerTransaction::id(&t.payment, &t.fact)).collect();
    facts.sort();
    facts.dedup();
    prop_assert_eq!(facts.len(), ledger.len());
    prop_assert!(ledger.iter().all(LedgerTransaction::is_balanced));
    let receivable = ledger.iter().flat_map(|t| &t.entries).filter(|e| e.account == "provider:sandbox:receivable");
    let receivable: i64 = receivable.map(|entry| entry.amount.minor).sum();
    prop_assert_eq!(receivable, intent.captured().minor - intent.refunded().minor);
    Ok(())
}
