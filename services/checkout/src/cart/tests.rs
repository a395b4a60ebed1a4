//! What a cart allows, as tables: given what happened to it, when somebody does something, then what is in it, or the code
//! of the refusal.

use haat_kernel::{Fault, PostalAddress, id::derived};

use super::*;
use crate::market::tests::{market, offer};

const PRICE: i64 = 50_000;

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000).unwrap()
}

fn user(name: &str) -> UserId {
    derived(&[name])
}

fn checkout() -> CheckoutId {
    derived(&["checkout"])
}

fn delhi() -> PostalAddress {
    let text = str::to_owned;
    PostalAddress {
        name: text("Asha Rao"),
        line1: text("12 Janpath"),
        city: text("New Delhi"),
        state: text("DL"),
        postal_code: text("110001"),
        country: text("IN"),
        ..PostalAddress::default()
    }
}

fn india() -> Delivery {
    Delivery::to("IN")
}

/// A cart of nobody, after these steps.
fn cart(steps: &[When]) -> Cart {
    let empty = Cart::create(&CartEvent::Created { owner: None, at: now() }).unwrap();
    steps.iter().fold(empty, |cart, when| cart.after(&decide(&cart, when).unwrap()))
}

#[derive(Clone, Debug)]
enum When {
    Add(&'static str, u32),
    AddWithdrawn,
    Set(&'static str, u32),
    Email,
    Ship(&'static str),
    Claim(&'static str),
    Coupon(&'static str),
    NoCoupon,
    Start,
    Expecting(i64),
    /// At a market that sells these, at the usual price.
    StartAt(&'static [&'static str]),
    Fail,
    Complete,
    Expire(i64),
}

use When::*;

fn decide(cart: &Cart, when: &When) -> Decision {
    let all = |cart: &Cart| cart.lines.iter().map(|line| (line.offer.clone(), line.quantity, PRICE)).collect::<Vec<_>>();
    match when {
        Add(name, quantity) => cart.add(&offer(name, PRICE), *quantity, now()),
        AddWithdrawn => cart.add(&Offer { is_sellable: false, ..offer("z", PRICE) }, 1, now()),
        Set(name, quantity) => cart.set_quantity(&derived(&[name]), *quantity, now()),
        Email => cart.set_contact(crate::contact::Email::parse("a@b.in"), None),
        Ship(country) => cart.set_contact(None, Some(PostalAddress { country: (*country).to_owned(), ..delhi() })),
        Claim(name) => Ok(cart.claim(Some(&user(name)))),
        Coupon(code) => cart.apply_coupon(code),
        NoCoupon => cart.remove_coupon(),
        Start => cart.start_checkout(checkout(), &market(&all(cart)), &india(), None),
        Expecting(total) => cart.start_checkout(checkout(), &market(&all(cart)), &india(), Some(Money::inr(*total))),
        StartAt(names) => {
            let sold: Vec<_> = names.iter().map(|name| (derived(&[name]), 1, PRICE)).collect();
            cart.start_checkout(checkout(), &market(&sold), &india(), None)
        }
        Fail => Ok(cart.checkout_failed(&checkout(), now())),
        Complete => Ok(cart.checked_out(&checkout())),
        Expire(days) => Ok(cart.expire(plus_seconds(now(), days * 86_400))),
    }
}

fn show(cart: &Cart) -> String {
    let name = |offer: &OfferId| ["x", "y"].into_iter().find(|name| derived::<OfferId>(&[name]) == *offer).unwrap_or("?");
    let lines = cart.lines.iter().map(|line| format!("{}{}", name(&line.offer), line.quantity));
    let status = match &cart.status {
        Status::Open => "open",
        Status::CheckingOut { .. } => "checking_out",
        Status::Closed { .. } => "closed",
        Status::Expired => "expired",
    };
    let mut words: Vec<String> = lines.collect();
    words.extend(cart.coupon.clone());
    words.push(status.to_owned());
    words.join(" ")
}

#[track_caller]
fn check(given: &[When], when: When, expected: &str) {
    let cart = cart(given);
    let found = match decide(&cart, &when) {
        Ok(events) => show(&cart.after(&events)),
        Err(error) => error.code().to_owned(),
    };
    assert_eq!(found, expected, "{given:?}, then {when:?}");
}

/// Everything that a checkout needs.
const READY: [When; 3] = [Add("x", 2), Email, Ship("IN")];

fn ready_and(more: &[When]) -> Vec<When> {
    READY.iter().chain(more).cloned().collect()
}

#[test]
fn lines_add_up_and_keep_their_limits() {
    check(&[], Add("x", 1), "x1 open");
    check(&[Add("x", 40)], Add("x", 59), "x99 open");
    check(&[Add("x", 40)], Add("x", 60), "quantity_out_of_range");
    check(&[Add("x", 1)], Add("y", 2), "x1 y2 open");
    for wrong in [0, 100, u32::MAX] {
        check(&[], Add("x", wrong), "quantity_out_of_range");
    }
    check(&[], AddWithdrawn, "offer_not_found");
    check(&[Add("x", 1)], Set("x", 99), "x99 open");
    check(&[Add("x", 1)], Set("x", 0), "open");
    check(&[Add("x", 1)], Set("x", 100), "quantity_out_of_range");
    check(&[Add("x", 1)], Set("y", 1), "item_not_found");
}

#[test]
fn a_cart_has_a_hundred_lines() {
    let mut full = cart(&[]);
    for line in 0..LINES_MAX {
        full = full.after(&full.add(&offer(&line.to_string(), PRICE), 1, now()).unwrap());
    }
    assert_eq!(full.add(&offer("one more", PRICE), 1, now()), Err(CartError::Full));
    assert!(full.add(&offer("7", PRICE), 1, now()).is_ok());
}

#[test]
fn a_checkout_starts_only_from_a_cart_that_can_be_bought() {
    check(&[], Start, "cart_empty");
    check(&[Add("x", 2)], Start, "email_required");
    check(&[Add("x", 2), Claim("asha")], Start, "address_required");
    check(&[Add("x", 2), Claim("asha"), Ship("IN")], Start, "x2 checking_out");
    check(&[Add("x", 2), Email, Ship("GB")], Start, "unserviceable_address");
    check(&READY, Start, "x2 checking_out");
    check(&READY, Expecting(2 * PRICE), "x2 checking_out");
    check(&READY, Expecting(2 * PRICE - 1), "price_changed");
    check(&ready_and(&[Add("y", 1)]), StartAt(&["y"]), "out_of_stock");
    let detail = decide(&cart(&READY), &Expecting(1)).unwrap_err().to_string();
    assert!(detail.contains("100000"), "{detail}");
}

#[test]
fn while_a_checkout_runs_nothing_changes_and_a_failed_one_gives_the_cart_back() {
    for when in [Add("x", 1), Set("x", 0), Email, Ship("IN"), Coupon("TEN"), NoCoupon, Start] {
        check(&ready_and(&[Start]), when.clone(), "checkout_in_progress");
        check(&ready_and(&[Start, Complete]), when, "cart_closed");
    }
    check(&ready_and(&[Start, Fail]), Add("x", 1), "x3 open");
    check(&ready_and(&[Start, Fail]), Complete, "x2 open");
    check(&ready_and(&[Start, Complete]), Fail, "x2 closed");
    check(&ready_and(&[Start, Complete]), Claim("asha"), "x2 closed");
}

#[test]
fn a_coupon_is_taken_off_again() {
    check(&[], Coupon(" TEN "), "TEN open");
    check(&[Coupon("TEN")], NoCoupon, "open");
    check(&[], NoCoupon, "open");
    check(&[], Coupon("  "), "coupon_invalid");
    let refused =
        Market { quote: crate::market::Quote { coupon_refusal: Some("It is over.".into()), ..market(&[]).quote }, ..market(&[]) };
    assert_eq!(Cart::check_coupon(&refused).unwrap_err().code(), "coupon_invalid");
}

#[test]
fn the_first_user_owns_it() {
    let theirs = cart(&[Claim("asha"), Claim("ravi")]);
    assert_eq!(theirs.owner, Some(user("asha")));
    assert!(theirs.admits(Some(&user("asha"))) && !theirs.admits(Some(&user("ravi"))) && !theirs.admits(None));
    assert!(cart(&[]).admits(None) && cart(&[]).admits(Some(&user("ravi"))));
}

#[test]
fn only_open_carts_expire_and_never_before_their_time() {
    check(&[Add("x", 1)], Expire(29), "x1 open");
    check(&[Add("x", 1)], Expire(30), "x1 expired");
    check(&ready_and(&[Start]), Expire(300), "x2 checking_out");
    check(&ready_and(&[Start, Complete]), Expire(300), "x2 closed");
    assert!(!cart(&[Expire(30)]).admits(None));
    assert!(cart(&READY).timers().len() == 1 && cart(&ready_and(&[Start])).timers().is_empty());
}

/// `expected` is code and offer of each problem at a market with this price and so many pieces of `x`.
#[track_caller]
fn check_problems(given: &[When], price: i64, pieces: Option<i64>, expected: &[&str]) {
    let cart = cart(given);
    let lines: Vec<_> = cart.lines.iter().map(|line| (line.offer.clone(), line.quantity, price)).collect();
    let x: OfferId = derived(&["x"]);
    let market = Market { available: pieces.map(|pieces| (x, pieces)).into_iter().collect(), ..market(&lines) };
    let found: Vec<&str> = problems(&cart, &market, &india()).iter().map(|problem| problem.code.as_str()).collect();
    assert_eq!(found, expected, "{given:?} at {price} with {pieces:?}");
}

#[test]
fn problems_say_what_stands_between_a_cart_and_its_checkout() {
    check_problems(&READY, PRICE, Some(2), &[]);
    check_problems(&READY, PRICE, None, &[]);
    check_problems(&READY, PRICE, Some(1), &["low_stock"]);
    check_problems(&READY, PRICE, Some(0), &["out_of_stock"]);
    check_problems(&READY, PRICE + 1, Some(9), &["price_changed"]);
    check_problems(&[Add("x", 1), Ship("GB")], PRICE, Some(9), &["undeliverable"]);
    let cart = cart(&READY);
    let gone = problems(&cart, &market(&[]), &india());
    assert_eq!((gone[0].code, gone.len()), (ProblemCode::OfferUnavailable, 1));
    let dearer = market(&[(derived(&["x"]), 2, PRICE + 1)]);
    let seen = cart.after(&cart.see_price(&derived(&["x"]), &dearer));
    assert!(problems(&seen, &dearer, &india()).is_empty());
}
