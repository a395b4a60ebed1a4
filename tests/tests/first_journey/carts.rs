//! Carts: whose they are, what fits in, and what a refusal leaves of them.

use haat_tests::market::{amount, rupees, text, unique_email};
use haat_tests::purchase::{add, address, buy, checkout, new_cart, payment, ready_cart, settled};
use haat_tests::until;
use serde_json::json;

use crate::market;

#[tokio::test]
async fn a_cart_belongs_to_who_claimed_it() {
    let market = market().await;
    let offer = market.seller().await.sell("Claimed cup", 9_900, 5).await;
    let cart = new_cart(&market.client).await;
    add(&market.client, &cart, &offer, 1).await;
    let (owner, stranger) = (market.buyer().await, market.buyer().await);
    add(&owner.client, &cart, &offer, 1).await;
    for other in [&market.client, &stranger.client] {
        let answer = other.get(&format!("/v1/carts/{cart}")).await;
        assert!([401, 403, 404].contains(&answer.status), "{}", answer.text());
    }
    let bought = buy(&owner.client, &[(&offer, 1)], &owner.email, "tok_ok", 20).await;
    for path in
        [format!("/v1/checkouts/{}", text(&bought, "id")), format!("/v1/orders/{}", bought["orderIds"][0].as_str().unwrap())]
    {
        let answer = stranger.client.get(&path).await;
        assert!([403, 404].contains(&answer.status), "{}", answer.text());
    }
}

#[tokio::test]
async fn quantities_have_bounds_and_zero_removes() {
    let market = market().await;
    let offer = market.seller().await.sell("Bounded bowl", 5_000, 200).await;
    let cart = new_cart(&market.client).await;
    let items = format!("/v1/carts/{cart}/items");
    for quantity in [0, -1, 100, 1_000_000] {
        let answer = market.client.post(&items, json!({"offerId": offer.id, "quantity": quantity})).await;
        assert!([400, 422].contains(&answer.status), "{quantity}: {}", answer.text());
    }
    add(&market.client, &cart, &offer, 98).await;
    let answer = market.client.post(&items, json!({"offerId": offer.id, "quantity": 2})).await;
    assert!([400, 422].contains(&answer.status), "{}", answer.text());
    let emptied = market.client.patch(&format!("{items}/{}", offer.id), json!({"quantity": 0})).await.expect(200);
    assert_eq!(emptied["items"], json!([]));
}

#[tokio::test]
async fn a_price_that_changed_is_not_charged_silently() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Repriced rug", 300_000, 5).await;
    let cart = ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await;
    let id = text(&cart, "id");
    seller.client.patch(&format!("/v1/offers/{}", offer.id), json!({"price": rupees(350_000)})).await.expect(200);
    let mut body = payment("tok_ok");
    body["expectedTotal"] = cart["total"].clone();
    let problem = market.client.post(&format!("/v1/carts/{id}:checkout"), body.clone()).await.problem(409, "price_changed");
    let now = market.client.get(&format!("/v1/carts/{id}")).await.expect(200);
    assert_eq!(amount(&now["items"][0], "unitPrice"), 350_000);
    assert!(now["problems"].as_array().unwrap().iter().any(|problem| problem["code"] == "price_changed"), "{now}");
    assert!(text(&problem, "detail").chars().any(|c| c.is_ascii_digit()), "{problem}");

    body["expectedTotal"] = now["total"].clone();
    let started = market.client.post(&format!("/v1/carts/{id}:checkout"), body).await.expect(200);
    let done = settled(&market.client, &text(&started, "id"), 20).await;
    assert_eq!((&done["state"], &done["total"]), (&json!("COMPLETED"), &now["total"]), "{done}");
    until(10, "the new price in reads", async || {
        let product = market.client.get(&format!("/v1/products/{}", offer.product)).await.expect(200);
        (amount(&product["variants"][0]["offers"][0], "price") == 350_000).then_some(())
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_bought_is_refused_with_its_reason_and_leaves_the_cart_usable() {
    let market = market().await;
    let seller = market.seller().await;
    let (rare, plenty) = (seller.sell("Rare ring", 90_000, 1).await, seller.sell("Plenty plates", 10_000, 50).await);
    let cart = text(&ready_cart(&market.client, &[(&rare, 1), (&plenty, 1)], &unique_email()).await, "id");
    buy(&market.client, &[(&rare, 1)], &unique_email(), "tok_ok", 20).await;

    let answer = checkout(&market.client, &cart, "tok_ok").await;
    if answer.status == 200 {
        let failed = settled(&market.client, &text(&answer.json(), "id"), 20).await;
        assert_eq!((&failed["state"], &failed["failure"]["code"]), (&json!("FAILED"), &json!("out_of_stock")), "{failed}");
        assert!(failed["failure"]["violations"].to_string().contains(&rare.id), "{failed}");
        assert!(failed["orderGroupId"].as_str().unwrap_or_default().is_empty(), "{failed}");
    } else {
        let problem = answer.refusal("out_of_stock");
        assert!(problem["violations"].to_string().contains(&rare.id), "{problem}");
    }
    assert_eq!(seller.stock(&plenty).await.reserved, 0);
    market.client.patch(&format!("/v1/carts/{cart}/items/{}", rare.id), json!({"quantity": 0})).await.expect(200);
    let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
    assert_eq!(settled(&market.client, &text(&started, "id"), 20).await["state"], "COMPLETED");

    let cart = text(&ready_cart(&market.client, &[(&plenty, 1)], &unique_email()).await, "id");
    let mut abroad = address();
    abroad["country"] = json!("FR");
    let changed = market.client.patch(&format!("/v1/carts/{cart}"), json!({"shippingAddress": abroad})).await;
    if changed.status == 200 {
        checkout(&market.client, &cart, "tok_ok").await.refusal("unserviceable_address");
    } else {
        changed.refusal("unserviceable_address");
    }
}

#[tokio::test]
async fn more_than_there_is_shows_in_the_cart_before_it_fails() {
    let market = market().await;
    let offer = market.seller().await.sell("Scarce scarf", 10_000, 3).await;
    let cart = ready_cart(&market.client, &[(&offer, 5)], &unique_email()).await;
    let problems = cart["problems"].as_array().unwrap();
    let is_known = |problem: &serde_json::Value| ["low_stock", "out_of_stock"].contains(&problem["code"].as_str().unwrap());
    assert!(problems.iter().any(|problem| is_known(problem) && problem["offerId"] == offer.id.as_str()), "{cart}");
    let answer = checkout(&market.client, &text(&cart, "id"), "tok_ok").await;
    if answer.status == 200 {
        let failed = settled(&market.client, &text(&answer.json(), "id"), 20).await;
        assert_eq!(failed["failure"]["code"], "out_of_stock", "{failed}");
    } else {
        answer.refusal("out_of_stock");
    }
}

#[tokio::test]
async fn a_cart_changed_on_a_stale_copy_is_refused() {
    let market = market().await;
    let cart = market.client.post("/v1/carts", json!({})).await.expect(201);
    let path = format!("/v1/carts/{}", text(&cart, "id"));
    let body = |email: &str| json!({"email": email, "etag": cart["etag"]});
    market.client.patch(&path, body("one@example.test")).await.expect(200);
    market.client.patch(&path, body("two@example.test")).await.problem(409, "etag_mismatch");
    assert_eq!(market.client.get(&path).await.expect(200)["email"], "one@example.test");
}

#[tokio::test]
async fn addresses_and_instruments_have_a_form() {
    let market = market().await;
    let offer = market.seller().await.sell("Formal frame", 10_000, 30).await;
    let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    for (field, wrong) in
        [("postalCode", "0"), ("postalCode", "56000A"), ("country", "India"), ("name", ""), ("line1", ""), ("phone", "12")]
    {
        let mut address = address();
        address[field] = json!(wrong);
        let answer = market.client.patch(&format!("/v1/carts/{cart}"), json!({"shippingAddress": address})).await;
        assert!([400, 422].contains(&answer.status), "{field}: {}", answer.text());
    }
    let answer = market.client.patch(&format!("/v1/carts/{cart}"), json!({"email": "nobody"})).await;
    assert!([400, 422].contains(&answer.status), "{}", answer.text());
    for body in [
        json!({}),
        json!({"payment": {}}),
        json!({"payment": {"method": "card"}}),
        json!({"payment": {"method": "shells", "token": "tok_ok"}}),
    ] {
        let answer = market.client.post(&format!("/v1/carts/{cart}:checkout"), body.clone()).await;
        assert!([400, 422].contains(&answer.status), "{body}: {}", answer.text());
    }
    let mut foreign = payment("tok_ok");
    foreign["expectedTotal"] = json!({"currencyCode": "USD", "amount": 10_000});
    let answer = market.client.post(&format!("/v1/carts/{cart}:checkout"), foreign).await;
    assert!([400, 409, 422].contains(&answer.status), "{}", answer.text());
    let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
    assert_eq!(settled(&market.client, &text(&started, "id"), 20).await["state"], "COMPLETED");
}

#[tokio::test]
async fn a_bought_cart_takes_nothing_more() {
    let market = market().await;
    let offer = market.seller().await.sell("Closed case", 10_000, 30).await;
    let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &unique_email()).await, "id");
    let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
    settled(&market.client, &text(&started, "id"), 20).await;
    let body = json!({"offerId": offer.id, "quantity": 1});
    market.client.post(&format!("/v1/carts/{cart}/items"), body).await.any_problem(409);
    market.client.patch(&format!("/v1/carts/{cart}"), json!({"email": "late@example.test"})).await.any_problem(409);
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_added() {
    let market = market().await;
    let items = format!("/v1/carts/{}/items", new_cart(&market.client).await);
    for item in [json!({"offerId": "offer_01jd3xq8zzf0tvg0000000000z"}), json!({"sku": "no such thing"}), json!({})] {
        let mut body = item;
        body["quantity"] = json!(1);
        let answer = market.client.post(&items, body.clone()).await;
        assert!([400, 404, 422].contains(&answer.status), "{body}: {}", answer.text());
    }
}
