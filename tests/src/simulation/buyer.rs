//! One buyer: fills a cart, pays, waits for the end, sometimes cancels. Repeats whatever brought no clear answer under the
//! same idempotency key, as a good client does.

use std::time::Duration;

use haat_kernel::Entropy;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::http::{Answer, call};

/// Every mood that the provider has, the plain one most often.
const TOKENS: [&str; 10] = [
    "tok_ok",
    "tok_ok",
    "tok_ok",
    "tok_declined",
    "tok_insufficient_funds",
    "tok_timeout_then_ok",
    "tok_timeout_then_declined",
    "tok_duplicate_webhook",
    "tok_flaky",
    "tok_late_webhook",
];
/// The longest that a checkout may take when everything around it breaks for a minute.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
const PAUSE_MS: u64 = 300;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Completed,
    Failed,
    Canceled,
}

pub struct Buyer {
    pub name: String,
    pub entropy: Entropy,
    pub offers: Vec<String>,
}

impl Buyer {
    /// The error says where this buyer got stuck.
    pub async fn shop(self) -> Result<End, String> {
        sleep(Duration::from_millis(self.entropy.below(25_000))).await;
        let email = format!("{}@example.in", self.name);
        let cart = self.insist("POST", "/v1/carts", "cart", &json!({})).await?;
        let cart = text(&cart.body, "id")?;
        for item in 0..=self.entropy.below(2) {
            let offer = &self.offers[usize::try_from(self.entropy.below(self.offers.len() as u64)).unwrap_or(0)];
            let body = json!({"offerId": offer, "quantity": 1 + self.entropy.below(2)});
            self.insist("POST", &format!("/v1/carts/{cart}/items"), &format!("item-{item}"), &body).await?;
        }
        let address = json!({"name": "A", "line1": "1 MG Road", "line2": "", "city": "Pune", "state": "Maharashtra",
            "postalCode": "411001", "country": "IN", "phone": "+919812345678"});
        self.insist("PATCH", &format!("/v1/carts/{cart}"), "", &json!({"email": email, "shippingAddress": address})).await?;
        let checkout = match self.check_out(&cart).await? {
            Some(checkout) => checkout,
            None => return Ok(End::Failed),
        };
        let ended = self.await_end(&checkout).await?;
        if ended["state"] != "COMPLETED" {
            return Ok(End::Failed);
        }
        if self.entropy.below(3) > 0 {
            return Ok(End::Completed);
        }
        let order = first(&ended["orderIds"])?;
        let body = json!({"reason": "changed my mind", "email": email});
        self.insist("POST", &format!("/v1/orders/{order}:cancel"), "cancel", &body).await?;
        Ok(End::Canceled)
    }

    /// The checkout's id; None where it was refused at once, as when nothing is left.
    async fn check_out(&self, cart: &str) -> Result<Option<String>, String> {
        let token = TOKENS[usize::try_from(self.entropy.below(TOKENS.len() as u64)).unwrap_or(0)];
        let body = json!({"payment": {"method": "card", "token": token}});
        let answer = self.insist("POST", &format!("/v1/carts/{cart}:checkout"), "checkout", &body).await?;
        match answer.status {
            200 => text(&answer.body, "id").map(Some),
            _ if answer.body["code"] == "checkout_in_progress" => self.running_checkout(cart).await,
            _ if answer.body["code"] == "out_of_stock" => Ok(None),
            status => Err(format!("{}: checkout answered {status} {}", self.name, answer.body)),
        }
    }

    async fn running_checkout(&self, cart: &str) -> Result<Option<String>, String> {
        let answer = self.insist("GET", &format!("/v1/carts/{cart}"), "", &Value::Null).await?;
        text(&answer.body, "checkoutId").map(Some)
    }

    async fn await_end(&self, checkout: &str) -> Result<Value, String> {
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self.insist("GET", &format!("/v1/checkouts/{checkout}"), "", &Value::Null).await?;
            if answer.body["state"] == "COMPLETED" || answer.body["state"] == "FAILED" {
                return Ok(answer.body);
            }
            if Instant::now() >= until {
                return Err(format!("{}: {checkout} never ended: {}", self.name, answer.body));
            }
            sleep(Duration::from_millis(1_000)).await;
        }
    }

    /// Repeats a request until it is answered with anything but "try again".
    async fn insist(&self, method: &str, path: &str, step: &str, body: &Value) -> Result<Answer, String> {
        let key = (!step.is_empty()).then(|| format!("{}-{step}", self.name));
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = call(method, path, key.as_deref(), body).await;
            let is_clear =
                |answer: &Answer| answer.status < 500 && answer.status != 429 && answer.body["code"] != "idempotency_in_progress";
            if let Some(answer) = answer {
                if answer.status == 500 {
                    return Err(format!("{}: {method} {path} answered 500 {}", self.name, answer.body));
                }
                if is_clear(&answer) {
                    return Ok(answer);
                }
            }
            if Instant::now() >= until {
                return Err(format!("{}: {method} {path} was never answered", self.name));
            }
            sleep(Duration::from_millis(PAUSE_MS + self.entropy.below(PAUSE_MS))).await;
        }
    }
}

fn text(body: &Value, field: &str) -> Result<String, String> {
    body[field].as_str().map(str::to_owned).ok_or_else(|| format!("no `{field}` in {body}"))
}

fn first(list: &Value) -> Result<String, String> {
    list[0].as_str().map(str::to_owned).ok_or_else(|| format!("an empty list: {list}"))
}
