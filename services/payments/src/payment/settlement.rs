//! What becomes of an authorization: taken, or let go. A cancel counts from the moment it is asked for, also while
//! nobody knows yet what there is to cancel.

use haat_kernel::Timestamp;

use super::{Decision, Intent, Payment, PaymentError, PaymentEvent, Stage, Work};
use crate::ids::PaymentId;
use crate::provider::{Effect, Outcome};

/// Makes sure that no money is held or taken, and bars a payment that is not made yet.
pub fn cancel(payment: Option<&Payment>, id: &PaymentId, reason: &str, at: Timestamp) -> Vec<PaymentEvent> {
    match payment {
        None => vec![PaymentEvent::Barred { payment: id.clone(), reason: reason.to_owned(), at }],
        Some(Payment::Barred { .. }) => vec![],
        Some(Payment::Intent(intent)) => intent.cancel(reason, at),
    }
}

impl Intent {
    pub fn capture(&self, at: Timestamp) -> Decision {
        match self.stage {
            Stage::Captured => Ok(vec![]),
            Stage::Authorized if self.is_capture_requested => Ok(vec![]),
            Stage::Authorized if self.cancel_reason.is_some() => Err(PaymentError::NotAuthorized),
            Stage::Authorized if self.terms.amount.is_zero() => Ok(vec![PaymentEvent::Captured { at }]),
            Stage::Authorized => Ok(vec![PaymentEvent::CaptureRequested { at }]),
            _ => Err(PaymentError::NotAuthorized),
        }
    }

    fn cancel(&self, reason: &str, at: Timestamp) -> Vec<PaymentEvent> {
        if self.cancel_reason.is_some() || matches!(self.stage, Stage::Voided | Stage::Failed) {
            return vec![];
        }
        let mut events = vec![PaymentEvent::CancelRequested { reason: reason.to_owned(), at }];
        match self.stage {
            Stage::Captured => events.extend(self.refund_rest(reason, at)),
            Stage::Authorized if self.terms.amount.is_zero() => events.push(PaymentEvent::Voided { at }),
            _ => {}
        }
        events
    }

    /// The provider was asked to capture. Money that is taken after a cancel goes straight back.
    pub fn capture_answered(&self, outcome: Outcome<Effect>, at: Timestamp) -> Vec<PaymentEvent> {
        if self.work() != Some(Work::Capture) {
            return vec![];
        }
        match outcome {
            Outcome::Known(Effect::Done) => {
                let refund = self.cancel_reason.as_ref().and_then(|reason| self.refund_rest(reason, at));
                std::iter::once(PaymentEvent::Captured { at }).chain(refund).collect()
            }
            Outcome::Known(Effect::Refused(reason)) => vec![PaymentEvent::CaptureRefused { reason, at }],
            Outcome::Faltered(why) | Outcome::Unknown(why) => vec![self.once_more(why, at)],
        }
    }

    /// The provider was asked to let the money go. It is asked until it has: a refusal only says that something is odd.
    pub fn void_answered(&self, outcome: Outcome<Effect>, at: Timestamp) -> Vec<PaymentEvent> {
        if self.work() != Some(Work::Void) {
            return vec![];
        }
        match outcome {
            Outcome::Known(Effect::Done) => vec![PaymentEvent::Voided { at }],
            Outcome::Known(Effect::Refused(why)) | Outcome::Faltered(why) | Outcome::Unknown(why) => {
                vec![self.once_more(why, at)]
            }
        }
    }

    pub(super) fn once_more(&self, detail: String, at: Timestamp) -> PaymentEvent {
        PaymentEvent::NoNews { detail, due: self.next_try(at) }
    }
}
