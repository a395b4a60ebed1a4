//! An order: what one seller owes one buyer. Where it stands, what was paid and what was given back are separate axes;
//! the last two follow from facts and are never written.
//! Always: it is placed, canceled or expired once; nobody but operators sees it before it is placed.

use std::collections::BTreeMap;

use haat_kernel::{Fault, Kind, Money, Principal, Timestamp};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

use crate::ids::{BuyerId, OrderGroupId, OrderId, SellerId};
use crate::sums::{Line, Sums};

/// The keys under which orders are listed, the newest last.
pub const OF_BUYER: &str = "buyer";
pub const OF_SELLER: &str = "seller";

/// Who did something: `buyer`, `seller`, `operator` or `service`, and their id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    pub kind: String,
    pub id: String,
}

impl Actor {
    pub fn of(principal: &Principal) -> Self {
        Actor { kind: principal.acting_as().to_owned(), id: principal.id.clone() }
    }

    pub fn service(name: &str) -> Self {
        Actor::of(&Principal::service(name))
    }
}

/// Everything that an order starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub order: OrderId,
    pub group: OrderGroupId,
    pub seller: SellerId,
    /// None for a guest.
    pub buyer: Option<BuyerId>,
    pub email: String,
    pub lines: Vec<Line>,
    pub sums: Sums,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    PendingPayment,
    Placed,
    Canceled,
    /// It was never paid.
    Expired,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    Unpaid,
    Paid,
    PartiallyRefunded,
    Refunded,
    Voided,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    pub at: Timestamp,
    /// `order.placed` and the like.
    pub event: String,
    pub by: Actor,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OrderEvent {
    Created {
        terms: Box<Terms>,
        by: Actor,
        at: Timestamp,
    },
    Placed {
        by: Actor,
        at: Timestamp,
    },
    Canceled {
        reason: String,
        by: Actor,
        at: Timestamp,
    },
    Expired {
        by: Actor,
        at: Timestamp,
    },
    Refunded {
        refund: String,
        amount: Money,
        by: Actor,
        at: Timestamp,
    },
    /// Its money was never taken, and is no longer held.
    PaymentVoided {
        by: Actor,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    #[error("There is no order `{0}`.")]
    NotFound(OrderId),
    #[error("The order can no longer be canceled.")]
    NotCancelable,
}

impl Fault for OrderError {
    fn kind(&self) -> Kind {
        match self {
            OrderError::NotFound(_) => Kind::NotFound,
            OrderError::NotCancelable => Kind::FailedPrecondition,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            OrderError::NotFound(_) => "order_not_found",
            OrderError::NotCancelable => "order_not_cancelable",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub terms: Terms,
    pub state: State,
    /// What reached the buyer, by refund.
    pub refunds: BTreeMap<String, Money>,
    pub cancel_reason: Option<String>,
    pub history: Vec<HistoryEntry>,
    pub at: Timestamp,
    is_payment_voided: bool,
}

impl Order {
    /// The group was paid.
    pub fn place(&self, by: Actor, at: Timestamp) -> Vec<OrderEvent> {
        match self.state {
            State::PendingPayment => vec![OrderEvent::Placed { by, at }],
            State::Placed | State::Canceled | State::Expired => vec![],
        }
    }

    /// A second time changes nothing.
    pub fn cancel(&self, reason: &str, by: Actor, at: Timestamp) -> Result<Vec<OrderEvent>, OrderError> {
        match self.state {
            State::Placed => Ok(vec![OrderEvent::Canceled { reason: reason.to_owned(), by, at }]),
            State::Canceled => Ok(vec![]),
            State::PendingPayment | State::Expired => Err(OrderError::NotCancelable),
        }
    }

    /// The checkout failed. What it undoes beside, it undoes itself.
    pub fn abandon(&self, reason: &str, by: Actor, at: Timestamp) -> Vec<OrderEvent> {
        match self.state {
            State::PendingPayment => vec![OrderEvent::Expired { by, at }],
            State::Placed => vec![OrderEvent::Canceled { reason: reason.to_owned(), by, at }],
            State::Canceled | State::Expired => vec![],
        }
    }

    /// Money reached the buyer. Once per refund.
    pub fn refunded(&self, refund: &str, amount: Money, by: Actor, at: Timestamp) -> Vec<OrderEvent> {
        if self.refunds.contains_key(refund) || amount.is_zero() {
            return vec![];
        }
        vec![OrderEvent::Refunded { refund: refund.to_owned(), amount, by, at }]
    }

    pub fn payment_voided(&self, by: Actor, at: Timestamp) -> Vec<OrderEvent> {
        if self.is_payment_voided { vec![] } else { vec![OrderEvent::PaymentVoided { by, at }] }
    }

    pub fn payment_status(&self) -> PaymentStatus {
        let refunded = self.refunded_total().minor;
        match self.state {
            _ if self.is_payment_voided => PaymentStatus::Voided,
            State::PendingPayment | State::Expired => PaymentStatus::Unpaid,
            _ if refunded <= 0 => PaymentStatus::Paid,
            _ if refunded < self.terms.sums.total.minor => PaymentStatus::PartiallyRefunded,
            State::Placed | State::Canceled => PaymentStatus::Refunded,
        }
    }

    pub fn refunded_total(&self) -> Money {
        Money { minor: self.refunds.values().map(|amount| amount.minor).sum(), ..self.terms.sums.total }
    }

    /// True once its buyer and seller may know of it.
    pub fn is_visible(&self) -> bool {
        matches!(self.state, State::Placed | State::Canceled)
    }

    fn remember(&mut self, event: &str, by: &Actor, at: Timestamp) {
        self.history.push(HistoryEntry { at, event: format!("order.{event}"), by: by.clone() });
    }
}

impl Aggregate for Order {
    const KIND: &'static str = "order";
    const SCHEMA: u32 = 1;
    type Event = OrderEvent;

    fn create(event: &OrderEvent) -> Option<Self> {
        let OrderEvent::Created { terms, by, at } = event else { return None };
        let mut order = Order {
            terms: (**terms).clone(),
            state: State::PendingPayment,
            refunds: BTreeMap::new(),
            cancel_reason: None,
            history: Vec::new(),
            at: *at,
            is_payment_voided: false,
        };
        order.remember("created", by, *at);
        Some(order)
    }

    fn apply(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::Created { .. } => {}
            OrderEvent::Placed { by, at } => {
                self.state = State::Placed;
                self.remember("placed", by, *at);
            }
            OrderEvent::Canceled { reason, by, at } => {
                self.state = State::Canceled;
                self.cancel_reason = Some(reason.clone());
                self.remember("canceled", by, *at);
            }
            OrderEvent::Expired { by, at } => {
                self.state = State::Expired;
                self.remember("expired", by, *at);
            }
            OrderEvent::Refunded { refund, amount, by, at } => {
                self.refunds.insert(refund.clone(), *amount);
                self.remember("refunded", by, *at);
            }
            OrderEvent::PaymentVoided { by, at } => {
                self.is_payment_voided = true;
                self.remember("payment_voided", by, *at);
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        if !self.is_visible() {
            return Vec::new();
        }
        let sort = format!("{:020}", self.at.as_microsecond());
        let of_seller = Key::plain(OF_SELLER, self.terms.seller.as_str(), sort.clone());
        let of_buyer = self.terms.buyer.as_ref().map(|buyer| Key::plain(OF_BUYER, buyer.as_str(), sort));
        std::iter::once(of_seller).chain(of_buyer).collect()
    }
}

#[cfg(test)]
pub mod tests {
    use haat_kernel::id::derived;

    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn by() -> Actor {
        Actor::service("checkout")
    }

    pub fn terms(order: &str, total: i64) -> Terms {
        let line = Line {
            offer: derived(&["offer"]),
            product: "product_1".to_owned(),
            sku: "KURTA-M".to_owned(),
            title: "Blue kurta".to_owned(),
            quantity: 1,
            unit_price: Money::inr(total),
            discount: Money::inr(0),
            total: Money::inr(total),
        };
        let zero = Money::inr(0);
        Terms {
            order: derived(&[order]),
            group: derived(&["group"]),
            seller: derived(&["seller", order]),
            buyer: Some(derived(&["buyer"])),
            email: "asha@example.com".to_owned(),
            sums: Sums::of_lines(std::slice::from_ref(&line), zero, zero, zero).unwrap(),
            lines: vec![line],
        }
    }

    pub fn created(order: &str, total: i64) -> OrderEvent {
        OrderEvent::Created { terms: Box::new(terms(order, total)), by: by(), at: AT }
    }

    fn fold(events: &[OrderEvent]) -> Order {
        let mut order = Order::create(&events[0]).unwrap();
        events[1..].iter().for_each(|event| order.apply(event));
        order
    }

    fn in_state(state: State) -> Vec<OrderEvent> {
        let (placed, canceled) =
            (OrderEvent::Placed { by: by(), at: AT }, OrderEvent::Canceled { reason: "late".into(), by: by(), at: AT });
        let mut events = vec![created("a", 1_000)];
        events.extend(match state {
            State::PendingPayment => vec![],
            State::Placed => vec![placed],
            State::Canceled => vec![placed, canceled],
            State::Expired => vec![OrderEvent::Expired { by: by(), at: AT }],
        });
        events
    }

    type Move = fn(&Order) -> Result<Vec<OrderEvent>, OrderError>;

    #[track_caller]
    fn check(given: State, decide: Move, then: Result<State, OrderError>) {
        let mut order = fold(&in_state(given));
        let outcome = decide(&order).map(|events| {
            events.iter().for_each(|event| order.apply(event));
            order.state
        });
        assert_eq!(outcome, then, "from {given:?}");
    }

    #[test]
    fn an_order_is_placed_canceled_or_expired_once() {
        let place: Move = |order| Ok(order.place(by(), AT));
        let cancel: Move = |order| order.cancel("late", by(), AT);
        let abandon: Move = |order| Ok(order.abandon("declined", by(), AT));
        check(State::PendingPayment, place, Ok(State::Placed));
        check(State::Placed, place, Ok(State::Placed));
        check(State::Canceled, place, Ok(State::Canceled));
        check(State::Expired, place, Ok(State::Expired));
        check(State::PendingPayment, cancel, Err(OrderError::NotCancelable));
        check(State::Placed, cancel, Ok(State::Canceled));
        check(State::Canceled, cancel, Ok(State::Canceled));
        check(State::Expired, cancel, Err(OrderError::NotCancelable));
        check(State::PendingPayment, abandon, Ok(State::Expired));
        check(State::Placed, abandon, Ok(State::Canceled));
        check(State::Canceled, abandon, Ok(State::Canceled));
        check(State::Expired, abandon, Ok(State::Expired));
    }

    #[test]
    fn what_is_paid_follows_from_the_facts() {
        let mut order = fold(&in_state(State::Placed));
        assert_eq!(order.payment_status(), PaymentStatus::Paid);
        for (refund, minor, status) in [
            ("r1", 300, PaymentStatus::PartiallyRefunded),
            ("r1", 300, PaymentStatus::PartiallyRefunded),
            ("r2", 700, PaymentStatus::Refunded),
        ] {
            order.refunded(refund, Money::inr(minor), by(), AT).iter().for_each(|event| order.apply(event));
            assert_eq!(order.payment_status(), status);
        }
        assert_eq!(order.refunded_total(), Money::inr(1_000));
        assert_eq!(fold(&in_state(State::PendingPayment)).payment_status(), PaymentStatus::Unpaid);
        let mut canceled = fold(&in_state(State::Canceled));
        canceled.payment_voided(by(), AT).iter().for_each(|event| canceled.apply(event));
        assert_eq!(canceled.payment_status(), PaymentStatus::Voided);
        assert!(canceled.payment_voided(by(), AT).is_empty());
    }

    #[test]
    fn only_orders_that_were_placed_are_listed() {
        for (state, keys) in [(State::PendingPayment, 0), (State::Expired, 0), (State::Placed, 2), (State::Canceled, 2)] {
            assert_eq!(fold(&in_state(state)).keys().len(), keys, "{state:?}");
        }
    }

    #[test]
    fn stored_events_always_load() {
        haat_store::golden::check_events::<Order>(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
            &[
                ("created", created("a", 1_000)),
                ("placed", OrderEvent::Placed { by: by(), at: AT }),
                ("canceled", OrderEvent::Canceled { reason: "late".into(), by: by(), at: AT }),
                ("expired", OrderEvent::Expired { by: by(), at: AT }),
                ("refunded", OrderEvent::Refunded { refund: "refund_1".into(), amount: Money::inr(300), by: by(), at: AT }),
                ("payment_voided", OrderEvent::PaymentVoided { by: by(), at: AT }),
            ],
        );
    }
}
