//! One stall on fire does not burn the street: a process that hangs, or is away for a while, holds up only what needs it,
//! nobody waits for ever, and what was begun is finished once it is back.

use std::time::Duration;

use futures::future::join_all;
use haat_tests::market::{Market, Offer, Seller, amount, text, unique_email};
use haat_tests::platform::{Hung, signal_process};
use haat_tests::purchase::{buy, checkout, group, new_cart, ready_cart, settled};
use haat_tests::sandbox::charged;
use haat_tests::{Client, Options, Platform, until};
use rustix::process::Signal;
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::time::Instant;

/// The longest deadline of a call, and some time to say that it has passed.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// One fire at a time: the tests share a platform.
async fn market() -> (Market<'static>, MutexGuard<'static, ()>) {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    static FIRE: Mutex<()> = Mutex::const_new(());
    let alone = FIRE.lock().await;
    (Market::of(PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(4) })).await), alone)
}

async fn await_well(client: &Client, offer: &Offer) {
    until(60, "a purchase as before", async || {
        let email = unique_email();
        let cart = new_cart(client).await;
        let added = client.post(&format!("/v1/carts/{cart}/items"), json!({"offerId": offer.id, "quantity": 1})).await;
        if added.status != 200 {
            return None;
        }
        let done = buy(client, &[(offer, 1)], &email, "tok_ok", 60).await;
        (done["state"] == "COMPLETED").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_service_that_hangs_is_not_waited_for_and_others_go_on() {
    let (market, _alone) = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Steady stone", 9_000, 500).await;
    for name in ["catalog", "pricing", "inventory", "users"] {
        let hung = Hung::new(market.platform, name);
        let path = format!("/v1/products/{}", offer.product);
        let client = &market.client;
        let asked = (0..12).map(|_| async move {
            let before = Instant::now();
            let cart = client.post("/v1/carts", json!({})).await;
            assert_eq!(cart.status, 201, "{}", cart.text());
            assert!(before.elapsed() < ANSWER_MAX);
        });
        join_all(asked).await;
        let before = Instant::now();
        let read = market.client.get(&path).await;
        assert!(before.elapsed() < ANSWER_MAX, "{name}: {:?}", before.elapsed());
        if name != "catalog" {
            assert_eq!(read.status, 200, "{name}: {}", read.text());
        } else if read.status != 200 {
            assert!([503, 504].contains(&read.status), "{}", read.text());
        }
        drop(hung);
        await_well(&market.client, &offer).await;
    }
    market.platform.assert_balanced();
}

#[tokio::test]
async fn checkouts_wait_for_a_provider_that_is_away() {
    let (market, _alone) = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Patient pot", 9_000, 50).await;
    let email = unique_email();
    let hung = Hung::new(market.platform, "sandbox-psp");
    let begin = async |_| {
        let cart = text(&ready_cart(&market.client, &[(&offer, 1)], &email).await, "id");
        let before = Instant::now();
        let started = checkout(&market.client, &cart, "tok_ok").await.expect(200);
        assert!(before.elapsed() < ANSWER_MAX, "{:?}", before.elapsed());
        assert_eq!(started["state"], "PROCESSING", "{started}");
        text(&started, "id")
    };
    let begun = join_all((0..3).map(begin)).await;
    assert_eq!(seller.stock(&offer).await.reserved, 3);
    drop(hung);
    for checkout in begun {
        let done = settled(&market.client, &checkout, 90).await;
        let group = group(&market.client, &done, &email).await;
        let provider = charged(market.platform, &text(&done, "paymentId")).await;
        assert_eq!((provider.living, provider.captured), (1, amount(&group, "total")));
    }
    market.platform.assert_balanced();
}

#[tokio::test]
async fn cancellations_survive_the_end_of_every_process_that_they_need() {
    let (market, _alone) = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Returned rug", 9_000, 50).await;
    for name in ["orders", "payments", "inventory", "sandbox-psp"] {
        cancel_while_away(&market, &seller, &offer, name).await;
    }
    market.platform.assert_balanced();
}

async fn cancel_while_away(market: &Market<'_>, seller: &Seller, offer: &Offer, name: &str) {
    let buyer = market.buyer().await;
    let before = seller.stock(offer).await.allocated;
    let done = buy(&buyer.client, &[(offer, 2)], &buyer.email, "tok_ok", 60).await;
    let total = amount(&group(&buyer.client, &done, "").await, "total");
    let order = format!("/v1/orders/{}", done["orderIds"][0].as_str().unwrap_or_default());
    let process = market.platform.process(name);
    signal_process(process.pid, Signal::KILL);
    until(60, "the cancellation taken", async || {
        let answer = buyer.client.post(&format!("{order}:cancel"), json!({"reason": name})).await;
        (answer.status == 200).then_some(())
    })
    .await;
    let again = market.platform.process(name);
    signal_process(again.pid, Signal::KILL);
    until(90, "the refund", async || {
        let provider = market.platform.process("sandbox-psp").pid;
        let is_up = haat_tests::platform::is_running(provider) && (name != "sandbox-psp" || provider != again.pid);
        (is_up && sandbox_says(market, &text(&done, "paymentId")).await == Some(total)).then_some(())
    })
    .await;
    until(90, "the stock back", async || {
        let answer = seller.client.get(&format!("/v1/stock/{}", offer.id)).await;
        (answer.status == 200 && answer.json()["allocated"] == before).then_some(())
    })
    .await;
}

/// What the provider gave back, if it answers.
async fn sandbox_says(market: &Market<'_>, payment: &str) -> Option<i64> {
    haat_tests::sandbox::try_charged(market.platform, payment).await.map(|charged| charged.refunded)
}
