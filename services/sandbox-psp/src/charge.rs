//! A charge: money of one buyer's card, asked for by the merchant under a `reference`; authorized, then captured,
//! refunded or voided.
//! Always: refunded ≤ captured ≤ amount; nothing is captured once voided, nothing voided once captured; an idempotency
//! key moves money at most once; no two charges of a reference are alive together.

mod error;

use std::collections::BTreeMap;

use haat_kernel::{Currency, Timestamp, id_type};
use haat_store::{Aggregate, Key, Timer};
use serde::{Deserialize, Serialize};

pub use self::error::ChargeError;
use crate::token::Token;

id_type!(
    /// A charge.
    ChargeId,
    "charge"
);
id_type!(
    /// A refund of a charge.
    RefundId,
    "refund"
);

/// The key under which all charges are found, by time.
pub const ALL: &str = "all";
/// The key under which the charges of a reference are found, by time.
pub const REFERENCE: &str = "reference";
/// The timer that decides a pending charge.
pub const SETTLE: &str = "settle";
/// Captures, voids and refunds that one charge takes; each leaves its idempotency key behind.
const OPERATIONS_MAX: usize = 200;

/// What the merchant asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub reference: String,
    /// In minor units, positive.
    pub amount: i64,
    pub currency: Currency,
    pub token: Token,
    /// Where the buyer goes after the page of a charge that needs one.
    pub return_url: Option<String>,
    /// Where this charge's webhooks go instead of the configured place.
    pub webhook_url: Option<String>,
}

/// What the authorization came to; captures, voids and refunds do not change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    RequiresAction,
    Authorized,
    Declined,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineCode {
    CardDeclined,
    InsufficientFunds,
    /// The buyer said no on the page.
    DeclinedByBuyer,
    /// The merchant gave up before there was a decision.
    Canceled,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Authorized,
    Declined(DeclineCode),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    pub id: RefundId,
    pub amount: i64,
    pub at: Timestamp,
}

/// Something done under an idempotency key, and for how much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Capture(i64),
    Refund(i64),
    Void,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ChargeEvent {
    /// A flaky token made a request fail.
    Faltered,
    /// With `settles_at`, nobody but time decides.
    Opened {
        terms: Terms,
        key: String,
        at: Timestamp,
        settles_at: Option<Timestamp>,
    },
    Authorized,
    Declined {
        code: DeclineCode,
    },
    Captured {
        amount: i64,
        key: String,
    },
    Refunded {
        refund: Refund,
        key: String,
    },
    Voided {
        key: String,
    },
}

type Decision = Result<Vec<ChargeEvent>, ChargeError>;

/// Before it is opened, a charge only counts how often its token made the request fail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub faltered: u32,
    opened: Option<OpenCharge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCharge {
    pub terms: Terms,
    pub status: Status,
    pub decline_code: Option<DeclineCode>,
    pub captured: i64,
    pub refunded: i64,
    pub voided: bool,
    pub refunds: Vec<Refund>,
    pub at: Timestamp,
    settles_at: Option<Timestamp>,
    /// The idempotency key of the authorize request.
    key: String,
    operations: BTreeMap<String, Operation>,
}

impl Charge {
    pub fn opened(&self) -> Option<&OpenCharge> {
        self.opened.as_ref()
    }

    fn require(&self) -> Result<&OpenCharge, ChargeError> {
        self.opened.as_ref().ok_or(ChargeError::NotFound)
    }

    /// Takes an authorize request. Repeated with the same terms it is the same charge, whatever its key. `settles_at` is
    /// when a silent token is decided.
    pub fn authorize(&self, terms: Terms, key: &str, at: Timestamp, settles_at: Timestamp) -> Decision {
        if let Some(open) = &self.opened {
            return match open.terms == terms {
                true => Ok(vec![]),
                false if open.key == key => Err(ChargeError::KeyReused),
                false => Err(ChargeError::ReferenceInUse { reference: terms.reference }),
            };
        }
        if terms.amount <= 0 {
            return Err(ChargeError::AmountNotPositive);
        }
        if self.faltered < terms.token.failures() {
            return Ok(vec![ChargeEvent::Faltered]);
        }
        let settles_at = terms.token.is_silent().then_some(settles_at);
        let verdict = terms.token.verdict().filter(|_| settles_at.is_none());
        let opened = ChargeEvent::Opened { terms, key: key.to_owned(), at, settles_at };
        Ok(std::iter::once(opened).chain(verdict.map(ChargeEvent::from)).collect())
    }

    /// The truth about a pending charge; nothing for any other.
    pub fn settle(&self) -> Decision {
        let open = self.require()?;
        let verdict = open.terms.token.verdict().filter(|_| open.status == Status::Pending);
        Ok(verdict.map(ChargeEvent::from).into_iter().collect())
    }

    /// The buyer's answer on the page.
    pub fn answer(&self, verdict: Verdict) -> Decision {
        match self.require()?.status {
            Status::RequiresAction => Ok(vec![verdict.into()]),
            _ => Err(ChargeError::AlreadyDecided),
        }
    }

    /// Takes `amount` of what is authorized; without one, all that is left of it.
    pub fn capture(&self, amount: Option<i64>, key: &str) -> Decision {
        let open = self.require()?;
        match open.operations.get(key) {
            Some(Operation::Capture(done)) if amount.is_none_or(|a| a == *done) => return Ok(vec![]),
            Some(_) => return Err(ChargeError::KeyReused),
            None => open.require_authorized()?,
        }
        let left = open.terms.amount - open.captured;
        let amount = within(amount.unwrap_or(left.max(1)), left)?;
        Ok(vec![ChargeEvent::Captured { amount, key: key.to_owned() }])
    }

    /// Gives back `amount` of what is captured.
    pub fn refund(&self, amount: i64, key: &str, id: RefundId, at: Timestamp) -> Decision {
        let open = self.require()?;
        match open.operations.get(key) {
            Some(Operation::Refund(done)) if *done == amount => return Ok(vec![]),
            Some(_) => return Err(ChargeError::KeyReused),
            None => open.require_authorized()?,
        }
        let amount = within(amount, open.captured - open.refunded)?;
        Ok(vec![ChargeEvent::Refunded { refund: Refund { id, amount, at }, key: key.to_owned() }])
    }

    /// Lets the hold on the buyer's money go. A charge that waits for its buyer is declined by it.
    pub fn void(&self, key: &str) -> Decision {
        let open = self.require()?;
        match open.operations.get(key) {
            Some(Operation::Void) => return Ok(vec![]),
            Some(_) => return Err(ChargeError::KeyReused),
            None => {}
        }
        let voided = ChargeEvent::Voided { key: key.to_owned() };
        if open.status == Status::RequiresAction {
            return Ok(vec![ChargeEvent::Declined { code: DeclineCode::Canceled }, voided]);
        }
        open.require_authorized()?;
        if open.captured > 0 { Err(ChargeError::Captured) } else { Ok(vec![voided]) }
    }
}

impl Aggregate for Charge {
    const KIND: &'static str = "charge";
    const SCHEMA: u32 = 1;
    type Event = ChargeEvent;

    fn create(event: &ChargeEvent) -> Option<Self> {
        let mut charge = Charge::default();
        charge.apply(event);
        matches!(event, ChargeEvent::Faltered | ChargeEvent::Opened { .. }).then_some(charge)
    }

    fn apply(&mut self, event: &ChargeEvent) {
        match (event, &mut self.opened) {
            (ChargeEvent::Faltered, _) => self.faltered += 1,
            (ChargeEvent::Opened { terms, key, at, settles_at }, opened) => {
                *opened = Some(OpenCharge::new(terms.clone(), key.clone(), *at, *settles_at));
            }
            (_, Some(open)) => open.apply(event),
            (_, None) => {}
        }
    }

    fn keys(&self) -> Vec<Key> {
        let Some(open) = &self.opened else { return Vec::new() };
        let sort = format!("{:020}", open.at.as_microsecond());
        vec![Key::plain(ALL, "", sort.clone()), Key::plain(REFERENCE, open.terms.reference.clone(), sort)]
    }

    fn timers(&self) -> Vec<Timer> {
        let pending = self.opened.as_ref().filter(|open| open.status == Status::Pending);
        pending.and_then(|open| open.settles_at).map(|due| Timer::at(SETTLE, due)).into_iter().collect()
    }
}

impl OpenCharge {
    fn new(terms: Terms, key: String, at: Timestamp, settles_at: Option<Timestamp>) -> Self {
        OpenCharge {
            status: if terms.token.verdict().is_some() { Status::Pending } else { Status::RequiresAction },
            terms,
            decline_code: None,
            captured: 0,
            refunded: 0,
            voided: false,
            refunds: Vec::new(),
            at,
            settles_at,
            key,
            operations: BTreeMap::new(),
        }
    }

    /// False once the charge can never move money: the reference is then free for another.
    pub fn is_alive(&self) -> bool {
        self.status != Status::Declined && !self.voided
    }

    fn require_authorized(&self) -> Result<(), ChargeError> {
        match self.status {
            _ if self.voided => Err(ChargeError::Voided),
            Status::Pending | Status::RequiresAction => Err(ChargeError::Undecided),
            Status::Declined => Err(ChargeError::Declined),
            Status::Authorized if self.operations.len() >= OPERATIONS_MAX => Err(ChargeError::TooManyOperations),
            Status::Authorized => Ok(()),
        }
    }

    fn apply(&mut self, event: &ChargeEvent) {
        match event {
            ChargeEvent::Faltered | ChargeEvent::Opened { .. } => {}
            ChargeEvent::Authorized => self.status = Status::Authorized,
            ChargeEvent::Declined { code } => {
                self.status = Status::Declined;
                self.decline_code = Some(*code);
            }
            ChargeEvent::Captured { amount, key } => {
                self.captured += amount;
                self.operations.insert(key.clone(), Operation::Capture(*amount));
            }
            ChargeEvent::Refunded { refund, key } => {
                self.refunded += refund.amount;
                self.operations.insert(key.clone(), Operation::Refund(refund.amount));
                self.refunds.push(refund.clone());
            }
            ChargeEvent::Voided { key } => {
                self.voided = true;
                self.operations.insert(key.clone(), Operation::Void);
            }
        }
    }
}

impl From<Verdict> for ChargeEvent {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Authorized => ChargeEvent::Authorized,
            Verdict::Declined(code) => ChargeEvent::Declined { code },
        }
    }
}

/// Which of a reference's charges, oldest first, an authorize request speaks of: the one that `key` made, else the one
/// alive, else the next after `earlier`.
pub fn attempt_of(earlier: &[OpenCharge], key: &str) -> usize {
    let position = |wanted: &dyn Fn(&OpenCharge) -> bool| earlier.iter().position(wanted);
    position(&|charge| charge.key == key).or_else(|| position(&OpenCharge::is_alive)).unwrap_or(earlier.len())
}

fn within(amount: i64, left: i64) -> Result<i64, ChargeError> {
    match amount {
        ..=0 => Err(ChargeError::AmountNotPositive),
        asked if asked > left => Err(ChargeError::TooMuch { asked, left }),
        amount => Ok(amount),
    }
}

#[cfg(test)]
mod tests;
