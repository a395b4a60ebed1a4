//! An order group: what a buyer placed in one checkout, paid with one payment.
//! Always: it is placed once or never; once abandoned it stays so, also when that was said before it was known at all.

use std::collections::BTreeSet;

use haat_kernel::{Fault, Kind, Timestamp};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::ids::{BuyerId, CheckoutId, OrderGroupId, OrderId, PaymentId};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    pub name: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub state: String,
    pub postal_code: String,
    pub country: String,
    pub phone: String,
}

/// Everything that a group starts with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTerms {
    pub group: OrderGroupId,
    pub checkout: CheckoutId,
    pub buyer: Option<BuyerId>,
    pub email: String,
    pub shipping_address: PostalAddress,
    pub payment: PaymentId,
    /// Of the stock, at the inventory.
    pub reservation: String,
    pub coupon: Option<String>,
    pub orders: Vec<OrderId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupState {
    PendingPayment,
    Placed,
    /// Nothing is left to do: all of its orders are canceled.
    Closed,
    /// It was never paid.
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum GroupEvent {
    Created {
        terms: Box<GroupTerms>,
        at: Timestamp,
    },
    /// Abandoned before it was created: it never will be.
    Barred {
        group: OrderGroupId,
        reason: String,
        at: Timestamp,
    },
    Placed {
        at: Timestamp,
    },
    Abandoned {
        reason: String,
        at: Timestamp,
    },
    OrderCanceled {
        order: OrderId,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    #[error("There is no order group `{0}`.")]
    NotFound(OrderGroupId),
    #[error("The checkout of these orders was abandoned.")]
    Abandoned,
}

impl Fault for GroupError {
    fn kind(&self) -> Kind {
        match self {
            GroupError::NotFound(_) => Kind::NotFound,
            GroupError::Abandoned => Kind::FailedPrecondition,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            GroupError::NotFound(_) => "order_group_not_found",
            GroupError::Abandoned => "order_group_abandoned",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderGroup {
    /// A tombstone: abandoned before it was created.
    Barred {
        group: OrderGroupId,
        reason: String,
        at: Timestamp,
    },
    Known(Box<Group>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub terms: GroupTerms,
    pub state: GroupState,
    pub at: Timestamp,
    canceled: BTreeSet<OrderId>,
}

impl OrderGroup {
    pub fn known(&self) -> Option<&Group> {
        match self {
            OrderGroup::Barred { .. } => None,
            OrderGroup::Known(group) => Some(group),
        }
    }
}

/// Repeated, it changes nothing.
pub fn create(group: Option<&OrderGroup>, terms: GroupTerms, at: Timestamp) -> Result<Vec<GroupEvent>, GroupError> {
    match group {
        None => Ok(vec![GroupEvent::Created { terms: Box::new(terms), at }]),
        Some(OrderGroup::Barred { .. }) => Err(GroupError::Abandoned),
        Some(OrderGroup::Known(group)) if group.state == GroupState::Expired => Err(GroupError::Abandoned),
        Some(OrderGroup::Known(_)) => Ok(vec![]),
    }
}

/// The checkout failed; a group that is not created yet never will be.
pub fn abandon(group: Option<&OrderGroup>, id: &OrderGroupId, reason: &str, at: Timestamp) -> Vec<GroupEvent> {
    let reason = reason.to_owned();
    match group {
        None => vec![GroupEvent::Barred { group: id.clone(), reason, at }],
        Some(OrderGroup::Barred { .. }) => vec![],
        Some(OrderGroup::Known(group)) => match group.state {
            GroupState::PendingPayment | GroupState::Placed => vec![GroupEvent::Abandoned { reason, at }],
            GroupState::Closed | GroupState::Expired => vec![],
        },
    }
}

impl Group {
    /// It is paid.
    pub fn place(&self, at: Timestamp) -> Result<Vec<GroupEvent>, GroupError> {
        match self.state {
            GroupState::PendingPayment => Ok(vec![GroupEvent::Placed { at }]),
            GroupState::Placed | GroupState::Closed => Ok(vec![]),
            GroupState::Expired => Err(GroupError::Abandoned),
        }
    }

    pub fn order_canceled(&self, order: &OrderId, at: Timestamp) -> Vec<GroupEvent> {
        if self.canceled.contains(order) { vec![] } else { vec![GroupEvent::OrderCanceled { order: order.clone(), at }] }
    }

    /// How many of its orders were canceled one by one.
    pub fn canceled(&self) -> i64 {
        i64::try_from(self.canceled.len()).unwrap_or(i64::MAX)
    }

    pub fn is_canceled(&self) -> bool {
        matches!(self.state, GroupState::Closed | GroupState::Expired)
    }

    /// True once its buyer may know of it.
    pub fn is_visible(&self) -> bool {
        matches!(self.state, GroupState::Placed | GroupState::Closed)
    }

    /// What a person quotes on the telephone, `H-7K3M-9Q2X`: the random end of the id, in Crockford's alphabet.
    pub fn number(&self) -> String {
        let id = self.terms.group.as_str().to_ascii_uppercase();
        let tail = &id[id.len().saturating_sub(8)..];
        format!("H-{}-{}", &tail[..tail.len() / 2], &tail[tail.len() / 2..])
    }

    fn apply(&mut self, event: &GroupEvent) {
        match event {
            GroupEvent::Created { .. } | GroupEvent::Barred { .. } => {}
            GroupEvent::Placed { .. } => self.state = GroupState::Placed,
            GroupEvent::Abandoned { .. } => {
                let was_placed = self.state == GroupState::Placed;
                self.state = if was_placed { GroupState::Closed } else { GroupState::Expired };
            }
            GroupEvent::OrderCanceled { order, .. } => {
                self.canceled.insert(order.clone());
                if self.canceled.len() == self.terms.orders.len() {
                    self.state = GroupState::Closed;
                }
            }
        }
    }
}

impl Aggregate for OrderGroup {
    const KIND: &'static str = "order_group";
    const SCHEMA: u32 = 1;
    type Event = GroupEvent;

    fn create(event: &GroupEvent) -> Option<Self> {
        match event {
            GroupEvent::Created { terms, at } => Some(OrderGroup::Known(Box::new(Group {
                terms: (**terms).clone(),
                state: GroupState::PendingPayment,
                at: *at,
                canceled: BTreeSet::new(),
            }))),
            GroupEvent::Barred { group, reason, at } => {
                Some(OrderGroup::Barred { group: group.clone(), reason: reason.clone(), at: *at })
            }
            _ => None,
        }
    }

    fn apply(&mut self, event: &GroupEvent) {
        if let OrderGroup::Known(group) = self {
            group.apply(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;

    use super::*;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn terms() -> GroupTerms {
        GroupTerms {
            group: derived(&["group"]),
            checkout: derived(&["checkout"]),
            buyer: Some(derived(&["buyer"])),
            email: "asha@example.com".to_owned(),
            shipping_address: PostalAddress { name: "Asha".to_owned(), ..PostalAddress::default() },
            payment: derived(&["payment"]),
            reservation: "reservation_1".to_owned(),
            coupon: Some("DIWALI".to_owned()),
            orders: vec![derived(&["a"]), derived(&["b"])],
        }
    }

    fn barred() -> GroupEvent {
        GroupEvent::Barred { group: derived(&["group"]), reason: "declined".to_owned(), at: AT }
    }

    fn fold(events: &[GroupEvent]) -> Option<OrderGroup> {
        let mut group = OrderGroup::create(events.first()?)?;
        events[1..].iter().for_each(|event| group.apply(event));
        Some(group)
    }

    fn created() -> Vec<GroupEvent> {
        create(None, terms(), AT).unwrap()
    }

    fn then(mut events: Vec<GroupEvent>, more: GroupEvent) -> Vec<GroupEvent> {
        events.push(more);
        events
    }

    fn state(events: &[GroupEvent]) -> Option<GroupState> {
        fold(events)?.known().map(|group| group.state)
    }

    #[test]
    fn a_group_is_placed_once_or_abandoned_for_good() {
        let placed = then(created(), GroupEvent::Placed { at: AT });
        let abandoned = then(created(), GroupEvent::Abandoned { reason: "declined".into(), at: AT });
        for (given, again, place, left) in [
            (vec![], Ok(1), None, 1),
            (vec![barred()], Err(GroupError::Abandoned), None, 0),
            (created(), Ok(0), Some(Ok(1)), 1),
            (placed.clone(), Ok(0), Some(Ok(0)), 1),
            (abandoned.clone(), Err(GroupError::Abandoned), Some(Err(GroupError::Abandoned)), 0),
        ] {
            let group = fold(&given);
            let known = group.as_ref().and_then(OrderGroup::known);
            assert_eq!(create(group.as_ref(), terms(), AT).map(|events| events.len()), again, "create after {given:?}");
            assert_eq!(known.map(|group| group.place(AT).map(|events| events.len())), place, "place after {given:?}");
            assert_eq!(abandon(group.as_ref(), &terms().group, "", AT).len(), left, "abandon after {given:?}");
        }
        assert_eq!(state(&abandoned), Some(GroupState::Expired));
        let undone = then(placed, GroupEvent::Abandoned { reason: "capture refused".into(), at: AT });
        assert_eq!(state(&undone), Some(GroupState::Closed));
    }

    #[test]
    fn a_group_is_closed_when_its_last_order_is_canceled() {
        let cancel = |order: &str| GroupEvent::OrderCanceled { order: derived(&[order]), at: AT };
        let one = then(then(created(), GroupEvent::Placed { at: AT }), cancel("a"));
        assert_eq!(state(&one), Some(GroupState::Placed));
        assert!(fold(&one).unwrap().known().unwrap().order_canceled(&derived(&["a"]), AT).is_empty());
        assert_eq!(state(&then(one, cancel("b"))), Some(GroupState::Closed));
    }

    #[test]
    fn numbers_are_short_and_unmistakable() {
        let number = fold(&created()).unwrap().known().unwrap().number();
        assert_eq!(number.len(), 11);
        assert!(number.starts_with("H-") && number.chars().all(|c| c.is_ascii_digit() || c == '-' || c.is_ascii_uppercase()));
        assert!(!number[2..].contains(['I', 'L', 'O', 'U']), "{number}");
    }

    #[test]
    fn stored_events_always_load() {
        haat_store::golden::check_events::<OrderGroup>(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
            &[
                ("created", created().remove(0)),
                ("barred", barred()),
                ("placed", GroupEvent::Placed { at: AT }),
                ("abandoned", GroupEvent::Abandoned { reason: "declined".into(), at: AT }),
                ("order_canceled", GroupEvent::OrderCanceled { order: derived(&["a"]), at: AT }),
            ],
        );
    }
}
