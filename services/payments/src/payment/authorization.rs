//! From the wish for money to the provider's word on it: made, asked for, asked about, until it is known.

use haat_kernel::{Money, Timestamp, sabotage};

use super::{Ask, Decision, Intent, Payment, PaymentError, PaymentEvent, Stage, Terms};
use crate::provider::{Charge, ChargeStatus, Outcome};

/// So many look-ups, over so many seconds, must find nothing before the provider is asked to authorize again: a little
/// longer than a request can be on its way. A buyer waits meanwhile.
const MISSES_MIN: u32 = 2;
const MISSING_S: i64 = 5;
/// The most orders that one payment pays for.
const SHARES_MAX: usize = 200;

/// Makes the payment. Repeated with the same terms it changes nothing, and neither does it after it was barred.
pub fn create(payment: Option<&Payment>, terms: Terms, at: Timestamp) -> Decision {
    match payment {
        Some(Payment::Barred { .. }) => return Ok(vec![]),
        Some(Payment::Intent(intent)) if intent.terms == terms => return Ok(vec![]),
        Some(Payment::Intent(_)) => return Err(PaymentError::TermsChanged),
        None => check_shares(&terms)?,
    }
    // No provider moves no money.
    let is_free = terms.amount.is_zero();
    let mut events = vec![PaymentEvent::Created { terms, at }];
    events.extend(is_free.then_some(PaymentEvent::Authorized { reference: None, at }));
    Ok(events)
}

fn check_shares(terms: &Terms) -> Result<(), PaymentError> {
    let sum = Money::sum(terms.amount.currency, terms.shares.iter().map(|share| share.amount));
    let mut orders: Vec<_> = terms.shares.iter().map(|share| &share.order).collect();
    orders.sort();
    orders.dedup();
    let is_sound = orders.len() == terms.shares.len() && (1..=SHARES_MAX).contains(&orders.len());
    let is_positive = terms.shares.iter().all(|share| share.amount.minor >= 0);
    if is_sound && is_positive && sum == Ok(terms.amount) { Ok(()) } else { Err(PaymentError::SharesMismatch) }
}

impl Intent {
    /// The provider was asked to authorize.
    pub fn authorization_answered(&self, outcome: Outcome<Charge>, at: Timestamp) -> Vec<PaymentEvent> {
        self.learned(outcome.map(Some), at)
    }

    /// The provider was asked what became of it.
    pub fn looked_up(&self, outcome: Outcome<Option<Charge>>, at: Timestamp) -> Vec<PaymentEvent> {
        self.learned(outcome, at)
    }

    fn learned(&self, outcome: Outcome<Option<Charge>>, at: Timestamp) -> Vec<PaymentEvent> {
        if !self.is_undecided() {
            return vec![];
        }
        let due = self.next_try(at);
        match outcome {
            Outcome::Known(Some(charge)) => vec![self.stated(charge, at)],
            Outcome::Known(None) => vec![self.missing(at)],
            Outcome::Faltered(detail) => vec![PaymentEvent::NoNews { detail, due }],
            Outcome::Unknown(reason) if sabotage::is("timeout-is-failure") => {
                vec![PaymentEvent::Declined { reference: None, reason, at }]
            }
            Outcome::Unknown(detail) => vec![PaymentEvent::NotAnswered { detail, due }],
        }
    }

    fn stated(&self, charge: Charge, at: Timestamp) -> PaymentEvent {
        let Charge { reference, amount, status } = charge;
        let due = self.next_try(at);
        let no_news = |detail: &str| PaymentEvent::NoNews { detail: detail.to_owned(), due };
        match status {
            ChargeStatus::Declined { reason } => PaymentEvent::Declined { reference, reason, at },
            ChargeStatus::Voided => PaymentEvent::Voided { at },
            _ if amount != self.terms.amount => PaymentEvent::AmountMismatched { reference, stated: amount, at },
            ChargeStatus::Authorized => PaymentEvent::Authorized { reference, at },
            ChargeStatus::Pending if self.stage == Stage::Processing => no_news("the provider is working on it"),
            ChargeStatus::Pending => PaymentEvent::Pending { reference, due },
            ChargeStatus::RequiresAction { .. } if self.stage == Stage::RequiresAction => no_news("the buyer has to approve"),
            ChargeStatus::RequiresAction { url } => PaymentEvent::ActionRequired { reference, url, due },
        }
    }

    /// The request may still be on its way. When that is past belief, it is made again under the same key, so that the
    /// outcome is the provider's in every case, also when the first one arrives after all.
    fn missing(&self, at: Timestamp) -> PaymentEvent {
        let missing_for = at.duration_since(self.asking.since).as_secs();
        let is_lost = self.asking.misses + 1 >= MISSES_MIN && missing_for >= MISSING_S;
        match is_lost {
            true => PaymentEvent::NotFound { next: Ask::Authorize, at, due: at },
            false => PaymentEvent::NotFound { next: Ask::LookUp, at, due: self.next_try(at) },
        }
    }
}
