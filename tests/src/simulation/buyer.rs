//! One buyer: fills a cart, uses a coupon, pays, waits for the end, sometimes cancels; or walks away, some in the middle
//! of the checkout. Repeats whatever brought no clear answer under the same idempotency key, as a good client does, and
//! sometimes what did: the answer must be the same. An impatient one checks out twice at once, under two keys.

use std::time::Duration;

use futures::future::join;
use haat_kernel::Entropy;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use super::faults::Fault;
use super::http::{Answer, call};
use super::world::World;

/// Every mood that the provider has, the plain one most often.
const MOODS: [&str; 8] = [
    "tok_declined",
    "tok_insufficient_funds",
    "tok_timeout_then_ok",
    "tok_timeout_then_declined",
    "tok_duplicate_webhook",
    "tok_flaky",
    "tok_late_webhook",
    "tok_wrong_amount",
];
/// What a cart or its checkout may be refused for.
const REFUSALS: [&str; 6] =
    ["out_of_stock", "coupon_invalid", "offer_not_found", "price_changed", "cart_empty", "quantity_out_of_range"];
/// The longest that a checkout may take when everything around it breaks for a minute.
const PATIENCE: Duration = Duration::from_secs(20 * 60);
const PAUSE_MS: u64 = 300;
/// Who leaves in the middle of a checkout does so within so long.
const IMPATIENCE_MAX_MS: u64 = 1_500;
const PASSWORD: &str = "correct horse battery";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Completed,
    Failed,
    Canceled,
    WalkedAway,
}

pub struct Buyer {
    pub name: String,
    pub world: World,
    pub entropy: Entropy,
    pub comes_after: Duration,
    pub offers: Vec<String>,
    pub coupon: String,
    /// Of a buyer who is signed in.
    pub token: Option<String>,
}

impl Buyer {
    /// The error says where this buyer got stuck.
    pub async fn shop(mut self) -> Result<End, String> {
        sleep(self.comes_after).await;
        if self.token.is_some() {
            self.sign_in().await?;
        }
        let cart = self.repeat("POST", "/v1/carts", "cart", &json!({})).await?;
        let cart = text(&cart.body, "id")?;
        if !self.fill(&cart).await? || self.chance(12) {
            return Ok(End::WalkedAway);
        }
        if self.chance(6) {
            self.leave_in_the_middle(&cart).await;
            return Ok(End::WalkedAway);
        }
        let Some(checkout) = self.check_out(&cart).await? else { return Ok(End::Failed) };
        let ended = self.await_end(&checkout).await?;
        if ended["state"] != "COMPLETED" {
            return Ok(End::Failed);
        }
        if self.entropy.below(3) > 0 {
            return Ok(End::Completed);
        }
        let order = first(&ended["orderIds"])?;
        let body = json!({"reason": "changed my mind", "email": self.email()});
        self.repeat("POST", &format!("/v1/orders/{order}:cancel"), "cancel", &body).await?;
        Ok(End::Canceled)
    }

    fn email(&self) -> String {
        format!("{}@example.in", self.name)
    }

    fn chance(&self, one_in: u64) -> bool {
        self.entropy.below(one_in) == 0
    }

    async fn sign_in(&mut self) -> Result<(), String> {
        let credentials = json!({"email": self.email(), "password": PASSWORD});
        let user = json!({"email": self.email(), "password": PASSWORD, "displayName": "A buyer"});
        self.token = None;
        let made = self.insist("POST", "/v1/users", "user", &user).await?;
        if made.status != 201 {
            return Err(format!("{}: no account: {}", self.name, made.body));
        }
        let session = self.insist("POST", "/v1/sessions", "", &credentials).await?;
        self.token = Some(text(&session.body, "accessToken")?);
        Ok(())
    }

    /// False when nothing of it is to be had.
    async fn fill(&self, cart: &str) -> Result<bool, String> {
        let mut has_items = false;
        for item in 0..=self.entropy.below(2) {
            let offer = &self.offers[usize::try_from(self.entropy.below(self.offers.len() as u64)).unwrap_or(0)];
            let body = json!({"offerId": offer, "quantity": 1 + self.entropy.below(2)});
            let answer = self.insist("POST", &format!("/v1/carts/{cart}/items"), &format!("item-{item}"), &body).await?;
            has_items |= answer.status == 200 || answer.status == 201;
        }
        let address = json!({"name": "A", "line1": "1 MG Road", "line2": "", "city": "Pune", "state": "Maharashtra",
            "postalCode": "411001", "country": "IN", "phone": "+919812345678"});
        let contact = json!({"email": self.email(), "shippingAddress": address});
        self.insist("PATCH", &format!("/v1/carts/{cart}"), "", &contact).await?;
        if self.entropy.below(3) > 0 {
            let body = json!({"code": self.coupon});
            self.insist("POST", &format!("/v1/carts/{cart}:applyCoupon"), "coupon", &body).await?;
        }
        Ok(has_items)
    }

    /// The checkout's id; None where it was refused at once, as when nothing is left.
    async fn check_out(&self, cart: &str) -> Result<Option<String>, String> {
        let body = json!({"payment": {"method": "card", "token": self.card()}});
        let path = format!("/v1/carts/{cart}:checkout");
        let answer = if self.chance(6) {
            let (first, second) =
                join(self.insist("POST", &path, "checkout", &body), self.insist("POST", &path, "checkout-again", &body)).await;
            let (first, second) = (first?, second?);
            if first.status == 200 { first } else { second }
        } else {
            self.repeat("POST", &path, "checkout", &body).await?
        };
        match answer.status {
            200 => text(&answer.body, "id").map(Some),
            _ if answer.body["code"] == "checkout_in_progress" => self.running_checkout(cart).await,
            _ if REFUSALS.iter().any(|code| answer.body["code"] == *code) => Ok(None),
            status => Err(format!("{}: checkout answered {status} {}", self.name, answer.body)),
        }
    }

    /// Checks out, and is gone before there is an answer: the checkout has to come to its end by itself.
    async fn leave_in_the_middle(&self, cart: &str) {
        let body = json!({"payment": {"method": "card", "token": self.card()}});
        let (path, key) = (format!("/v1/carts/{cart}:checkout"), format!("{}-checkout", self.name));
        let patience = Duration::from_millis(self.entropy.below(IMPATIENCE_MAX_MS));
        let _ = timeout(patience, call("POST", &path, Some(&key), self.token.as_deref(), &body)).await;
        self.world.trace.note(format!("{} POST {path} and leaves", self.name));
    }

    fn card(&self) -> &'static str {
        let force = self.world.mix.force(Fault::ProviderMood);
        if self.entropy.below(5) > force {
            return "tok_ok";
        }
        self.world.tally.count(Fault::ProviderMood);
        MOODS[usize::try_from(self.entropy.below(MOODS.len() as u64)).unwrap_or(0)]
    }

    async fn running_checkout(&self, cart: &str) -> Result<Option<String>, String> {
        let answer = self.insist("GET", &format!("/v1/carts/{cart}"), "", &Value::Null).await?;
        Ok(answer.body["checkoutId"].as_str().map(str::to_owned))
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

    /// Insists, and sometimes asks once more what is answered already.
    async fn repeat(&self, method: &str, path: &str, step: &str, body: &Value) -> Result<Answer, String> {
        let first = self.insist(method, path, step, body).await?;
        if self.chance(3) {
            let second = self.insist(method, path, step, body).await?;
            if first.status != second.status || first.body["id"] != second.body["id"] {
                return Err(format!("{}: {path} answered {} at first, then {}", self.name, first.body, second.body));
            }
        }
        Ok(first)
    }

    /// Repeats a request until it is answered with anything but "try again".
    async fn insist(&self, method: &str, path: &str, step: &str, body: &Value) -> Result<Answer, String> {
        let key = (!step.is_empty()).then(|| format!("{}-{step}", self.name));
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = call(method, path, key.as_deref(), self.token.as_deref(), body).await;
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            self.world.trace.note(format!("{} {method} {path} {step}: {status}", self.name));
            // A token that does not hold yet will, once the clocks agree.
            let is_early =
                |answer: &Answer| answer.body["code"] == "idempotency_in_progress" || answer.body["code"] == "token_invalid";
            let is_clear = |answer: &Answer| answer.status < 500 && answer.status != 429 && !is_early(answer);
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
