//! Work that waits for a person, provoked on the real platform and dealt with from the console: a mail server that refuses, a
//! service that does not answer, a provider that was refunded behind our back, a reservation that somebody needs elsewhere.

use haat_tests::browser::{Browser, Looking, check_page};
use haat_tests::market::{Buyer, Market, Offer, text};
use haat_tests::platform::{new_folder, signal_process};
use haat_tests::purchase::{add, address, buy, checkout, new_cart, ready_cart, settled};
use haat_tests::smtp::MailServer;
use haat_tests::{Options, Platform, Surroundings, sandbox, until};
use rustix::process::Signal;
use serde_json::json;

const CHECKOUT_SECONDS: u64 = 30;
/// Until an event that cannot be taken is set aside, or a saga is parked.
const STUCK_SECONDS: u64 = 180;

async fn operator(platform: &Platform) -> Browser {
    let browser = Browser::open(&format!("http://{}", platform.http), Looking::default()).await;
    let accounts = platform.json("demo.json");
    let account = |field: &str| accounts["operator"][field].as_str().unwrap().to_owned();
    browser.sign_in("/ops", &account("email"), &account("password")).await;
    browser
}

/// The row of the stuck work that says this; how many there are.
async fn rows(browser: &Browser, words: &str) -> usize {
    browser.go("/ops/stuck").await;
    let script =
        "return [...document.querySelectorAll('main tbody tr')].filter((row) => row.textContent.includes(arguments[0])).length";
    usize::try_from(browser.execute(script, vec![json!(words)]).await.as_u64().unwrap()).unwrap()
}

async fn until_rows(browser: &Browser, words: &str, count: usize) {
    until(STUCK_SECONDS, &format!("{count} stuck: {words}"), async || (rows(browser, words).await == count).then_some(())).await;
}

/// Presses `act` in the first row that says `words`, and gives the reason.
async fn deal_with(browser: &Browser, words: &str, act: &str, reason: &str) {
    browser.go("/ops/stuck").await;
    let script = "
        const row = [...document.querySelectorAll('main tbody tr')].find((row) => row.textContent.includes(arguments[0]));
        row.querySelector(`a[href*='/act/${arguments[1]}']`).click();";
    browser.execute(script, vec![json!(words), json!(act)]).await;
    browser.fill("#field-reason", reason).await;
    browser.press("main form button[type=submit]").await;
}

async fn is_noted(browser: &Browser, reason: &str) {
    browser.go("/ops/audit").await;
    browser.await_text("main table", reason).await;
}

/// A signed-in buyer who gives no address for mail: it has to be asked for.
async fn buy_without_email(buyer: &Buyer, offer: &Offer) {
    let cart = new_cart(&buyer.client).await;
    add(&buyer.client, &cart, offer, 1).await;
    buyer.client.patch(&format!("/v1/carts/{cart}"), json!({"shippingAddress": address()})).await.expect(200);
    let started = checkout(&buyer.client, &cart, "tok_ok").await.expect(200);
    assert_eq!(settled(&buyer.client, &text(&started, "id"), CHECKOUT_SECONDS).await["state"], "COMPLETED");
}

#[tokio::test]
async fn what_is_stuck_is_dealt_with_from_the_console() {
    let mail = MailServer::refusing().await;
    let smtp = format!("smtp://{}", mail.address);
    let surroundings = Surroundings { arguments: vec!["--smtp".to_owned(), smtp], ..Surroundings::default() };
    let platform = Platform::start_in(new_folder(), Options { demo: Some(2) }, surroundings).await;
    let market = Market::of(&platform);
    let (offer, buyer) = (market.seller().await.sell("Kurta", 129_900, 9).await, market.buyer().await);
    let browser = operator(&platform).await;

    a_reservation_is_released(&browser, &platform, &market, &buyer).await;
    let bought = buy(&buyer.client, &[(&offer, 1)], &buyer.email, "tok_ok", CHECKOUT_SECONDS).await;
    a_failed_mail_is_sent_again(&browser, &mail).await;
    a_parked_saga_is_tried_and_closed(&browser, &platform, &buyer, &bought).await;
    events_set_aside_are_skipped_and_taken(&browser, &platform, &buyer, &offer, &mail).await;
    browser.go("/ops/audit").await;
    check_page(&browser, "operations-dealt-with").await;
    browser.close().await;
}

async fn a_failed_mail_is_sent_again(browser: &Browser, mail: &MailServer) {
    until_rows(browser, "order_confirmation", 1).await;
    browser.await_text("main table", "this mailbox is closed").await;
    check_page(browser, "operations-failed-mail").await;
    // Still refused: it comes back.
    deal_with(browser, "order_confirmation", "retry", "perhaps it was a moment").await;
    browser.await_text("main .notice", "noted in the audit").await;
    until_rows(browser, "order_confirmation", 1).await;
    assert_eq!(mail.taken(), 0);
    mail.open();
    deal_with(browser, "order_confirmation", "retry", "the mailbox is open again").await;
    browser.await_text("main .notice", "noted in the audit").await;
    until_rows(browser, "order_confirmation", 0).await;
    until(STUCK_SECONDS, "the mail", async || (mail.taken() == 1).then_some(())).await;
    is_noted(browser, "the mailbox is open again").await;
}

/// The provider has given the money back already, and refuses to do it twice.
async fn a_parked_saga_is_tried_and_closed(browser: &Browser, platform: &Platform, buyer: &Buyer, bought: &serde_json::Value) {
    sandbox::refund_there(platform, &text(bought, "paymentId")).await;
    let order = bought["orderIds"][0].as_str().unwrap();
    buyer.client.post(&format!("/v1/orders/{order}:cancel"), json!({"reason": "changed my mind"})).await.expect(200);
    until_rows(browser, "cancellation", 1).await;
    check_page(browser, "operations-parked-saga").await;
    deal_with(browser, "cancellation", "retry", "once more").await;
    browser.await_text("main .notice", "noted in the audit").await;
    until_rows(browser, "cancellation", 1).await;
    deal_with(browser, "cancellation", "resolve", "refunded at the provider by hand").await;
    browser.await_text("main .notice", "noted in the audit").await;
    until_rows(browser, "cancellation", 0).await;
    is_noted(browser, "refunded at the provider by hand").await;
}

/// While `users` does not answer, nobody knows where the mails of two orders go.
async fn events_set_aside_are_skipped_and_taken(
    browser: &Browser,
    platform: &Platform,
    buyer: &Buyer,
    offer: &Offer,
    mail: &MailServer,
) {
    // The confirmation and the cancellation.
    until(STUCK_SECONDS, "both mails", async || (mail.taken() == 2).then_some(())).await;
    let users = platform.process("users").pid;
    signal_process(users, Signal::STOP);
    for _ in 0..2 {
        buy_without_email(buyer, offer).await;
    }
    until_rows(browser, "OrderGroupPlaced", 2).await;
    check_page(browser, "operations-set-aside").await;
    deal_with(browser, "OrderGroupPlaced", "resolve", "they were told by telephone").await;
    browser.await_text("main .notice", "noted in the audit").await;
    until_rows(browser, "OrderGroupPlaced", 1).await;
    signal_process(users, Signal::CONT);
    // It is also tried again by itself every so often: whoever comes first takes it.
    until(STUCK_SECONDS, "the event to be taken", async || {
        if rows(browser, "OrderGroupPlaced").await > 0 {
            deal_with(browser, "OrderGroupPlaced", "retry", "users is back").await;
        }
        (rows(browser, "OrderGroupPlaced").await == 0).then_some(())
    })
    .await;
    until(STUCK_SECONDS, "one mail of the two", async || (mail.taken() == 3).then_some(())).await;
    is_noted(browser, "they were told by telephone").await;
}

/// And the explanation of the request that made it says where its time went.
async fn a_reservation_is_released(browser: &Browser, platform: &Platform, market: &Market<'_>, buyer: &Buyer) {
    let seller = market.seller().await;
    let offer = seller.sell("Last lamp", 129_900, 1).await;
    let cart = ready_cart(&buyer.client, &[(&offer, 1)], &buyer.email).await;
    let started = checkout(&buyer.client, &text(&cart, "id"), "tok_requires_action").await;
    let correlation = started.header("x-correlation-id").to_owned();
    let started = started.expect(200);
    assert_eq!(seller.stock(&offer).await.reserved, 1, "{started}");

    browser.go(&format!("/ops/search?text={correlation}")).await;
    browser.press("main a[href*='text=reservation_']").await;
    browser.press("main a[href*='/act/release-reservation']").await;
    browser.await_text("main aside", "one piece and is held by a checkout").await;
    check_page(browser, "operations-release").await;
    browser.fill("#field-reason", "needed for the exhibition").await;
    browser.press("main form button[type=submit]").await;
    browser.await_text("main .notice", "noted in the audit").await;
    is_noted(browser, "needed for the exhibition").await;
    assert_eq!(seller.stock(&offer).await.reserved, 0);
    // The buyer confirms too late: nothing is charged.
    sandbox::press(&platform.client(), &text(&started["nextAction"], "url"), "Approve").await;
    let done = settled(&buyer.client, &text(&started, "id"), CHECKOUT_SECONDS).await;
    assert_eq!(done["state"], "FAILED", "{done}");

    browser.go(&format!("/ops/requests/{correlation}")).await;
    browser.await_text("main", "Called the service").await;
    check_page(browser, "operations-explained").await;
}
