//! The steps from an empty cart to an order.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::market::{Offer, text};
use crate::poll::until;

pub fn address() -> Value {
    json!({
        "name": "Asha Rao", "line1": "12 Market Street", "line2": "", "city": "Bengaluru", "state": "KA",
        "postalCode": "560001", "country": "IN", "phone": "+919876543210",
    })
}

pub async fn new_cart(client: &Client) -> String {
    text(&client.post("/v1/carts", json!({})).await.expect(201), "id")
}

pub async fn add(client: &Client, cart: &str, offer: &Offer, quantity: i64) -> Value {
    let body = json!({"offerId": offer.id, "quantity": quantity});
    client.post(&format!("/v1/carts/{cart}/items"), body).await.expect(200)
}

/// A cart with these pieces and an address, ready to be bought.
pub async fn ready_cart(client: &Client, items: &[(&Offer, i64)], email: &str) -> Value {
    let cart = new_cart(client).await;
    for (offer, quantity) in items {
        add(client, &cart, offer, *quantity).await;
    }
    let body = json!({"email": email, "shippingAddress": address()});
    client.patch(&format!("/v1/carts/{cart}"), body).await.expect(200)
}

pub fn payment(token: &str) -> Value {
    json!({"payment": {"method": "card", "token": token}})
}

pub async fn checkout(client: &Client, cart: &str, token: &str) -> Answer {
    client.post(&format!("/v1/carts/{cart}:checkout"), payment(token)).await
}

/// What a checkout came to; it may take so many seconds.
pub async fn settled(client: &Client, checkout: &str, seconds: u64) -> Value {
    let path = format!("/v1/checkouts/{checkout}");
    until(seconds, "the end of a checkout", async || {
        let checkout = client.get(&path).await.expect(200);
        let state = checkout["state"].as_str().unwrap_or_default();
        ["COMPLETED", "FAILED"].contains(&state).then_some(checkout)
    })
    .await
}

/// Buys the pieces and answers with the checkout, however it ended.
pub async fn buy(client: &Client, items: &[(&Offer, i64)], email: &str, token: &str, seconds: u64) -> Value {
    let cart = ready_cart(client, items, email).await;
    let started = checkout(client, &text(&cart, "id"), token).await.expect(200);
    settled(client, &text(&started, "id"), seconds).await
}

/// The order group of a completed checkout; a guest names the e-mail address.
pub async fn group(client: &Client, checkout: &Value, email: &str) -> Value {
    assert_eq!(checkout["state"], "COMPLETED", "{checkout}");
    let path = format!("/v1/orderGroups/{}?email={}", text(checkout, "orderGroupId"), email.replace('+', "%2B"));
    client.get(&path).await.expect(200)
}
