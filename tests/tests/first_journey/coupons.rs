//! Coupons take off what they promise, from whom they may, as often as they may.

use haat_tests::market::{Market, amount, rupees, text, unique, unique_email};
use haat_tests::purchase::{checkout, group, ready_cart, settled};
use haat_tests::{sums, until};
use serde_json::{Value, json};

use crate::market;

#[tokio::test]
async fn coupons_take_off_what_they_promise_and_no_more() {
    let market = market().await;
    let (operator, seller) = (market.operator().await, market.seller().await);
    let offer = seller.sell("Discounted dupatta", 100_000, 100).await;
    let coupon = async |terms: Value| {
        let code = unique("SAVE").to_uppercase();
        let mut body = terms;
        body["code"] = json!(code);
        operator.post("/v1/coupons", body).await.expect(201);
        code
    };
    let apply =
        async |cart: &str, code: &str| market.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code})).await;

    let quarter = coupon(json!({"percentOff": 25})).await;
    let cart = text(&ready_cart(&market.client, &[(&offer, 2)], &unique_email()).await, "id");
    let discounted = apply(&cart, &quarter).await.expect(200);
    sums::assert_cart(&discounted);
    assert_eq!(amount(&discounted, "discount"), 50_000);
    assert_eq!((&discounted["discounts"][0]["code"], amount(&discounted["discounts"][0], "amount")), (&json!(quarter), 50_000));
    text(&discounted["discounts"][0], "title");

    let fixed = coupon(json!({"amountOff": rupees(30_000), "minimumSubtotal": rupees(150_000)})).await;
    assert_eq!(amount(&apply(&cart, &fixed).await.expect(200), "discount"), 30_000);
    let small = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    assert_refused(&market, &small, &fixed).await;

    let once = coupon(json!({"percentOff": 10, "maxRedemptions": 1})).await;
    let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    apply(&cart, &once).await.expect(200);
    let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
    assert_eq!(settled(&market.client, &text(&started, "id"), 20).await["state"], "COMPLETED");
    let late = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    assert_refused(&market, &late, &once).await;

    let over = coupon(json!({"percentOff": 10, "endsAt": "2020-01-01T00:00:00Z"})).await;
    assert_refused(&market, &late, &over).await;
    let unborn = coupon(json!({"percentOff": 10, "startsAt": "2120-01-01T00:00:00Z"})).await;
    assert_refused(&market, &late, &unborn).await;
    assert_refused(&market, &late, "NO-SUCH-CODE").await;
    let whole = coupon(json!({"percentOff": 100})).await;
    sums::assert_cart(&apply(&late, &whole).await.expect(200));
}

/// At once, or at the checkout at the latest; either way the cart stays usable.
async fn assert_refused(market: &Market<'_>, cart: &str, code: &str) {
    let applied = market.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code})).await;
    if applied.status == 200 {
        checkout(&market.client, cart, "tok_ok").await.refusal("coupon_invalid");
    } else {
        applied.refusal("coupon_invalid");
    }
    market.client.get(&format!("/v1/carts/{cart}")).await.expect(200);
}

#[tokio::test]
async fn a_coupon_per_buyer_counts_each_buyer() {
    let market = market().await;
    let offer = market.seller().await.sell("Once each", 50_000, 10).await;
    let code = unique("EACH").to_uppercase();
    let terms = json!({"code": code, "amountOff": rupees(1_000), "maxRedemptionsPerBuyer": 1});
    market.operator().await.post("/v1/coupons", terms).await.expect(201);
    let (one, two) = (market.buyer().await, market.buyer().await);
    for (buyer, is_allowed) in [(&one, true), (&one, false), (&two, true)] {
        let cart = text(&ready_cart(&buyer.client, &[(&offer, 1)], &buyer.email).await, "id");
        let applied = buyer.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code})).await;
        if !is_allowed && applied.status != 200 {
            applied.refusal("coupon_invalid");
            continue;
        }
        applied.expect(200);
        let answer = checkout(&buyer.client, &cart, "tok_ok").await;
        if is_allowed {
            let done = settled(&buyer.client, &text(&answer.expect(200), "id"), 20).await;
            let group = group(&buyer.client, &done, "").await;
            sums::assert_group(&group);
            assert_eq!(amount(&group, "discount"), 1_000);
        } else {
            answer.refusal("coupon_invalid");
        }
    }
}

#[tokio::test]
async fn a_discount_on_two_sellers_is_shared_to_the_last_paisa() {
    let market = market().await;
    let (one, two) = (market.seller().await, market.second_seller().await);
    let (cheap, dear) = (one.sell("Third of thali", 33_333, 20).await, two.sell("Seventh of sari", 77_777, 20).await);
    let code = unique("ODD").to_uppercase();
    let terms = json!({"code": code, "percentOff": 33});
    market.operator().await.post("/v1/coupons", terms).await.expect(201);
    let email = unique_email();
    let cart = text(&ready_cart(&market.client, &[(&cheap, 3), (&dear, 7)], &email).await, "id");
    let applied =
        market.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code.to_lowercase()})).await.expect(200);
    sums::assert_cart(&applied);
    let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
    let done = settled(&market.client, &text(&started, "id"), 20).await;
    let group = group(&market.client, &done, &email).await;
    sums::assert_group(&group);
    assert_eq!((&group["discount"], &group["total"]), (&applied["discount"], &applied["total"]));
}

#[tokio::test]
async fn a_coupon_for_more_than_everything_makes_it_free_and_charges_no_more_than_the_rest() {
    let market = market().await;
    let offer = market.seller().await.sell("Free fan", 10_000, 20).await;
    let operator = market.operator().await;
    for terms in [json!({"percentOff": 100}), json!({"amountOff": rupees(50_000_000)})] {
        let code = unique("ALL").to_uppercase();
        let mut body = terms;
        body["code"] = json!(code);
        operator.post("/v1/coupons", body).await.expect(201);
        let email = unique_email();
        let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &email).await, "id");
        let applied = market.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code})).await.expect(200);
        sums::assert_cart(&applied);
        assert_eq!(amount(&applied, "discount"), 10_000);
        let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
        let done = settled(&market.client, &text(&started, "id"), 20).await;
        sums::assert_group(&group(&market.client, &done, &email).await);
    }
}

#[tokio::test]
async fn an_order_that_is_canceled_gives_its_coupon_back() {
    let market = market().await;
    let offer = market.seller().await.sell("Returned ribbon", 40_000, 20).await;
    let (operator, buyer) = (market.operator().await, market.buyer().await);
    let code = unique("BACK").to_uppercase();
    operator.post("/v1/coupons", json!({"code": code, "percentOff": 50, "maxRedemptions": 1})).await.expect(201);
    let redemptions = async || operator.get(&format!("/v1/coupons/{code}")).await.expect(200)["redemptions"].clone();
    let cart = text(&ready_cart(&buyer.client, &[(&offer, 1)], &buyer.email).await, "id");
    buyer.client.post(&format!("/v1/carts/{cart}:applyCoupon"), json!({"code": code})).await.expect(200);
    let started = checkout(&buyer.client, &cart, "tok_ok").await.expect(200);
    let done = settled(&buyer.client, &text(&started, "id"), 20).await;
    assert_eq!(redemptions().await, 1);
    let order = done["orderIds"][0].as_str().unwrap();
    buyer.client.post(&format!("/v1/orders/{order}:cancel"), json!({"reason": "no"})).await.expect(200);
    until(20, "the coupon back", async || (redemptions().await == 0).then_some(())).await;
}

#[tokio::test]
async fn coupons_that_make_no_sense_are_refused() {
    let market = market().await;
    let operator = market.operator().await;
    let code = unique("TWICE").to_uppercase();
    operator.post("/v1/coupons", json!({"code": code, "percentOff": 5})).await.expect(201);
    operator.post("/v1/coupons", json!({"code": code.to_lowercase(), "percentOff": 5})).await.any_problem(409);
    for terms in [
        json!({}),
        json!({"percentOff": 0}),
        json!({"percentOff": 101}),
        json!({"percentOff": 5, "amountOff": rupees(5)}),
        json!({"amountOff": rupees(0)}),
        json!({"amountOff": rupees(-1)}),
        json!({"percentOff": 5, "maxRedemptions": 0}),
        json!({"percentOff": 5, "startsAt": "2030-01-01T00:00:00Z", "endsAt": "2029-01-01T00:00:00Z"}),
        json!({"percentOff": 5, "endsAt": "tomorrow"}),
    ] {
        let mut body = terms;
        body["code"] = json!(unique("BAD").to_uppercase());
        let answer = operator.post("/v1/coupons", body.clone()).await;
        assert!([400, 422].contains(&answer.status), "{body}: {}", answer.text());
    }
}
