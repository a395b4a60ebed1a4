//! A checkout: turns a cart into paid orders, or leaves no trace. Always: it has one path forward and one back; it turns
//! back only as long as no money is taken, and then undoes everything that may have happened; the answer to a call, the
//! payment's event and the timer that asks about it only bring the same facts, in any order, as often as they like.

#[cfg(test)]
mod interleavings;
mod step;
mod terms;
#[cfg(test)]
mod tests;

use haat_kernel::time::{plus_millis, plus_seconds};
use haat_kernel::{Error, Timestamp, Violation};
use haat_saga::{Next, Progress, Saga};
use haat_store::{Aggregate, Key, Timer};
use serde::{Deserialize, Serialize};

pub use step::Step;
pub use terms::{Ids, Instrument, NewOrder, OrderLine, Terms};

/// The timer that asks what became of the payment.
pub const POLL: &str = "poll";
/// The timer that ends the wait for the buyer.
pub const GIVE_UP: &str = "give_up";

/// How long the money may take to be authorized; the stock is held for as long.
const PATIENCE_S: i64 = 15 * 60;
/// A little longer than that, so that the checkout ends the reservation and not the other way round.
pub const RESERVATION_S: i64 = PATIENCE_S + 60;
/// So many failed attempts at a step, about half a minute, and the checkout turns back, as long as it may.
const ATTEMPTS_MAX: u32 = 8;
const POLL_MIN_MS: i64 = 2_000;
const POLL_MAX_MS: i64 = 15_000;

/// Why a checkout failed; public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub code: String,
    pub detail: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<Violation>,
}

impl Failure {
    fn declined(detail: &str) -> Self {
        Failure { code: "payment_declined".to_owned(), detail: detail.to_owned(), violations: Vec::new() }
    }
}

/// What is known of the payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// It is under way, or nobody knows; with the page that the buyer has to visit, where there is one.
    Undecided {
        action_url: Option<String>,
    },
    Authorized,
    Captured,
    /// Declined, voided or failed: no money is or will be held.
    Refused {
        detail: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CheckoutEvent {
    Started {
        terms: Box<Terms>,
    },
    StockReserved,
    CouponHeld,
    OrdersPlaced,
    /// The payment's outcome is not known yet: it is asked about at `poll_at`.
    PaymentAwaited {
        action_url: Option<String>,
        poll_at: Timestamp,
    },
    PaymentAuthorized,
    StockAllocated,
    PaymentCaptured,
    OrdersConfirmed,
    CouponRedeemed,
    Completed {
        at: Timestamp,
    },
    /// It cannot succeed: from here on everything is undone.
    TurnedBack {
        failure: Failure,
    },
    PaymentCanceled,
    OrdersAbandoned,
    CouponReleased,
    StockReleased,
    Failed {
        at: Timestamp,
    },
    /// What the runner keeps.
    Driven {
        progress: haat_saga::Event,
    },
}

/// Where a checkout is. The step that it is at has not been recorded as done, and may have happened all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Path {
    Forward { at: Step },
    Back { reached: Step, at: Step, failure: Failure },
    Completed { at: Timestamp },
    Failed { reached: Step, failure: Failure, at: Timestamp },
}

/// The payment was asked for, and has not decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    pub action_url: Option<String>,
    poll_at: Timestamp,
    polls: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    pub terms: Terms,
    pub path: Path,
    pub wait: Option<Wait>,
    #[serde(default)]
    progress: Progress,
}

impl Checkout {
    pub fn is_ended(&self) -> bool {
        matches!(self.path, Path::Completed { .. } | Path::Failed { .. })
    }

    /// The page that the buyer has to visit before it can go on.
    pub fn action_url(&self) -> Option<&str> {
        self.wait.as_ref()?.action_url.as_deref()
    }

    /// Whether there is a payment, or may be.
    pub fn may_have_payment(&self) -> bool {
        let reached = match &self.path {
            Path::Forward { at } => *at,
            Path::Back { reached, .. } | Path::Failed { reached, .. } => *reached,
            Path::Completed { .. } => Step::CloseCart,
        };
        reached >= Step::AuthorizePayment
    }

    /// A step has taken effect. Says nothing when the checkout is elsewhere by now.
    pub fn did(&self, step: Step) -> Vec<CheckoutEvent> {
        if self.next() == Next::Call(step) { done(step).into_iter().collect() } else { vec![] }
    }

    /// The last step is made: the one commit that ends the checkout, together with its cart.
    pub fn end(&self, step: Step, at: Timestamp) -> Vec<CheckoutEvent> {
        match step {
            _ if self.next() != Next::Call(step) => vec![],
            Step::CloseCart => vec![CheckoutEvent::Completed { at }],
            Step::ReopenCart => vec![CheckoutEvent::Failed { at }],
            _ => vec![],
        }
    }

    /// What a failed call means for the buyer, when the checkout has to turn back for it: refused, or unreachable for too
    /// long. None when it has to be tried again, or looked at by a person.
    pub fn verdict(&self, step: Step, error: &Error) -> Option<Failure> {
        if !error.kind.is_transient() {
            return step.may_be_refused().then(|| self.refusal(error));
        }
        let is_hopeless = step.may_be_given_up() && self.progress.attempts >= ATTEMPTS_MAX;
        let detail = "A part of the shop could not be reached. Nothing was charged; please try again.";
        is_hopeless.then(|| Failure { code: "service_unavailable".into(), detail: detail.into(), violations: Vec::new() })
    }

    pub fn turn_back(&self, step: Step, failure: Failure) -> Vec<CheckoutEvent> {
        if self.is_at(step) { vec![CheckoutEvent::TurnedBack { failure }] } else { vec![] }
    }

    /// What became known of the payment, from whoever and whenever. Says nothing where it is no news.
    pub fn learn(&self, payment: &PaymentState, now: Timestamp) -> Vec<CheckoutEvent> {
        let Path::Forward { at } = self.path else { return vec![] };
        match (at, payment) {
            (Step::AuthorizePayment, PaymentState::Undecided { action_url }) => self.news_of_wait(action_url, now),
            (Step::AuthorizePayment, PaymentState::Authorized | PaymentState::Captured) => vec![CheckoutEvent::PaymentAuthorized],
            (Step::CapturePayment, PaymentState::Captured) => vec![CheckoutEvent::PaymentCaptured],
            (Step::AuthorizePayment | Step::AllocateStock | Step::CapturePayment, PaymentState::Refused { detail }) => {
                vec![CheckoutEvent::TurnedBack { failure: Failure::declined(detail) }]
            }
            _ => vec![],
        }
    }

    /// The answer to `AuthorizePayment` or `CapturePayment`: news, or else the wait for some.
    pub fn payment_answered(&self, step: Step, payment: &PaymentState, now: Timestamp) -> Vec<CheckoutEvent> {
        let news = self.learn(payment, now);
        if news.is_empty() && self.next() == Next::Call(step) { vec![self.awaited(None, now)] } else { news }
    }

    /// The payment was asked about while it was waited for; None: there was no answer.
    pub fn polled(&self, payment: Option<&PaymentState>, now: Timestamp) -> Vec<CheckoutEvent> {
        if self.wait.is_none() {
            return vec![];
        }
        let news = payment.map(|payment| self.learn(payment, now)).unwrap_or_default();
        if news.is_empty() { vec![self.awaited(None, now)] } else { news }
    }

    /// The buyer, or the provider, has had time enough to approve.
    pub fn give_up(&self, now: Timestamp) -> Vec<CheckoutEvent> {
        let is_over = self.gives_up_at().is_some_and(|due| due <= now);
        let failure = Failure::declined("The payment was not approved in time.");
        if is_over { vec![CheckoutEvent::TurnedBack { failure }] } else { vec![] }
    }

    fn refusal(&self, error: &Error) -> Failure {
        if matches!(error.code.as_str(), "reservation_ended" | "reservation_not_found") {
            let offers = self.terms.lines().map(|(_, line)| Violation::new(line.offer.as_str(), "is no longer reserved"));
            let detail = "The reservation of the stock has ended.".to_owned();
            return Failure { code: "out_of_stock".to_owned(), detail, violations: offers.collect() };
        }
        if error.code == "payment_not_authorized" {
            return Failure::declined("The payment could not be taken.");
        }
        Failure { code: error.code.clone(), detail: error.detail.clone(), violations: error.violations.clone() }
    }

    fn is_at(&self, step: Step) -> bool {
        self.path == Path::Forward { at: step }
    }

    fn news_of_wait(&self, action_url: &Option<String>, now: Timestamp) -> Vec<CheckoutEvent> {
        let is_known = self.wait.as_ref().is_some_and(|wait| action_url.is_none() || wait.action_url == *action_url);
        if is_known { vec![] } else { vec![self.awaited(action_url.clone(), now)] }
    }

    /// Asked again after 2, 4, 8 … 15 seconds.
    fn awaited(&self, action_url: Option<String>, now: Timestamp) -> CheckoutEvent {
        let polls = self.wait.as_ref().map_or(0, |wait| wait.polls);
        let pause = (POLL_MIN_MS << polls.min(4)).min(POLL_MAX_MS);
        CheckoutEvent::PaymentAwaited { action_url, poll_at: plus_millis(now, pause) }
    }

    /// Only while there is no authorization: one that is there is used, and a capture is waited for as long as it takes.
    fn gives_up_at(&self) -> Option<Timestamp> {
        let is_waiting = self.wait.is_some() && self.is_at(Step::AuthorizePayment);
        is_waiting.then(|| plus_seconds(self.terms.at, PATIENCE_S))
    }

    fn advance(&mut self) {
        self.wait = None;
        match &mut self.path {
            Path::Forward { at } => *at = at.after(&self.terms),
            Path::Back { reached, at, .. } => *at = at.before(*reached, &self.terms),
            Path::Completed { .. } | Path::Failed { .. } => {}
        }
    }

    fn apply_own(&mut self, event: &CheckoutEvent) {
        match (event, &self.path) {
            (CheckoutEvent::PaymentAwaited { action_url, poll_at }, _) => {
                let before = self.wait.take();
                let polls = before.as_ref().map_or(0, |wait| wait.polls) + 1;
                let action_url = action_url.clone().or(before.and_then(|wait| wait.action_url));
                self.wait = Some(Wait { action_url, poll_at: *poll_at, polls });
            }
            (CheckoutEvent::TurnedBack { failure }, Path::Forward { at }) => {
                let (reached, failure) = (*at, failure.clone());
                self.wait = None;
                self.path = Path::Back { reached, at: Step::back_from(reached, &self.terms), failure };
            }
            (CheckoutEvent::Completed { at }, _) => self.path = Path::Completed { at: *at },
            (CheckoutEvent::Failed { at }, Path::Back { reached, failure, .. }) => {
                self.path = Path::Failed { reached: *reached, failure: failure.clone(), at: *at };
            }
            _ => self.advance(),
        }
    }
}

/// The event that records a step as done; none for those that end the checkout.
fn done(step: Step) -> Option<CheckoutEvent> {
    Some(match step {
        Step::ReserveStock => CheckoutEvent::StockReserved,
        Step::HoldCoupon => CheckoutEvent::CouponHeld,
        Step::PlaceOrders => CheckoutEvent::OrdersPlaced,
        Step::AuthorizePayment => CheckoutEvent::PaymentAuthorized,
        Step::AllocateStock => CheckoutEvent::StockAllocated,
        Step::CapturePayment => CheckoutEvent::PaymentCaptured,
        Step::ConfirmOrders => CheckoutEvent::OrdersConfirmed,
        Step::RedeemCoupon => CheckoutEvent::CouponRedeemed,
        Step::CancelPayment => CheckoutEvent::PaymentCanceled,
        Step::AbandonOrders => CheckoutEvent::OrdersAbandoned,
        Step::ReleaseCoupon => CheckoutEvent::CouponReleased,
        Step::ReleaseStock => CheckoutEvent::StockReleased,
        Step::CloseCart | Step::ReopenCart => return None,
    })
}

impl Aggregate for Checkout {
    const KIND: &'static str = "checkout";
    const SCHEMA: u32 = 1;
    type Event = CheckoutEvent;

    fn create(event: &CheckoutEvent) -> Option<Self> {
        let CheckoutEvent::Started { terms } = event else { return None };
        let path = Path::Forward { at: Step::FIRST };
        Some(Checkout { terms: (**terms).clone(), path, wait: None, progress: Progress::default() })
    }

    fn apply(&mut self, event: &CheckoutEvent) {
        match event {
            CheckoutEvent::Started { .. } => {}
            CheckoutEvent::Driven { progress } => self.progress.apply(progress),
            own => {
                self.progress.advanced();
                self.apply_own(own);
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        self.progress.key().into_iter().collect()
    }

    fn timers(&self) -> Vec<Timer> {
        let drive = self.progress.timer(&self.next());
        let poll = self.wait.as_ref().map(|wait| Timer::at(POLL, wait.poll_at));
        let give_up = self.gives_up_at().map(|due| Timer::at(GIVE_UP, due));
        drive.into_iter().chain(poll).chain(give_up).collect()
    }
}

impl Saga for Checkout {
    type Step = Step;

    fn next(&self) -> Next<Step> {
        match &self.path {
            Path::Forward { .. } if self.wait.is_some() => Next::Wait,
            Path::Forward { at } | Path::Back { at, .. } => Next::Call(*at),
            Path::Completed { .. } | Path::Failed { .. } => Next::Done,
        }
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn saga_event(progress: haat_saga::Event) -> CheckoutEvent {
        CheckoutEvent::Driven { progress }
    }

    fn correlation_id(&self) -> &str {
        &self.terms.correlation
    }
}
