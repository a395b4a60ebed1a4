//! Every way in which the sandbox provider may behave, and what a checkout must come to: an order that is charged once, or
//! neither order nor charge. What Haat says about money is compared with what the provider says.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::client::send;
use haat_tests::market::{Buyer, Market, Offer, Seller, Stock, amount, text, unique};
use haat_tests::purchase::{buy, checkout, group, ready_cart, settled};
use haat_tests::sandbox::{charged, press, webhook};
use haat_tests::{Options, Platform, sums, until};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

async fn market() -> Market<'static> {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    Market::of(PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(4) })).await)
}

/// A buyer in front of something of which there are ten pieces.
struct Scene {
    market: Market<'static>,
    seller: Seller,
    offer: Offer,
    buyer: Buyer,
}

impl Scene {
    async fn set() -> Self {
        let market = market().await;
        let seller = market.seller().await;
        let offer = seller.sell(&unique("Paid pot"), 77_700, 10).await;
        let buyer = market.buyer().await;
        Scene { market, seller, offer, buyer }
    }

    async fn buys(&self, token: &str, seconds: u64) -> Value {
        buy(&self.buyer.client, &[(&self.offer, 2)], &self.buyer.email, token, seconds).await
    }

    async fn stock(&self) -> Stock {
        self.seller.stock(&self.offer).await
    }

    /// One order group, paid once, with the stock allocated; the provider and Haat agree.
    async fn assert_bought(&self, done: &Value) {
        assert_eq!(done["state"], "COMPLETED", "{done}");
        let group = group(&self.buyer.client, done, "").await;
        sums::assert_group(&group);
        let (total, payment) = (amount(&group, "total"), text(done, "paymentId"));
        until(30, "the capture", async || (charged(self.market.platform, &payment).await.captured == total).then_some(())).await;
        let provider = charged(self.market.platform, &payment).await;
        assert_eq!((provider.living, provider.amount, provider.refunded), (1, total, 0));
        let finance = self.market.operator().await;
        let seen = until(30, "the payment as captured", async || {
            let seen = finance.get(&format!("/v1/payments/{payment}")).await.expect(200);
            (seen["state"] == "CAPTURED").then_some(seen)
        })
        .await;
        assert_eq!(["amount", "authorized", "captured"].map(|field| amount(&seen, field)), [total; 3], "{seen}");
        assert_eq!(seen["orderGroupId"], done["orderGroupId"]);
        assert_eq!(self.stock().await, Stock { on_hand: 10, reserved: 0, allocated: 2 });
    }

    /// No order group, no money, no stock held; the cart can be bought another way.
    async fn assert_nothing_happened(&self, failed: &Value) {
        assert_eq!((&failed["state"], &failed["failure"]["code"]), (&json!("FAILED"), &json!("payment_declined")), "{failed}");
        text(&failed["failure"], "detail");
        assert!(failed["orderGroupId"].as_str().unwrap_or_default().is_empty(), "{failed}");
        let none = Stock { on_hand: 10, reserved: 0, allocated: 0 };
        until(20, "the stock back", async || (self.stock().await == none).then_some(())).await;
        let provider = charged(self.market.platform, &text(failed, "paymentId")).await;
        assert_eq!((provider.living, provider.captured), (0, 0));
        let orders = self.buyer.client.get("/v1/orders").await.expect(200);
        assert!(orders["orders"].as_array().unwrap().iter().all(|order| order["state"] == "CANCELED"), "{orders}");

        let again = checkout(&self.buyer.client, &text(failed, "cartId"), "tok_ok").await.expect(200);
        let done = settled(&self.buyer.client, &text(&again, "id"), 20).await;
        assert_ne!(done["id"], failed["id"]);
        self.assert_bought(&done).await;
    }
}

#[tokio::test]
async fn a_good_card_is_charged_once() {
    let scene = Scene::set().await;
    scene.assert_bought(&scene.buys("tok_ok", 20).await).await;
}

#[tokio::test]
async fn a_declined_card_leaves_no_trace() {
    let scene = Scene::set().await;
    scene.assert_nothing_happened(&scene.buys("tok_declined", 20).await).await;
}

#[tokio::test]
async fn a_card_without_funds_leaves_no_trace() {
    let scene = Scene::set().await;
    scene.assert_nothing_happened(&scene.buys("tok_insufficient_funds", 20).await).await;
}

#[tokio::test]
async fn a_flaky_provider_is_asked_again() {
    let scene = Scene::set().await;
    scene.assert_bought(&scene.buys("tok_flaky", 60).await).await;
}

#[tokio::test]
async fn a_webhook_that_comes_three_times_counts_once() {
    let scene = Scene::set().await;
    scene.assert_bought(&scene.buys("tok_duplicate_webhook", 60).await).await;
}

#[tokio::test]
async fn a_timeout_that_was_a_success_becomes_an_order() {
    let scene = Scene::set().await;
    scene.assert_bought(&scene.buys("tok_timeout_then_ok", 120).await).await;
}

#[tokio::test]
async fn a_timeout_that_was_a_refusal_leaves_no_trace() {
    let scene = Scene::set().await;
    scene.assert_nothing_happened(&scene.buys("tok_timeout_then_declined", 120).await).await;
}

/// Starts a checkout that needs the buyer's approval, and answers with it and the page to visit.
async fn awaiting_approval(scene: &Scene) -> (Value, String) {
    let client = &scene.buyer.client;
    let cart = ready_cart(client, &[(&scene.offer, 2)], &scene.buyer.email).await;
    let started = checkout(client, &text(&cart, "id"), "tok_requires_action").await.expect(200);
    let path = format!("/v1/checkouts/{}", text(&started, "id"));
    let waiting = until(20, "the request for approval", async || {
        let checkout = client.get(&path).await.expect(200);
        (checkout["state"] == "REQUIRES_ACTION").then_some(checkout)
    })
    .await;
    let url = text(&waiting["nextAction"], "url");
    assert!(url.starts_with("http"), "{url}");
    (waiting, url)
}

#[tokio::test]
async fn a_buyer_who_approves_gets_the_order() {
    let scene = Scene::set().await;
    let (waiting, url) = awaiting_approval(&scene).await;
    assert_eq!(scene.stock().await, Stock { on_hand: 10, reserved: 2, allocated: 0 });
    checkout(&scene.buyer.client, &text(&waiting, "cartId"), "tok_ok").await.problem(409, "checkout_in_progress");
    press(&scene.market.client, &url, "Approve").await;
    let done = settled(&scene.buyer.client, &text(&waiting, "id"), 20).await;
    scene.assert_bought(&done).await;
}

#[tokio::test]
async fn a_buyer_who_declines_keeps_the_cart() {
    let scene = Scene::set().await;
    let (waiting, url) = awaiting_approval(&scene).await;
    press(&scene.market.client, &url, "Decline").await;
    let failed = settled(&scene.buyer.client, &text(&waiting, "id"), 20).await;
    scene.assert_nothing_happened(&failed).await;
}

#[tokio::test]
async fn a_token_that_does_not_exist_buys_nothing() {
    let scene = Scene::set().await;
    let cart = text(&ready_cart(&scene.buyer.client, &[(&scene.offer, 1)], &scene.buyer.email).await, "id");
    let answer = checkout(&scene.buyer.client, &cart, "tok_no_such_thing").await;
    if answer.status == 200 {
        let failed = settled(&scene.buyer.client, &text(&answer.json(), "id"), 20).await;
        assert_eq!(failed["state"], "FAILED", "{failed}");
    } else {
        assert!([400, 409, 422].contains(&answer.status), "{}", answer.text());
    }
    let none = Stock { on_hand: 10, reserved: 0, allocated: 0 };
    until(20, "the stock back", async || (scene.stock().await == none).then_some(())).await;
}

#[tokio::test]
async fn only_the_provider_can_send_webhooks() {
    let market = market().await;
    let secret = text(&market.platform.json("demo.json")["webhooks"], "sandbox");
    let body = json!({"type": "charge.authorized", "data": {
        "id": "charge_01jd3xq8zzf0tvg0000000000z", "reference": "payment_01jd3xq8zzf0tvg0000000000z", "amount": 1, "currency": "INR",
        "status": "authorized", "captured": 0, "refunded": 0, "voided": false, "createdAt": "2026-11-21T10:00:00Z",
    }});
    let forged = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    send(webhook(&market.client, forged, &body, 0)).await.any_problem(401);
    send(webhook(&market.client, &secret, &body, 6 * 60)).await.any_problem(401);
    send(webhook(&market.client, &secret, &body, -6 * 60)).await.any_problem(401);
    market.client.post("/v1/webhooks/payments/sandbox", body.clone()).await.any_problem(401);
    market.client.post("/v1/webhooks/payments/nobody", body.clone()).await.any_problem(404);
    let tampered = webhook(&market.client, &secret, &body, 0).body(body.to_string().replace("\"amount\":1", "\"amount\":2"));
    send(tampered).await.any_problem(401);
    let genuine = send(webhook(&market.client, &secret, &body, 0)).await;
    assert!(genuine.status < 500 && genuine.status != 401, "{}", genuine.text());
}
