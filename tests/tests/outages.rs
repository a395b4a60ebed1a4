//! What a visitor sees when processes go away under them: a checkout that is waited for comes to its order by itself, with
//! scripts and without; a page that follows what happens follows on when the gateway is back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::browser::{Browser, Looking};
use haat_tests::market::Market;
use haat_tests::platform::signal_process;
use haat_tests::purchase::buy;
use haat_tests::{Options, Platform, until};
use rustix::process::Signal;
use serde_json::json;

/// The slow card answers within two minutes; a process is back within seconds.
const OUTCOME_SECONDS: u64 = 150;
const CHECKOUT_SECONDS: u64 = 30;

async fn open(platform: &Platform, scripts: bool) -> Browser {
    Browser::open(&format!("http://{}", platform.http), Looking { scripts, ..Looking::default() }).await
}

/// Pays with a card whose bank is slow, so that the page has to wait.
async fn wait_for_the_bank(browser: &Browser) {
    until(30, "a product in stock", async || {
        browser.go("/search?available=yes").await;
        browser.has("main .cards h3 a").await.then_some(())
    })
    .await;
    browser.press("main .cards h3 a").await;
    browser.press("main .buying .add-form button[type=submit]").await;
    browser.await_text("main h1", "Cart").await;
    browser.go("/checkout").await;
    browser.fill("#field-email", "asha@example.in").await;
    for (field, text) in [("name", "Asha Rao"), ("line1", "12 MG Road"), ("postalCode", "411001"), ("city", "Pune")] {
        browser.fill(&format!("#field-{field}"), text).await;
    }
    browser.find("#field-state").await.select_by_value("Maharashtra").await.unwrap();
    browser.press("form[action='/checkout/address'] button").await;
    browser.press("input[value=tok_timeout_then_ok]").await;
    browser.press("form[action='/checkout/pay'] button").await;
    browser.await_text("main", "One moment, please").await;
}

#[tokio::test]
async fn who_waits_for_a_checkout_comes_to_the_order_whatever_is_killed() {
    let platform = Platform::start(Options::default()).await;
    let (with, without) = (open(&platform, true).await, open(&platform, false).await);
    for browser in [&with, &without] {
        wait_for_the_bank(browser).await;
    }
    for name in ["checkout", "payments", "storefront"] {
        let killed = platform.process(name);
        signal_process(killed.pid, Signal::KILL);
        until(60, name, async || (platform.process(name).restarts > killed.restarts).then_some(())).await;
    }
    // Nobody presses anything.
    for browser in [&with, &without] {
        until(OUTCOME_SECONDS, "the order", async || browser.path().await.starts_with("/orders/group_").then_some(())).await;
        browser.await_text("main .order", "Paid").await;
    }
    with.close().await;
    without.close().await;
    platform.assert_balanced();
}

#[tokio::test]
async fn a_page_that_follows_an_order_follows_on_after_the_gateway_was_away() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let market = Market::of(&platform);
    let (offer, buyer) = (market.seller().await.sell("Kurta", 129_900, 5).await, market.buyer().await);
    let bought = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", CHECKOUT_SECONDS).await;
    let browser = open(&platform, true).await;
    browser.sign_in("", &buyer.email, haat_tests::market::PASSWORD).await;
    browser.go(&format!("/orders/{}", bought["orderGroupId"].as_str().unwrap())).await;
    browser.await_text("main .order", "Paid").await;
    browser.execute("document.body.dataset.same = 'yes'", Vec::new()).await;

    let gateway = platform.process("gateway");
    signal_process(gateway.pid, Signal::TERM);
    until(60, "the gateway", async || (platform.process("gateway").restarts > gateway.restarts).then_some(())).await;
    let order = bought["orderIds"][0].as_str().unwrap();
    until(60, "the cancellation", async || {
        let path = format!("/v1/orders/{order}:cancel");
        let request = buyer.client.request(reqwest::Method::POST, &path).json(&json!({"reason": "changed my mind"}));
        haat_tests::client::try_send(request).await.ok().filter(|answer| answer.status == 200).map(drop)
    })
    .await;
    until(OUTCOME_SECONDS, "the refund on the page", async || {
        browser.text("main .order").await.contains("Refunded").then_some(())
    })
    .await;
    assert_eq!(browser.execute("return document.body.dataset.same", Vec::new()).await, "yes", "it was never loaded again");
    browser.close().await;
}
