//! Carts and checkouts through their contract, with the neighbours played, on a clock that only the test moves.

mod street;

use std::time::Duration;

use haat_contracts::checkout::carts_server::Carts;
use haat_contracts::checkout::checkout::State;
use haat_contracts::checkout::checkouts_server::Checkouts;
use haat_contracts::{common, payments};
use haat_kernel::id::derived;
use haat_kernel::{Clock, CorrelationId, Idempotency, Money, Principal, Timestamp};
use haat_service::{FeedEvent, OnTimer, Platform, Reaction};
use haat_store::{DueTimer, MemoryBackend};
use prost::{Message, Name};
use tokio::time::sleep;

use super::*;
use crate::checkout::PaymentState;
use crate::ids::{OfferId, UserId};
use crate::reactions::{CheckoutTimers, FollowPayment};
use street::{Hold, Street, Trouble};

struct Stall {
    api: Api,
    street: Arc<Street>,
    clock: Clock,
}

/// A service on an empty store, with its timers running.
fn open() -> Stall {
    let clock = Clock::simulated("2026-01-01T00:00:00Z".parse().unwrap(), 0);
    let street = Arc::new(Street::open());
    let api = crate::api(&platform(clock), street.clone());
    let timers = CheckoutTimers { store: api.store.clone(), runner: api.runner.clone(), neighbours: street.clone() };
    haat_kernel::spawn("timers", run_timers(timers, clock));
    Stall { api, street, clock }
}

fn platform(clock: Clock) -> Platform {
    haat_testkit::platform("checkout", clock, Store::memory(clock, MemoryBackend::new())).unwrap()
}

async fn run_timers(timers: CheckoutTimers, clock: Clock) {
    loop {
        for timer in timers.store.due_timers(clock.now(), 100).await.unwrap() {
            fire(&timers, timer, clock.now()).await;
        }
        sleep(Duration::from_millis(200)).await;
    }
}

async fn fire(timers: &CheckoutTimers, timer: DueTimer, now: Timestamp) {
    let ctx = Ctx::internal("checkout", &timer.id, now);
    if timer.kind == "checkout" {
        timers.on_timer(ctx, timer).await.unwrap();
    }
}

fn answer<T>(reply: Reply<T>) -> Result<T> {
    reply.map(Response::into_inner).map_err(|status| rpc::error(&status))
}

fn code<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    outcome.unwrap_err().code
}

fn user(name: &str) -> Principal {
    Principal::user(derived::<UserId>(&[name]).as_str(), &["buyer"])
}

fn address() -> common::PostalAddress {
    let text = str::to_owned;
    common::PostalAddress {
        name: text("Asha Rao"),
        line1: text("12 Janpath"),
        city: text("New Delhi"),
        state: text("DL"),
        postal_code: text("110001"),
        country: text("IN"),
        phone: text("+919810000000"),
        ..common::PostalAddress::default()
    }
}

fn offer_id(name: &str) -> String {
    derived::<OfferId>(&[name]).to_string()
}

impl Stall {
    fn request<T>(&self, principal: Principal, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let correlation = CorrelationId::parse("correlation-1").unwrap();
        request.extensions_mut().insert(Ctx::new(principal, correlation, self.clock.now()));
        request
    }

    fn guest<T>(&self, message: T) -> Request<T> {
        self.request(Principal::anonymous(), message)
    }

    async fn cart(&self) -> String {
        answer(self.api.create_cart(self.guest(pb::CreateCartRequest {})).await).unwrap().id
    }

    async fn add(&self, cart: &str, offer: &str, quantity: i32) -> Result<pb::Cart> {
        let request = pb::AddItemRequest { cart: cart.into(), offer_id: offer_id(offer), sku: String::new(), quantity };
        answer(self.api.add_item(self.guest(request)).await)
    }

    async fn get(&self, principal: Principal, cart: &str) -> Result<pb::Cart> {
        answer(self.api.get_cart(self.request(principal, pb::GetCartRequest { cart: cart.into() })).await)
    }

    async fn update(&self, cart: &str, etag: &str) -> Result<pb::Cart> {
        let request = pb::UpdateCartRequest {
            cart: cart.into(),
            email: Some("asha@example.in".into()),
            shipping_address: Some(address()),
            etag: etag.into(),
        };
        answer(self.api.update_cart(self.guest(request)).await)
    }

    async fn coupon(&self, cart: &str, code: &str) -> Result<pb::Cart> {
        let request = pb::ApplyCouponRequest { cart: cart.into(), code: code.into() };
        answer(self.api.apply_coupon(self.guest(request)).await)
    }

    /// Two pieces of `x` and one of `y`, with all that a checkout needs.
    async fn full_cart(&self) -> String {
        let cart = self.cart().await;
        self.add(&cart, "x", 2).await.unwrap();
        self.add(&cart, "y", 1).await.unwrap();
        self.update(&cart, "").await.unwrap();
        cart
    }

    async fn buy(&self, cart: &str, token: &str) -> Result<pb::Checkout> {
        self.buy_expecting(cart, token, None).await
    }

    async fn buy_expecting(&self, cart: &str, token: &str, total: Option<i64>) -> Result<pb::Checkout> {
        answer(self.api.start_checkout(self.guest(purchase(cart, token, total))).await)
    }

    async fn checkout(&self, id: &str) -> pb::Checkout {
        answer(self.api.get_checkout(self.guest(pb::GetCheckoutRequest { checkout: id.into() })).await).unwrap()
    }

    /// Nothing is held for anybody, and nothing was ever taken.
    fn assert_no_trace(&self) {
        let books = self.street.books();
        assert!(books.stock.values().all(|left| *left == 10), "{books:?}");
        let holds = [&books.reservations, &books.coupons, &books.orders];
        assert!(holds.iter().all(|holds| holds.values().all(|hold| *hold == Hold::Gone)), "{books:?}");
        assert!(books.payments.values().all(|payment| matches!(payment, PaymentState::Refused { .. })), "{books:?}");
        assert_eq!(books.captures, 0);
    }

    fn assert_bought_once(&self) {
        let books = self.street.books();
        assert_eq!(books.stock[&derived::<OfferId>(&["x"])], 8, "{books:?}");
        let is_final = |hold: &&Hold| **hold == Hold::Final;
        assert_eq!(books.orders.values().filter(is_final).count(), 1);
        assert_eq!(books.reservations.values().filter(is_final).count(), 1);
        assert_eq!(books.captures, 1);
    }
}

fn purchase(cart: &str, token: &str, total: Option<i64>) -> pb::StartCheckoutRequest {
    let payment = pb::PaymentInstrument { method: "card".into(), token: token.into() };
    let expected_total = total.map(|minor| Money::inr(minor).into());
    pb::StartCheckoutRequest { cart: cart.into(), payment: Some(payment), expected_total }
}

#[tokio::test(start_paused = true)]
async fn a_guest_buys_from_two_sellers() {
    let stall = open();
    let cart = stall.full_cart().await;
    assert_eq!(stall.coupon(&cart, "TEN").await.unwrap().coupon_code, "TEN");
    let bought = stall.buy_expecting(&cart, "tok_ok", Some(130_000)).await.unwrap();
    assert_eq!((bought.state(), bought.order_ids.len()), (State::Completed, 2));
    assert!(bought.order_group_id.starts_with("group_") && bought.payment_id.starts_with("payment_"));
    stall.assert_bought_once();
    assert_eq!(Street::only(&stall.street.books().coupons), Hold::Final);

    assert_eq!(stall.buy(&cart, "tok_ok").await.unwrap(), bought);
    assert_eq!(stall.checkout(&bought.id).await, bought);
    assert_eq!(code(stall.add(&cart, "x", 1).await), "cart_closed");
    let closed = stall.get(Principal::anonymous(), &cart).await.unwrap();
    assert_eq!((closed.checkout_id, closed.total), (bought.id, Some(Money::inr(130_000).into())));
}

#[tokio::test(start_paused = true)]
async fn a_cart_answers_with_its_totals_and_problems() {
    let stall = open();
    let cart = stall.cart().await;
    let added = stall.add(&cart, "x", 9).await.unwrap();
    assert_eq!((added.total, added.problems.len()), (Some(Money::inr(450_000).into()), 0));
    let by_sku = pb::AddItemRequest { cart: cart.clone(), sku: "SKU-x".into(), quantity: 3, ..Default::default() };
    let added = answer(stall.api.add_item(stall.guest(by_sku)).await).unwrap();
    assert_eq!((added.items[0].quantity, added.problems[0].code.as_str()), (12, "low_stock"));

    stall.street.books().prices.insert("x".into(), 60_000);
    let dearer = stall.get(Principal::anonymous(), &cart).await.unwrap();
    assert_eq!((dearer.items[0].unit_price.clone().unwrap().amount, dearer.problems[0].code.as_str()), (60_000, "price_changed"));
    let touched = pb::UpdateItemRequest { cart: cart.clone(), offer: offer_id("x"), quantity: Some(1) };
    assert!(answer(stall.api.update_item(stall.guest(touched)).await).unwrap().problems.is_empty());

    assert_eq!(code(stall.add(&cart, "nothing", 1).await), "offer_not_found");
    assert_eq!(code(stall.coupon(&cart, "NONE").await), "coupon_invalid");
    assert_eq!(code(stall.update(&cart, "1").await), "etag_mismatch");
    let now = stall.get(Principal::anonymous(), &cart).await.unwrap();
    assert_eq!((now.coupon_code.as_str(), now.etag.clone()), ("", stall.update(&cart, "").await.map(|_| now.etag).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_cart_does_without_advice_but_not_without_a_price() {
    let stall = open();
    let cart = stall.full_cart().await;
    stall.street.books().trouble = [("resolve", Trouble::Away(1)), ("availability", Trouble::Away(1))].into();
    assert!(stall.get(Principal::anonymous(), &cart).await.is_ok());
    stall.street.books().trouble = [("quote", Trouble::Away(1))].into();
    assert_eq!(code(stall.get(Principal::anonymous(), &cart).await), "service_unavailable");
    stall.street.books().withdrawn.push("y".into());
    let found = stall.get(Principal::anonymous(), &cart).await.unwrap();
    assert_eq!((found.problems[0].code.as_str(), found.total.unwrap().amount), ("offer_unavailable", 100_000));
    assert_eq!(code(stall.buy(&cart, "tok_ok").await), "out_of_stock");
}

#[tokio::test(start_paused = true)]
async fn the_first_user_owns_a_cart_and_its_checkout() {
    let stall = open();
    let cart = stall.full_cart().await;
    let claimed = stall.get(user("asha"), &cart).await.unwrap();
    assert!(claimed.buyer_id.starts_with("user_"));
    assert_eq!(code(stall.get(user("ravi"), &cart).await), "cart_not_found");
    assert_eq!(code(stall.get(Principal::anonymous(), &cart).await), "cart_not_found");
    assert_eq!(code(stall.buy(&cart, "tok_ok").await), "cart_not_found");

    let bought = stall.api.start_checkout(stall.request(user("asha"), purchase(&cart, "tok_ok", None))).await;
    let id = answer(bought).unwrap().id;
    let get = |principal| stall.api.get_checkout(stall.request(principal, pb::GetCheckoutRequest { checkout: id.clone() }));
    assert_eq!(code(answer(get(user("ravi")).await)), "checkout_not_found");
    assert_eq!(code(answer(get(Principal::anonymous()).await)), "checkout_not_found");
    assert!(get(user("asha")).await.is_ok() && get(Principal::user("user_o", &["operator"])).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn of_two_checkouts_at_once_one_runs() {
    let stall = open();
    let cart = stall.full_cart().await;
    let (one, other) = tokio::join!(stall.buy(&cart, "tok_slow"), stall.buy(&cart, "tok_slow"));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    let (won, lost) = (won.unwrap(), lost.unwrap_err());
    assert_eq!((won.state(), lost.code.as_str()), (State::Processing, "checkout_in_progress"));
    assert_eq!(lost.violations[0].description, won.id);
    assert_eq!(code(stall.add(&cart, "x", 1).await), "checkout_in_progress");
    assert_eq!(stall.street.books().payments.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_declined_payment_leaves_no_trace_and_a_usable_cart() {
    let stall = open();
    let cart = stall.full_cart().await;
    let failed = stall.buy(&cart, "tok_declined").await.unwrap();
    let failure = failed.failure.clone().unwrap();
    assert_eq!((failed.state(), failure.code.as_str(), failed.order_group_id.as_str()), (State::Failed, "payment_declined", ""));
    stall.assert_no_trace();
    assert_eq!(stall.buy(&cart, "tok_ok").await.unwrap().state(), State::Completed);
    stall.assert_bought_once();
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_stock_fails_with_the_offers() {
    let stall = open();
    let cart = stall.full_cart().await;
    stall.street.books().stock.insert(derived(&["y"]), 0);
    let failure = stall.buy(&cart, "tok_ok").await.unwrap().failure.unwrap();
    assert_eq!((failure.code.as_str(), failure.violations[0].field.clone()), ("out_of_stock", offer_id("y")));
    assert!(stall.get(Principal::anonymous(), &cart).await.unwrap().checkout_id.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_total_that_no_longer_holds_is_refused_and_changes_nothing() {
    let stall = open();
    let cart = stall.full_cart().await;
    let before = stall.get(Principal::anonymous(), &cart).await.unwrap();
    let error = stall.buy_expecting(&cart, "tok_ok", Some(129_999)).await.unwrap_err();
    assert!(error.code == "price_changed" && error.detail.contains("130000"), "{error}");
    assert_eq!(stall.get(Principal::anonymous(), &cart).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_takes_its_time_is_asked_about() {
    let stall = open();
    let cart = stall.full_cart().await;
    let started = stall.buy(&cart, "tok_slow").await.unwrap();
    assert_eq!(started.state(), State::Processing);
    stall.street.books().payments.values_mut().for_each(|payment| *payment = PaymentState::Authorized);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(stall.checkout(&started.id).await.state(), State::Completed);
    stall.assert_bought_once();
}

#[tokio::test(start_paused = true)]
async fn a_buyers_approval_arrives_by_event_and_twice() {
    let stall = open();
    let cart = stall.full_cart().await;
    let started = stall.buy(&cart, "tok_action").await.unwrap();
    assert_eq!((started.state(), started.next_action.unwrap().url.as_str()), (State::RequiresAction, "https://pay.test/1"));
    stall.street.books().payments.values_mut().for_each(|payment| *payment = PaymentState::Authorized);
    let follow = FollowPayment { store: stall.api.store.clone(), runner: stall.api.runner.clone() };
    for _ in 0..2 {
        let ctx = Ctx::internal("checkout", "event", stall.clock.now());
        follow.react(ctx, payment_changed(&started.id, &started.payment_id)).await.unwrap();
    }
    sleep(Duration::from_millis(1_500)).await;
    assert_eq!(stall.checkout(&started.id).await.state(), State::Completed);
    stall.assert_bought_once();
}

fn payment_changed(checkout: &str, payment: &str) -> FeedEvent {
    let mut payment = payments::Payment { id: payment.into(), ..Default::default() };
    payment.set_state(payments::payment::State::Authorized);
    let message = payments::PaymentChanged { payment: Some(payment), checkout_id: checkout.into() };
    FeedEvent {
        source: "payments".into(),
        partition: 0,
        position: 1,
        kind: "payment".into(),
        id: "payment".into(),
        time: Timestamp::UNIX_EPOCH,
        correlation_id: String::new(),
        event_type: payments::PaymentChanged::full_name(),
        body: message.encode_to_vec(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_buyer_who_never_approves_gives_everything_back() {
    let stall = open();
    let cart = stall.full_cart().await;
    let started = stall.buy(&cart, "tok_action").await.unwrap();
    sleep(Duration::from_secs(14 * 60)).await;
    assert_eq!(stall.checkout(&started.id).await.state(), State::RequiresAction);
    sleep(Duration::from_secs(2 * 60)).await;
    assert_eq!(stall.checkout(&started.id).await.failure.unwrap().code, "payment_declined");
    stall.assert_no_trace();
}

#[tokio::test(start_paused = true)]
async fn lost_answers_and_neighbours_that_come_back_change_nothing() {
    const CALLS: [&str; 6] =
        ["reserve_stock", "place_orders", "authorize_payment", "allocate_stock", "capture_payment", "confirm_orders"];
    for trouble in [Trouble::Away(3), Trouble::Mute(3)] {
        let stall = open();
        let cart = stall.full_cart().await;
        stall.street.books().trouble = CALLS.into_iter().map(|call| (call, trouble)).collect();
        let started = stall.buy(&cart, "tok_ok").await.unwrap();
        sleep(Duration::from_secs(30)).await;
        assert_eq!(stall.checkout(&started.id).await.state(), State::Completed, "{trouble:?}");
        stall.assert_bought_once();
    }
}

#[tokio::test(start_paused = true)]
async fn neighbours_that_stay_away_before_the_capture_fail_the_checkout() {
    for (call, trouble) in
        [("reserve_stock", Trouble::Mute(99)), ("authorize_payment", Trouble::Mute(99)), ("allocate_stock", Trouble::Away(99))]
    {
        let stall = open();
        let cart = stall.full_cart().await;
        stall.street.books().trouble = [(call, trouble)].into();
        let started = stall.buy(&cart, "tok_ok").await.unwrap();
        sleep(Duration::from_secs(90)).await;
        assert_eq!(stall.checkout(&started.id).await.failure.unwrap().code, "service_unavailable", "{call}");
        stall.assert_no_trace();
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_undone_waits_for_an_operator() {
    let stall = open();
    let cart = stall.full_cart().await;
    stall.street.books().trouble = [("abandon_orders", Trouble::Odd(1))].into();
    let started = stall.buy(&cart, "tok_declined").await.unwrap();
    assert_eq!(started.state(), State::Processing);
    let list = stall.guest(pb::ListParkedCheckoutsRequest::default());
    let parked = answer(stall.api.list_parked_checkouts(list).await).unwrap().checkouts;
    assert_eq!((parked.len(), parked[0].step.as_str()), (1, "abandon_orders"));
    let retry = || stall.api.retry_checkout(stall.guest(pb::RetryCheckoutRequest { checkout: started.id.clone() }));
    assert!(retry().await.is_ok());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(stall.checkout(&started.id).await.state(), State::Failed);
    assert_eq!(code(answer(retry().await)), "checkout_not_parked");
    stall.assert_no_trace();
}

#[tokio::test(start_paused = true)]
async fn a_repeat_under_the_same_key_finds_its_checkout() {
    let stall = open();
    let cart = stall.full_cart().await;
    let keyed = |token: &str| {
        let mut request = stall.guest(purchase(&cart, token, None));
        let ctx: &mut Ctx = request.extensions_mut().get_mut().unwrap();
        ctx.idempotency = Some(Idempotency { scope: "path".into(), key: "k".into(), request_hash: 1 });
        stall.api.start_checkout(request)
    };
    let first = answer(keyed("tok_declined").await).unwrap();
    assert_eq!(answer(keyed("tok_declined").await).unwrap(), first);
    assert_ne!(stall.buy(&cart, "tok_ok").await.unwrap().id, first.id);
}

#[tokio::test(start_paused = true)]
async fn a_cart_that_costs_nothing_needs_no_card() {
    let stall = open();
    let cart = stall.full_cart().await;
    let nothing = |cart: &str| pb::StartCheckoutRequest { cart: cart.into(), ..Default::default() };
    assert_eq!(code(answer(stall.api.start_checkout(stall.guest(nothing(&cart))).await)), "invalid_argument");
    assert_eq!(stall.coupon(&cart, "FREE").await.unwrap().total.unwrap().amount, 0);
    let bought = answer(stall.api.start_checkout(stall.guest(nothing(&cart))).await).unwrap();
    assert_eq!((bought.state(), bought.total.unwrap().amount), (State::Completed, 0));
}
