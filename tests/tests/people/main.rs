//! What people meet in the web applications, in a real browser, beyond the first purchase: their account, sellers by name,
//! processes that go away under them, work that got stuck, and a shop that somebody else has built.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod account;
mod outages;
mod sellers;
mod stuck_work;
mod tiny_shop;

use haat_tests::browser::Browser;
use haat_tests::until;

/// Puts the first thing that can be had into the cart of the shop.
async fn put_something_into_the_cart(browser: &Browser) {
    until(30, "a product in stock", async || {
        browser.go("/search?available=yes").await;
        browser.has("main .cards h3 a").await.then_some(())
    })
    .await;
    browser.press("main .cards h3 a").await;
    browser.press("main .buying .add-form button[type=submit]").await;
    browser.await_text("main h1", "Cart").await;
}

/// Fills in the fields of an address, on whatever page they stand.
async fn type_address(browser: &Browser, name: &str, line1: &str) {
    for (field, text) in [("name", name), ("line1", line1), ("postalCode", "411001"), ("city", "Pune")] {
        browser.fill(&format!("#field-{field}"), text).await;
    }
    browser.find("#field-state").await.select_by_value("Maharashtra").await.unwrap();
}

/// As a guest, from the cart to the payment.
async fn give_address(browser: &Browser) {
    browser.go("/checkout").await;
    browser.fill("#field-email", "asha@example.in").await;
    type_address(browser, "Asha Rao", "12 MG Road").await;
    browser.press("form[action='/checkout/address'] button").await;
    browser.find("form[action='/checkout/pay']").await;
}
