//! Every test token, through the real server and a real receiver of webhooks.

use std::time::Duration;

use crate::support::{Sandbox, Webhooks, order, post, send};
use haat_kernel::Clock;
use haat_store::{MemoryBackend, Store};
use serde_json::{Value, json};

async fn sandbox() -> (Sandbox, Webhooks) {
    let webhooks = Webhooks::listen().await;
    let store = Store::memory(Clock::System, MemoryBackend::default());
    (Sandbox::start(store, &webhooks, |_| {}).await, webhooks)
}

#[tokio::test]
async fn plain_tokens_answer_at_once_and_by_webhook() {
    let (sandbox, mut webhooks) = sandbox().await;
    for (token, status, decline_code) in [
        ("tok_ok", "authorized", Value::Null),
        ("tok_declined", "declined", json!("card_declined")),
        ("tok_insufficient_funds", "declined", json!("insufficient_funds")),
        ("tok_late_webhook", "authorized", Value::Null),
    ] {
        let (code, charge) = sandbox.authorize(token, token).await;
        assert_eq!((code, &charge["status"], &charge["declineCode"]), (200, &json!(status), &decline_code), "{token}");
        let received = webhooks.next().await;
        assert_eq!((received.kind, received.charge), (format!("charge.{status}"), charge), "{token}");
    }
}

#[tokio::test]
async fn a_timeout_gets_no_answer_and_the_truth_by_asking_and_by_webhook() {
    let (sandbox, mut webhooks) = sandbox().await;
    for (token, status) in [("tok_timeout_then_ok", "authorized"), ("tok_timeout_then_declined", "declined")] {
        let request = post("/v1/charges", "a", &order(token, token));
        assert!(send(sandbox.addr, request).await.is_err(), "{token}");
        let charge = sandbox.wait_for(token, status).await;
        assert_eq!(webhooks.next().await.charge, charge);
        assert_eq!(sandbox.post("/v1/charges", "a", order(token, token)).await, (200, charge), "the repeat is answered");
    }
}

#[tokio::test]
async fn a_stop_does_not_wait_for_requests_that_are_held() {
    let webhooks = Webhooks::listen().await;
    let store = Store::memory(Clock::System, MemoryBackend::default());
    let sandbox = Sandbox::start(store, &webhooks, |config| config.delays.hold = Duration::from_secs(3_600)).await;
    let held = haat_kernel::spawn("held", send(sandbox.addr, post("/v1/charges", "a", &order("r", "tok_timeout_then_ok"))));
    sandbox.wait_for("r", "authorized").await;
    sandbox.stop().await;
    assert!(held.await.unwrap().is_err());
}

#[tokio::test]
async fn a_buyer_decides_on_a_page_once() {
    let (sandbox, mut webhooks) = sandbox().await;
    for (click, status, said) in [("approve", "authorized", "Payment approved"), ("decline", "declined", "Payment declined")] {
        let mut body = order(click, "tok_requires_action");
        body["returnUrl"] = json!("https://shop.test/back?a=1&b=2");
        let (_, charge) = sandbox.post("/v1/charges", click, body).await;
        assert_eq!(charge["status"], "requires_action");
        let url = charge["actionUrl"].as_str().unwrap();
        let path = url.strip_prefix(&format!("http://{}", sandbox.addr)).unwrap();

        let (_, page) = sandbox.page("GET", path).await;
        assert!(page.contains("INR 1299.00") && page.contains(">Approve</button>") && page.contains(">Decline</button>"));
        let (code, page) = sandbox.page("POST", &format!("{path}/{click}")).await;
        assert!(code == 200 && page.contains(said) && page.contains("https://shop.test/back?a=1&amp;b=2"), "{page}");
        let (code, page) = sandbox.page("POST", &format!("{path}/approve")).await;
        assert!(code == 409 && page.contains("already decided") && page.contains(said), "{page}");

        let received = webhooks.next().await;
        assert_eq!((received.kind, &received.charge["status"]), (format!("charge.{status}"), &json!(status)));
        assert!(received.charge["actionUrl"].is_null());
    }
}

#[tokio::test]
async fn a_duplicated_webhook_comes_three_times_and_once_behind_a_later_one() {
    let (sandbox, mut webhooks) = sandbox().await;
    let (_, charge) = sandbox.authorize("r", "tok_duplicate_webhook").await;
    let first = [webhooks.next().await, webhooks.next().await];
    let path = format!("/v1/charges/{}/capture", charge["id"].as_str().unwrap());
    sandbox.post(&path, "c", json!({})).await;
    assert_eq!(webhooks.next().await.kind, "charge.captured");
    let last = webhooks.next().await;
    assert_eq!((last.kind.as_str(), &last.charge["captured"]), ("charge.authorized", &json!(0)));
    assert!(first.iter().all(|copy| copy.id == last.id && copy.charge == last.charge));
}

#[tokio::test]
async fn a_flaky_token_fails_twice_for_each_reference_and_leaves_nothing_behind() {
    let (sandbox, mut webhooks) = sandbox().await;
    for reference in ["r", "s"] {
        for _ in 0..2 {
            assert_eq!(sandbox.authorize(reference, "tok_flaky").await.0, 500);
            assert_eq!(sandbox.get(&format!("/v1/charges?reference={reference}")).await.1["charges"], json!([]));
        }
        assert_eq!(sandbox.authorize(reference, "tok_flaky").await.1["status"], "authorized");
        assert_eq!(webhooks.next().await.charge["reference"], reference);
    }
}

#[tokio::test]
async fn a_wrong_amount_is_stated_by_reads_and_webhooks_only() {
    let (sandbox, mut webhooks) = sandbox().await;
    let (_, charge) = sandbox.authorize("r", "tok_wrong_amount").await;
    assert_eq!(charge["amount"], 129_900);
    assert_eq!(webhooks.next().await.charge["amount"], 130_000);
    let id = charge["id"].as_str().unwrap();
    assert_eq!(sandbox.get(&format!("/v1/charges/{id}")).await.1["amount"], 130_000);
    assert_eq!(sandbox.post(&format!("/v1/charges/{id}/capture"), "c", json!({})).await.1["captured"], 129_900);
}
