//! A flash sale: four times as many buyers as pieces, all at once. Every piece is sold, and none twice.

use std::collections::BTreeMap;

use futures::StreamExt;
use haat_tests::market::{Market, Offer, Stock, amount, text, unique_email};
use haat_tests::purchase::{checkout, group, ready_cart, settled};
use haat_tests::sandbox::charges;
use haat_tests::{Client, Options, Platform};
use tokio::sync::OnceCell;

const PIECES: i64 = 100;
const BUYERS: usize = 400;
const CONCURRENCY: usize = 32;

async fn platform() -> &'static Platform {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(2) })).await
}

/// One buyer's luck: the id of the order's payment and what it cost, or why there is no order.
async fn try_luck(client: &Client, offer: &Offer) -> Result<(String, i64), String> {
    let email = unique_email();
    let cart = ready_cart(client, &[(offer, 1)], &email).await;
    let answer = checkout(client, &text(&cart, "id"), "tok_ok").await;
    if answer.status == 409 {
        return Err(text(&answer.json(), "code"));
    }
    let done = settled(client, &text(&answer.expect(200), "id"), 120).await;
    if done["state"] == "FAILED" {
        return Err(text(&done["failure"], "code"));
    }
    let group = group(client, &done, &email).await;
    Ok((text(&done, "paymentId"), amount(&group, "total")))
}

#[tokio::test]
async fn four_hundred_buyers_get_a_hundred_pieces() {
    let platform = platform().await;
    let market = Market::of(platform);
    let seller = market.seller().await;
    let offer = seller.sell("The last hundred", 99_900, PIECES).await;
    let tries = (0..BUYERS).map(|_| try_luck(&market.client, &offer));
    let outcomes: Vec<_> = futures::stream::iter(tries).buffer_unordered(CONCURRENCY).collect().await;

    let mut refusals = BTreeMap::<String, usize>::new();
    let mut paid = BTreeMap::new();
    for outcome in outcomes {
        match outcome {
            Ok((payment, total)) => assert!(paid.insert(payment, total).is_none(), "one payment for two orders"),
            Err(code) => *refusals.entry(code).or_default() += 1,
        }
    }
    assert_eq!(refusals, BTreeMap::from([("out_of_stock".to_owned(), 300)]));
    assert_eq!(paid.len(), 100);
    assert_eq!(seller.stock(&offer).await, Stock { on_hand: PIECES, reserved: 0, allocated: PIECES });

    let (code, said) = platform.check();
    assert_eq!(code, Some(0), "{said}");
    let charged = charges(platform).await.into_iter().filter(|(_, charged)| charged.living > 0 || charged.captured > 0);
    let charged: BTreeMap<_, _> = charged.map(|(payment, charged)| (payment, charged.captured)).collect();
    assert_eq!(charged, paid);
}
