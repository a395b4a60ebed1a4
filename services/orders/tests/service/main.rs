//! The service through its contract, on a simulated network: as buyers, guests, sellers, operators and the checkout see it,
//! with inventory and payments played.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod desk;
mod neighbours;

use std::time::Duration;

use haat_contracts::orders as pb;
use haat_contracts::orders::order::{PaymentStatus, State};
use haat_kernel::{Kind, Money, Principal};
use prost::Message;
use tokio::time::sleep;

use crate::desk::{EMAIL, buyer, group_id, order_id, seller, simulate, support};
use crate::neighbours::{REFUSED_ONCE, calls};

/// Longer than a saga of two calls takes.
const A_MOMENT: Duration = Duration::from_secs(3);

#[test]
fn what_a_buyer_placed_is_theirs_to_see_once_it_is_paid() {
    simulate(|desk| async move {
        let placed = desk.place(false).await;
        assert_eq!(desk.place(false).await, placed, "a repeat answers the same");
        assert_eq!(desk.group(&buyer(), "").await.unwrap_err().code, "order_group_not_found");
        assert!(desk.orders_of(&buyer(), "").await.unwrap().orders.is_empty());

        desk.confirm().await;
        let group = desk.group(&buyer(), "").await.unwrap();
        assert_eq!(group.total, Some(Money::inr(900 + 50 + 500 + 50).into()));
        assert_eq!((group.subtotal, group.discount), (Some(Money::inr(1_600).into()), Some(Money::inr(200).into())));
        assert_eq!(group.orders[0].lines[0].total, Some(Money::inr(900).into()));
        let order = desk.order(&buyer(), "a").await.unwrap();
        assert_eq!((order.state(), order.payment_status()), (State::Placed, PaymentStatus::Paid));

        let first = desk.orders_of(&buyer(), "").await.unwrap();
        let second = desk.orders_of(&buyer(), &first.next_page_token).await.unwrap();
        assert_ne!(first.orders[0].id, second.orders[0].id);
        assert!(second.next_page_token.is_empty());
        assert_eq!(desk.orders_of(&buyer(), "no token").await.unwrap_err().kind, Kind::InvalidArgument);
        assert_eq!(desk.orders_of(&seller("b"), "").await.unwrap().orders[0].id, order_id("b"));
    });
}

#[test]
fn others_do_not_learn_that_an_order_exists() {
    simulate(|desk| async move {
        desk.place(true).await;
        desk.confirm().await;
        let guest = Principal::anonymous();
        assert_eq!(desk.group(&guest, EMAIL).await.unwrap().id, group_id());
        assert_eq!(desk.group(&guest, "ravi@example.com").await.unwrap_err().kind, Kind::NotFound);
        assert_eq!(desk.group(&seller("a"), "").await.unwrap_err().kind, Kind::NotFound);
        assert_eq!(desk.order(&buyer(), "a").await.unwrap_err().kind, Kind::NotFound);
        assert_eq!(desk.order(&seller("b"), "a").await.unwrap_err().kind, Kind::NotFound);
        assert!(desk.order(&seller("a"), "a").await.is_ok());
        assert!(desk.order(&support(), "a").await.is_ok());
        assert_eq!(desk.cancel(&buyer(), "a", "", "key-1").await.unwrap_err().kind, Kind::NotFound);
        assert_eq!(desk.cancel(&guest, "a", "", "key-2").await.unwrap().state(), State::Canceled);
    });
}

#[test]
fn a_canceled_order_gives_back_stock_and_money_once() {
    simulate(|desk| async move {
        desk.place(false).await;
        desk.confirm().await;
        let canceled = desk.cancel(&buyer(), "a", "too late", "key-1").await.unwrap();
        assert_eq!((canceled.state(), canceled.cancel_reason.as_str()), (State::Canceled, "too late"));
        let by = canceled.history.last().unwrap().by.clone().unwrap();
        assert_eq!((by.kind, by.id), ("buyer".to_owned(), buyer().id));
        assert_eq!(desk.cancel(&buyer(), "a", "too late", "key-1").await.unwrap(), canceled, "the same key");
        assert_eq!(desk.cancel(&seller("a"), "a", "again", "key-2").await.unwrap(), canceled, "another key");
        sleep(A_MOMENT).await;
        assert_eq!(calls(), ["release reservation_1".to_owned(), format!("refund {}", order_id("a"))]);

        desk.cancel(&support(), "b", "", "key-3").await.unwrap();
        sleep(A_MOMENT).await;
        let events = desk.published().await;
        let last = events.iter().filter(|event| event.r#type == "haat.orders.v1.OrderCanceled");
        let canceled: Vec<_> = last.map(|event| pb::OrderCanceled::decode(event.body.as_slice()).unwrap()).collect();
        assert_eq!(canceled.len(), 2);
        assert!(canceled.iter().all(|event| event.email == EMAIL && event.group_number.starts_with("H-")));
        assert!(canceled.iter().any(|event| event.is_group_canceled));
        assert_eq!(events.len() - canceled.len(), 1, "and the group was placed");
    });
}

#[test]
fn a_refused_refund_waits_for_an_operator() {
    simulate(|desk| async move {
        desk.place(false).await;
        desk.confirm().await;
        assert_eq!(desk.retry("a").await.unwrap_err().code, "order_not_found");
        desk.cancel(&buyer(), "a", REFUSED_ONCE, "key-1").await.unwrap();
        sleep(A_MOMENT).await;
        let parked = desk.parked().await;
        assert_eq!((parked[0].order_id.as_str(), parked[0].step.as_str()), (order_id("a").as_str(), "return_money"));

        desk.retry("a").await.unwrap();
        sleep(A_MOMENT).await;
        assert!(desk.parked().await.is_empty());
        assert_eq!(desk.retry("a").await.unwrap_err().code, "cancellation_not_parked");
        assert_eq!(calls().len(), 3);
    });
}

#[test]
fn a_seller_finds_what_to_send_and_where() {
    simulate(|desk| async move {
        desk.place(false).await;
        desk.confirm().await;
        let placed = desk.orders_in(&seller("a"), State::Placed).await.unwrap();
        assert_eq!((placed.len(), placed[0].id.as_str()), (1, order_id("a").as_str()));
        assert!(placed[0].shipping_address.is_none(), "a list does not say where orders go");
        let order = desk.order(&seller("a"), "a").await.unwrap();
        assert!(order.group_number.starts_with("H-"));
        assert!(order.shipping_address.is_some_and(|address| !address.city.is_empty()));

        desk.cancel(&seller("a"), "a", "out of stock", "key-1").await.unwrap();
        assert!(desk.orders_in(&seller("a"), State::Placed).await.unwrap().is_empty());
        assert_eq!(desk.orders_in(&seller("a"), State::Canceled).await.unwrap().len(), 1);
        assert!(desk.orders_in(&seller("b"), State::Canceled).await.unwrap().is_empty());
    });
}
