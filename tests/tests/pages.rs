//! Pages in a real browser: every application begins, in each size and scheme, with and without scripts; people sign in,
//! choose a language, and sign out; nothing on them breaks their own policy or shuts anybody out.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::browser::{Browser, Looking, Scheme, Size, check_accessible};
use haat_tests::{Options, Platform};
use serde_json::Value;

const STARTS: [(&str, &str); 3] = [("/", "shop"), ("/seller/sign-in", "seller"), ("/ops/sign-in", "operations")];

fn base(platform: &Platform) -> String {
    format!("http://{}", platform.http)
}

async fn check_page(browser: &Browser, name: &str) {
    check_accessible(browser).await;
    assert_eq!(browser.overflow().await, 0, "{name} is wider than the window");
    assert_eq!(browser.complaints().await, Vec::<String>::new(), "{name}");
    browser.screenshot(name).await;
}

#[tokio::test]
async fn people_come_look_and_go() {
    let platform = Platform::start(Options::default()).await;
    for (size, scheme) in
        [(Size::Phone, Scheme::Dark), (Size::Desktop, Scheme::Light), (Size::Phone, Scheme::Light), (Size::Desktop, Scheme::Dark)]
    {
        let browser = Browser::open(&base(&platform), Looking { size, scheme, ..Looking::default() }).await;
        for (path, name) in STARTS {
            browser.go(path).await;
            check_page(&browser, name).await;
        }
        browser.close().await;
    }
    for scripts in [true, false] {
        let browser = Browser::open(&base(&platform), Looking { scripts, ..Looking::default() }).await;
        visit(&browser, &platform.json("demo.json")).await;
        browser.close().await;
    }
}

/// Signs in, reads Hindi, and signs out.
async fn visit(browser: &Browser, accounts: &Value) {
    let account = |field: &str| accounts["buyer"][field].as_str().unwrap();
    browser.go("/sign-in").await;
    browser.fill("#field-email", account("email")).await;
    browser.fill("#field-password", "not the password").await;
    browser.press("main form button[type=submit]").await;
    browser.await_text("main .error-summary", "not right").await;
    check_accessible(browser).await;
    // The refusal's own status shows in the log.
    browser.complaints().await;

    browser.sign_in("", account("email"), account("password")).await;
    browser.await_text("main .notice", "You are signed in").await;
    assert_eq!(browser.path().await, "/");
    check_page(browser, "signed-in").await;

    browser.press("button[lang=hi]").await;
    browser.await_text("footer .switch button[lang=hi][aria-pressed=true]", "हिन्दी").await;
    assert!(browser.has("html[lang=hi]").await);
    check_page(browser, "hindi").await;
    browser.press("button[lang=en]").await;
    browser.find("html[lang=en]").await;

    browser.press("footer button[value=dark]").await;
    browser.find("html[data-theme=dark]").await;
    browser.press("header details.menu summary").await;
    browser.press("header form[action='/sign-out'] button").await;
    browser.await_text("main .notice", "signed out").await;
    assert!(!browser.has("header details.menu form[action='/sign-out']").await);
}
