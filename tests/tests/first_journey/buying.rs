//! The journey itself: two sellers in one cart, two orders in one group, one of them canceled; and the same for a guest.

use haat_tests::market::{Buyer, Market, amount, text, unique_email};
use haat_tests::purchase::{add, address, buy, checkout, group, new_cart, settled};
use haat_tests::sandbox::charged;
use haat_tests::{Client, sums, until};
use serde_json::{Value, json};

use crate::market;

/// The texts of the mails to an address.
fn mails(market: &Market<'_>, email: &str) -> Vec<String> {
    let folder = std::fs::read_dir(market.platform.data().join("mail")).unwrap();
    let files =
        folder.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|extension| extension == "eml"));
    let texts = files.map(|path| std::fs::read_to_string(path).unwrap_or_default());
    texts.filter(|mail| mail.lines().any(|line| line.starts_with("To:") && line.contains(email))).collect()
}

async fn await_mails(market: &Market<'_>, email: &str, count: usize) {
    until(30, "mail", async || (mails(market, email).len() >= count).then_some(())).await;
    assert_eq!(mails(market, email).len(), count);
}

#[tokio::test]
async fn a_cart_with_two_sellers_becomes_two_orders_which_can_be_canceled() {
    let market = market().await;
    let (one, two) = (market.seller().await, market.second_seller().await);
    let (kurta, lamp) = (one.sell("Indigo kurta", 129_900, 10).await, two.sell("Brass lamp", 45_050, 10).await);
    let buyer = market.buyer().await;

    let cart = new_cart(&buyer.client).await;
    assert!(cart.starts_with("cart_"));
    let empty = buyer.client.get(&format!("/v1/carts/{cart}")).await.expect(200);
    assert_eq!((&empty["items"], amount(&empty, "total")), (&json!([]), 0));
    add(&buyer.client, &cart, &kurta, 1).await;
    let doubled = add(&buyer.client, &cart, &kurta, 1).await;
    assert_eq!(doubled["items"].as_array().unwrap().len(), 1);
    let item = &doubled["items"][0];
    assert_eq!((&item["offerId"], &item["sku"], &item["quantity"]), (&json!(kurta.id), &json!(kurta.sku), &json!(2)));
    assert!(text(item, "title").contains("Indigo kurta"));
    let by_sku = json!({"sku": lamp.sku, "quantity": 3});
    buyer.client.post(&format!("/v1/carts/{cart}/items"), by_sku).await.expect(200);
    let changed = buyer.client.patch(&format!("/v1/carts/{cart}/items/{}", lamp.id), json!({"quantity": 1})).await.expect(200);
    assert_eq!(changed["items"][1]["quantity"], 1);
    assert_eq!(changed["problems"], json!([]));
    let addressed = buyer.client.patch(&format!("/v1/carts/{cart}"), json!({"shippingAddress": address()})).await.expect(200);
    sums::assert_cart(&addressed);
    assert_eq!(amount(&addressed, "subtotal"), 2 * 129_900 + 45_050);

    let body = json!({"payment": {"method": "card", "token": "tok_ok"}, "expectedTotal": addressed["total"]});
    let started = buyer.client.post(&format!("/v1/carts/{cart}:checkout"), body).await.expect(200);
    let done = settled(&buyer.client, &text(&started, "id"), 20).await;
    assert_eq!(done["state"], "COMPLETED", "{done}");
    assert_eq!(done["orderIds"].as_array().unwrap().len(), 2);
    let again = checkout(&buyer.client, &cart, "tok_ok").await.expect(200);
    assert_eq!(again["id"], done["id"]);

    let group = group(&buyer.client, &done, "").await;
    sums::assert_group(&group);
    assert_eq!(group["total"], addressed["total"]);
    assert_eq!(group["buyerId"], buyer.id.as_str());
    assert!(group["email"].is_string());
    assert_eq!((&group["shippingAddress"]["postalCode"], &group["paymentId"]), (&json!("560001"), &done["paymentId"]));
    text(&group, "number");
    let charged_now = charged(market.platform, &text(&done, "paymentId")).await;
    assert_eq!((charged_now.living, charged_now.captured), (1, amount(&group, "total")));
    await_mails(&market, &buyer.email, 1).await;

    let order = order_of(&group, &one.id);
    assert_placed(&buyer.client, &order, &done).await;
    let (kurtas, lamps) = (one.stock(&kurta).await, two.stock(&lamp).await);
    assert_eq!((kurtas.on_hand, kurtas.reserved, kurtas.allocated), (10, 0, 2));
    assert_eq!((lamps.on_hand, lamps.reserved, lamps.allocated), (10, 0, 1));
    cancel(&market, &buyer, &order, &done).await;
    until(10, "the stock back", async || (one.stock(&kurta).await.allocated == 0).then_some(())).await;
    assert_eq!(two.stock(&lamp).await.allocated, 1);
    await_mails(&market, &buyer.email, 2).await;
}

fn order_of(group: &Value, seller: &str) -> Value {
    group["orders"].as_array().unwrap().iter().find(|order| order["sellerId"] == seller).unwrap().clone()
}

async fn assert_placed(client: &Client, order: &Value, checkout: &Value) {
    let order_id = text(order, "id");
    assert!(checkout["orderIds"].as_array().unwrap().contains(&json!(order_id)));
    let read = client.get(&format!("/v1/orders/{order_id}")).await.expect(200);
    sums::assert_order(&read);
    assert_eq!(read["orderGroupId"], checkout["orderGroupId"]);
    assert!(["PLACED", "CONFIRMED"].contains(&read["state"].as_str().unwrap()), "{read}");
    assert_eq!((&read["paymentStatus"], &read["fulfillmentStatus"]), (&json!("PAID"), &json!("UNFULFILLED")));
    let history = read["history"].as_array().unwrap();
    assert!(!history.is_empty(), "{read}");
    for entry in history {
        text(entry, "at");
        text(entry, "event");
        assert!(["buyer", "seller", "operator", "service"].contains(&entry["by"]["kind"].as_str().unwrap()), "{entry}");
    }
    let listed = client.get("/v1/orders?pageSize=10").await.expect(200);
    assert_eq!(listed["orders"].as_array().unwrap().len(), 2, "{listed}");
}

/// Twice, which is the same as once.
async fn cancel(market: &Market<'_>, buyer: &Buyer, order: &Value, checkout: &Value) {
    let path = format!("/v1/orders/{}:cancel", text(order, "id"));
    let first = buyer.client.post(&path, json!({"reason": "changed my mind"})).await.expect(200);
    let second = buyer.client.post(&path, json!({"reason": "changed my mind"})).await.expect(200);
    assert_eq!((&first["state"], &second["state"]), (&json!("CANCELED"), &json!("CANCELED")));
    let payment = text(checkout, "paymentId");
    let total = amount(order, "total");
    until(20, "the refund", async || (charged(market.platform, &payment).await.refunded == total).then_some(())).await;
    until(20, "the refund on the order", async || {
        let order = buyer.client.get(&format!("/v1/orders/{}", text(order, "id"))).await.expect(200);
        (order["paymentStatus"] == "REFUNDED").then_some(())
    })
    .await;
    let finance = market.operator().await;
    let seen = finance.get(&format!("/v1/payments/{payment}")).await.expect(200);
    assert_eq!((amount(&seen, "refunded"), &seen["state"]), (total, &json!("CAPTURED")), "{seen}");
}

#[tokio::test]
async fn a_guest_buys_with_an_address_for_mail() {
    let market = market().await;
    let offer = market.seller().await.sell("Guest towel", 20_000, 10).await;
    let cart = new_cart(&market.client).await;
    checkout(&market.client, &cart, "tok_ok").await.refusal("cart_empty");
    add(&market.client, &cart, &offer, 1).await;
    market.client.patch(&format!("/v1/carts/{cart}"), json!({"shippingAddress": address()})).await.expect(200);
    checkout(&market.client, &cart, "tok_ok").await.refusal("email_required");
    let other = new_cart(&market.client).await;
    add(&market.client, &other, &offer, 1).await;
    market.client.patch(&format!("/v1/carts/{other}"), json!({"email": unique_email()})).await.expect(200);
    checkout(&market.client, &other, "tok_ok").await.refusal("address_required");

    let email = unique_email();
    let done = buy(&market.client, &[(&offer, 2)], &email, "tok_ok", 20).await;
    let bought = group(&market.client, &done, &email).await;
    sums::assert_group(&bought);
    let path = format!("/v1/orderGroups/{}", text(&done, "orderGroupId"));
    for other in ["", "?email=somebody.else@example.test"] {
        let answer = market.client.get(&format!("{path}{other}")).await;
        assert!([401, 403, 404].contains(&answer.status), "{}", answer.text());
    }
    await_mails(&market, &email, 1).await;
}
