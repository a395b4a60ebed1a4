//! Sellers as buyers meet them in a real browser: by the name that they give themselves, several of them selling the same
//! thing, and each sending a parcel of their own at its own charge.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_page};
use haat_tests::market::{Market, rupees, text};
use haat_tests::{Options, Platform, until};
use serde_json::json;

/// The shop knows a name for so long.
const NAME_SECONDS: u64 = 60;

async fn open(platform: &Platform, looking: Looking) -> Browser {
    Browser::open(&format!("http://{}", platform.http), looking).await
}

#[tokio::test]
async fn two_sellers_of_one_thing_are_shown_with_the_reason_for_the_first() {
    let platform = Platform::start(Options::default()).await;
    let market = Market::of(&platform);
    let (one, two) = (market.seller().await, market.second_seller().await);
    let offer = one.sell("Brass lamp", 45_000, 5).await;
    let body = json!({"sku": offer.sku, "price": rupees(42_500), "initialStock": 3});
    let product = two.client.post(&format!("/v1/products/{}/offers", offer.product), body).await.expect(201);
    let cheaper = text(&product["variants"][0]["offers"][1], "id");
    until(30, "the other offer in stock", async || {
        let shown = market.client.get(&format!("/v1/products/{}", offer.product)).await.expect(200);
        (shown["variants"][0]["offers"][1]["available"] == true).then_some(())
    })
    .await;
    let path = format!("/products/{}", offer.product);
    for (size, scheme) in [(Size::Phone, Scheme::Dark), (Size::Desktop, Scheme::Light)] {
        let browser = open(&platform, Looking { size, scheme, ..Looking::default() }).await;
        browser.go(&path).await;
        browser.await_text("main .sold-by", "Chandni Traders").await;
        browser.await_text("main .sold-by", "The lowest price of 2 sellers").await;
        browser.await_text("main .offers li", "Meera Textiles · ₹25 more").await;
        check_page(&browser, "shop-two-sellers").await;
        browser.press("main .offers .add-form button").await;
        browser.await_text("main .cart-seller", "Meera Textiles").await;
        browser.go(&path).await;
        browser.press(&format!("main form:has(input[value='{cheaper}']) button[type=submit]")).await;
        browser.await_text("main h1", "Cart").await;
        browser.go("/cart").await;
        browser.await_text("main .offered", "HAAT10").await;
        check_page(&browser, "shop-two-parcels").await;
        parcels_have_their_own_charges(&browser).await;
        browser.close().await;
    }
}

/// Either parcel is below the sum from which delivery is free.
async fn parcels_have_their_own_charges(browser: &Browser) {
    browser.go("/checkout").await;
    browser.fill("#field-email", "asha@example.in").await;
    for (field, text) in [("name", "Asha Rao"), ("line1", "12 MG Road"), ("postalCode", "411001"), ("city", "Pune")] {
        browser.fill(&format!("#field-{field}"), text).await;
    }
    browser.find("#field-state").await.select_by_value("Maharashtra").await.unwrap();
    browser.press("form[action='/checkout/address'] button").await;
    browser.await_text("main .parcels", "Meera Textiles").await;
    let parcels = browser.text("main .parcels").await;
    assert_eq!(parcels.matches("Standard delivery: ₹49").count(), 2, "{parcels}");
    assert!(parcels.contains("₹499") && parcels.contains("₹474"), "each with its sum: {parcels}");
    browser.await_text("main .sums", "₹98").await;
    check_page(browser, "shop-parcel-charges").await;
}

#[tokio::test]
async fn a_seller_changes_the_public_name_and_buyers_see_it() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let market = Market::of(&platform);
    let offer = market.seller().await.sell("Brass lamp", 45_000, 5).await;
    let shopper = open(&platform, Looking::default()).await;
    shopper.go(&format!("/products/{}", offer.product)).await;
    shopper.await_text("main .sold-by", "Meera Textiles").await;

    let accounts = platform.json("demo.json");
    let account = |field: &str| accounts["seller"][field].as_str().unwrap().to_owned();
    for (scripts, name, told) in
        [(true, "Chandni  TRADERS", "Another seller has this name"), (false, "Meera & <b>Daughters</b>", "is changed")]
    {
        let size = if scripts { Size::Desktop } else { Size::Phone };
        let browser = open(&platform, Looking { scripts, size, ..Looking::default() }).await;
        browser.sign_in("/seller", &account("email"), &account("password")).await;
        browser.go("/seller/shop").await;
        check_page(&browser, "seller-shop").await;
        browser.fill("#field-displayName", name).await;
        browser.press("main form button[type=submit]").await;
        browser.await_text("main", told).await;
        browser.close().await;
    }
    until(NAME_SECONDS, "the new name in the shop", async || {
        shopper.go(&format!("/products/{}", offer.product)).await;
        shopper.text("main .sold-by").await.contains("Meera & <b>Daughters</b>").then_some(())
    })
    .await;
    shopper.close().await;
}

#[tokio::test]
async fn categories_speak_hindi() {
    let platform = Platform::start(Options { demo: Some(40) }).await;
    let browser = open(&platform, Looking { language: "hi", ..Looking::default() }).await;
    until(30, "categories in the header", async || {
        browser.go("/").await;
        browser.text("header").await.contains("कुर्ते").then_some(())
    })
    .await;
    check_page(&browser, "shop-home-hindi").await;
    browser.close().await;
}
