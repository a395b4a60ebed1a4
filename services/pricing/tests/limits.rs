//! A coupon's limits hold for any order of holds, redemptions and releases, and for many buyers at once on every store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::sync::Arc;

use haat_kernel::{Clock, Ctx, Error, Money, Result, Timestamp, id::derived, spawn};
use haat_pricing::coupon::{Benefit, Coupon, Terms};
use haat_pricing::ids::{BuyerKey, CheckoutId, CouponCode};
use haat_pricing::redeeming::{self, Hold};
use haat_pricing::redemption::{Redemption, Status, Usage};
use haat_store::{MemoryBackend, Store, sqlite::SqliteBackend};
use proptest::prelude::*;

const CHECKOUTS: u8 = 8;
const BUYERS: u8 = 3;

fn ctx() -> Ctx {
    Ctx::internal("pricing", "coupon-limits", Timestamp::UNIX_EPOCH)
}

fn code() -> CouponCode {
    CouponCode::parse("diwali").unwrap()
}

fn checkout(number: usize) -> CheckoutId {
    derived(&["checkout", &number.to_string()])
}

fn buyer(number: usize) -> BuyerKey {
    BuyerKey::of(&format!("Buyer-{number}@haat.test")).unwrap()
}

async fn hold(store: Store, number: usize, by: usize) -> Result<()> {
    let hold = Hold { code: code(), checkout: checkout(number), buyer: buyer(by), subtotal: Money::inr(1_000) };
    hold.take(&store, &ctx()).await
}

async fn make(store: &Store, redemptions_max: i64, redemptions_per_buyer_max: i64) {
    let terms = Terms {
        benefit: Benefit::Percent(10),
        minimum_subtotal: None,
        redemptions_max: Some(redemptions_max),
        redemptions_per_buyer_max: Some(redemptions_per_buyer_max),
        starts: None,
        ends: None,
        is_advertised: false,
    };
    store.update::<Coupon, _>(&ctx(), code().as_str(), move |known| Coupon::make(known, terms)).await.unwrap();
}

async fn redemptions(store: &Store) -> i64 {
    store.load::<Coupon>(code().as_str()).await.unwrap().unwrap().redemptions
}

/// Two hundred checkouts at once for fifty redemptions: exactly fifty get one.
async fn run_out(store: Store) {
    make(&store, 50, 1).await;
    let holds: Vec<_> = (0..200).map(|number| spawn("checkout", hold(store.clone(), number, number))).collect();
    let mut taken = 0;
    for hold in holds {
        match hold.await.unwrap() {
            Ok(()) => taken += 1,
            Err(error) => assert_eq!(error.code, "coupon_invalid"),
        }
    }
    assert_eq!((taken, redemptions(&store).await), (50, 50));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_in_memory() {
    run_out(Store::memory(Clock::System, MemoryBackend::default())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let backend = SqliteBackend::open(&folder.path().join("pricing.db")).unwrap();
    run_out(Store::new(Arc::new(backend), Clock::System)).await;
}

#[derive(Clone, Debug)]
enum Step {
    Hold { checkout: u8, buyer: u8 },
    Redeem { checkout: u8 },
    GiveBack { checkout: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let checkout = 0..CHECKOUTS;
    prop_oneof![
        3 => (checkout.clone(), 0..BUYERS).prop_map(|(checkout, buyer)| Step::Hold { checkout, buyer }),
        1 => checkout.clone().prop_map(|checkout| Step::Redeem { checkout }),
        1 => checkout.prop_map(|checkout| Step::GiveBack { checkout }),
    ]
}

/// A refusal is fine; a broken invariant is not.
async fn take(store: &Store, step: Step) {
    let done: Result<(), Error> = match step {
        Step::Hold { checkout, buyer } => hold(store.clone(), checkout.into(), buyer.into()).await,
        Step::Redeem { checkout: number } => redeeming::redeem(store, &ctx(), &code(), &checkout(number.into())).await,
        Step::GiveBack { checkout: number } => redeeming::give_back(store, &ctx(), &code(), &checkout(number.into())).await,
    };
    if let Err(error) = done {
        assert!(error.code.starts_with("coupon_"), "{error}");
    }
}

/// The counts are the redemptions that are held or redeemed, and within the limits: four in all, two for each buyer.
async fn check(store: &Store) {
    let mut by_buyer = [0; BUYERS as usize];
    for number in 0..CHECKOUTS.into() {
        let Some(redemption) = store.load::<Redemption>(&Redemption::id(&code(), &checkout(number))).await.unwrap() else {
            continue;
        };
        if redemption.status != Status::GivenBack {
            let owner = (0..BUYERS.into()).find(|number| redemption.buyer == Some(buyer(*number)));
            by_buyer[owner.unwrap()] += 1;
        }
    }
    assert_eq!(redemptions(store).await, by_buyer.iter().sum::<i64>());
    assert!(redemptions(store).await <= 4);
    for (number, count) in by_buyer.into_iter().enumerate() {
        let usage = store.load::<Usage>(&Usage::id(&code(), &buyer(number))).await.unwrap();
        assert_eq!(usage.map_or(0, |usage| usage.redemptions), count);
        assert!(count <= 2);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn counts_are_the_open_redemptions(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let store = Store::memory(Clock::System, MemoryBackend::default());
            make(&store, 4, 2).await;
            for step in steps {
                take(&store, step).await;
                check(&store).await;
            }
        });
    }
}
