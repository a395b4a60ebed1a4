//! Groups, orders and payments' news on a memory store: repeated, out of order, and before their time.

use haat_contracts::payments as payments_pb;
use haat_kernel::id::derived;
use haat_kernel::{Clock, CorrelationId, Money, Principal, Timestamp};
use haat_service::{FeedEvent, Reaction};
use haat_store::{MemoryBackend, Page};
use prost::{Message, Name};

use super::*;
use crate::group::{GroupState, PostalAddress};
use crate::order::tests::terms;
use crate::order::{OF_BUYER, PaymentStatus, State};
use crate::reactions::Payments;
use crate::wire;

struct Shop {
    groups: Groups,
    id: OrderGroupId,
}

impl Shop {
    #[tokio::main(flavor = "current_thread")]
    async fn run<F: Future<Output = ()>>(test: impl FnOnce(Shop) -> F) {
        let clock = Clock::simulated(Timestamp::UNIX_EPOCH, 0);
        let groups = Groups { store: Store::memory(clock, MemoryBackend::new()) };
        test(Shop { groups, id: derived(&["group"]) }).await;
    }

    fn ctx(&self) -> Ctx {
        let correlation_id = CorrelationId::parse("correlation").unwrap();
        Ctx::new(Principal::service("checkout"), correlation_id, Timestamp::UNIX_EPOCH)
    }

    async fn place(&self) -> Result<()> {
        let orders = vec![terms("a", 600), terms("b", 400)];
        let group = GroupTerms {
            group: self.id.clone(),
            checkout: derived(&["checkout"]),
            buyer: orders[0].buyer.clone(),
            email: "asha@example.com".to_owned(),
            shipping_address: PostalAddress::default(),
            payment: derived(&["payment"]),
            reservation: "reservation_1".to_owned(),
            coupon: None,
            orders: orders.iter().map(|order| order.order.clone()).collect(),
        };
        self.groups.place(&self.ctx(), group, orders).await
    }

    async fn states(&self) -> (GroupState, Vec<(State, PaymentStatus)>) {
        let group = self.groups.find(&self.id).await.unwrap().unwrap();
        let orders = self.groups.orders(&group).await.unwrap();
        (group.state, orders.iter().map(|order| (order.state.state, order.payment_status())).collect())
    }

    async fn listed(&self) -> usize {
        let buyer = terms("a", 1).buyer.unwrap();
        self.groups.store.list::<Order>(OF_BUYER, buyer.as_str(), &Page::first(10)).await.unwrap().items.len()
    }

    async fn hear<M: Message + Name>(&self, message: &M) {
        let event = FeedEvent {
            source: "payments".to_owned(),
            partition: 0,
            position: 1,
            kind: "payment".to_owned(),
            id: "payment_1".to_owned(),
            time: Timestamp::UNIX_EPOCH,
            correlation_id: String::new(),
            event_type: M::full_name(),
            body: message.encode_to_vec(),
        };
        Payments(self.groups.clone()).react(self.ctx(), event).await.unwrap();
    }
}

fn refunded(order: &str, minor: i64) -> payments_pb::PaymentRefunded {
    let order: OrderId = derived(&[order]);
    let share = payments_pb::Share { order_id: order.to_string(), amount: Some(Money::inr(minor).into()), ..Default::default() };
    payments_pb::PaymentRefunded { refund_id: format!("refund of {order}"), shares: vec![share], ..Default::default() }
}

#[test]
fn a_group_is_hidden_until_it_is_paid_and_every_move_may_be_repeated() {
    Shop::run(|shop| async move {
        for _ in 0..2 {
            shop.place().await.unwrap();
        }
        assert_eq!((shop.states().await.0, shop.listed().await), (GroupState::PendingPayment, 0));
        for _ in 0..2 {
            shop.groups.confirm(&shop.ctx(), &shop.id).await.unwrap();
        }
        assert_eq!(shop.states().await, (GroupState::Placed, vec![(State::Placed, PaymentStatus::Paid); 2]));
        assert_eq!(shop.listed().await, 2);
        let group = shop.groups.find(&shop.id).await.unwrap().unwrap();
        let orders = shop.groups.orders(&group).await.unwrap();
        let message = wire::group(&group, orders.iter().map(|order| &**order)).unwrap();
        assert_eq!(message.total, Some(Money::inr(1_000).into()));
    });
}

#[test]
fn what_was_abandoned_is_never_placed_whichever_comes_first() {
    Shop::run(|shop| async move {
        shop.groups.abandon(&shop.ctx(), &shop.id, "declined").await.unwrap();
        assert_eq!(shop.place().await.unwrap_err().code, "order_group_abandoned");
        assert_eq!(shop.groups.confirm(&shop.ctx(), &shop.id).await.unwrap_err().code, "order_group_abandoned");
    });
    Shop::run(|shop| async move {
        assert_eq!(shop.groups.confirm(&shop.ctx(), &shop.id).await.unwrap_err().code, "order_group_not_found");
        shop.place().await.unwrap();
        for _ in 0..2 {
            shop.groups.abandon(&shop.ctx(), &shop.id, "declined").await.unwrap();
        }
        assert_eq!(shop.states().await, (GroupState::Expired, vec![(State::Expired, PaymentStatus::Unpaid); 2]));
        assert_eq!(shop.place().await.unwrap_err().code, "order_group_abandoned");
        assert_eq!(shop.listed().await, 0);
    });
}

#[test]
fn money_that_went_back_shows_once_on_the_orders_it_was_for() {
    Shop::run(|shop| async move {
        // Before the group is known there is nothing to note.
        shop.hear(&refunded("a", 100)).await;
        shop.place().await.unwrap();
        shop.groups.confirm(&shop.ctx(), &shop.id).await.unwrap();
        for _ in 0..2 {
            shop.hear(&refunded("a", 100)).await;
        }
        shop.hear(&refunded("b", 400)).await;
        let statuses: Vec<_> = shop.states().await.1.into_iter().map(|(_, status)| status).collect();
        assert_eq!(statuses, [PaymentStatus::PartiallyRefunded, PaymentStatus::Refunded]);
    });
}

#[test]
fn money_that_was_let_go_shows_on_every_order() {
    Shop::run(|shop| async move {
        shop.place().await.unwrap();
        let mut payment = payments_pb::Payment { order_group_id: shop.id.to_string(), ..Default::default() };
        payment.set_state(payments_pb::payment::State::Authorized);
        shop.hear(&payments_pb::PaymentChanged { payment: Some(payment.clone()), ..Default::default() }).await;
        assert_eq!(shop.states().await.1[0].1, PaymentStatus::Unpaid);
        payment.set_state(payments_pb::payment::State::Voided);
        shop.hear(&payments_pb::PaymentChanged { payment: Some(payment), ..Default::default() }).await;
        assert_eq!(shop.states().await.1, vec![(State::PendingPayment, PaymentStatus::Voided); 2]);
    });
}
