//! Orders as those see them whose they are: buyers, sellers, guests; in pages, newest first.

use haat_tests::market::{amount, rupees, text, unique, unique_email};
use haat_tests::purchase::{buy, group};
use haat_tests::until;
use serde_json::json;

use crate::market;

#[tokio::test]
async fn a_buyers_orders_come_in_pages_newest_first() {
    let market = market().await;
    let offer = market.seller().await.sell("Paged pen", 1_000, 20).await;
    let buyer = market.buyer().await;
    let mut placed = Vec::new();
    for _ in 0..5 {
        let done = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", 20).await;
        placed.insert(0, done["orderIds"][0].clone());
    }
    let (mut listed, mut token) = (Vec::new(), String::new());
    loop {
        let page = buyer.client.get(&format!("/v1/orders?pageSize=2&pageToken={token}")).await.expect(200);
        let orders = page["orders"].as_array().unwrap();
        assert!(orders.len() <= 2);
        listed.extend(orders.iter().map(|order| order["id"].clone()));
        token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(listed, placed);
}

#[tokio::test]
async fn a_seller_sees_what_was_ordered_from_them_and_nothing_else() {
    let market = market().await;
    let (one, two) = (market.seller().await, market.second_seller().await);
    let (mug, jug) = (one.sell("Own mug", 5_000, 5).await, two.sell("Other jug", 6_000, 5).await);
    let buyer = market.buyer().await;
    let done = buy(&buyer.client, &[(&mug, 1), (&jug, 1)], &buyer.email, "tok_ok", 20).await;
    let group = group(&buyer.client, &done, "").await;
    let order =
        |seller: &str| text(group["orders"].as_array().unwrap().iter().find(|order| order["sellerId"] == seller).unwrap(), "id");
    let (own, foreign) = (order(&one.id), order(&two.id));
    one.client.get(&format!("/v1/orders/{own}")).await.expect(200);
    let answer = one.client.get(&format!("/v1/orders/{foreign}")).await;
    assert!([403, 404].contains(&answer.status), "{}", answer.text());
    let listed = one.client.get("/v1/orders?pageSize=100").await.expect(200);
    let listed = listed["orders"].as_array().unwrap();
    assert!(listed.iter().any(|order| order["id"] == own.as_str()));
    assert!(listed.iter().all(|order| order["sellerId"] == one.id.as_str()), "{listed:?}");
    // A seller of one order does not read the other seller's through the group.
    let answer = one.client.get(&format!("/v1/orderGroups/{}", text(&done, "orderGroupId"))).await;
    assert!([403, 404].contains(&answer.status), "{}", answer.text());
}

#[tokio::test]
async fn only_whose_order_it_is_can_cancel_it() {
    let market = market().await;
    let offer = market.seller().await.sell("Contested cot", 8_000, 10).await;
    let email = unique_email();
    let done = buy(&market.client, &[(&offer, 1)], &email, "tok_ok", 20).await;
    let path = format!("/v1/orders/{}:cancel", done["orderIds"][0].as_str().unwrap());
    let stranger = market.buyer().await;
    for (client, body) in [
        (&market.client, json!({"reason": "x"})),
        (&market.client, json!({"reason": "x", "email": "somebody.else@example.test"})),
        (&stranger.client, json!({"reason": "x"})),
    ] {
        let answer = client.post(&path, body).await;
        assert!([401, 403, 404].contains(&answer.status), "{}", answer.text());
    }
    let canceled = market.client.post(&path, json!({"reason": "mine", "email": email})).await.expect(200);
    assert_eq!(canceled["state"], "CANCELED");
    assert!(canceled["history"].to_string().contains("cancel"), "{canceled}");
}

#[tokio::test]
async fn a_refund_shows_on_the_orders_it_is_for() {
    let market = market().await;
    let offer = market.seller().await.sell("Mended mirror", 30_000, 10).await;
    let (finance, buyer) = (market.operator().await, market.buyer().await);
    let done = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", 20).await;
    let total = amount(&group(&buyer.client, &done, "").await, "total");
    let refund = async |minor: i64| {
        let path = format!("/v1/payments/{}:refund", text(&done, "paymentId"));
        finance.post_with_key(&path, &unique("refund"), &json!({"amount": rupees(minor)})).await.expect(200)
    };
    let order = format!("/v1/orders/{}", done["orderIds"][0].as_str().unwrap());
    for (minor, status) in [(total / 3, "PARTIALLY_REFUNDED"), (total - total / 3, "REFUNDED")] {
        refund(minor).await;
        until(20, status, async || (buyer.client.get(&order).await.expect(200)["paymentStatus"] == status).then_some(())).await;
    }
    // What is given back already is not given back again.
    buyer.client.post(&format!("{order}:cancel"), json!({"reason": "late"})).await.expect(200);
    market.platform.assert_balanced();
    let seen = finance.get(&format!("/v1/payments/{}", text(&done, "paymentId"))).await.expect(200);
    assert_eq!(amount(&seen, "refunded"), total, "{seen}");
}
