//! A few hundred requests that mean harm, on every route there is: none may be answered with 5xx, or not at all.

use haat_kernel::Entropy;
use haat_tests::client::try_send;
use haat_tests::{Client, Market};
use reqwest::Method;
use serde_json::{Value, json};

use crate::market;

/// The same requests every time.
const SEED: u64 = 7;
const ROUNDS: usize = 4;

const VALUES: [&str; 14] = [
    "x",
    "0",
    "-1",
    "%00",
    "..%2f..",
    "%F0%9F%92%A9",
    "' OR 1=1--",
    "null",
    "1e309",
    "true",
    "%ff%fe",
    "{{7*7}}",
    "A%0d%0aB",
    "order_01jd3xq8zzf0tvg0000000000z",
];

fn bodies() -> Vec<Value> {
    vec![
        json!({}),
        json!([]),
        json!(null),
        json!({"email": {}, "quantity": [], "price": "x"}),
        json!({"quantity": i64::MAX, "offerId": "x".repeat(10_000)}),
        json!({"price": {"currencyCode": "INR", "amount": i64::MIN}}),
        json!({"payment": {"method": "card", "token": "\u{0}"}, "expectedTotal": {"currencyCode": "", "amount": -1}}),
        json!({"code": "💥".repeat(500), "percentOff": 1_000_000, "endsAt": "9999-99-99T99:99:99Z"}),
        json!({"title": "t".repeat(100_000), "variants": vec![json!({}); 2_000]}),
        json!({"delta": -9_000_000_000_000_000_000_i64, "warehouseId": "", "reason": null}),
        json!({"amount": {"currencyCode": "XXX", "amount": 0}}),
        json!({"updateMask": "a,b..c,", "title": "\u{ffff}"}),
        json!({"reason": "r".repeat(50_000)}),
    ]
}

#[tokio::test]
async fn nothing_that_can_be_sent_is_answered_with_a_failure_of_ours() {
    let market = market().await;
    let clients = [market.client.clone(), market.buyer().await.client, market.seller().await.client, market.operator().await];
    let openapi = market.client.get("/openapi.json").await.expect(200);
    let entropy = Entropy::seeded(SEED);
    let mut bad = Vec::new();
    let mut count = 0;
    for (path, operations) in openapi["paths"].as_object().unwrap() {
        for method in
            operations.as_object().unwrap().keys().filter(|key| ["get", "post", "patch", "put", "delete"].contains(&key.as_str()))
        {
            for round in 0..ROUNDS {
                count += 1;
                bad.extend(strike(&clients[round % clients.len()], method, path, &entropy).await);
            }
        }
    }
    assert!(count >= 100, "only {count} requests");
    assert!(bad.is_empty(), "{} of {count}:\n{}", bad.len(), bad.join("\n"));
    assert_alive(&market).await;
}

/// One bad request; what is wrong with its answer, if anything.
async fn strike(client: &Client, method: &str, template: &str, entropy: &Entropy) -> Option<String> {
    let pick = |many: usize| usize::try_from(entropy.below(many as u64)).unwrap();
    let value = VALUES[pick(VALUES.len())];
    let mut path: String = template.split('/').map(|part| filled(part, value)).collect::<Vec<_>>().join("/");
    if pick(2) == 0 {
        path.push_str(&format!("?pageToken={value}&pageSize={}&filter={value}", VALUES[pick(VALUES.len())]));
    }
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let has_body = method != Method::GET;
    let mut request = client.request(method.clone(), &path);
    if has_body {
        let bodies = bodies();
        request = request.json(&bodies[pick(bodies.len())]);
    }
    match try_send(request).await {
        Ok(answer) if answer.status < 500 => None,
        Ok(answer) => Some(format!("{method} {path}: {}", answer.text().chars().take(300).collect::<String>())),
        Err(error) => Some(format!("{method} {path}: {error:?}")),
    }
}

/// `{cart}:checkout` with `x` is `x:checkout`.
fn filled(part: &str, value: &str) -> String {
    match (part.find('{'), part.find('}')) {
        (Some(from), Some(to)) => format!("{}{value}{}", &part[..from], &part[to + 1..]),
        _ => part.to_owned(),
    }
}

async fn assert_alive(market: &Market<'_>) {
    assert_eq!(market.client.get("/readyz").await.status, 200);
    let processes = market.platform.processes();
    for (name, process) in processes.as_object().unwrap() {
        assert_eq!(process["restarts"], 0, "{name} was restarted");
    }
}
