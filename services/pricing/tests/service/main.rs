//! The service through its contract, on a simulated network: as sellers, operators and the checkout see it, with the catalog
//! and the orders played.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod catalog;
mod desk;
mod orders;

use std::time::Duration;

use haat_contracts::pricing as pb;
use haat_kernel::{Currency, Kind, Money, id::derived};
use tokio::time::sleep;

use crate::catalog::{ANNOUNCED, PRICE, offers, sellers};
use crate::desk::{minor, simulate};
use crate::orders::{CANCELED, COUPON};

fn coupon(code: &str) -> pb::CreateCouponRequest {
    pb::CreateCouponRequest { code: code.into(), percent_off: Some(10), ..Default::default() }
}

#[test]
fn an_offer_that_was_just_made_can_be_bought_at_once() {
    simulate(|desk| async move {
        let [kurta, lamp] = offers();
        let unknown = derived(&["unknown"]);
        let quote = desk.quote(&[(&kurta, 2), (&lamp, 1), (&unknown, 1)], "", "").await;
        assert_eq!((minor(&quote.subtotal), minor(&quote.shipping), minor(&quote.total)), (90_000, 4_900, 94_900));
        assert_eq!(quote.sellers.len(), 2);
        assert_eq!(quote.unknown_offer_ids, [unknown.as_str()]);
    });
}

#[test]
fn a_seller_changes_the_price_and_the_catalog_learns_of_it() {
    simulate(|desk| async move {
        let [kurta, lamp] = offers();
        let changed = desk.reprice(0, &kurta, Money::inr(25_000), "").await.unwrap();
        assert_eq!((minor(&changed.price), changed.seller_id.as_str()), (25_000, sellers()[0].as_str()));
        let stale = desk.reprice(0, &kurta, Money::inr(24_000), "1").await.unwrap_err();
        assert_eq!((stale.kind, stale.code.as_str()), (Kind::Aborted, "etag_mismatch"));
        desk.reprice(0, &kurta, Money::inr(24_000), &changed.etag).await.unwrap();

        sleep(ANNOUNCED).await;
        assert_eq!(minor(&desk.quote(&[(&kurta, 1)], "", "").await.subtotal), 24_000, "the late event changes no price");
        let published: Vec<i64> = desk.published().await.iter().map(|repriced| minor(&repriced.price)).collect();
        assert_eq!(published, [25_000, 24_000]);
        assert_eq!(minor(&desk.quote(&[(&lamp, 1)], "", "").await.subtotal), PRICE);
    });
}

#[test]
fn a_price_is_refused_from_others_and_out_of_bounds() {
    simulate(|desk| async move {
        let [kurta, _] = offers();
        let usd = Money::new(Currency::parse("USD").unwrap(), 500);
        for (seller, offer, price, kind, code) in [
            (1, &kurta, Money::inr(1), Kind::PermissionDenied, "permission_denied"),
            (0, &derived(&["unknown"]), Money::inr(1), Kind::NotFound, "offer_not_found"),
            (0, &kurta, Money::inr(0), Kind::InvalidArgument, "invalid_argument"),
            (0, &kurta, Money::inr(1_000_000_000_001), Kind::InvalidArgument, "invalid_argument"),
            (0, &kurta, usd, Kind::OutOfRange, "currency_unsupported"),
        ] {
            let refused = desk.reprice(seller, offer, price, "").await.unwrap_err();
            assert_eq!((refused.kind, refused.code.as_str()), (kind, code), "{price}");
        }
    });
}

#[test]
fn coupons_are_made_once_and_well_formed() {
    simulate(|desk| async move {
        let made = desk.create_coupon(coupon("monsoon-10")).await.unwrap();
        assert_eq!((made.code.as_str(), made.percent_off, made.redemptions), ("MONSOON-10", Some(10), 0));
        assert_eq!(desk.coupon("Monsoon-10").await.unwrap(), made);
        assert_eq!(desk.create_coupon(coupon("MONSOON-10")).await.unwrap_err().code, "coupon_exists");
        let rupees = || Some(Money::inr(5_000).into());
        for (request, field) in [
            (coupon("no"), "code"),
            (coupon("white space"), "code"),
            (pb::CreateCouponRequest { percent_off: Some(0), ..coupon("ZERO") }, "percentOff"),
            (pb::CreateCouponRequest { percent_off: Some(101), ..coupon("MUCH") }, "percentOff"),
            (pb::CreateCouponRequest { percent_off: None, ..coupon("NONE") }, "percentOff"),
            (pb::CreateCouponRequest { amount_off: rupees(), ..coupon("BOTH") }, "percentOff"),
            (pb::CreateCouponRequest { max_redemptions: Some(0), ..coupon("NEVER") }, "maxRedemptions"),
        ] {
            assert_eq!(desk.create_coupon(request).await.unwrap_err().violations[0].field, field);
        }
    });
}

#[test]
fn buyers_are_told_of_what_is_advertised_and_can_be_used() {
    simulate(|desk| async move {
        let advertised = |code| pb::CreateCouponRequest { is_advertised: true, ..coupon(code) };
        let minimum_subtotal = Some(Money::inr(99_900).into());
        desk.create_coupon(pb::CreateCouponRequest { minimum_subtotal, ..advertised("BIG10") }).await.unwrap();
        desk.create_coupon(coupon("SECRET")).await.unwrap();
        let used_up = pb::CreateCouponRequest { max_redemptions: Some(1), ..advertised("ONCE") };
        desk.create_coupon(used_up).await.unwrap();
        let codes = async || desk.promotions().await.into_iter().map(|promotion| promotion.code).collect::<Vec<_>>();
        assert_eq!(codes().await, ["BIG10", "ONCE"]);
        desk.hold("ONCE", &derived(&["a checkout"]), "asha").await.unwrap();
        assert_eq!(codes().await, ["BIG10"]);
        let shown = desk.promotions().await.remove(0);
        assert_eq!((shown.percent_off, minor(&shown.minimum_subtotal)), (Some(10), 99_900));
    });
}

#[test]
fn a_coupon_that_does_not_count_says_why() {
    simulate(|desk| async move {
        let [kurta, lamp] = offers();
        let request = pb::CreateCouponRequest { minimum_subtotal: Some(Money::inr(40_000).into()), ..coupon("BIG") };
        desk.create_coupon(request).await.unwrap();
        let quote = desk.quote(&[(&kurta, 1)], "big", "").await;
        assert_eq!((minor(&quote.discount), quote.discounts.len()), (0, 0));
        assert_eq!(quote.coupon_refusal, "This coupon needs a subtotal of at least INR 400.00.");
        assert_eq!(desk.quote(&[(&kurta, 1)], "HUGE", "").await.coupon_refusal, "There is no such coupon.");

        let quote = desk.quote(&[(&kurta, 1), (&lamp, 1)], "big", "").await;
        assert_eq!((minor(&quote.discount), quote.coupon_refusal.as_str()), (6_000, ""));
        assert_eq!((quote.discounts[0].code.as_str(), quote.discounts[0].title.as_str()), ("BIG", "10 % off"));
        assert!(quote.sellers.iter().all(|seller| minor(&seller.discount) == 3_000));
    });
}

#[test]
fn a_canceled_group_gives_its_coupon_back() {
    simulate(|desk| async move {
        let request = pb::CreateCouponRequest { max_redemptions_per_buyer: Some(1), ..coupon(COUPON) };
        desk.create_coupon(request).await.unwrap();
        desk.hold(COUPON, &orders::checkout(), "Asha@haat.test").await.unwrap();
        desk.hold(COUPON, &orders::checkout(), "Asha@haat.test").await.unwrap();
        desk.redeem(COUPON, &orders::checkout()).await.unwrap();
        desk.redeem(COUPON, &orders::checkout()).await.unwrap();
        assert_eq!(desk.coupon(COUPON).await.unwrap().redemptions, 1);
        let again = desk.hold(COUPON, &derived(&["again"]), "asha@haat.test").await.unwrap_err();
        assert_eq!((again.kind, again.code.as_str()), (Kind::FailedPrecondition, "coupon_invalid"));
        let refusal = desk.quote(&[(&offers()[0], 1)], COUPON, "asha@haat.test").await.coupon_refusal;
        assert_eq!(refusal, "You have used this coupon as often as you may.");

        sleep(CANCELED + Duration::from_secs(1)).await;
        assert_eq!(desk.coupon(COUPON).await.unwrap().redemptions, 0);
        desk.hold(COUPON, &derived(&["again"]), "asha@haat.test").await.unwrap();
        assert_eq!(desk.redeem(COUPON, &orders::checkout()).await.unwrap_err().code, "coupon_not_held");
    });
}

#[test]
fn a_release_that_comes_first_bars_the_hold() {
    simulate(|desk| async move {
        desk.create_coupon(coupon("LATE")).await.unwrap();
        let checkout = derived(&["late"]);
        desk.release("LATE", &checkout).await.unwrap();
        desk.release("LATE", &checkout).await.unwrap();
        assert_eq!(desk.hold("LATE", &checkout, "asha").await.unwrap_err().code, "coupon_invalid");
        assert_eq!(desk.coupon("LATE").await.unwrap().redemptions, 0);
    });
}
