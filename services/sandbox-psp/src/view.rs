//! How a charge looks from outside, in answers and in webhooks.

use haat_kernel::{Currency, Timestamp};
use serde::Serialize;

use crate::charge::{ChargeEvent, ChargeId, DeclineCode, OpenCharge, Refund, RefundId, Status};

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeView {
    pub id: ChargeId,
    pub reference: String,
    pub amount: i64,
    pub currency: Currency,
    pub status: Status,
    pub decline_code: Option<DeclineCode>,
    pub action_url: Option<String>,
    pub captured: i64,
    pub refunded: i64,
    pub voided: bool,
    pub refunds: Vec<RefundView>,
    pub created_at: Timestamp,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundView {
    pub id: RefundId,
    pub amount: i64,
    pub created_at: Timestamp,
}

impl ChargeView {
    /// The charge as it is: what the requests that change it are answered with.
    pub fn truth(id: &ChargeId, charge: &OpenCharge, public_url: &str) -> Self {
        let terms = &charge.terms;
        let needs_action = charge.status == Status::RequiresAction;
        ChargeView {
            id: id.clone(),
            reference: terms.reference.clone(),
            amount: terms.amount,
            currency: terms.currency,
            status: charge.status,
            decline_code: charge.decline_code,
            action_url: needs_action.then(|| format!("{public_url}/actions/{id}")),
            captured: charge.captured,
            refunded: charge.refunded,
            voided: charge.voided,
            refunds: charge.refunds.iter().map(RefundView::from).collect(),
            created_at: charge.at,
        }
    }

    /// The charge as reads and webhooks state it: the same, but for a token that makes them lie.
    pub fn stated(id: &ChargeId, charge: &OpenCharge, public_url: &str) -> Self {
        let truth = Self::truth(id, charge, public_url);
        ChargeView { amount: charge.terms.token.stated_amount(truth.amount), ..truth }
    }
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        RefundView { id: refund.id.clone(), amount: refund.amount, created_at: refund.at }
    }
}

/// The type of the webhook that tells of `event`, if one does.
pub fn webhook_type(event: &ChargeEvent) -> Option<&'static str> {
    match event {
        ChargeEvent::Faltered | ChargeEvent::Opened { .. } => None,
        ChargeEvent::Authorized => Some("charge.authorized"),
        ChargeEvent::Declined { .. } => Some("charge.declined"),
        ChargeEvent::Captured { .. } => Some("charge.captured"),
        ChargeEvent::Refunded { .. } => Some("charge.refunded"),
        ChargeEvent::Voided { .. } => Some("charge.voided"),
    }
}
