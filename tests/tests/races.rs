//! Many at the same thing at the same time: limits hold, nothing is done twice, nothing is lost.

use futures::future::join_all;
use haat_tests::market::{Market, PASSWORD, amount, rupees, text, unique, unique_email};
use haat_tests::purchase::{buy, checkout, group, ready_cart, settled};
use haat_tests::sandbox::charged;
use haat_tests::{Options, Platform, until};
use serde_json::json;
use tokio::sync::OnceCell;

async fn market() -> Market<'static> {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    Market::of(PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(2) })).await)
}

#[tokio::test]
async fn an_address_is_registered_once() {
    let market = market().await;
    let body = json!({"email": unique_email(), "password": PASSWORD, "displayName": "R"});
    let answers = join_all((0..8).map(|_| market.client.post("/v1/users", body.clone()))).await;
    let (created, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(created.len(), 1);
    for answer in refused {
        answer.problem(409, "email_taken");
    }
}

#[tokio::test]
async fn of_many_changes_to_one_copy_one_wins() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Fought-over flask", 5_000, 1).await;
    let path = format!("/v1/products/{}", offer.product);
    let etag = text(&seller.client.get(&path).await.expect(200), "etag");
    let change = |n: usize| seller.client.patch(&path, json!({"title": format!("Version {n}"), "etag": etag}));
    let answers = join_all((0..8).map(change)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.problem(409, "etag_mismatch");
    }
}

#[tokio::test]
async fn deliveries_at_the_same_time_all_count() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Counted crate", 5_000, 1).await;
    join_all((0..20).map(|_| seller.receive(&offer, 3))).await;
    assert_eq!(seller.stock(&offer).await.on_hand, 61);
}

#[tokio::test]
async fn a_coupon_with_a_limit_is_not_redeemed_more_often() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Wanted watch", 50_000, 100).await;
    let code = unique("FEW").to_uppercase();
    let operator = market.operator().await;
    operator.post("/v1/coupons", json!({"code": code, "percentOff": 10, "maxRedemptions": 5})).await.expect(201);
    let try_it = async || {
        let email = unique_email();
        let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &email).await, "id");
        let applied = market.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code})).await;
        if applied.status != 200 {
            applied.refusal("coupon_invalid");
            return false;
        }
        let answer = checkout(&market.client, &cart, "tok_ok").await;
        if answer.status != 200 {
            answer.refusal("coupon_invalid");
            return false;
        }
        let done = settled(&market.client, &text(&answer.json(), "id"), 30).await;
        if done["state"] == "FAILED" {
            assert_eq!(done["failure"]["code"], "coupon_invalid", "{done}");
            return false;
        }
        assert_eq!(amount(&group(&market.client, &done, &email).await, "discount"), 5_000);
        true
    };
    let lucky = join_all((0..16).map(|_| try_it())).await.into_iter().filter(|is_lucky| *is_lucky).count();
    assert_eq!(lucky, 5);
    assert_eq!(operator.get(&format!("/v1/coupons/{code}")).await.expect(200)["redemptions"], 5);
    assert_eq!(seller.stock(&offer).await.reserved, 0);
}

#[tokio::test]
async fn an_order_canceled_by_many_hands_is_refunded_once() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Dropped drum", 70_000, 5).await;
    let (buyer, finance) = (market.buyer().await, market.operator().await);
    let done = buy(&buyer.client, &[(&offer, 2)], &buyer.email, "tok_ok", 20).await;
    let total = amount(&group(&buyer.client, &done, "").await, "total");
    let payment = text(&done, "paymentId");
    let cancel = format!("/v1/orders/{}:cancel", done["orderIds"][0].as_str().unwrap());
    let refund = format!("/v1/payments/{payment}:refund");
    let cancels = join_all((0..6).map(|_| buyer.client.post(&cancel, json!({"reason": "again"}))));
    let refunds = join_all((0..6).map(|_| finance.post(&refund, json!({"amount": rupees(total / 4)}))));
    let (cancels, refunds) = futures::join!(cancels, refunds);
    for answer in cancels {
        assert_eq!(answer.expect(200)["state"], "CANCELED");
    }
    for answer in refunds {
        assert!([200, 409, 422].contains(&answer.status), "{}", answer.text());
    }
    until(30, "everything given back", async || (charged(market.platform, &payment).await.refunded == total).then_some(())).await;
    let seen = finance.get(&format!("/v1/payments/{payment}")).await.expect(200);
    assert_eq!(amount(&seen, "refunded"), total, "{seen}");
    until(20, "the stock back", async || (seller.stock(&offer).await.allocated == 0).then_some(())).await;
    market.platform.assert_balanced();
}
