//! What each event makes of a payment, and the timer that its state wants.

use haat_kernel::Timestamp;
use haat_kernel::time::plus_seconds;
use haat_store::{Aggregate, Timer};

use super::{Ask, Failure, Intent, Payment, PaymentEvent, RECOVERY_S, RefundState, Stage, WORK};
use crate::ids::RefundId;

impl Intent {
    /// Says that other work begins.
    fn begin_work(&mut self, at: Timestamp) {
        let asking = &mut self.asking;
        asking.detail.clear();
        (asking.since, asking.tries, asking.misses, asking.due) = (at, 0, 0, plus_seconds(at, RECOVERY_S));
    }

    fn ask_again(&mut self, next: Ask, detail: &str, due: Timestamp) {
        let asking = &mut self.asking;
        asking.tries = asking.tries.saturating_add(1);
        detail.clone_into(&mut asking.detail);
        (asking.next, asking.due) = (next, due);
    }

    fn found(&mut self, stage: Stage, reference: Option<&String>) {
        self.stage = stage;
        self.reference = reference.cloned().or(self.reference.take());
    }

    fn fail(&mut self, code: &str, detail: String, is_held: bool) {
        self.stage = Stage::Failed;
        self.is_held = is_held;
        self.failure = Some(Failure { code: code.to_owned(), detail });
        self.drop_pending_refunds();
    }

    /// Nothing was taken, so there is nothing to give back.
    fn drop_pending_refunds(&mut self) {
        let pending = self.refunds.iter_mut().filter(|refund| refund.state == RefundState::Pending);
        pending.for_each(|refund| refund.state = RefundState::Failed);
    }

    fn apply(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::Created { .. } | PaymentEvent::Barred { .. } => {}
            PaymentEvent::NotAnswered { detail, due } => {
                self.stage = if self.stage == Stage::Created { Stage::Unknown } else { self.stage };
                self.ask_again(Ask::LookUp, detail, *due);
            }
            PaymentEvent::NoNews { detail, due } => self.ask_again(self.asking.next, detail, *due),
            PaymentEvent::NotFound { next, at, due } => self.apply_not_found(*next, *at, *due),
            PaymentEvent::Pending { reference, due } => {
                self.found(Stage::Processing, reference.as_ref());
                self.ask_again(Ask::LookUp, "the provider is working on it", *due);
            }
            PaymentEvent::ActionRequired { reference, url, due } => {
                self.found(Stage::RequiresAction, reference.as_ref());
                self.action_url = Some(url.clone());
                self.ask_again(Ask::LookUp, "the buyer has to approve", *due);
            }
            PaymentEvent::Authorized { reference, at } => {
                self.found(Stage::Authorized, reference.as_ref());
                self.begin_work(*at);
            }
            PaymentEvent::Declined { reference, reason, .. } => {
                self.found(Stage::Failed, reference.as_ref());
                self.fail("payment_declined", reason.clone(), false);
            }
            PaymentEvent::AmountMismatched { reference, stated, at } => {
                self.found(Stage::Failed, reference.as_ref());
                self.fail(
                    "payment_amount_mismatch",
                    format!("asked for {}, the provider states {stated}", self.terms.amount),
                    true,
                );
                self.begin_work(*at);
            }
            _ => self.apply_settlement(event),
        }
    }

    fn apply_not_found(&mut self, next: Ask, at: Timestamp, due: Timestamp) {
        self.stage = Stage::Unknown;
        self.ask_again(next, "the provider knows of no charge", due);
        self.asking.misses += 1;
        if next == Ask::Authorize {
            (self.asking.since, self.asking.misses) = (at, 0);
        }
    }

    fn apply_settlement(&mut self, event: &PaymentEvent) {
        match event {
            PaymentEvent::CancelRequested { reason, at } => {
                self.cancel_reason = Some(reason.clone());
                self.begin_work(*at);
            }
            PaymentEvent::CaptureRequested { at } => {
                self.is_capture_requested = true;
                self.begin_work(*at);
            }
            PaymentEvent::Captured { at } => {
                self.stage = Stage::Captured;
                self.begin_work(*at);
            }
            PaymentEvent::CaptureRefused { reason, at } => {
                self.fail("payment_capture_refused", reason.clone(), true);
                self.begin_work(*at);
            }
            PaymentEvent::Voided { .. } => {
                self.stage = if self.stage == Stage::Failed { Stage::Failed } else { Stage::Voided };
                self.is_held = false;
                self.drop_pending_refunds();
            }
            PaymentEvent::RefundRequested { refund } => {
                self.refunds.push(refund.clone());
                self.begin_work(refund.at);
            }
            PaymentEvent::RefundSucceeded { refund, at } => self.end_refund(refund, RefundState::Succeeded, *at),
            PaymentEvent::RefundFailed { refund, at, .. } => self.end_refund(refund, RefundState::Failed, *at),
            _ => {}
        }
    }

    fn end_refund(&mut self, id: &RefundId, state: RefundState, at: Timestamp) {
        let refund = self.refunds.iter_mut().find(|refund| refund.id == *id);
        refund.into_iter().for_each(|refund| refund.state = state);
        self.begin_work(at);
    }
}

impl Aggregate for Payment {
    const KIND: &'static str = "payment";
    const SCHEMA: u32 = 1;
    type Event = PaymentEvent;

    fn create(event: &PaymentEvent) -> Option<Self> {
        match event {
            PaymentEvent::Created { terms, at } => Some(Payment::Intent(Box::new(Intent::new(terms.clone(), *at)))),
            PaymentEvent::Barred { payment, reason, at } => {
                Some(Payment::Barred { payment: payment.clone(), reason: reason.clone(), at: *at })
            }
            _ => None,
        }
    }

    fn apply(&mut self, event: &PaymentEvent) {
        if let Payment::Intent(intent) = self {
            intent.apply(event);
        }
    }

    fn timers(&self) -> Vec<Timer> {
        let intent = self.intent().filter(|intent| intent.work().is_some());
        intent.map(|intent| Timer::at(WORK, intent.due())).into_iter().collect()
    }
}
