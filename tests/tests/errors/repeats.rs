//! The same key and body, the same answer; the same key and another body, 422; one that runs still, 409.

use futures::future::join_all;
use haat_tests::client::send;
use haat_tests::market::{rupees, text, unique, unique_email};
use haat_tests::purchase::{payment, ready_cart, settled};
use reqwest::Method;
use serde_json::json;

use crate::market;

#[tokio::test]
async fn a_repeated_request_is_answered_and_not_done_again() {
    let market = market().await;
    let seller = market.seller().await;
    let key = unique("key");
    let draft = json!({"title": "Repeated", "description": "", "category": "c", "brand": "b",
                       "variants": [{"sku": unique("R"), "title": "", "options": {}, "price": rupees(5)}]});
    let first = seller.client.post_with_key("/v1/products", &key, &draft).await.expect(201);
    let again = seller.client.post_with_key("/v1/products", &key, &draft).await.expect(201);
    assert_eq!(first, again);
    let mut other = draft.clone();
    other["title"] = json!("Other");
    seller.client.post_with_key("/v1/products", &key, &other).await.problem(422, "idempotency_key_reused");

    let guest = unique("key");
    let cart = market.client.post_with_key("/v1/carts", &guest, &json!({})).await.expect(201);
    assert_eq!(market.client.post_with_key("/v1/carts", &guest, &json!({})).await.expect(201)["id"], cart["id"]);
}

#[tokio::test]
async fn keys_belong_to_a_person() {
    let market = market().await;
    let (one, two) = (market.buyer().await, market.buyer().await);
    let key = unique("key");
    let first = one.client.post_with_key("/v1/carts", &key, &json!({})).await.expect(201);
    let other = two.client.post_with_key("/v1/carts", &key, &json!({})).await.expect(201);
    assert_ne!(first["id"], other["id"]);
}

#[tokio::test]
async fn a_refusal_is_remembered_like_a_success() {
    let market = market().await;
    let (key, email) = (unique("key"), unique_email());
    let body = json!({"email": email, "password": "long enough to count", "displayName": "R"});
    let first = market.client.post_with_key("/v1/users", &key, &body).await.expect(201);
    let again = market.client.post_with_key("/v1/users", &key, &body).await.expect(201);
    assert_eq!(first["id"], again["id"]);
    let other = unique("key");
    market.client.post_with_key("/v1/users", &other, &body).await.problem(409, "email_taken");
    market.client.post_with_key("/v1/users", &other, &body).await.problem(409, "email_taken");
}

#[tokio::test]
async fn many_at_once_with_one_key_do_it_once() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Raced ring", 33_000, 50).await;
    let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    let (key, path) = (unique("key"), format!("/v1/carts/{cart}:checkout"));
    let body = payment("tok_ok");
    let answers = join_all((0..8).map(|_| market.client.post_with_key(&path, &key, &body))).await;
    let mut checkouts = Vec::new();
    for answer in answers {
        match answer.status {
            200 => checkouts.push(text(&answer.json(), "id")),
            _ => drop(answer.any_problem(409)),
        }
    }
    checkouts.sort();
    checkouts.dedup();
    assert_eq!(checkouts.len(), 1, "{checkouts:?}");
    assert_eq!(settled(&market.client, &checkouts[0], 20).await["state"], "COMPLETED");
    let repeated = market.client.post_with_key(&path, &key, &body).await.expect(200);
    assert_eq!(text(&repeated, "id"), checkouts[0]);
    assert_eq!(seller.stock(&offer).await.allocated, 1);

    let receive = format!("/v1/stock/{}:receive", offer.id);
    let (key, receipt) = (unique("key"), json!({"warehouseId": seller.warehouse, "quantity": 7}));
    join_all((0..8).map(|_| seller.client.post_with_key(&receive, &key, &receipt))).await;
    assert_eq!(seller.stock(&offer).await.on_hand, 57);
}

#[tokio::test]
async fn many_at_once_with_no_key_buy_a_cart_once() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Double click", 21_000, 50).await;
    let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    let path = format!("/v1/carts/{cart}:checkout");
    let answers = join_all((0..8).map(|_| market.client.post(&path, payment("tok_ok")))).await;
    let started: Vec<_> = answers.iter().filter(|answer| answer.status == 200).map(|answer| text(&answer.json(), "id")).collect();
    assert!(!started.is_empty() && started.iter().all(|id| *id == started[0]), "{started:?}");
    for answer in answers.into_iter().filter(|answer| answer.status != 200) {
        answer.problem(409, "checkout_in_progress");
    }
    assert_eq!(settled(&market.client, &started[0], 20).await["state"], "COMPLETED");
    assert_eq!(seller.stock(&offer).await.allocated, 1);
}

#[tokio::test]
async fn keys_have_a_form() {
    let market = market().await;
    for key in ["", &"k".repeat(256), "with space", "tab\tbed"] {
        let request = market.client.request(Method::POST, "/v1/carts").header("idempotency-key", key).json(&json!({}));
        send(request).await.any_problem(400);
    }
    market.client.post_with_key("/v1/carts", &"k".repeat(255), &json!({})).await.expect(201);
}
