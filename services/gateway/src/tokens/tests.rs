//! Tokens against a stand-in for `users` that makes keys, signs, rotates and fails.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use haat_kernel::{Error, Result as KernelResult};
use http::HeaderValue;
use jsonwebtoken::{EncodingKey, Header, encode};
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::*;
use crate::keys::KeySource;

#[derive(Default)]
struct Users {
    keys: Mutex<Vec<(String, Vec<u8>, Value)>>,
    is_down: Mutex<bool>,
    fetches: AtomicU32,
}

struct Source(Arc<Users>);

#[async_trait]
impl KeySource for Source {
    async fn fetch(&self) -> KernelResult<Vec<u8>> {
        self.0.fetches.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if *self.0.is_down.lock() {
            return Err(Error::unavailable("down"));
        }
        let keys: Vec<Value> = self.0.keys.lock().iter().map(|(_, _, jwk)| jwk.clone()).collect();
        Ok(json!({ "keys": keys }).to_string().into_bytes())
    }
}

impl Users {
    fn rotate(&self, id: &str) {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": id, "x": x});
        self.keys.lock().push((id.to_owned(), pkcs8.as_ref().to_vec(), jwk));
    }

    fn sign(&self, id: &str, claims: &Value) -> String {
        let keys = self.keys.lock();
        let (_, pkcs8, _) = keys.iter().find(|(other, ..)| other == id).unwrap();
        let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &EncodingKey::from_ed_der(pkcs8)).unwrap()
    }
}

const NOW: i64 = 1_767_225_600;

fn claims() -> Value {
    json!({"iss": "https://haat.test", "aud": "haat", "sub": "user_1", "exp": NOW + 900, "nbf": NOW, "iat": NOW,
           "roles": ["buyer", "seller"], "seller_id": "seller_1", "sid": "session_1"})
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims();
    claims[name] = value.into();
    claims
}

fn bench() -> (Arc<Users>, Tokens) {
    let users = Arc::new(Users::default());
    users.rotate("k1");
    let clock = Clock::simulated(haat_kernel::Timestamp::from_second(NOW).unwrap(), 0);
    (users.clone(), Tokens::new(Arc::new(Keys::new(Source(users))), clock, "https://haat.test/"))
}

async fn ask(tokens: &Tokens, token: &str) -> Result<Principal, String> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
    tokens.principal(&headers).await.map_err(|problem| problem.detail.into_owned())
}

#[tokio::test(start_paused = true)]
async fn a_good_token_names_its_principal() {
    let (users, tokens) = bench();
    let token = users.sign("k1", &claims());
    for _ in 0..3 {
        let principal = ask(&tokens, &token).await.unwrap();
        assert_eq!((principal.user_id(), principal.seller_id.as_deref()), (Some("user_1"), Some("seller_1")));
        assert!(principal.has_role("seller") && principal.session_id.as_deref() == Some("session_1"));
    }
    assert_eq!(tokens.principal(&HeaderMap::new()).await.unwrap(), Principal::anonymous());
    tokio::time::advance(std::time::Duration::from_secs(961)).await;
    assert!(ask(&tokens, &token).await.unwrap_err().contains("expired"), "remembered, but not for ever");
}

#[tokio::test(start_paused = true)]
async fn a_bad_token_is_refused() {
    let (users, tokens) = bench();
    let good = users.sign("k1", &claims());
    let (head, signature) = good.rsplit_once('.').unwrap();
    let unsigned = format!(
        "{}.{}.",
        BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"k1"}"#),
        BASE64_URL_SAFE_NO_PAD.encode(claims().to_string())
    );
    let symmetric = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
    let symmetric = encode(&symmetric, &claims(), &EncodingKey::from_secret(b"public key")).unwrap();
    for (token, detail) in [
        (users.sign("k1", &with("exp", NOW - 61)), "has expired"),
        (users.sign("k1", &with("nbf", NOW + 61)), "does not hold yet"),
        (users.sign("k1", &with("iss", "https://elsewhere.test")), "does not hold"),
        (users.sign("k1", &with("aud", "other")), "does not hold"),
        (format!("{head}x.{signature}"), "does not hold"),
        (unsigned, "is no JWT"),
        (symmetric, "algorithm is not its key's"),
        ("x".to_owned(), "is no JWT"),
        (String::new(), "is no JWT"),
    ] {
        let refusal = ask(&tokens, &token).await.unwrap_err();
        assert!(refusal.contains(detail), "{refusal} / {detail}");
    }
    assert!(ask(&tokens, &users.sign("k1", &with("exp", NOW - 59))).await.is_ok(), "within the skew");
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Basic eDp5"));
    assert_eq!(tokens.principal(&headers).await.unwrap_err().status, 401);
}

#[tokio::test(start_paused = true)]
async fn keys_are_fetched_once_for_all_and_outlive_an_outage() {
    let (users, tokens) = bench();
    let token = users.sign("k1", &claims());
    let (one, other) = tokio::join!(ask(&tokens, &token), ask(&tokens, &token));
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(users.fetches.load(Ordering::SeqCst), 1, "one fetch for both");

    users.rotate("k2");
    let new = users.sign("k2", &claims());
    assert!(ask(&tokens, &new).await.is_err(), "asked a moment ago");
    tokio::time::advance(std::time::Duration::from_secs(6)).await;
    assert!(ask(&tokens, &new).await.is_ok());

    *users.is_down.lock() = true;
    tokio::time::advance(std::time::Duration::from_secs(60)).await;
    users.rotate("k3");
    assert!(ask(&tokens, &users.sign("k3", &claims())).await.is_err());
    assert!(ask(&tokens, &users.sign("k2", &claims())).await.is_ok(), "the last good keys stay");
}

#[tokio::test(start_paused = true)]
async fn without_any_keys_the_answer_is_unavailable() {
    let (users, tokens) = bench();
    *users.is_down.lock() = true;
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {}", users.sign("k1", &claims()))).unwrap());
    assert_eq!(tokens.principal(&headers).await.unwrap_err().status, 503);
}
