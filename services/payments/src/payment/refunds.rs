//! Money back: never more than was taken, pending refunds counted, and of each order never more than its share.

use haat_kernel::id::derived;
use haat_kernel::{Id, Money, Timestamp, sabotage};

use super::{Decision, Intent, PaymentError, PaymentEvent, Refund, RefundState, Share, Stage, Work};
use crate::ids::{OrderId, RefundId};
use crate::provider::{Effect, Outcome};

/// Failed ones included.
const REFUNDS_MAX: usize = 500;

impl Intent {
    /// Gives back `amount` of the whole payment, spread over what the orders' shares still hold. Once per `id`.
    pub fn refund(&self, id: RefundId, amount: Money, reason: &str, at: Timestamp) -> Decision {
        if self.refunds.iter().any(|refund| refund.id == id) {
            return Ok(vec![]);
        }
        if amount.currency != self.terms.amount.currency || amount.minor <= 0 {
            return Err(PaymentError::RefundInvalid);
        }
        let left = self.refundable();
        if amount.minor > left.minor && !sabotage::is("refund-too-much") {
            return Err(PaymentError::RefundExceedsCaptured { asked: amount, left });
        }
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(PaymentError::TooManyRefunds);
        }
        Ok(vec![self.requested(id, amount, None, reason, at)])
    }

    /// Gives back what the share of one order still holds. A payment that is not taken yet gives it back once it is; one
    /// that never will be has nothing to give.
    pub fn refund_order(&self, order: &OrderId, reason: &str, at: Timestamp) -> Decision {
        let share = self.terms.shares.iter().find(|share| share.order == *order);
        let left = share.map(|share| self.left_of(share)).ok_or_else(|| PaymentError::OrderNotFound(order.clone()))?;
        if left.minor <= 0 || matches!(self.stage, Stage::Voided | Stage::Failed) {
            return Ok(vec![]);
        }
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(PaymentError::TooManyRefunds);
        }
        let id = self.next_refund_id(order.as_str());
        Ok(vec![self.requested(id, left, Some(order), reason, at)])
    }

    /// The provider was asked to refund.
    pub fn refund_answered(&self, id: &RefundId, outcome: Outcome<Effect>, at: Timestamp) -> Vec<PaymentEvent> {
        if self.work() != Some(Work::Refund(id.clone())) {
            return vec![];
        }
        match outcome {
            Outcome::Known(Effect::Done) => vec![PaymentEvent::RefundSucceeded { refund: id.clone(), at }],
            Outcome::Known(Effect::Refused(reason)) => vec![PaymentEvent::RefundFailed { refund: id.clone(), reason, at }],
            Outcome::Faltered(why) | Outcome::Unknown(why) => vec![self.once_more(why, at)],
        }
    }

    /// Everything that is left, for a payment that is canceled.
    pub(super) fn refund_rest(&self, reason: &str, at: Timestamp) -> Option<PaymentEvent> {
        let left = self.left();
        (left.minor > 0).then(|| self.requested(self.next_refund_id("rest"), left, None, reason, at))
    }

    pub fn pending_refund(&self) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.state == RefundState::Pending)
    }

    /// What has reached the buyer.
    pub fn refunded(&self) -> Money {
        let succeeded = self.refunds.iter().filter(|refund| refund.state == RefundState::Succeeded);
        Money::new(self.terms.amount.currency, succeeded.map(|refund| refund.amount.minor).sum())
    }

    /// What could be refunded now.
    fn refundable(&self) -> Money {
        if self.stage == Stage::Captured { self.left() } else { Money::zero(self.terms.amount.currency) }
    }

    /// Of the amount, what no refund claims.
    fn left(&self) -> Money {
        let left = self.terms.shares.iter().map(|share| self.left_of(share).minor).sum();
        Money::new(self.terms.amount.currency, left)
    }

    fn left_of(&self, share: &Share) -> Money {
        let standing = self.refunds.iter().filter(|refund| refund.state != RefundState::Failed);
        let parts = standing.flat_map(|refund| &refund.parts).filter(|part| part.order == share.order);
        Money { minor: share.amount.minor - parts.map(|part| part.amount.minor).sum::<i64>(), ..share.amount }
    }

    /// `amount` is at most what is left.
    fn requested(&self, id: RefundId, amount: Money, order: Option<&OrderId>, reason: &str, at: Timestamp) -> PaymentEvent {
        let is_concerned = |share: &&Share| order.is_none_or(|order| share.order == *order);
        let shares: Vec<&Share> = self.terms.shares.iter().filter(is_concerned).collect();
        let weights: Vec<i64> = shares.iter().map(|share| self.left_of(share).minor).collect();
        let parts = shares.into_iter().zip(amount.split(&weights)).filter(|(_, part)| !part.is_zero());
        let parts = parts.map(|(share, part)| Share { amount: part, ..share.clone() }).collect();
        let state = RefundState::Pending;
        PaymentEvent::RefundRequested {
            refund: Refund { id, amount, parts, order: order.cloned(), reason: reason.to_owned(), state, at },
        }
    }

    /// Another one only after an earlier one failed: until then nothing is left to ask for.
    fn next_refund_id(&self, cause: &str) -> RefundId {
        derived(&[RefundId::PREFIX, self.terms.payment.as_str(), cause, &self.refunds.len().to_string()])
    }
}
