//! The operations console in a real browser: an operator finds an order, gives money back, asks a silent provider again, and
//! sees in the audit what was done. Every page on the way can be used by everybody, at any size.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_page};
use haat_tests::market::{Market, text};
use haat_tests::platform::signal_process;
use haat_tests::purchase::{buy, checkout, ready_cart};
use haat_tests::{Options, Platform, until};
use rustix::process::Signal;

const CHECKOUT_SECONDS: u64 = 30;
/// A payment is worth a look after half a minute.
const STUCK_SECONDS: u64 = 90;
const PAGES: [(&str, &str); 8] = [
    ("/ops", "operations-overview"),
    ("/ops/map", "operations-map"),
    ("/ops/incidents", "operations-incidents"),
    ("/ops/requests", "operations-requests"),
    ("/ops/search", "operations-search"),
    ("/ops/stuck", "operations-stuck"),
    ("/ops/books", "operations-books"),
    ("/ops/services/checkout", "operations-service"),
];

async fn operator(platform: &Platform, looking: Looking) -> Browser {
    let browser = Browser::open(&format!("http://{}", platform.http), looking).await;
    let accounts = platform.json("demo.json");
    let account = |field: &str| accounts["operator"][field].as_str().unwrap().to_owned();
    browser.sign_in("/ops", &account("email"), &account("password")).await;
    browser
}

#[tokio::test]
async fn an_operator_gives_money_back_and_sees_it_in_the_audit() {
    let platform = Platform::start(Options::default()).await;
    let market = Market::of(&platform);
    let (offer, buyer) = (market.seller().await.sell("Kurta", 129_900, 5).await, market.buyer().await);
    let bought = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", CHECKOUT_SECONDS).await;
    let (order, payment) = (bought["orderIds"][0].as_str().unwrap().to_owned(), text(&bought, "paymentId"));
    for scripts in [true, false] {
        let browser = operator(&platform, Looking { scripts, ..Looking::default() }).await;
        browser.go(&format!("/ops/search?text={order}")).await;
        browser.await_text("main", "payment").await;
        check_page(&browser, "operations-found").await;
        browser.press(&format!("a[href='/ops/act/refund?id={payment}']")).await;
        browser.await_text("main h1", "Refund").await;
        check_page(&browser, "operations-refund").await;
        browser.fill("#field-amount", "100.00").await;
        browser.fill("#field-reason", "it came late").await;
        browser.press("main form button[type=submit]").await;
        browser.await_text("main .notice", "noted in the audit").await;
        browser.go("/ops/audit").await;
        browser.await_text("main table", "it came late").await;
        check_page(&browser, "operations-audit").await;
        browser.close().await;
    }
    let paid = market.operator().await.get(&format!("/v1/payments/{payment}")).await.expect(200);
    assert_eq!(paid["refunds"].as_array().unwrap().len(), 2, "{paid}");
}

#[tokio::test]
async fn an_operator_asks_a_silent_provider_again() {
    let platform = Platform::start(Options::default()).await;
    let market = Market::of(&platform);
    let (offer, buyer) = (market.seller().await.sell("Kurta", 129_900, 5).await, market.buyer().await);
    let cart = ready_cart(&buyer.client, &[(&offer, 1)], &buyer.email).await;
    let provider = platform.process("sandbox-psp").pid;
    signal_process(provider, Signal::STOP);
    checkout(&buyer.client, &text(&cart, "id"), "tok_ok").await;
    let browser = operator(&platform, Looking::default()).await;
    until(STUCK_SECONDS, "a payment to be worth a look", async || {
        browser.go("/ops/stuck").await;
        browser.has("main table").await.then_some(())
    })
    .await;
    browser.await_text("main table", "the provider has not said").await;
    check_page(&browser, "operations-stuck-payment").await;
    signal_process(provider, Signal::CONT);
    browser.press("main table a.button").await;
    browser.fill("#field-reason", "the provider is back").await;
    browser.press("main form button[type=submit]").await;
    browser.await_text("main .notice", "noted in the audit").await;
    browser.go("/ops/audit").await;
    browser.await_text("main table", "the provider is back").await;
    browser.close().await;
}

#[tokio::test]
async fn every_page_is_there_in_each_size_and_scheme() {
    let platform = Platform::start(Options::default()).await;
    for (size, scheme) in [(Size::Phone, Scheme::Dark), (Size::Desktop, Scheme::Light)] {
        let browser = operator(&platform, Looking { size, scheme, ..Looking::default() }).await;
        for (path, name) in PAGES {
            browser.go(path).await;
            check_page(&browser, name).await;
        }
        browser.close().await;
    }
}
