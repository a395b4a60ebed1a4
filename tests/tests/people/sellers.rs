//! Sellers as buyers meet them in a real browser: by the name that they give themselves, several of them selling the same
//! thing, and each sending a parcel of their own at its own charge.

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_page};
use haat_tests::market::{Market, rupees, text};
use haat_tests::{Options, Platform, until};
use serde_json::json;

use crate::give_address;

/// The shop knows a name for so long.
const NAME_SECONDS: u64 = 60;

async fn open(platform: &Platform, looking: Looking) -> Browser {
    Browser::open(&format!("http://{}", platform.http), looking).await
}

#[tokio::test]
async fn several_sell_one_thing_each_under_their_own_name() {
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
    a_seller_changes_the_public_name(&platform, &path).await;
    categories_speak_hindi(&platform).await;
}

/// Either parcel is below the sum from which delivery is free.
async fn parcels_have_their_own_charges(browser: &Browser) {
    give_address(browser).await;
    browser.await_text("main .parcels", "Meera Textiles").await;
    let parcels = browser.text("main .parcels").await;
    assert_eq!(parcels.matches("Standard delivery: ₹49").count(), 2, "{parcels}");
    assert!(parcels.contains("₹499") && parcels.contains("₹474"), "each with its sum: {parcels}");
    browser.await_text("main .sums", "₹98").await;
    check_page(browser, "shop-parcel-charges").await;
}

/// To one that nobody has; buyers see it in a while.
async fn a_seller_changes_the_public_name(platform: &Platform, product: &str) {
    let accounts = platform.json("demo.json");
    let account = |field: &str| accounts["secondSeller"][field].as_str().unwrap().to_owned();
    let tries = [(true, "Meera  TEXTILES", "Another seller has this name"), (false, "Chandni & <b>Daughters</b>", "is changed")];
    for (scripts, name, told) in tries {
        let size = if scripts { Size::Desktop } else { Size::Phone };
        let browser = open(platform, Looking { scripts, size, ..Looking::default() }).await;
        browser.sign_in("/seller", &account("email"), &account("password")).await;
        browser.go("/seller/shop").await;
        check_page(&browser, "seller-shop").await;
        browser.fill("#field-displayName", name).await;
        browser.press("main form button[type=submit]").await;
        browser.await_text("main", told).await;
        // The refusal's own status shows in the log.
        browser.complaints().await;
        browser.go("/seller/products?query=Brass").await;
        browser.press("main table tbody a").await;
        browser.await_text("main", "Another seller made this product").await;
        check_page(&browser, "seller-sold-beside-others").await;
        browser.close().await;
    }
    let shopper = open(platform, Looking::default()).await;
    until(NAME_SECONDS, "the new name in the shop", async || {
        shopper.go(product).await;
        shopper.text("main .sold-by").await.contains("Chandni & <b>Daughters</b>").then_some(())
    })
    .await;
    shopper.close().await;
}

async fn categories_speak_hindi(platform: &Platform) {
    let browser = open(platform, Looking { language: "hi", ..Looking::default() }).await;
    until(30, "categories in the header", async || {
        browser.go("/").await;
        browser.text("header").await.contains("साड़ियाँ").then_some(())
    })
    .await;
    check_page(&browser, "shop-home-hindi").await;
    browser.close().await;
}
