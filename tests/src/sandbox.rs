//! The payment provider's side: what it says it did, the pages it shows to buyers, and webhooks as it signs them.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use haat_kernel::{Clock, Entropy};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::client::{Client, try_send};
use crate::platform::Platform;

/// What the provider did for one payment, over all its charges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charged {
    /// Charges that hold or took money.
    pub living: usize,
    pub amount: i64,
    pub captured: i64,
    pub refunded: i64,
}

fn address(platform: &Platform) -> String {
    format!("http://127.0.0.1:{}", platform.process("sandbox-psp").port)
}

/// By payment id.
pub async fn charges(platform: &Platform) -> BTreeMap<String, Charged> {
    try_charges(platform).await.unwrap_or_else(|| panic!("the sandbox provider does not answer"))
}

/// What the provider did for a payment.
pub async fn charged(platform: &Platform, payment: &str) -> Charged {
    charges(platform).await.get(payment).copied().unwrap_or_default()
}

/// The same of a provider that may be away.
pub async fn try_charged(platform: &Platform, payment: &str) -> Option<Charged> {
    try_charges(platform).await.map(|charges| charges.get(payment).copied().unwrap_or_default())
}

async fn try_charges(platform: &Platform) -> Option<BTreeMap<String, Charged>> {
    let client = Client::plain(&address(platform));
    let list = try_send(client.request(Method::GET, "/v1/charges")).await.ok()?.expect(200);
    let mut charges = BTreeMap::<String, Charged>::new();
    for charge in list["charges"].as_array().unwrap() {
        let number = |field: &str| charge[field].as_i64().unwrap_or_else(|| panic!("{field}: {charge}"));
        let sum = charges.entry(charge["reference"].as_str().unwrap().to_owned()).or_default();
        let is_living = charge["voided"] == false && charge["status"] != "declined";
        if is_living {
            sum.living += 1;
            sum.amount += number("amount");
        }
        sum.captured += number("captured");
        sum.refunded += number("refunded");
    }
    Some(charges)
}

/// Gives back what was captured of a payment at the provider itself, as somebody at its own console would.
pub async fn refund_there(platform: &Platform, payment: &str) {
    let client = Client::plain(&address(platform));
    let list = client.get(&format!("/v1/charges?reference={payment}")).await.expect(200);
    let charge = &list["charges"][0];
    let path = format!("/v1/charges/{}/refunds", charge["id"].as_str().unwrap());
    let body = serde_json::json!({ "amount": charge["captured"] });
    let answer = client.post_with_key(&path, "refund-there", &body).await;
    assert!(answer.status < 300, "{}", answer.text());
}

/// Visits the page of a payment that needs its buyer, and presses a button.
pub async fn press(client: &Client, url: &str, button: &str) {
    let page = client.get(url).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(page.header("content-type").starts_with("text/html"), "{}", page.header("content-type"));
    let html = page.text();
    let action = form_action(&html, button).unwrap_or_else(|| panic!("no {button} form in {html}"));
    let site = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let target = if action.starts_with("http") { action } else { format!("{site}{action}") };
    let request = client.request(Method::POST, &target).header("content-type", "application/x-www-form-urlencoded");
    let answer = crate::client::send(request.body("")).await;
    assert!(answer.status < 400, "{}", answer.text());
}

/// Where the form goes that has a button with this text.
fn form_action(html: &str, button: &str) -> Option<String> {
    let form = html.split("<form").skip(1).find(|form| form.split("</form>").next().is_some_and(|form| form.contains(button)))?;
    let (_, action) = form.split_once("action=\"")?;
    action.split('"').next().map(str::to_owned)
}

/// A webhook of the provider, made `age_seconds` ago and signed with `secret`.
pub fn webhook(client: &Client, secret: &str, body: &Value, age_seconds: i64) -> RequestBuilder {
    let id = format!("msg_{}", Entropy::system().hex(8));
    let at = Clock::System.now().as_second() - age_seconds;
    let text = body.to_string();
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).unwrap();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), format!("{id}.{at}.{text}").as_bytes());
    client
        .request(Method::POST, "/v1/webhooks/payments/sandbox")
        .header("content-type", "application/json")
        .header("webhook-id", id)
        .header("webhook-timestamp", at.to_string())
        .header("webhook-signature", format!("v1,{}", STANDARD.encode(tag)))
        .body(text)
}
