//! Buyers who want to buy whatever happens: each repeats every request under its key until there is an answer. Afterwards
//! every checkout has ended, the books balance, and the provider has been paid for exactly the orders that exist.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::client::{Answer, Client, try_send};
use crate::market::{Buyer, Market, Offer, Stock, amount, text, unique, unique_email};
use crate::platform::Platform;
use crate::poll::{until, until_ok};
use crate::purchase::{address, group, payment};
use crate::sandbox::charges;
use crate::sums;

/// Checkouts around each fault.
pub const CHECKOUTS: usize = 16;
/// Cards of every mood, one of them without money.
pub const TOKENS: [&str; 8] =
    ["tok_ok", "tok_ok", "tok_declined", "tok_ok", "tok_flaky", "tok_ok", "tok_duplicate_webhook", "tok_ok"];
const CONCURRENCY: usize = 4;
const PIECES: i64 = 1_000;
/// Longer than a checkout waits for its outcome, and than any deadline.
const ONE_TRY: Duration = Duration::from_secs(20);
/// For the platform to heal and to answer.
pub const HEALED: u64 = 120;

pub struct Crowd<'a> {
    pub market: Market<'a>,
    /// Those who are signed in share an account; the others are guests.
    buyer: Buyer,
    offer: Offer,
    tokens: &'static [&'static str],
    has_members: bool,
    /// What was said instead of an answer: `503 code`, or whatever it was that is no problem; how often.
    heard: Mutex<BTreeMap<String, usize>>,
}

/// What became of a checkout.
pub struct Bought {
    client: Client,
    path: String,
    key: String,
    token: &'static str,
    email: String,
    first: Value,
    done: Value,
}

struct Shopper<'a> {
    client: Client,
    email: String,
    token: &'static str,
    crowd: &'a Crowd<'a>,
}

impl<'a> Crowd<'a> {
    pub async fn of(platform: &'a Platform) -> Self {
        Crowd::paying(platform, &TOKENS).await
    }

    /// Buyers with these cards in turn.
    pub async fn paying(platform: &'a Platform, tokens: &'static [&'static str]) -> Self {
        let market = Market::of(platform);
        let offer = market.seller().await.sell("Sturdy stool", 64_000, PIECES).await;
        Crowd { buyer: market.buyer().await, offer, market, tokens, has_members: true, heard: Mutex::default() }
    }

    fn shoppers(&'a self) -> impl Iterator<Item = Shopper<'a>> {
        (0..CHECKOUTS).map(move |n| {
            let is_guest = n % 2 == 0 || !self.has_members;
            Shopper {
                client: if is_guest { self.market.client.clone() } else { self.buyer.client.clone() },
                email: if is_guest { unique_email() } else { self.buyer.email.clone() },
                token: self.tokens[n % self.tokens.len()],
                crowd: self,
            }
        })
    }

    /// Lets the shoppers buy, and does harm once a third of them is at it.
    pub async fn buy_while(&'a self, harm: impl AsyncFnOnce()) -> Vec<Bought> {
        let begun = AtomicUsize::new(0);
        let buying =
            futures::stream::iter(self.shoppers().map(|shopper| shopper.buy(&begun))).buffer_unordered(CONCURRENCY).collect();
        let harming = async {
            while begun.load(Ordering::Relaxed) < CHECKOUTS / 3 {
                sleep(Duration::from_millis(5)).await;
            }
            harm().await;
        };
        join(buying, harming).await.0
    }

    /// Only those who need no account: access tokens end, also by a clock that jumps.
    pub fn of_guests(self) -> Self {
        Crowd { has_members: false, ..self }
    }

    /// How often shoppers had to come again.
    pub fn refusals(&self) -> usize {
        self.heard.lock().unwrap().values().sum()
    }

    /// Whoever got no answer got a problem that says to come again: nothing hung, broke off, or was a failure of ours.
    pub fn assert_polite(&self) {
        let heard = self.heard.lock().unwrap();
        let rude: Vec<_> =
            heard.keys().filter(|said| !["503 ", "504 ", "429 "].iter().any(|kind| said.starts_with(kind))).collect();
        assert!(rude.is_empty(), "{rude:?}");
    }

    /// Outcomes as the cards promise, and everything of [`Crowd::assert_sound`].
    pub async fn assert_as_promised(&self, bought: &[Bought]) {
        for Bought { token, done, .. } in bought {
            let expected = if *token == "tok_declined" { "FAILED" } else { "COMPLETED" };
            assert_eq!(done["state"], expected, "{token}: {done}");
        }
        self.assert_sound(bought).await;
    }

    /// Repeats as the keys promise, money and stock as the orders say. `bought` is all that was bought on this platform.
    pub async fn assert_sound(&self, bought: &[Bought]) {
        let mut paid = BTreeMap::new();
        for Bought { client, path, key, token, email, first, done } in bought {
            let repeated = client.post_with_key(path, key, &payment(token)).await.expect(200);
            assert_eq!(repeated["id"], first["id"]);
            assert_eq!(repeated, client.post_with_key(path, key, &payment(token)).await.expect(200));
            if done["state"] == "COMPLETED" {
                let group = group(client, done, email).await;
                sums::assert_group(&group);
                paid.insert(text(done, "paymentId"), amount(&group, "total"));
            }
        }
        self.await_paid(&paid).await;
        let sold = i64::try_from(paid.len()).unwrap();
        let left = Stock { on_hand: PIECES, reserved: 0, allocated: sold };
        let seller = self.market.seller().await;
        until(HEALED, "the stock of what was not bought", async || (seller.stock(&self.offer).await == left).then_some(())).await;
        self.market.platform.assert_balanced();
        // A service elsewhere shows its metrics there.
        let processes = self.market.platform.processes();
        for name in
            ["payments", "inventory", "pricing", "orders", "checkout"].into_iter().filter(|name| !processes[name].is_null())
        {
            let found = until(60, "a watchdog", async || self.market.platform.figure(name, "haat_books_violations").await).await;
            assert_eq!(found, 0, "the watchdog of {name}");
        }
    }

    /// The provider holds or took money for these payments and no other, once each.
    async fn await_paid(&self, paid: &BTreeMap<String, i64>) {
        let wanted: BTreeMap<_, _> = paid.iter().map(|(payment, total)| (payment.clone(), (1, *total))).collect();
        until_ok(HEALED, "the provider and Haat agree", async || {
            let seen = charges(self.market.platform).await.into_iter();
            let seen = seen.filter(|(_, charged)| charged.living > 0 || charged.captured > 0);
            let seen = seen.map(|(payment, charged)| (payment, (charged.living, charged.captured - charged.refunded)));
            let seen: BTreeMap<_, _> = seen.collect();
            if seen == wanted { Ok(()) } else { Err(format!("{seen:?} instead of {wanted:?}")) }
        })
        .await;
    }
}

impl Shopper<'_> {
    async fn buy(self, begun: &AtomicUsize) -> Bought {
        let cart = text(&self.act("/v1/carts", json!({})).await, "id");
        let item = json!({"offerId": self.crowd.offer.id, "quantity": 1});
        text(&self.act(&format!("/v1/carts/{cart}/items"), item).await, "id");
        let contact = json!({"email": self.email, "shippingAddress": address()});
        self.persist(Method::PATCH, &format!("/v1/carts/{cart}"), &contact, None).await.expect(200);
        let (path, key) = (format!("/v1/carts/{cart}:checkout"), unique("checkout"));
        begun.fetch_add(1, Ordering::Relaxed);
        let first = self.persist(Method::POST, &path, &payment(self.token), Some(&key)).await.expect(200);
        let id = text(&first, "id");
        let done = until(HEALED, "the end of a checkout", async || {
            let done = self.persist(Method::GET, &format!("/v1/checkouts/{id}"), &Value::Null, None).await.expect(200);
            ["COMPLETED", "FAILED"].contains(&done["state"].as_str()?).then_some(done)
        })
        .await;
        Bought { client: self.client, path, key, token: self.token, email: self.email, first, done }
    }

    async fn act(&self, path: &str, body: Value) -> Value {
        self.persist(Method::POST, path, &body, Some(&unique("act"))).await.json()
    }

    async fn persist(&self, method: Method, path: &str, body: &Value, key: Option<&str>) -> Answer {
        until_ok(HEALED, path, async || {
            let request = self.client.request(method.clone(), path).timeout(ONE_TRY);
            let request = if method == Method::GET { request } else { request.json(body) };
            let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
            let said = match try_send(request).await {
                Ok(answer) if is_answer(&answer) => return Ok(answer),
                Ok(answer) => said(&answer),
                Err(error) if error.is_timeout() => format!("no answer to {method} {path} within {ONE_TRY:?}"),
                Err(error) => format!("no answer: {error}"),
            };
            *self.crowd.heard.lock().unwrap().entry(said.clone()).or_default() += 1;
            Err(said)
        })
        .await
    }
}

fn is_answer(answer: &Answer) -> bool {
    answer.status < 500 && answer.status != 429 && !(answer.status == 409 && code(answer) == "idempotency_in_progress")
}

/// Status and code of a problem; all of it, if it is none.
fn said(answer: &Answer) -> String {
    match code(answer) {
        code if code.is_empty() => answer.text(),
        code => format!("{} {code}", answer.status),
    }
}

fn code(answer: &Answer) -> String {
    let is_problem = answer.header("content-type") == "application/problem+json";
    let problem = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    problem["code"].as_str().filter(|_| is_problem).unwrap_or_default().to_owned()
}
