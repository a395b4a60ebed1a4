//! Money given back, and stock that is spoken for.

use haat_tests::market::{amount, rupees, text, unique, unique_email};
use haat_tests::purchase::{buy, group};
use haat_tests::sandbox::charged;
use haat_tests::until;
use serde_json::json;

use crate::market;

#[tokio::test]
async fn finance_gives_back_what_is_left_and_not_more() {
    let market = market().await;
    let offer = market.seller().await.sell("Refunded robe", 60_000, 5).await;
    let (finance, buyer) = (market.operator().await, market.buyer().await);
    let done = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", 20).await;
    let payment = text(&done, "paymentId");
    let path = format!("/v1/payments/{payment}:refund");
    let total = amount(&group(&buyer.client, &done, "").await, "total");

    buyer.client.post(&path, json!({"amount": rupees(1)})).await.any_problem(403);
    for wrong in [rupees(0), rupees(total + 1), json!({"currencyCode": "USD", "amount": 5})] {
        let answer = finance.post(&path, json!({"amount": wrong})).await;
        assert_eq!(answer.status, 422, "{wrong}: {}", answer.text());
    }
    let key = unique("refund");
    let body = json!({"amount": rupees(10_000)});
    for _ in 0..3 {
        finance.post_with_key(&path, &key, &body).await.expect(200);
    }
    until(20, "the refund", async || (charged(market.platform, &payment).await.refunded == 10_000).then_some(())).await;
    finance.post(&path, json!({"amount": rupees(total)})).await.any_problem(422);
    finance.post(&path, json!({"amount": rupees(total - 10_000)})).await.expect(200);
    until(20, "the rest", async || (charged(market.platform, &payment).await.refunded == total).then_some(())).await;
    let seen = finance.get(&format!("/v1/payments/{payment}")).await.expect(200);
    assert_eq!((amount(&seen, "captured"), amount(&seen, "amount")), (total, total));
    assert!(!seen["attempts"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn corrections_of_stock_stop_at_what_is_held() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Counted cushion", 12_000, 5).await;
    buy(&market.client, &[(&offer, 3)], &unique_email(), "tok_ok", 20).await;
    let adjust = format!("/v1/stock/{}:adjust", offer.id);
    let by = async |delta: i64| {
        seller.client.post(&adjust, json!({"warehouseId": seller.warehouse, "delta": delta, "reason": "count"})).await
    };
    by(-3).await.problem(409, "stock_held");
    let after = by(-2).await.expect(200);
    assert_eq!((&after["onHand"], &after["allocated"], &after["available"]), (&json!(3), &json!(3), &json!(0)));
    assert_eq!(after["byWarehouse"][0]["onHand"], 3);
}
