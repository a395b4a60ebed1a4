//! Signing in: passwords, tokens, their rotation, and what happens to those who guess.

use haat_tests::market::{Market, PASSWORD, sign_in, text, unique_email};
use haat_tests::until;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::market;

async fn registered(market: &Market<'_>) -> String {
    let email = unique_email();
    market.client.post("/v1/users", json!({"email": email, "password": PASSWORD, "displayName": "P"})).await.expect(201);
    email
}

async fn session(market: &Market<'_>, email: &str) -> Value {
    market.client.post("/v1/sessions", json!({"email": email, "password": PASSWORD})).await.expect(200)
}

async fn refresh(market: &Market<'_>, token: &str) -> haat_tests::Answer {
    market.client.post("/v1/sessions:refresh", json!({"refreshToken": token})).await
}

#[tokio::test]
async fn an_address_is_taken_in_any_case_of_letters() {
    let market = market().await;
    let email = registered(&market).await;
    let shouted = json!({"email": email.to_uppercase(), "password": PASSWORD, "displayName": "P"});
    market.client.post("/v1/users", shouted).await.problem(409, "email_taken");
    sign_in(&market.client, &email.to_uppercase(), PASSWORD).await;
}

#[tokio::test]
async fn nobody_registers_as_more_than_a_buyer() {
    let market = market().await;
    let body = json!({"email": unique_email(), "password": PASSWORD, "displayName": "P", "roles": ["operator"]});
    market.client.post("/v1/users", body).await.any_problem(400);
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_family() {
    let market = market().await;
    let email = registered(&market).await;
    let first = text(&session(&market, &email).await, "refreshToken");
    let other_device = text(&session(&market, &email).await, "refreshToken");
    let renewed = refresh(&market, &first).await.expect(200);
    assert_eq!((&renewed["tokenType"], &renewed["expiresIn"]), (&json!("Bearer"), &json!(900)));
    let second = text(&renewed, "refreshToken");
    assert_ne!(first, second);
    market.client.signed_in(&text(&renewed, "accessToken")).get("/v1/users/me").await.expect(200);
    refresh(&market, &first).await.any_problem(401);
    refresh(&market, &second).await.any_problem(401);
    refresh(&market, "nonsense").await.any_problem(401);
    refresh(&market, &other_device).await.expect(200);
}

#[tokio::test]
async fn signing_out_ends_the_refresh_token() {
    let market = market().await;
    let email = registered(&market).await;
    let session = session(&market, &email).await;
    let signed_in = market.client.signed_in(&text(&session, "accessToken"));
    let out = signed_in.delete("/v1/sessions/current").await;
    assert!([200, 204].contains(&out.status), "{}", out.text());
    refresh(&market, &text(&session, "refreshToken")).await.any_problem(401);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_accounts_look_alike() {
    let market = market().await;
    let email = registered(&market).await;
    let wrong =
        market.client.post("/v1/sessions", json!({"email": email, "password": "not the password"})).await.any_problem(401);
    let unknown = market
        .client
        .post("/v1/sessions", json!({"email": unique_email(), "password": "not the password"}))
        .await
        .any_problem(401);
    assert_eq!((&wrong["code"], &wrong["detail"]), (&unknown["code"], &unknown["detail"]));
}

#[tokio::test]
async fn guessing_at_an_account_is_slowed_down_and_others_are_not() {
    let market = market().await;
    let (victim, neighbour) = (registered(&market).await, registered(&market).await);
    let guess = async || market.client.post("/v1/sessions", json!({"email": victim, "password": "a wrong password"})).await;
    let mut refused = None;
    for _ in 0..15 {
        let answer = guess().await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.any_problem(401);
    }
    let refused = refused.unwrap();
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    refused.problem(429, "rate_limited");
    let blocked = market.client.post("/v1/sessions", json!({"email": victim, "password": PASSWORD})).await;
    assert_eq!(blocked.status, 429, "{}", blocked.text());
    let before = Instant::now();
    sign_in(&market.client, &neighbour, PASSWORD).await;
    assert!(before.elapsed().as_secs() < 5, "the neighbour waited {:?}", before.elapsed());
    until(wait + 30, "the account to open again", async || {
        let answer = market.client.post("/v1/sessions", json!({"email": victim, "password": PASSWORD})).await;
        (answer.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_access_token_says_who_for_how_long_and_for_whom() {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let market = market().await;
    let email = registered(&market).await;
    let token = text(&session(&market, &email).await, "accessToken");
    let parts: Vec<&str> = token.split('.').collect();
    let part = |n: usize| -> Value { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[n]).unwrap()).unwrap() };
    let (header, claims) = (part(0), part(1));
    assert!(["EdDSA", "ES256"].contains(&header["alg"].as_str().unwrap()), "{header}");
    text(&header, "kid");
    for claim in ["iss", "sub"] {
        text(&claims, claim);
    }
    assert!(!claims["aud"].is_null());
    let lifetime = claims["exp"].as_i64().unwrap() - haat_kernel::Clock::System.now().as_second();
    assert!((800..=900).contains(&lifetime), "{lifetime}");

    let mut forged: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let mut other = claims.clone();
    other["sub"] = json!("user_01jd3xq8zzf0tvg0000000000z");
    forged[1] = URL_SAFE_NO_PAD.encode(other.to_string());
    market.client.signed_in(&forged.join(".")).get("/v1/users/me").await.any_problem(401);
}
