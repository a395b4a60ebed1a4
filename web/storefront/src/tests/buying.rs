//! From the cart to the order, with what goes wrong on the way.

use haat_contracts::checkout::checkout::{Failure, NextAction, State};
use haat_contracts::checkout::{AddItemRequest, Cart, Checkout, StartCheckoutRequest};
use haat_contracts::orders::GetOrderGroupRequest;
use haat_kernel::{Error, Kind};

use super::*;

const PAYMENT: [(&str, &str); 4] = [("token", "tok_ok"), ("key", "key-of-the-form"), ("total", "199800"), ("currency", "INR")];

#[tokio::test]
async fn the_first_thing_makes_a_cart_that_is_remembered() {
    let gateway = gateway();
    let browser = guest(&gateway);
    let answer = browser.post("/cart/items", &[("offer", "offer_1"), ("quantity", "2"), ("key", "k")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/cart"));
    let asked = gateway.asked(ADD_ITEM).pop().unwrap();
    assert_eq!(asked.message::<AddItemRequest>().cart, things::NEW_CART);
    assert_eq!(asked.message::<AddItemRequest>().quantity, 2);
    assert!(browser.cookie("haat_cart").unwrap().starts_with(things::CART), "what the call answered");
    assert!(browser.get("/cart").await.body.contains("Added to your cart."));
}

#[tokio::test]
async fn a_bought_cart_gives_way_to_a_new_one() {
    let gateway = gateway();
    gateway.refuse(ADD_ITEM, Error::new(Kind::FailedPrecondition, "cart_closed", "It was bought."));
    let browser = shopper(&gateway);
    browser.post("/cart/items", &[("offer", "offer_1"), ("key", "k")]).await;
    let carts: Vec<String> = gateway.asked(ADD_ITEM).iter().map(|asked| asked.message::<AddItemRequest>().cart).collect();
    assert_eq!(carts, [things::CART, things::NEW_CART]);
}

#[tokio::test]
async fn a_form_from_elsewhere_does_nothing() {
    let gateway = gateway();
    let answer = guest(&gateway).post_bare("/cart/items", &[("offer", "offer_1"), ("key", "k")]).await;
    assert_eq!(answer.status, 403);
    assert!(gateway.asked(ADD_ITEM).is_empty());
}

#[tokio::test]
async fn problems_stand_at_their_lines_with_what_to_do() {
    let gateway = gateway();
    let body = shopper(&gateway).get("/cart").await.body;
    assert!(body.contains("Lower the quantity to buy them."), "{body}");
    gateway.answer(GET_CART, &Cart { items: vec![], ..things::cart() });
    assert!(shopper(&gateway).get("/cart").await.body.contains("Your cart is empty"));
    assert!(guest(&gateway).get("/cart").await.body.contains("Your cart is empty"));
}

#[tokio::test]
async fn a_coupon_that_does_not_count_is_explained_where_it_was_typed() {
    let gateway = gateway();
    gateway.refuse(APPLY_COUPON, Error::new(Kind::FailedPrecondition, "coupon_invalid", "There is no such coupon."));
    let answer = shopper(&gateway).post("/cart/coupon", &[("code", HOSTILE)]).await;
    assert!(answer.body.contains("There is no such coupon.") && answer.body.contains("aria-invalid"), "{}", answer.body);
    assert_sound("/cart/coupon", &answer);
}

#[tokio::test]
async fn an_address_that_is_wrong_keeps_what_was_typed() {
    let gateway = gateway();
    let error = Error::invalid("shippingAddress.postalCode", "must be a PIN code");
    gateway.refuse(UPDATE_CART, error);
    let fields = [("email", "asha@example.in"), ("name", HOSTILE), ("line1", "1 Road"), ("city", "Delhi"), ("postalCode", "0")];
    let answer = shopper(&gateway).post("/checkout/address", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("six digits") && answer.body.contains("value=\"1 Road\""), "{}", answer.body);
    assert_sound("/checkout/address", &answer);
    let answer = shopper(&gateway).post("/checkout/address", &fields[1..]).await;
    assert!(answer.body.contains("Please give an email address"), "{}", answer.body);
}

#[tokio::test]
async fn paying_carries_the_forms_key_and_the_total_that_was_seen() {
    let gateway = gateway();
    gateway.answer(START_CHECKOUT, &things::checkout(State::Processing));
    let answer = shopper(&gateway).post("/checkout/pay", &PAYMENT).await;
    assert_eq!(answer.location(), format!("/checkout/{}", things::CHECKOUT));
    let asked = gateway.asked(START_CHECKOUT).pop().unwrap();
    assert!(asked.headers.values().any(|value| value == "key-of-the-form"), "{:?}", asked.headers);
    assert_eq!(asked.message::<StartCheckoutRequest>().expected_total, things::inr(199_800));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_looked_up_and_never_tried_as_something_new() {
    let gateway = gateway();
    for code in ["service_unavailable", "checkout_in_progress", "idempotency_in_progress"] {
        gateway.refuse(START_CHECKOUT, Error::new(Kind::Unavailable, code, "Away."));
        gateway.answer(GET_CART, &Cart { checkout_id: things::CHECKOUT.into(), ..things::cart() });
        let answer = shopper(&gateway).post("/checkout/pay", &PAYMENT).await;
        assert_eq!(answer.location(), format!("/checkout/{}", things::CHECKOUT), "{code}");
    }
    gateway.refuse(START_CHECKOUT, Error::unavailable("away"));
    gateway.answer(GET_CART, &things::cart());
    let answer = shopper(&gateway).post("/checkout/pay", &PAYMENT).await;
    assert_eq!(answer.status, 503);
    assert!(answer.body.contains("value=\"key-of-the-form\""), "the same attempt: {}", answer.body);
    assert!(answer.body.contains("will not be charged twice"), "{}", answer.body);
}

#[tokio::test]
async fn a_changed_price_is_shown_before_anything_is_charged() {
    let gateway = gateway();
    gateway.refuse(START_CHECKOUT, Error::new(Kind::FailedPrecondition, "price_changed", "It costs more."));
    let answer = shopper(&gateway).post("/checkout/pay", &PAYMENT).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("A price has changed") && !answer.body.contains("value=\"key-of-the-form\""), "{}", answer.body);
}

#[tokio::test]
async fn a_checkout_says_how_it_stands() {
    let gateway = gateway();
    let path = format!("/checkout/{}", things::CHECKOUT);
    let action =
        |url: &str| Checkout { next_action: Some(NextAction { url: url.into() }), ..things::checkout(State::RequiresAction) };
    let failed = |code: &str| Checkout {
        failure: Some(Failure { code: code.into(), detail: HOSTILE.into(), ..Failure::default() }),
        ..things::checkout(State::Failed)
    };
    for (checkout, reloads, part) in [
        (things::checkout(State::Processing), true, "One moment, please"),
        (action("https://bank.test/act"), true, "href=\"https://bank.test/act\""),
        (failed("payment_declined"), false, "Pay with another card"),
        (failed("out_of_stock"), false, "was sold to somebody else"),
        (failed("something_new"), false, "please try again"),
    ] {
        gateway.answer(GET_CHECKOUT, &checkout);
        let answer = shopper(&gateway).get(&path).await;
        assert_eq!(answer.body.contains("http-equiv=\"refresh\""), reloads, "{part}");
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
        assert_sound(&path, &answer);
    }
    gateway.answer(GET_CHECKOUT, &action("javascript:alert(1)"));
    assert!(!shopper(&gateway).get(&path).await.body.contains("javascript:"));
}

#[tokio::test]
async fn who_waits_goes_on_waiting_while_nobody_can_say_how_far_it_is() {
    let gateway = gateway();
    let path = format!("/checkout/{}", things::CHECKOUT);
    gateway.refuse(GET_CHECKOUT, Error::unavailable("away"));
    let answer = shopper(&gateway).get(&path).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains("One moment, please") && answer.body.contains("http-equiv=\"refresh\""), "{}", answer.body);
    gateway.refuse(GET_CHECKOUT, Error::not_found("checkout", things::CHECKOUT));
    assert_eq!(shopper(&gateway).get(&path).await.status, 404);
}

#[tokio::test]
async fn a_completed_checkout_leads_to_the_order_and_frees_the_cart() {
    let gateway = gateway();
    gateway.answer(GET_CHECKOUT, &things::checkout(State::Completed));
    let browser = shopper(&gateway);
    let answer = browser.get(&format!("/checkout/{}", things::CHECKOUT)).await;
    assert_eq!(answer.location(), format!("/orders/{}", things::GROUP));
    assert_eq!(browser.cookie("haat_cart"), None);
    assert!(browser.get(answer.location()).await.body.contains("Your order is placed"));
}

#[tokio::test]
async fn a_guest_proves_themselves_once() {
    let gateway = gateway();
    let path = format!("/orders/{}", things::GROUP);
    let not_found = Error::not_found("order_group", things::GROUP);
    gateway.refuse(GET_GROUP, not_found);
    let browser = guest(&gateway);
    assert!(browser.get(&path).await.body.contains("Find an order"));
    let fields = [("group", things::GROUP), ("email", "asha@example.in")];
    assert_eq!(browser.post("/orders", &fields).await.status, 422);
    gateway.answer(GET_GROUP, &things::group());
    assert_eq!(browser.post("/orders", &fields).await.location(), path);
    browser.get(&path).await;
    let asked = gateway.asked(GET_GROUP).pop().unwrap().message::<GetOrderGroupRequest>();
    assert_eq!(asked.email, "asha@example.in");
}

#[tokio::test]
async fn an_order_that_went_too_far_is_not_canceled() {
    let gateway = gateway();
    gateway.refuse(CANCEL_ORDER, Error::new(Kind::FailedPrecondition, "order_not_cancelable", "Too late."));
    let path = format!("/orders/{}/cancel/{}", things::GROUP, things::ORDER);
    let answer = shopper(&gateway).post(&path, &[("reason", "other"), ("key", "k")]).await;
    assert_eq!(answer.status, 409);
    assert!(answer.body.contains("too far to be canceled"), "{}", answer.body);
}
