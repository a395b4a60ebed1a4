//! What was once stored always loads: a golden file for each type of event.

use haat_kernel::{Id, Money, Timestamp, id::derived};
use haat_pricing::coupon::{Benefit, Coupon, CouponEvent, Terms};
use haat_pricing::offer_price::{Listing, OfferPrice, OfferPriceEvent};
use haat_pricing::redemption::{Redemption, RedemptionEvent, Usage, UsageEvent};
use haat_store::golden::check_events;

const FOLDER: &str = "tests/golden";

fn id<I: Id>() -> I {
    derived(&["golden"])
}

#[test]
fn prices() {
    let listing = Listing { seller: id(), sku: "KURTA-M".into(), title: "Kurta M".into(), price: Money::inr(129_900) };
    check_events::<OfferPrice>(
        FOLDER,
        &[("listed", OfferPriceEvent::Listed { listing }), ("repriced", OfferPriceEvent::Repriced { price: Money::inr(99_900) })],
    );
}

#[test]
fn coupons() {
    let open = Terms {
        benefit: Benefit::Percent(10),
        minimum_subtotal: None,
        redemptions_max: None,
        redemptions_per_buyer_max: None,
        starts: None,
        ends: None,
        is_advertised: false,
    };
    let limited = Terms {
        benefit: Benefit::Amount(Money::inr(10_000)),
        minimum_subtotal: Some(Money::inr(50_000)),
        redemptions_max: Some(100),
        redemptions_per_buyer_max: Some(1),
        starts: Some(Timestamp::UNIX_EPOCH),
        ends: Some(Timestamp::UNIX_EPOCH),
        is_advertised: false,
    };
    let advertised = Terms { is_advertised: true, ..open.clone() };
    check_events::<Coupon>(
        FOLDER,
        &[
            ("created", CouponEvent::Created { terms: open }),
            ("created.advertised", CouponEvent::Created { terms: advertised }),
            ("created.limited", CouponEvent::Created { terms: limited }),
            ("taken", CouponEvent::Taken { checkout: id() }),
            ("given_back", CouponEvent::GivenBack { checkout: id() }),
        ],
    );
}

#[test]
fn redemptions() {
    check_events::<Redemption>(
        FOLDER,
        &[
            ("held", RedemptionEvent::Held { buyer: id() }),
            ("redeemed", RedemptionEvent::Redeemed),
            ("given_back", RedemptionEvent::GivenBack),
            ("barred", RedemptionEvent::Barred),
        ],
    );
    check_events::<Usage>(
        FOLDER,
        &[("taken", UsageEvent::Taken { checkout: id() }), ("given_back", UsageEvent::GivenBack { checkout: id() })],
    );
}
