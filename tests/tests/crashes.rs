//! `kill -9`, of each process in turn, of all at once, and of `haat up` itself, in the middle of checkouts. Afterwards every
//! checkout has ended, the books balance, and the provider has been paid for exactly the orders that exist.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join;
use haat_tests::client::try_send;
use haat_tests::market::{Buyer, Market, Offer, Seller, Stock, amount, text, unique, unique_email};
use haat_tests::platform::{is_running, signal_process};
use haat_tests::purchase::{address, payment};
use haat_tests::sandbox::charges;
use haat_tests::{Answer, Client, Options, Platform, until, until_ok};
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::time::sleep;

/// Checkouts around each crash: 13 crashes make 208.
const CHECKOUTS: usize = 16;
const CONCURRENCY: usize = 4;
const TOKENS: [&str; 8] =
    ["tok_ok", "tok_ok", "tok_declined", "tok_ok", "tok_flaky", "tok_ok", "tok_duplicate_webhook", "tok_ok"];
/// Longer than a checkout waits for its outcome.
const ONE_TRY: Duration = Duration::from_secs(20);
/// For the platform to heal and to answer.
const HEALED: u64 = 120;

/// Somebody who repeats every request, with its key, until there is an answer.
struct Shopper {
    client: Client,
    email: String,
    token: &'static str,
    offer: Offer,
}

/// What became of a shopper's checkout.
struct Bought {
    client: Client,
    path: String,
    key: String,
    token: &'static str,
    email: String,
    first: Value,
    done: Value,
}

impl Shopper {
    async fn persist(&self, method: Method, path: &str, body: &Value, key: Option<&str>) -> Answer {
        until_ok(HEALED, path, async || {
            let request = self.client.request(method.clone(), path).timeout(ONE_TRY);
            let request = if method == Method::GET { request } else { request.json(body) };
            let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
            let answer = try_send(request).await.map_err(|error| error.to_string())?;
            let is_answer = answer.status < 500 && answer.status != 429 && !is_in_progress(&answer);
            if is_answer { Ok(answer) } else { Err(answer.text()) }
        })
        .await
    }

    async fn act(&self, path: &str, body: Value) -> Value {
        self.persist(Method::POST, path, &body, Some(&unique("act"))).await.json()
    }

    async fn buy(self, begun: &AtomicUsize) -> Bought {
        let cart = text(&self.act("/v1/carts", json!({})).await, "id");
        text(&self.act(&format!("/v1/carts/{cart}/items"), json!({"offerId": self.offer.id, "quantity": 1})).await, "id");
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
}

fn is_in_progress(answer: &Answer) -> bool {
    answer.status == 409 && answer.json()["code"] == "idempotency_in_progress"
}

struct Scene<'a> {
    market: Market<'a>,
    seller: Seller,
    buyer: Buyer,
    offer: Offer,
}

impl<'a> Scene<'a> {
    async fn of(platform: &'a Platform) -> Self {
        let market = Market::of(platform);
        let seller = market.seller().await;
        let offer = seller.sell("Sturdy stool", 64_000, 1_000).await;
        Scene { buyer: market.buyer().await, seller, offer, market }
    }

    fn shoppers(&self) -> impl Iterator<Item = Shopper> {
        (0..CHECKOUTS).map(|n| {
            let is_guest = n % 2 == 0;
            Shopper {
                client: if is_guest { self.market.client.clone() } else { self.buyer.client.clone() },
                email: if is_guest { unique_email() } else { self.buyer.email.clone() },
                token: TOKENS[n % TOKENS.len()],
                offer: self.offer.clone(),
            }
        })
    }

    /// Lets the shoppers buy, and does harm once a third of them is at it.
    async fn buy_while(&self, harm: impl AsyncFnOnce()) -> Vec<Bought> {
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
}

async fn await_restarted(platform: &Platform, name: &str, old: u32) {
    until(HEALED, name, async || {
        let pid = platform.processes()[name]["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok())?;
        (pid != old && is_running(pid)).then_some(())
    })
    .await;
}

/// Outcomes as the tokens promise, repeats as the keys promise, money and stock as the orders say.
async fn assert_sound(scene: &Scene<'_>, bought: &[Bought]) {
    let mut paid = BTreeMap::new();
    for Bought { client, path, key, token, email, first, done } in bought {
        let expected = if *token == "tok_declined" { "FAILED" } else { "COMPLETED" };
        assert_eq!(done["state"], expected, "{token}: {done}");
        let repeated = client.post_with_key(path, key, &payment(token)).await.expect(200);
        assert_eq!(repeated["id"], first["id"]);
        assert_eq!(repeated, client.post_with_key(path, key, &payment(token)).await.expect(200));
        if expected == "COMPLETED" {
            let group = haat_tests::purchase::group(client, done, email).await;
            haat_tests::sums::assert_group(&group);
            paid.insert(text(done, "paymentId"), amount(&group, "total"));
        }
    }
    let platform = scene.market.platform;
    let seen = until(60, "the provider and Haat agree", async || {
        let seen = charges(platform).await.into_iter().filter(|(_, charged)| charged.living > 0 || charged.captured > 0);
        let seen: BTreeMap<_, _> =
            seen.map(|(payment, charged)| (payment, (charged.living, charged.captured - charged.refunded))).collect();
        (seen.len() <= paid.len() && seen.values().all(|(_, captured)| *captured > 0)).then_some(seen)
    })
    .await;
    assert_eq!(seen, paid.iter().map(|(payment, total)| (payment.clone(), (1, *total))).collect());
    let sold = i64::try_from(paid.len()).unwrap();
    assert_eq!(scene.seller.stock(&scene.offer).await, Stock { on_hand: 1_000, reserved: 0, allocated: sold });
    platform.assert_balanced();
    for name in ["payments", "inventory", "pricing", "orders", "checkout"] {
        let found = until(60, "a watchdog", async || platform.figure(name, "haat_books_violations").await).await;
        assert_eq!(found, 0, "the watchdog of {name}");
    }
}

async fn platform() -> &'static Platform {
    static PLATFORM: tokio::sync::OnceCell<Platform> = tokio::sync::OnceCell::const_new();
    PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(2) })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_process_may_be_killed_and_all_of_them() {
    let platform = platform().await;
    let scene = Scene::of(platform).await;
    let processes = platform.processes();
    let names: Vec<String> = processes.as_object().unwrap().keys().cloned().collect();
    let mut bought = Vec::new();
    for name in &names {
        let old = platform.process(name);
        bought.extend(scene.buy_while(async || signal_process(old.pid, Signal::KILL)).await);
        await_restarted(platform, name, old.pid).await;
        assert!(platform.process(name).restarts > old.restarts);
    }
    let all: Vec<(&String, u32)> = names.iter().map(|name| (name, platform.process(name).pid)).collect();
    bought.extend(scene.buy_while(async || all.iter().for_each(|(_, pid)| signal_process(*pid, Signal::KILL))).await);
    for (name, pid) in all {
        await_restarted(platform, name, pid).await;
    }
    assert_eq!(bought.len(), CHECKOUTS * (names.len() + 1));
    assert_sound(&scene, &bought).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haat_up_itself_may_be_killed() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let scene = Scene::of(&platform).await;
    let bought = scene
        .buy_while(async || {
            platform.signal(Signal::KILL);
            platform.ended(10).await;
            // At once, while the services of the first one are still ending.
            platform.start_again().await;
        })
        .await;
    assert_sound(&scene, &bought).await;
}
