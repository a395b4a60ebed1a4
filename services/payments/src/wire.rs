//! All translation between the contract's messages and payments, and which private events become public ones.

use async_trait::async_trait;
use haat_contracts::convert::{amount, timestamp};
use haat_contracts::payments as pb;
use haat_kernel::id::IdError;
use haat_kernel::{Error, Kind, Money, Result, Violation};
use haat_service::{PublicEvent, Publisher};
use haat_store::{Aggregate, Store, StoredEvent};

use crate::ids::{CheckoutId, OrderGroupId, OrderId, PaymentId, RefundId, SellerId};
use crate::payment::{Intent, Payment, PaymentEvent, Refund, RefundState, Share, Stage, Terms};
use crate::sandbox;
use crate::statement::{Period, Statement, Step};

const TOKEN_LENGTH_MAX: usize = 128;
const REASON_LENGTH_MAX: usize = 200;

/// The one method so far.
const CARD: &str = "card";

/// Reads an id of a request's `field`.
pub fn id<I>(field: &str, text: &str, parse: fn(&str) -> Result<I, IdError>) -> Result<I> {
    parse(text).map_err(|error| error.in_field(field))
}

/// The id in a path: one that cannot be is one that does not exist.
pub fn payment_id(text: &str) -> Result<PaymentId> {
    PaymentId::parse(text).map_err(|_| Error::not_found("payment", text))
}

pub fn reason(text: &str) -> String {
    text.chars().take(REASON_LENGTH_MAX).collect()
}

/// What an authorize request asks for.
pub fn terms(request: &pb::AuthorizeRequest) -> Result<Terms> {
    check_instrument(&request.method, &request.token)?;
    let share = |(index, share): (usize, &pb::Share)| {
        let field = |name: &str| format!("shares[{index}].{name}");
        Ok(Share {
            order: id(&field("orderId"), &share.order_id, OrderId::parse)?,
            seller: id(&field("sellerId"), &share.seller_id, SellerId::parse)?,
            amount: amount(&field("amount"), share.amount.as_ref())?,
        })
    };
    Ok(Terms {
        payment: id("paymentId", &request.payment_id, PaymentId::parse)?,
        order_group: id("orderGroupId", &request.order_group_id, OrderGroupId::parse)?,
        checkout: id("checkoutId", &request.checkout_id, CheckoutId::parse)?,
        amount: amount("amount", request.amount.as_ref())?,
        provider: sandbox::NAME.to_owned(),
        token: request.token.clone(),
        shares: request.shares.iter().enumerate().map(share).collect::<Result<_>>()?,
    })
}

/// The shape only: what a token is good for, the provider says.
fn check_instrument(method: &str, token: &str) -> Result<()> {
    let refused = |field: &str, description: &str| {
        let error = Error::new(Kind::OutOfRange, "payment_token_invalid", "The payment instrument cannot be used.");
        Err(error.with_violation(Violation::new(field, description)))
    };
    if method != CARD {
        return refused("payment.method", "must be `card`");
    }
    let is_plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !token.starts_with("tok_") || token.len() > TOKEN_LENGTH_MAX || !is_plain {
        return refused("payment.token", "must be a token of the provider: `tok_…`");
    }
    Ok(())
}

pub fn payment(payment: &Payment) -> pb::Payment {
    match payment {
        Payment::Barred { payment, reason, at } => pb::Payment {
            id: payment.to_string(),
            state: pb::payment::State::Voided.into(),
            amount: Some(Money::inr(0).into()),
            authorized: Some(Money::inr(0).into()),
            captured: Some(Money::inr(0).into()),
            refunded: Some(Money::inr(0).into()),
            failure_code: "payment_canceled".to_owned(),
            failure_detail: reason.clone(),
            created_at: Some(timestamp(*at)),
            ..pb::Payment::default()
        },
        Payment::Intent(intent) => of_intent(intent),
    }
}

fn of_intent(intent: &Intent) -> pb::Payment {
    let (failure_code, failure_detail) = intent.failure.clone().map(|failure| (failure.code, failure.detail)).unwrap_or_default();
    let needs_action = intent.stage == Stage::RequiresAction;
    pb::Payment {
        id: intent.terms.payment.to_string(),
        state: state(intent.stage).into(),
        amount: Some(intent.terms.amount.into()),
        authorized: Some(intent.authorized().into()),
        captured: Some(intent.captured().into()),
        refunded: Some(intent.refunded().into()),
        order_group_id: intent.terms.order_group.to_string(),
        attempts: vec![attempt(intent)],
        refunds: intent.refunds.iter().map(refund).collect(),
        failure_code,
        failure_detail,
        action_url: intent.action_url.clone().filter(|_| needs_action).unwrap_or_default(),
        created_at: Some(timestamp(intent.at)),
    }
}

fn state(stage: Stage) -> pb::payment::State {
    match stage {
        Stage::Created => pb::payment::State::Created,
        Stage::RequiresAction => pb::payment::State::RequiresAction,
        Stage::Processing => pb::payment::State::Processing,
        Stage::Unknown => pb::payment::State::Unknown,
        Stage::Authorized => pb::payment::State::Authorized,
        Stage::Captured => pb::payment::State::Captured,
        Stage::Voided => pb::payment::State::Voided,
        Stage::Failed => pb::payment::State::Failed,
    }
}

/// There is one: everything that is asked again is asked under the same key.
fn attempt(intent: &Intent) -> pb::payment::Attempt {
    pb::payment::Attempt {
        id: format!("{}/authorize", intent.terms.payment),
        provider: intent.terms.provider.clone(),
        provider_reference: intent.reference.clone().unwrap_or_default(),
        state: state(intent.stage).as_str_name().to_owned(),
        at: Some(timestamp(intent.at)),
        detail: intent.asking.detail.clone(),
    }
}

fn refund(refund: &Refund) -> pb::payment::Refund {
    let state = match refund.state {
        RefundState::Pending => "PENDING",
        RefundState::Succeeded => "SUCCEEDED",
        RefundState::Failed => "FAILED",
    };
    pb::payment::Refund {
        id: refund.id.to_string(),
        amount: Some(refund.amount.into()),
        state: state.to_owned(),
        order_id: refund.order.as_ref().map(ToString::to_string).unwrap_or_default(),
        reason: refund.reason.clone(),
        at: Some(timestamp(refund.at)),
    }
}

pub fn step(step: pb::get_seller_statement_request::Step) -> Step {
    match step {
        pb::get_seller_statement_request::Step::Month => Step::Month,
        pb::get_seller_statement_request::Step::Day | pb::get_seller_statement_request::Step::Unspecified => Step::Day,
    }
}

pub fn statement(statement: Statement) -> pb::SellerStatement {
    let period = |period: Period| pb::seller_statement::Period {
        from: period.first.to_string(),
        sales: period.sums.sales,
        sold: Some(period.sums.sold.into()),
        refunds: period.sums.refunds,
        refunded: Some(period.sums.refunded.into()),
        balance: Some(period.balance.into()),
    };
    pb::SellerStatement {
        from: statement.span.first().to_string(),
        to: statement.span.last().to_string(),
        opening_balance: Some(statement.opening.into()),
        closing_balance: Some(statement.closing.into()),
        sales: statement.sums.sales,
        sold: Some(statement.sums.sold.into()),
        refunds: statement.sums.refunds,
        refunded: Some(statement.sums.refunded.into()),
        periods: statement.periods.into_iter().map(period).collect(),
    }
}

/// Tells subscribers what became of payments.
pub struct PaymentPublisher(pub Store);

#[async_trait]
impl Publisher for PaymentPublisher {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        if event.kind != Payment::KIND {
            return Ok(None);
        }
        let stored: PaymentEvent = serde_json::from_slice(&event.body).map_err(Error::internal)?;
        if !is_public(&stored) {
            return Ok(None);
        }
        let found =
            self.store().load::<Payment>(&event.id).await?.ok_or_else(|| Error::internal(format!("{} is gone", event.id)))?;
        Ok(match (&stored, found.intent()) {
            (PaymentEvent::RefundSucceeded { refund, .. }, Some(intent)) => refunded(intent, refund),
            _ => Some(PublicEvent::of(&pb::PaymentChanged {
                payment: Some(payment(&found)),
                checkout_id: found.intent().map(|intent| intent.terms.checkout.to_string()).unwrap_or_default(),
            })),
        })
    }
}

impl PaymentPublisher {
    fn store(&self) -> &Store {
        &self.0
    }
}

/// What others learn of: everything that changes what the payment is.
fn is_public(event: &PaymentEvent) -> bool {
    !matches!(
        event,
        PaymentEvent::Created { .. }
            | PaymentEvent::NoNews { .. }
            | PaymentEvent::NotFound { .. }
            | PaymentEvent::CancelRequested { .. }
            | PaymentEvent::CaptureRequested { .. }
            | PaymentEvent::RefundRequested { .. }
    )
}

fn refunded(intent: &Intent, id: &RefundId) -> Option<PublicEvent> {
    let refund = intent.refunds.iter().find(|refund| refund.id == *id)?;
    let share = |part: &Share| pb::Share {
        order_id: part.order.to_string(),
        seller_id: part.seller.to_string(),
        amount: Some(part.amount.into()),
    };
    Some(PublicEvent::of(&pb::PaymentRefunded {
        payment_id: intent.terms.payment.to_string(),
        order_group_id: intent.terms.order_group.to_string(),
        refund_id: refund.id.to_string(),
        amount: Some(refund.amount.into()),
        shares: refund.parts.iter().map(share).collect(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_card_tokens_of_the_provider_go_on() {
        for token in ["tok_ok", "tok_visa-4242"] {
            assert!(check_instrument(CARD, token).is_ok(), "{token}");
        }
        let long = format!("tok_{}", "x".repeat(TOKEN_LENGTH_MAX));
        for (method, token) in
            [("card", ""), ("card", "ok"), ("card", "tok_ ok"), ("card", "tok_\n"), ("card", &long), ("upi", "tok_ok")]
        {
            let error = check_instrument(method, token).unwrap_err();
            assert_eq!((error.code.as_str(), error.kind), ("payment_token_invalid", Kind::OutOfRange), "{method} {token}");
        }
    }
}
