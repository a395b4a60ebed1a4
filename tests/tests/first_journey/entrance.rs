//! Coming in: an account, the API over HTTPS, what the demo brings, a product and its page.

use haat_tests::market::{amount, sign_in, text, unique, unique_email};
use haat_tests::sandbox::charges;
use haat_tests::until;
use serde_json::json;

use crate::market;

#[tokio::test]
async fn a_person_registers_signs_in_and_is_known() {
    let market = market().await;
    let email = unique_email();
    let account = json!({"email": email, "password": "a long enough secret", "displayName": "Ravi"});
    let created = market.client.post("/v1/users", account.clone()).await.expect(201);
    assert!(text(&created, "id").starts_with("user_"));
    assert_eq!((&created["email"], &created["displayName"]), (&json!(email), &json!("Ravi")));
    market.client.post("/v1/users", account).await.problem(409, "email_taken");

    let answer = market.client.post("/v1/sessions", json!({"email": email, "password": "a long enough secret"})).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let session = answer.expect(200);
    assert_eq!(session["tokenType"], "Bearer");
    assert_eq!(session["expiresIn"], 900);
    text(&session, "refreshToken");

    let client = market.client.signed_in(&text(&session, "accessToken"));
    let me = client.get("/v1/users/me").await.expect(200);
    assert_eq!(me["id"], created["id"]);
    assert_eq!(me["roles"], json!(["buyer"]));
}

#[tokio::test]
async fn over_https_the_same_api_answers_in_both_versions_of_http() {
    let market = market().await;
    for (is_http1, version) in [(true, reqwest::Version::HTTP_11), (false, reqwest::Version::HTTP_2)] {
        let client = market.platform.tls_client(is_http1);
        let answer = client.get("/v1/products:search?query=").await;
        assert_eq!((answer.status, answer.version), (200, version));
        let cart = client.post("/v1/carts", json!({})).await.expect(201);
        assert_eq!(client.get(&format!("/v1/carts/{}", text(&cart, "id"))).await.expect(200)["id"], cart["id"]);
    }
    let by_address = haat_tests::Client::tls(
        &format!("https://127.0.0.1:{}", market.platform.https.port()),
        &std::fs::read(market.platform.data().join("ca.pem")).unwrap(),
        false,
    );
    assert_eq!(by_address.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn the_demo_has_two_sellers_in_an_empty_search_and_a_buyer_who_can_sign_in() {
    let market = market().await;
    let accounts = market.platform.json("demo.json");
    sign_in(&market.client, &text(&accounts["buyer"], "email"), &text(&accounts["buyer"], "password")).await;
    assert_eq!(accounts["operator"]["email"], "admin@haat.test");
    until(60, "the demo catalogue", async || {
        let found = market.client.get("/v1/products:search").await.expect(200);
        let products = found["products"].as_array()?;
        let offers =
            products.iter().flat_map(|product| product["variants"].as_array().unwrap()).map(|variant| &variant["offers"][0]);
        let mut sellers: Vec<_> =
            offers.filter(|offer| offer["available"] == true).map(|offer| text(offer, "sellerId")).collect();
        sellers.sort();
        sellers.dedup();
        (sellers.len() >= 2).then_some(())
    })
    .await;
    assert!(charges(market.platform).await.values().all(|charged| charged.living <= 1));
}

#[tokio::test]
async fn a_buyer_finds_a_product_and_reads_it() {
    let market = market().await;
    let seller = market.seller().await;
    let title = unique("Peacock blue kurta");
    let offer = seller.sell(&title, 129_900, 5).await;

    let path = format!("/v1/products:search?query={}&facets=brand,category,price&pageSize=24", title.replace(' ', "+"));
    let found = until(10, "the product in search", async || {
        let found = market.client.get(&path).await.expect(200);
        (found["products"][0]["id"] == offer.product.as_str()).then_some(found)
    })
    .await;
    assert!(found["totalSize"].as_i64().unwrap() >= 1);
    let facets: Vec<_> = found["facets"].as_array().unwrap().iter().map(|facet| text(facet, "name")).collect();
    assert_eq!(facets, ["brand", "category", "price"]);
    let bucket = &found["facets"][0]["buckets"][0];
    assert!(bucket["value"].is_string() && bucket["count"].is_number(), "{bucket}");

    let product = market.client.get(&format!("/v1/products/{}", offer.product)).await.expect(200);
    assert_eq!((&product["title"], &product["brand"], &product["category"]), (&json!(title), &json!("Haat"), &json!("Tests")));
    assert!(product["description"].is_string() && product["images"].is_array());
    assert!(product["rating"]["average"].is_number() && product["rating"]["count"] == 0, "{product}");
    let variant = &product["variants"][0];
    assert_eq!((&variant["sku"], &variant["options"]), (&json!(offer.sku), &json!({"size": "M"})));
    assert!(variant["title"].is_string());
    let shown = &variant["offers"][0];
    assert_eq!((&shown["id"], &shown["sellerId"], &shown["available"]), (&json!(offer.id), &json!(seller.id), &json!(true)));
    assert_eq!(amount(shown, "price"), 129_900);
}

#[tokio::test]
async fn a_product_read_again_unchanged_is_not_sent_again() {
    let market = market().await;
    let offer = market.seller().await.sell("Cached cap", 7_000, 1).await;
    let path = format!("/v1/products/{}", offer.product);
    let etag = market.client.get(&path).await.header("etag").to_owned();
    assert!(etag.starts_with('"') || etag.starts_with("W/\""), "{etag}");
    let request = market.client.request(reqwest::Method::GET, &path).header("if-none-match", etag);
    let answer = haat_tests::client::send(request).await;
    assert_eq!((answer.status, answer.body.len()), (304, 0));
}

#[tokio::test]
async fn a_change_on_a_stale_copy_is_refused_and_a_mask_limits_a_change() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Masked mat", 40_000, 1).await;
    let path = format!("/v1/products/{}", offer.product);
    let before = seller.client.get(&path).await.expect(200);
    let etag = text(&before, "etag");
    let changed = seller.client.patch(&path, json!({"title": "Better mat", "etag": etag})).await.expect(200);
    assert_eq!(changed["title"], "Better mat");
    seller.client.patch(&path, json!({"title": "Stale mat", "etag": etag})).await.problem(409, "etag_mismatch");
    let masked =
        seller.client.patch(&path, json!({"title": "Masked", "brand": "Ignored", "updateMask": "title"})).await.expect(200);
    assert_eq!((&masked["title"], &masked["brand"]), (&json!("Masked"), &before["brand"]));
    seller.client.patch(&path, json!({"title": "x", "updateMask": "nonsense"})).await.any_problem(400);
}
