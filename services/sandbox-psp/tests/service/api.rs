//! The sandbox's API: repeats, limits, lists, keys; and what a crash leaves.

use crate::support::{Sandbox, Webhooks, json_of, order, post, send};
use std::time::Duration;

use haat_kernel::Clock;
use haat_store::{MemoryBackend, Store};
use http::Request;
use http_body_util::Full;
use serde_json::{Value, json};

fn memory() -> Store {
    Store::memory(Clock::System, MemoryBackend::default())
}

fn id(charge: &Value) -> &str {
    charge["id"].as_str().unwrap()
}

fn error(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn retries_never_move_money_twice() {
    let mut webhooks = Webhooks::listen().await;
    let sandbox = Sandbox::start(memory(), &webhooks, |_| {}).await;
    let authorize = |key: &'static str| sandbox.post("/v1/charges", key, order("r", "tok_ok"));
    let (first, second, third) = tokio::join!(authorize("a"), authorize("a"), authorize("b"));
    assert!(first == second && second == third && first.0 == 200, "{first:?}");

    let path = format!("/v1/charges/{}", id(&first.1));
    for _ in 0..2 {
        assert_eq!(sandbox.post(&format!("{path}/capture"), "c", json!({"amount": 100_000})).await.1["captured"], 100_000);
        assert_eq!(sandbox.post(&format!("{path}/refunds"), "r", json!({"amount": 40_000})).await.1["refunded"], 40_000);
    }
    let mut kinds = webhooks.next_kinds(3).await;
    kinds.sort();
    assert_eq!(kinds, ["charge.authorized", "charge.captured", "charge.refunded"]);
    assert!(webhooks.is_quiet());

    let (_, refunds) = sandbox.get(&format!("{path}/refunds")).await;
    assert_eq!(refunds["refunds"][0]["amount"], 40_000);
    for (call, key, body, code) in [
        ("refunds", "r2", json!({"amount": 60_001}), "amount_too_large"),
        ("capture", "c2", json!({"amount": 29_901}), "amount_too_large"),
        ("capture", "r", json!({}), "idempotency_key_reused"),
        ("void", "v", json!({}), "charge_captured"),
    ] {
        let (status, answer) = sandbox.post(&format!("{path}/{call}"), key, body).await;
        assert_eq!((status, error(&answer)), (409, code), "{call}");
    }
}

#[tokio::test]
async fn a_reference_has_one_living_charge() {
    let webhooks = Webhooks::listen().await;
    let sandbox = Sandbox::start(memory(), &webhooks, |_| {}).await;
    let authorize = |key: &'static str, token: &'static str| sandbox.post("/v1/charges", key, order("r", token));
    let (_, declined) = authorize("a", "tok_declined").await;
    let (_, voided) = authorize("b", "tok_ok").await;
    sandbox.post(&format!("/v1/charges/{}/void", id(&voided)), "v", json!({})).await;
    let (_, alive) = authorize("c", "tok_ok").await;

    assert_eq!(id(&authorize("a", "tok_declined").await.1), id(&declined));
    assert_eq!(error(&authorize("a", "tok_ok").await.1), "idempotency_key_reused");
    assert_eq!(error(&authorize("d", "tok_declined").await.1), "reference_in_use");
    let (_, list) = sandbox.get("/v1/charges?reference=r").await;
    let shown: Vec<_> = list["charges"].as_array().unwrap().iter().map(|c| (id(c), c["voided"].as_bool().unwrap())).collect();
    assert_eq!(shown, [(id(&alive), false), (id(&voided), true), (id(&declined), false)]);
}

#[tokio::test]
async fn lists_go_on_where_they_ended() {
    let webhooks = Webhooks::listen().await;
    let sandbox = Sandbox::start(memory(), &webhooks, |_| {}).await;
    for reference in ["1", "2", "3"] {
        sandbox.authorize(reference, "tok_ok").await;
    }
    let references = |list: &Value| -> Vec<String> {
        list["charges"].as_array().unwrap().iter().map(|charge| charge["reference"].as_str().unwrap().to_owned()).collect()
    };
    let (_, list) = sandbox.get("/v1/charges").await;
    assert_eq!((references(&list), &list["next"]), (vec!["3".into(), "2".into(), "1".into()], &Value::Null));
    let (_, list) = sandbox.get("/v1/charges?limit=2").await;
    assert_eq!(references(&list), ["3", "2"]);
    let (_, list) = sandbox.get(&format!("/v1/charges?limit=2&after={}", list["next"].as_str().unwrap())).await;
    assert_eq!(references(&list), ["1"]);
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let webhooks = Webhooks::listen().await;
    let sandbox = Sandbox::start(memory(), &webhooks, |_| {}).await;
    let with = |field: &str, value: Value| {
        let mut body = order("r", "tok_ok");
        body[field] = value;
        body
    };
    for (body, status, code) in [
        (with("token", json!("tok_visa")), 400, "token_unknown"),
        (with("amount", json!(0)), 400, "amount_invalid"),
        (with("amount", json!(1.5)), 400, "body_invalid"),
        (with("currency", json!("rupees")), 400, "body_invalid"),
        (with("reference", json!("a b")), 400, "reference_invalid"),
        (with("returnUrl", json!("javascript:alert(1)")), 400, "return_url_invalid"),
        (with("webhookUrl", json!("file:///etc/passwd")), 400, "webhook_url_invalid"),
        (with("surprise", json!(1)), 400, "body_invalid"),
        (with("reference", json!("x".repeat(70_000))), 413, "body_too_large"),
    ] {
        let (found, answer) = sandbox.post("/v1/charges", "a", body).await;
        assert_eq!((found, error(&answer)), (status, code));
    }
    assert_eq!(error(&sandbox.post("/v1/charges", "", order("r", "tok_ok")).await.1), "idempotency_key_required");
    assert_eq!(sandbox.get("/v1/charges/charge_01h455vb4pex5vsknk084sn02q").await.0, 404);
    assert_eq!(sandbox.get("/v1/refunds").await.0, 404);
    assert_eq!(sandbox.post("/healthz", "a", json!({})).await.0, 405);
    assert_eq!(sandbox.get("/v1/charges").await.1["charges"], json!([]));
}

#[tokio::test]
async fn an_api_key_guards_all_but_the_list() {
    let webhooks = Webhooks::listen().await;
    let sandbox = Sandbox::start(memory(), &webhooks, |config| config.api_key = Some("secret".into())).await;
    for (key, status) in [("Bearer secret", 200), ("Bearer secre", 401), ("Bearer secret2", 401), ("secret", 401)] {
        let mut request = post("/v1/charges", "a", &order("r", "tok_ok"));
        request.headers_mut().insert("authorization", key.parse().unwrap());
        assert_eq!(json_of(send(sandbox.addr, request).await.unwrap()).await.0, status, "{key}");
    }
    let (_, list) = sandbox.get("/v1/charges").await;
    assert_eq!(sandbox.get(&format!("/v1/charges/{}", id(&list["charges"][0]))).await.0, 401);
    let request = Request::delete("/v1/charges").body(Full::default()).unwrap();
    assert_eq!(json_of(send(sandbox.addr, request).await.unwrap()).await.0, 401);
}

#[tokio::test]
async fn a_restart_keeps_the_charges_and_finishes_what_was_begun() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Store::open_sqlite(folder.path().join("sandbox-psp.db"), Clock::System).unwrap();
    let mut webhooks = Webhooks::listen().await;
    webhooks.refuse(u32::MAX);
    let sandbox = Sandbox::start(open(), &webhooks, |config| config.delays.settle = Duration::from_millis(300)).await;
    let (_, charge) = sandbox.authorize("r", "tok_ok").await;
    assert!(send(sandbox.addr, post("/v1/charges", "a", &order("s", "tok_timeout_then_ok"))).await.is_err());
    while webhooks.refusals_left() == u32::MAX {
        tokio::task::yield_now().await;
    }
    sandbox.stop().await;

    webhooks.refuse(0);
    let sandbox = Sandbox::start(open(), &webhooks, |_| {}).await;
    assert_eq!(sandbox.authorize("r", "tok_ok").await.1, charge);
    sandbox.wait_for("s", "authorized").await;
    let mut told = [webhooks.next().await, webhooks.next().await].map(|received| received.charge["reference"].clone());
    told.sort_by_key(Value::to_string);
    assert_eq!(told, ["r", "s"]);
}
