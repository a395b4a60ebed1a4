//! Who may see an order or a group. To everybody else it does not exist.

use haat_kernel::Principal;

use crate::group::Group;
use crate::order::Order;

/// Somebody who asks.
pub struct Reader<'a> {
    pub principal: &'a Principal,
    /// With which a guest proves themselves; empty when not given.
    pub email: &'a str,
}

impl Reader<'_> {
    pub fn sees_order(&self, order: &Order) -> bool {
        let terms = &order.terms;
        let is_seller = self.principal.seller_id.as_deref() == Some(terms.seller.as_str());
        self.principal.is_operator()
            || order.is_visible() && (is_seller || self.is_buyer(terms.buyer.as_ref().map(AsRef::as_ref), &terms.email))
    }

    /// A group shows what was bought of others, so that no seller sees it.
    pub fn sees_group(&self, group: &Group) -> bool {
        let terms = &group.terms;
        self.principal.is_operator() || group.is_visible() && self.is_buyer(terms.buyer.as_ref().map(AsRef::as_ref), &terms.email)
    }

    /// Who sees an order may cancel it; of the operators only those who help people.
    pub fn may_cancel(&self, order: &Order) -> bool {
        let is_helper = self.principal.has_role("operator:support") || self.principal.has_role("operator:admin");
        self.sees_order(order) && (!self.principal.is_operator() || is_helper)
    }

    /// What a registered buyer placed is open to them alone; what a guest placed, to whoever knows its address.
    fn is_buyer(&self, buyer: Option<&str>, email: &str) -> bool {
        match buyer {
            Some(buyer) => self.principal.user_id() == Some(buyer),
            None => is_same_address(self.email, email),
        }
    }
}

/// Compares every byte, so that the time it takes tells nothing of where two addresses differ.
fn is_same_address(given: &str, stored: &str) -> bool {
    let (given, stored) = (given.trim().to_lowercase(), stored.trim().to_lowercase());
    let difference = given.bytes().zip(stored.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b));
    !stored.is_empty() && given.len() == stored.len() && difference == 0
}

#[cfg(test)]
mod tests {
    use haat_kernel::Timestamp;
    use haat_kernel::id::derived;
    use haat_store::Aggregate;

    use super::*;
    use crate::ids::{BuyerId, SellerId};
    use crate::order::tests::created;
    use crate::order::{Actor, OrderEvent};

    fn order(is_placed: bool, is_guest: bool) -> Order {
        let mut event = created("a", 1_000);
        if let (OrderEvent::Created { terms, .. }, true) = (&mut event, is_guest) {
            terms.buyer = None;
        }
        let mut order = Order::create(&event).unwrap();
        if is_placed {
            order.apply(&OrderEvent::Placed { by: Actor::service("checkout"), at: Timestamp::UNIX_EPOCH });
        }
        order
    }

    fn seller(name: &str) -> Principal {
        let seller: SellerId = derived(&["seller", name]);
        Principal { seller_id: Some(seller.to_string()), ..Principal::user("user_of_seller", &["buyer", "seller"]) }
    }

    #[test]
    fn an_order_exists_only_for_those_it_concerns() {
        let buyer: BuyerId = derived(&["buyer"]);
        let buyer = Principal::user(buyer.as_str(), &["buyer"]);
        let stranger = Principal::user("user_somebody", &["buyer"]);
        let operator = Principal::user("user_operator", &["operator", "operator:finance"]);
        let support = Principal::user("user_support", &["operator", "operator:support"]);
        let guest = Principal::anonymous();
        let (mine, pending, of_guest) = (order(true, false), order(false, false), order(true, true));
        for (who, email, order, sees, cancels) in [
            (&buyer, "", &mine, true, true),
            (&buyer, "", &pending, false, false),
            (&stranger, "", &mine, false, false),
            (&stranger, "asha@example.com", &mine, false, false),
            (&guest, "asha@example.com", &mine, false, false),
            (&guest, " Asha@Example.com", &of_guest, true, true),
            (&guest, "asha@example.org", &of_guest, false, false),
            (&guest, "", &of_guest, false, false),
            (&stranger, "asha@example.com", &of_guest, true, true),
            (&seller("a"), "", &mine, true, true),
            (&seller("a"), "", &pending, false, false),
            (&seller("b"), "", &mine, false, false),
            (&operator, "", &pending, true, false),
            (&support, "", &mine, true, true),
        ] {
            let reader = Reader { principal: who, email };
            assert_eq!((reader.sees_order(order), reader.may_cancel(order)), (sees, cancels), "{who} with `{email}`");
        }
    }
}
