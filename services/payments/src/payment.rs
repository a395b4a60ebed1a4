//! A payment: one buyer's money for one order group, held and taken by a provider.
//!
//! Always: its shares add up to its amount and never change; what was or may be given back never exceeds it; an answer
//! that comes late or twice changes nothing. What the provider has to do next follows from the state alone (`work`), so
//! that whoever looks at it next (a call, a timer, a webhook) carries on. `fold` says what events do to it; decisions are
//! in `authorization`, `settlement` and `refunds`.

pub mod authorization;
mod fold;
#[cfg(test)]
mod interleavings;
mod refunds;
pub mod settlement;
#[cfg(test)]
mod tests;

use std::time::Duration;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Fault, Kind, Money, Timestamp, Violation};
use serde::{Deserialize, Serialize};

use crate::ids::{CheckoutId, OrderGroupId, OrderId, PaymentId, RefundId, SellerId};

/// The one timer: the provider is to be asked (again).
pub const WORK: &str = "work";
/// One question to a provider takes at most this long.
pub const PROVIDER_DEADLINE: Duration = Duration::from_secs(3);
/// Who makes work does it at once; the timer finds it only when they died meanwhile.
const RECOVERY_S: i64 = 5;
/// The longest wait between two questions, in seconds.
const WAIT_MAX_S: i64 = 60;

/// The part of a payment that pays for one order. Frozen when the payment is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub order: OrderId,
    pub seller: SellerId,
    pub amount: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub payment: PaymentId,
    pub order_group: OrderGroupId,
    pub checkout: CheckoutId,
    pub amount: Money,
    pub provider: String,
    /// The provider's token for the card; worthless to anybody else.
    pub token: String,
    pub shares: Vec<Share>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The provider is being asked for the first time.
    Created,
    RequiresAction,
    Processing,
    /// The provider did not answer; it is being asked.
    Unknown,
    Authorized,
    Captured,
    Voided,
    Failed,
}

/// Which question comes next while it is not known what became of the authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// With the same idempotency key as before: the provider does it once.
    Authorize,
    LookUp,
}

/// What a provider has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Work {
    Authorize,
    LookUp,
    Capture,
    Void,
    Refund(RefundId),
}

/// How the pending work goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    since: Timestamp,
    /// Without an outcome so far.
    tries: u32,
    /// Look-ups that found nothing.
    misses: u32,
    next: Ask,
    due: Timestamp,
    /// What the last try came to.
    pub detail: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: String,
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    Pending,
    Succeeded,
    Failed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub id: RefundId,
    pub amount: Money,
    /// Of which orders' shares it is taken; adds up to `amount`.
    pub parts: Vec<Share>,
    /// The one order that it is for; none for a refund of the whole payment.
    pub order: Option<OrderId>,
    pub reason: String,
    pub state: RefundState,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PaymentEvent {
    Created {
        terms: Terms,
        at: Timestamp,
    },
    /// Canceled before it was made: it never will be.
    Barred {
        payment: PaymentId,
        reason: String,
        at: Timestamp,
    },
    /// The provider did not answer.
    NotAnswered {
        detail: String,
        due: Timestamp,
    },
    /// Asked, and nothing changed: the same question again.
    NoNews {
        detail: String,
        due: Timestamp,
    },
    /// The provider knows of no charge.
    NotFound {
        next: Ask,
        at: Timestamp,
        due: Timestamp,
    },
    Pending {
        reference: Option<String>,
        due: Timestamp,
    },
    ActionRequired {
        reference: Option<String>,
        url: String,
        due: Timestamp,
    },
    Authorized {
        reference: Option<String>,
        at: Timestamp,
    },
    Declined {
        reference: Option<String>,
        reason: String,
        at: Timestamp,
    },
    /// The provider states another amount than it was asked for.
    AmountMismatched {
        reference: Option<String>,
        stated: Money,
        at: Timestamp,
    },
    CancelRequested {
        reason: String,
        at: Timestamp,
    },
    CaptureRequested {
        at: Timestamp,
    },
    Captured {
        at: Timestamp,
    },
    CaptureRefused {
        reason: String,
        at: Timestamp,
    },
    Voided {
        at: Timestamp,
    },
    RefundRequested {
        refund: Refund,
    },
    RefundSucceeded {
        refund: RefundId,
        at: Timestamp,
    },
    RefundFailed {
        refund: RefundId,
        reason: String,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaymentError {
    #[error("There is no payment `{0}`.")]
    NotFound(PaymentId),
    #[error("The payment exists with other terms.")]
    TermsChanged,
    #[error("The shares must add up to the amount, one for each order.")]
    SharesMismatch,
    #[error("The payment holds no money that could be taken.")]
    NotAuthorized,
    #[error("The payment has no share of order `{0}`.")]
    OrderNotFound(OrderId),
    #[error("A refund must be a positive amount in the currency of the payment.")]
    RefundInvalid,
    #[error("Only {left} is left to refund of {asked}.")]
    RefundExceedsCaptured { asked: Money, left: Money },
    #[error("The payment has had too many refunds.")]
    TooManyRefunds,
}

impl Fault for PaymentError {
    fn kind(&self) -> Kind {
        match self {
            PaymentError::NotFound(_) | PaymentError::OrderNotFound(_) => Kind::NotFound,
            PaymentError::TermsChanged => Kind::AlreadyExists,
            PaymentError::SharesMismatch | PaymentError::RefundInvalid | PaymentError::RefundExceedsCaptured { .. } => {
                Kind::OutOfRange
            }
            PaymentError::NotAuthorized | PaymentError::TooManyRefunds => Kind::FailedPrecondition,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            PaymentError::NotFound(_) => "payment_not_found",
            PaymentError::TermsChanged => "payment_terms_changed",
            PaymentError::SharesMismatch => "payment_shares_mismatch",
            PaymentError::NotAuthorized => "payment_not_authorized",
            PaymentError::OrderNotFound(_) => "order_not_found",
            PaymentError::RefundInvalid => "refund_invalid",
            PaymentError::RefundExceedsCaptured { .. } => "refund_exceeds_captured",
            PaymentError::TooManyRefunds => "refunds_exhausted",
        }
    }

    fn violations(&self) -> Vec<Violation> {
        match self {
            PaymentError::RefundInvalid | PaymentError::RefundExceedsCaptured { .. } => {
                vec![Violation::new("amount", self.to_string())]
            }
            _ => Vec::new(),
        }
    }
}

pub type Decision = Result<Vec<PaymentEvent>, PaymentError>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payment {
    /// A tombstone: canceled before it was made.
    Barred {
        payment: PaymentId,
        reason: String,
        at: Timestamp,
    },
    Intent(Box<Intent>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub terms: Terms,
    pub at: Timestamp,
    pub stage: Stage,
    /// The provider's id of the charge, once known.
    pub reference: Option<String>,
    pub action_url: Option<String>,
    pub failure: Option<Failure>,
    pub refunds: Vec<Refund>,
    pub asking: Asking,
    is_capture_requested: bool,
    cancel_reason: Option<String>,
    /// The provider may hold money that we do not want.
    is_held: bool,
}

impl Payment {
    pub fn id(&self) -> &PaymentId {
        match self {
            Payment::Barred { payment, .. } => payment,
            Payment::Intent(intent) => &intent.terms.payment,
        }
    }

    pub fn intent(&self) -> Option<&Intent> {
        match self {
            Payment::Barred { .. } => None,
            Payment::Intent(intent) => Some(intent),
        }
    }

    pub fn work(&self) -> Option<Work> {
        self.intent().and_then(Intent::work)
    }
}

impl Intent {
    fn new(terms: Terms, at: Timestamp) -> Self {
        let due = plus_seconds(at, RECOVERY_S);
        Intent {
            terms,
            at,
            stage: Stage::Created,
            reference: None,
            action_url: None,
            failure: None,
            refunds: Vec::new(),
            asking: Asking { since: at, tries: 0, misses: 0, next: Ask::Authorize, due, detail: String::new() },
            is_capture_requested: false,
            cancel_reason: None,
            is_held: false,
        }
    }

    /// What the provider has to do now; none when nothing is left to do, or somebody else has to decide.
    pub fn work(&self) -> Option<Work> {
        let is_canceled = self.cancel_reason.is_some();
        match (self.stage, self.asking.next) {
            (Stage::Created | Stage::Processing | Stage::Unknown, Ask::Authorize) => Some(Work::Authorize),
            (Stage::Created | Stage::Processing | Stage::Unknown, Ask::LookUp) => Some(Work::LookUp),
            (Stage::RequiresAction, _) if is_canceled => Some(Work::Void),
            (Stage::RequiresAction, _) => Some(Work::LookUp),
            (Stage::Authorized, _) if self.is_capture_requested => Some(Work::Capture),
            (Stage::Authorized, _) if is_canceled => Some(Work::Void),
            (Stage::Failed, _) if self.is_held => Some(Work::Void),
            (Stage::Captured, _) => self.pending_refund().map(|refund| Work::Refund(refund.id.clone())),
            (Stage::Authorized | Stage::Voided | Stage::Failed, _) => None,
        }
    }

    /// Whether the pending work may be done at `now`: it is new, or its wait is over.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.asking.tries == 0 || self.asking.due <= now
    }

    pub fn due(&self) -> Timestamp {
        self.asking.due
    }

    /// True until it is known whether there is an authorization.
    pub fn is_undecided(&self) -> bool {
        matches!(self.stage, Stage::Created | Stage::RequiresAction | Stage::Processing | Stage::Unknown)
    }

    pub fn authorized(&self) -> Money {
        self.amount_if(matches!(self.stage, Stage::Authorized | Stage::Captured))
    }

    pub fn captured(&self) -> Money {
        self.amount_if(self.stage == Stage::Captured)
    }

    fn amount_if(&self, condition: bool) -> Money {
        if condition { self.terms.amount } else { Money::zero(self.terms.amount.currency) }
    }

    /// 1, 2, 4 … 60 seconds after `at`.
    fn next_try(&self, at: Timestamp) -> Timestamp {
        plus_seconds(at, (1_i64 << self.asking.tries.min(6)).min(WAIT_MAX_S))
    }
}
