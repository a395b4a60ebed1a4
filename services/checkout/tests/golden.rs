//! What was once stored always loads: a golden file for each type of event.

use std::collections::BTreeMap;

use haat_checkout::cart::{Cart, CartEvent, Line};
use haat_checkout::checkout::{Checkout, CheckoutEvent, Failure, Ids, Instrument, NewOrder, OrderLine, Terms};
use haat_checkout::contact::Email;
use haat_checkout::market::{Discount, Totals};
use haat_kernel::id::derived;
use haat_kernel::{Currency, Id, Money, PostalAddress, Timestamp, Violation};
use haat_saga::Event as Driven;
use haat_store::golden::check_events;

const FOLDER: &str = "tests/golden";
const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn id<I: Id>() -> I {
    derived(&["golden"])
}

fn address() -> PostalAddress {
    let text = str::to_owned;
    PostalAddress {
        name: text("Asha Rao"),
        line1: text("12 Janpath"),
        line2: text("Flat 3"),
        city: text("New Delhi"),
        state: text("DL"),
        postal_code: text("110001"),
        country: text("IN"),
        phone: text("+919810000000"),
    }
}

#[test]
fn carts() {
    let line = Line {
        offer: id(),
        sku: "KURTA-M".into(),
        title: "Blue kurta, M".into(),
        seller: id(),
        product: id(),
        quantity: 2,
        seen: Money::inr(129_900),
    };
    check_events::<Cart>(
        FOLDER,
        &[
            ("created", CartEvent::Created { owner: None, at: AT }),
            ("created.user", CartEvent::Created { owner: Some(id()), at: AT }),
            ("claimed", CartEvent::Claimed { owner: id() }),
            ("email_set", CartEvent::EmailSet { email: Email::parse("asha@example.in").unwrap() }),
            ("address_set", CartEvent::AddressSet { address: address() }),
            ("item_added", CartEvent::ItemAdded { line, at: AT }),
            ("quantity_set", CartEvent::QuantitySet { offer: id(), quantity: 3, at: AT }),
            ("item_removed", CartEvent::ItemRemoved { offer: id() }),
            ("price_seen", CartEvent::PriceSeen { offer: id(), unit_price: Money::inr(1) }),
            ("coupon_applied", CartEvent::CouponApplied { code: "TEN".into() }),
            ("coupon_removed", CartEvent::CouponRemoved),
            ("checkout_started", CartEvent::CheckoutStarted { checkout: id() }),
            ("checkout_failed", CartEvent::CheckoutFailed { checkout: id(), at: AT }),
            ("checked_out", CartEvent::CheckedOut { checkout: id() }),
            ("expired", CartEvent::Expired),
        ],
    );
}

fn terms() -> Terms {
    let line = OrderLine {
        offer: id(),
        product: id(),
        sku: "KURTA-M".into(),
        title: "Blue kurta, M".into(),
        quantity: 2,
        unit_price: Money::inr(129_900),
        discount: Money::inr(9_800),
        total: Money::inr(250_000),
    };
    let totals = Totals {
        subtotal: Money::inr(259_800),
        discount: Money::inr(9_800),
        total: Money::inr(250_000),
        ..Totals::zero(Currency::INR)
    };
    Terms {
        cart: id(),
        ids: Ids { checkout: id(), group: id(), payment: id(), reservation: id() },
        buyer: Some(id()),
        email: Email::parse("asha@example.in"),
        address: address(),
        coupon: Some("TEN".into()),
        instrument: Some(Instrument { method: "card".into(), token: "tok_ok".into() }),
        orders: vec![NewOrder { order: id(), seller: id(), lines: vec![line], totals: totals.clone() }],
        discounts: vec![Discount { code: "TEN".into(), title: "Ten percent".into(), amount: Money::inr(9_800) }],
        totals,
        correlation: "correlation-1".into(),
        at: AT,
    }
}

#[test]
fn checkouts() {
    let step = || "reserve_stock".to_owned();
    let deferred = Driven::Deferred { step: step(), error: "no answer".into(), retry_at: AT };
    let parked = Driven::Parked { step: step(), reason: "odd".into(), attempts: 3, at: AT };
    let failure = |violations| Failure { code: "out_of_stock".into(), detail: "Too few.".into(), violations };
    let awaited = |url: Option<&str>| CheckoutEvent::PaymentAwaited { action_url: url.map(str::to_owned), poll_at: AT };
    let events = BTreeMap::from([
        ("started", CheckoutEvent::Started { terms: Box::new(terms()) }),
        ("stock_reserved", CheckoutEvent::StockReserved),
        ("coupon_held", CheckoutEvent::CouponHeld),
        ("orders_placed", CheckoutEvent::OrdersPlaced),
        ("payment_awaited", awaited(None)),
        ("payment_awaited.action", awaited(Some("https://pay.test/1"))),
        ("payment_authorized", CheckoutEvent::PaymentAuthorized),
        ("stock_allocated", CheckoutEvent::StockAllocated),
        ("payment_captured", CheckoutEvent::PaymentCaptured),
        ("orders_confirmed", CheckoutEvent::OrdersConfirmed),
        ("coupon_redeemed", CheckoutEvent::CouponRedeemed),
        ("completed", CheckoutEvent::Completed { at: AT }),
        ("turned_back", CheckoutEvent::TurnedBack { failure: failure(vec![Violation::new("offer", "1 left")]) }),
        ("turned_back.plain", CheckoutEvent::TurnedBack { failure: failure(vec![]) }),
        ("payment_canceled", CheckoutEvent::PaymentCanceled),
        ("orders_abandoned", CheckoutEvent::OrdersAbandoned),
        ("coupon_released", CheckoutEvent::CouponReleased),
        ("stock_released", CheckoutEvent::StockReleased),
        ("failed", CheckoutEvent::Failed { at: AT }),
        ("driven.deferred", CheckoutEvent::Driven { progress: deferred }),
        ("driven.parked", CheckoutEvent::Driven { progress: parked }),
        ("driven.resumed", CheckoutEvent::Driven { progress: Driven::Resumed { at: AT } }),
    ]);
    check_events::<Checkout>(FOLDER, &events.into_iter().collect::<Vec<_>>());
}
