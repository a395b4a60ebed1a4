//! What every payment provider must be able to do, and the three ways in which asking one can end.
//!
//! A provider does each effect once for an idempotency key, so that asking again with the same key is always safe: a
//! timeout is not a failure, and the only truth about money is the provider's.

use std::collections::BTreeMap;

use async_trait::async_trait;
use haat_kernel::{Money, Timestamp};

use crate::ids::PaymentId;
use crate::webhook::WebhookError;

/// What came of asking a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    Known(T),
    /// It could not be reached, or answered with a failure of its own: ask the same again. The text says why.
    Faltered(String),
    /// It did not answer: whether it acted is not known.
    Unknown(String),
}

impl<T> Outcome<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Known(value) => Outcome::Known(change(value)),
            Outcome::Faltered(why) => Outcome::Faltered(why),
            Outcome::Unknown(why) => Outcome::Unknown(why),
        }
    }
}

/// A charge as its provider states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The provider's id of it; none when it refused to make one.
    pub reference: Option<String>,
    pub amount: Money,
    pub status: ChargeStatus,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeStatus {
    /// The provider is still at it.
    Pending,
    /// The buyer has to visit a page.
    RequiresAction {
        url: String,
    },
    /// The money is held for us.
    Authorized,
    Declined {
        reason: String,
    },
    /// The hold was let go.
    Voided,
}

/// What a provider says of a capture, a void or a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    Done,
    /// For good: the same request will never succeed.
    Refused(String),
}

/// Everything that an authorization says.
#[derive(Clone, Debug)]
pub struct Authorization<'a> {
    pub payment: &'a PaymentId,
    pub amount: Money,
    pub token: &'a str,
    pub key: String,
}

#[async_trait]
pub trait Provider: Send + Sync + 'static {
    /// As in webhook paths and accounts: `sandbox`.
    fn name(&self) -> &'static str;

    async fn authorize(&self, authorization: Authorization<'_>) -> Outcome<Charge>;

    /// The charge made for a payment; `Known(None)` when the provider has none.
    async fn look_up(&self, payment: &PaymentId) -> Outcome<Option<Charge>>;

    /// Takes all of the held money.
    async fn capture(&self, reference: &str, amount: Money, key: &str) -> Outcome<Effect>;

    /// Makes sure that the charge holds no money; done also where it holds none any more.
    async fn void(&self, reference: &str, key: &str) -> Outcome<Effect>;

    async fn refund(&self, reference: &str, amount: Money, key: &str) -> Outcome<Effect>;

    /// Which payment a webhook speaks of, once its signature is proven; none when it speaks of something else.
    fn verify_webhook(
        &self,
        headers: &BTreeMap<String, String>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Option<PaymentId>, WebhookError>;
}
