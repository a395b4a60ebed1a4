//! What a visitor sees when processes go away under them: a checkout that is waited for comes to its order by itself, with
//! scripts and without; a page that follows what happens follows on when the gateway is back.

use haat_tests::browser::{Browser, Looking};
use haat_tests::market::Market;
use haat_tests::platform::signal_process;
use haat_tests::purchase::buy;
use haat_tests::{Options, Platform, sandbox, until};
use rustix::process::Signal;
use serde_json::json;

use crate::{give_address, put_something_into_the_cart};

/// A process is back within seconds; what was approved meanwhile is learnt soon after.
const OUTCOME_SECONDS: u64 = 150;
const CHECKOUT_SECONDS: u64 = 30;

async fn open(platform: &Platform, scripts: bool) -> Browser {
    Browser::open(&format!("http://{}", platform.http), Looking { scripts, ..Looking::default() }).await
}

/// Pays with a card whose bank asks first, so that the page has to wait; answers with the bank's page.
async fn wait_for_the_bank(browser: &Browser) -> String {
    put_something_into_the_cart(browser).await;
    give_address(browser).await;
    browser.press("input[value=tok_requires_action]").await;
    browser.press("form[action='/checkout/pay'] button").await;
    browser.await_text("main h1", "Your bank wants to hear from you").await;
    // The page may ask for itself again at any moment.
    until(20, "the bank's page", async || browser.find("main .empty a.primary").await.attr("href").await.ok().flatten()).await
}

#[tokio::test]
async fn pages_go_on_whatever_is_killed_under_them() {
    let platform = Platform::start(Options::default()).await;
    a_page_that_follows_an_order_follows_on(&platform).await;
    who_waits_for_a_checkout_comes_to_the_order(&platform).await;
    platform.assert_balanced();
}

async fn who_waits_for_a_checkout_comes_to_the_order(platform: &Platform) {
    let (with, without) = (open(platform, true).await, open(platform, false).await);
    let banks = [wait_for_the_bank(&with).await, wait_for_the_bank(&without).await];
    for name in ["checkout", "payments", "storefront"] {
        let killed = platform.process(name);
        signal_process(killed.pid, Signal::KILL);
        until(60, name, async || (platform.process(name).restarts > killed.restarts).then_some(())).await;
    }
    for page in banks {
        sandbox::press(&platform.client(), &page, "Approve").await;
    }
    // In the shop nobody presses anything.
    for browser in [&with, &without] {
        until(OUTCOME_SECONDS, "the order", async || browser.path().await.starts_with("/orders/group_").then_some(())).await;
        browser.await_text("main .order", "Paid").await;
    }
    with.close().await;
    without.close().await;
}

/// The gateway stops and comes back; the page is never loaded again.
async fn a_page_that_follows_an_order_follows_on(platform: &Platform) {
    let market = Market::of(platform);
    let (offer, buyer) = (market.seller().await.sell("Kurta", 129_900, 5).await, market.buyer().await);
    let bought = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", CHECKOUT_SECONDS).await;
    let browser = open(platform, true).await;
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
