//! The seller console in a real browser: a seller imports a file and changes a price and stock, with scripts and without;
//! sells something, sees it, and cancels it. Every page on the way can be used by everybody, at any size.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_page};
use haat_tests::market::Market;
use haat_tests::purchase::buy;
use haat_tests::{Options, Platform};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/shopify-apparel.csv");
const CHECKOUT_SECONDS: u64 = 30;
const PAGES: [(&str, &str); 7] = [
    ("/seller", "seller-overview"),
    ("/seller/products", "seller-products"),
    ("/seller/products/new", "seller-new-product"),
    ("/seller/import", "seller-import"),
    ("/seller/warehouses", "seller-warehouses"),
    ("/seller/orders", "seller-orders"),
    ("/seller/statement", "seller-statement"),
];

async fn seller(platform: &Platform, looking: Looking) -> Browser {
    let browser = Browser::open(&format!("http://{}", platform.http), looking).await;
    let accounts = platform.json("demo.json");
    let account = |field: &str| accounts["seller"][field].as_str().unwrap().to_owned();
    browser.sign_in("/seller", &account("email"), &account("password")).await;
    browser
}

#[tokio::test]
async fn seller_imports_a_file_and_changes_a_price_and_stock() {
    let platform = Platform::start(Options::default()).await;
    for (scripts, price, shown) in [(true, "1,499.50", "₹1,499.50"), (false, "999", "₹999.00")] {
        let browser = seller(&platform, Looking { scripts, ..Looking::default() }).await;
        browser.go("/seller/import").await;
        browser.find("#field-file").await.send_keys(FILE).await.unwrap();
        browser.press("main form button[type=submit]").await;
        browser.await_text("main h1", "What became of the file").await;
        check_page(&browser, "seller-import-result").await;

        browser.go("/seller/products?query=ocean+blue").await;
        browser.press("main table tbody a").await;
        browser.await_text("main h1", "Ocean Blue Shirt").await;
        check_page(&browser, "seller-product").await;
        browser.press("main table tbody a").await;
        change(&browser, price, shown).await;
        browser.close().await;
    }
}

/// On the page of an offer.
async fn change(browser: &Browser, price: &str, shown: &str) {
    browser.fill("#field-price", "a lot").await;
    browser.press("form[action$='/price'] button").await;
    browser.await_text("main .error", "such as 1,299.00").await;
    // The refusal's own status shows in the log.
    browser.complaints().await;
    browser.fill("#field-price", price).await;
    browser.press("form[action$='/price'] button").await;
    browser.await_text("main .stats", shown).await;
    browser.fill("#field-quantity", "20").await;
    browser.press("form[action$='/receive'] button").await;
    browser.await_text("main .notice", "taken in").await;
    browser.fill("#field-delta", "-2000").await;
    browser.fill("#field-reason", "damaged").await;
    browser.press("form[action$='/adjust'] button").await;
    browser.await_text("main .error", "held for buyers").await;
    browser.complaints().await;
    browser.fill("#field-delta", "-2").await;
    browser.press("form[action$='/adjust'] button").await;
    browser.await_text("main .notice", "corrected").await;
    check_page(browser, "seller-offer").await;
}

#[tokio::test]
async fn seller_makes_a_product_sells_it_and_cancels_the_order() {
    let platform = Platform::start(Options::default()).await;
    let browser = seller(&platform, Looking::default()).await;
    browser.go("/seller/products/new").await;
    browser.fill("#field-title", "Hand-woven <b>stole</b>").await;
    browser.fill("#field-variants-0--price", "899").await;
    browser.press("form[action='/seller/products'] > div.row button").await;
    browser.await_text("main .notice", "The draft is made").await;
    browser.await_text("main h1", "Hand-woven <b>stole</b>").await;
    browser.press("form[action$='/publish'] button").await;
    browser.await_text("main .notice", "published").await;

    let market = Market::of(&platform);
    let offer = market.seller().await.sell("Blue kurta", 129_900, 5).await;
    let buyer = market.buyer().await;
    let done = buy(&buyer.client, &[(&offer, 2)], &buyer.email, "tok_ok", CHECKOUT_SECONDS).await;
    assert_eq!(done["state"], "COMPLETED", "{done}");
    for (size, scheme) in [(Size::Phone, Scheme::Dark), (Size::Desktop, Scheme::Light), (Size::Phone, Scheme::Light)] {
        let browser = seller(&platform, Looking { size, scheme, ..Looking::default() }).await;
        for (path, name) in PAGES {
            browser.go(path).await;
            check_page(&browser, name).await;
        }
        browser.close().await;
    }
    browser.go("/seller/orders?state=placed").await;
    browser.press("main table tbody a").await;
    browser.await_text("main address", "Bengaluru").await;
    check_page(&browser, "seller-order").await;
    browser.press("main details.disclosure summary").await;
    browser.fill("#field-reason", "No longer made").await;
    browser.press("form[action$='/cancel'] button").await;
    browser.await_text("main .notice", "canceled").await;
    browser.close().await;
    platform.assert_balanced();
}
