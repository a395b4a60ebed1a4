//! The shop in a real browser: people look around, buy with every card of the sandbox, cancel, and come back; with scripts
//! and without, on a phone and at a desk. Every page on the way can be used by everybody.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_page};
use haat_tests::{Options, Platform, sandbox, until};
use serde_json::json;

const HOSTILE: &str = "\"><script>document.title='taken'</script>&";
/// The slowest cards answer within two minutes.
const OUTCOME_SECONDS: u64 = 150;

async fn open(platform: &Platform, looking: Looking) -> Browser {
    Browser::open(&format!("http://{}", platform.http), looking).await
}

/// Puts the first thing that can be had into the cart.
async fn fill_cart(browser: &Browser) {
    until(30, "a product in stock", async || {
        // Stock comes to the search a moment after the product.
        browser.go("/search?available=yes").await;
        browser.has("main .cards h3 a").await.then_some(())
    })
    .await;
    browser.press("main .cards h3 a").await;
    browser.press("main .buying .add-form button[type=submit]").await;
    browser.await_text("main h1", "Cart").await;
}

async fn give_address(browser: &Browser) {
    browser.go("/checkout").await;
    if browser.has("#field-email").await {
        browser.fill("#field-email", "asha@example.in").await;
    }
    for (field, text) in [("name", HOSTILE), ("line1", "12 MG Road"), ("postalCode", "411001"), ("city", "Pune")] {
        browser.fill(&format!("#field-{field}"), text).await;
    }
    browser.find("#field-state").await.select_by_value("Maharashtra").await.unwrap();
    browser.press("form[action='/checkout/address'] button").await;
    browser.find("form[action='/checkout/pay']").await;
}

async fn pay(browser: &Browser, token: &str) {
    browser.press(&format!("input[value={token}]")).await;
    browser.press("form[action='/checkout/pay'] button").await;
}

/// The path of the order group that the checkout comes to.
async fn ordered(browser: &Browser) -> String {
    until(OUTCOME_SECONDS, "the order", async || Some(browser.path().await).filter(|path| path.starts_with("/orders/group_")))
        .await
}

#[tokio::test]
async fn everybody_can_buy_and_cancel() {
    let platform = Platform::start(Options { demo: Some(40) }).await;
    for (size, scheme, scripts) in [
        (Size::Phone, Scheme::Dark, true),
        (Size::Desktop, Scheme::Light, false),
        (Size::Phone, Scheme::Light, false),
        (Size::Desktop, Scheme::Dark, true),
    ] {
        let browser = open(&platform, Looking { size, scheme, scripts, ..Looking::default() }).await;
        look_around(&browser).await;
        buy_and_cancel(&browser).await;
        browser.close().await;
    }
    platform.assert_balanced();
}

async fn look_around(browser: &Browser) {
    for (path, name) in [
        ("/", "shop-home"),
        ("/search?query=zzzz", "shop-nothing"),
        ("/category/Kurtas", "shop-category"),
        ("/cart", "shop-empty-cart"),
        ("/orders", "shop-find-order"),
    ] {
        browser.go(path).await;
        check_page(browser, name).await;
    }
    until(30, "a kurta", async || {
        browser.go("/").await;
        browser.fill("#shop-query", "kurta").await;
        browser.press(".shop-search button").await;
        browser.await_text("main .results-count", "product").await;
        browser.has("main .cards h3 a").await.then_some(())
    })
    .await;
    check_page(browser, "shop-search").await;
    browser.press("main .cards h3 a").await;
    browser.find("main .buying").await;
    check_page(browser, "shop-product").await;
}

async fn buy_and_cancel(browser: &Browser) {
    fill_cart(browser).await;
    browser.await_text("main .notice", "Added to your cart").await;
    check_page(browser, "shop-cart").await;
    browser.go("/checkout").await;
    check_page(browser, "shop-address").await;
    give_address(browser).await;
    browser.await_text("main address", "<script>").await;
    check_page(browser, "shop-payment").await;
    pay(browser, "tok_ok").await;
    ordered(browser).await;
    browser.await_text("main .order", "Paid").await;
    assert!(browser.text("main").await.contains("asha@example.in"));
    check_page(browser, "shop-order").await;

    browser.press("main .order footer a").await;
    browser.await_text("main h1", "Cancel this order?").await;
    check_page(browser, "shop-cancel").await;
    browser.press("main button.danger").await;
    browser.find("main .order").await;
    until(60, "the refund", async || {
        // Without scripts the page is asked for again.
        browser.go(&browser.path().await).await;
        browser.text("main .order").await.contains("Refunded").then_some(())
    })
    .await;
    check_page(browser, "shop-canceled").await;
}

#[tokio::test]
async fn every_card_does_what_it_says() {
    let platform = Platform::start(Options::default()).await;
    let browser = open(&platform, Looking::default()).await;
    for (token, buys) in [
        ("tok_declined", false),
        ("tok_insufficient_funds", false),
        ("tok_duplicate_webhook", true),
        ("tok_flaky", true),
        ("tok_timeout_then_ok", true),
        ("tok_timeout_then_declined", false),
    ] {
        fill_cart(&browser).await;
        give_address(&browser).await;
        pay(&browser, token).await;
        if buys {
            ordered(&browser).await;
        } else {
            until(OUTCOME_SECONDS, token, async || browser.text("main").await.contains("The bank refused").then_some(())).await;
            check_page(&browser, "shop-declined").await;
            browser.go("/cart").await;
            assert!(browser.has("main .line").await, "{token}: the cart is as it was");
        }
    }
    asked_first(&browser, &platform).await;
    browser.close().await;
    platform.assert_balanced();
}

/// The bank asks; the buyer agrees on its page, and the shop's page goes on by itself.
async fn asked_first(browser: &Browser, platform: &Platform) {
    fill_cart(browser).await;
    give_address(browser).await;
    pay(browser, "tok_requires_action").await;
    browser.await_text("main h1", "Your bank wants to hear from you").await;
    check_page(browser, "shop-action").await;
    let page = browser.find("main .empty a.primary").await.attr("href").await.unwrap().unwrap();
    sandbox::press(&platform.client(), &page, "Approve").await;
    ordered(browser).await;
}

#[tokio::test]
async fn a_double_click_buys_once() {
    const TWICE: &str = "
        const form = document.querySelector(\"form[action='/checkout/pay']\");
        const send = () => fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
        return Promise.all([send(), send()]).then((answers) => answers.map((answer) => answer.status));";
    let platform = Platform::start(Options::default()).await;
    let browser = open(&platform, Looking::default()).await;
    let accounts = platform.json("demo.json");
    let account = |field: &str| accounts["buyer"][field].as_str().unwrap().to_owned();
    browser.sign_in("", &account("email"), &account("password")).await;
    fill_cart(&browser).await;
    give_address(&browser).await;
    assert_eq!(browser.execute(TWICE, Vec::new()).await, json!([200, 200]));
    until(OUTCOME_SECONDS, "the order", async || {
        browser.go("/account/orders").await;
        browser.has("main .order-item").await.then_some(())
    })
    .await;
    let count = browser.execute("return document.querySelectorAll('.order-item').length", Vec::new()).await;
    assert_eq!(count, 1);
    check_page(&browser, "shop-orders").await;
    browser.go("/account").await;
    check_page(&browser, "shop-account").await;
    browser.close().await;
    platform.assert_balanced();
}

#[tokio::test]
async fn hostile_words_are_words() {
    let platform = Platform::start(Options::default()).await;
    let browser = open(&platform, Looking::default()).await;
    browser.go("/").await;
    browser.fill("#shop-query", HOSTILE).await;
    browser.press(".shop-search button").await;
    browser.await_text("main h1", "<script>").await;
    check_page(&browser, "shop-hostile").await;
    fill_cart(&browser).await;
    browser.fill("#code", HOSTILE).await;
    browser.press(".coupon-form button").await;
    browser.find(".coupon-form .error").await;
    assert_ne!(browser.title().await, "taken");
    browser.close().await;
}
