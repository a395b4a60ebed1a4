//! The account in a real browser: addresses are kept and chosen at the checkout, sessions are told apart and ended, for people
//! with scripts and without, on a phone and at a desk.

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_page};
use haat_tests::market::{Market, PASSWORD};
use haat_tests::{Options, Platform};

use crate::{put_something_into_the_cart, type_address};

async fn buyer(platform: &Platform, email: &str, looking: Looking) -> Browser {
    let browser = Browser::open(&format!("http://{}", platform.http), looking).await;
    browser.sign_in("", email, PASSWORD).await;
    browser
}

#[tokio::test]
async fn addresses_are_kept_and_chosen_and_sessions_are_ended() {
    let platform = Platform::start(Options::default()).await;
    for (size, scheme, scripts) in [(Size::Phone, Scheme::Dark, false), (Size::Desktop, Scheme::Light, true)] {
        let email = Market::of(&platform).buyer().await.email;
        let browser = buyer(&platform, &email, Looking { size, scheme, scripts, ..Looking::default() }).await;
        keep_addresses(&browser).await;
        send_to_one_of_them(&browser).await;
        browser.close().await;
    }
    sessions_are_told_apart_and_ended(&platform).await;
}

async fn keep_addresses(browser: &Browser) {
    browser.go("/account/addresses").await;
    browser.await_text("main", "You keep no addresses yet").await;
    for (name, line1) in [("Asha Rao", "12 MG Road"), ("Ravi <b>Rao</b>", "7 Lake View")] {
        browser.go("/account/addresses/new").await;
        check_page(browser, "account-new-address").await;
        type_address(browser, name, line1).await;
        browser.press("main form.panel button[type=submit]").await;
        browser.await_text("main .notice", "The address is kept").await;
    }
    check_page(browser, "account-addresses").await;
    browser.press("form[action$='/default'] button").await;
    browser.await_text("main .address-book li", "Ravi <b>Rao</b>").await;
}

async fn send_to_one_of_them(browser: &Browser) {
    put_something_into_the_cart(browser).await;
    browser.go("/checkout").await;
    browser.await_text("main label.pay-card", "7 Lake View").await;
    check_page(browser, "checkout-address-book").await;
    browser.press("form[action='/checkout/address/saved'] button").await;
    browser.await_text("main address", "7 Lake View").await;
    browser.go("/account/addresses").await;
    browser.press("form[action$='/remove'] button").await;
    browser.await_text("main .notice", "The address is removed").await;
    browser.await_text("main .address-book li", "12 MG Road").await;
}

async fn sessions_are_told_apart_and_ended(platform: &Platform) {
    let email = Market::of(platform).buyer().await.email;
    let here = buyer(platform, &email, Looking::default()).await;
    let there = buyer(platform, &email, Looking { size: Size::Phone, scheme: Scheme::Dark, ..Looking::default() }).await;
    let third = buyer(platform, &email, Looking { scripts: false, ..Looking::default() }).await;
    there.go("/account/sessions").await;
    there.await_text("main", "Chrome on Linux").await;
    there.await_text("main", "from 127.0.0.1").await;
    check_page(&there, "account-sessions").await;

    here.go("/account/sessions").await;
    check_page(&here, "account-sessions").await;
    let count = async || here.execute("return document.querySelectorAll('.session-list li').length", Vec::new()).await;
    // The one that registered counts too.
    assert_eq!(count().await, 4);
    // The newest of the others: the third.
    here.press("form[action$='/end'] button").await;
    here.await_text("main .notice", "Signed out there").await;
    assert_eq!(count().await, 3);
    is_out(&third).await;
    here.press("form[action='/account/sessions/end-others'] button").await;
    here.await_text("main .notice", "everywhere else").await;
    assert_eq!(count().await, 1);
    is_out(&there).await;
    here.lose_cookie("haat_session").await;
    here.go("/account").await;
    here.await_text("main h1", "Hello").await;
    for browser in [here, there, third] {
        browser.close().await;
    }
}

/// The access token lives out its minutes; with it gone, nothing brings another.
async fn is_out(browser: &Browser) {
    browser.lose_cookie("haat_session").await;
    browser.go("/account").await;
    browser.await_text("main h1", "Sign in").await;
}
