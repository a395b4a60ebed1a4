//! The account: addresses that are kept and chosen, and where one is signed in.

use haat_contracts::checkout::{Cart, UpdateCartRequest};
use haat_contracts::users::{
    AddAddressRequest, AddressBook, DeleteSessionRequest, EndOtherSessionsResponse, UpdateAddressRequest,
};
use haat_kernel::{Error, Kind};

use super::*;

const ADD: &str = "/haat.users.v1.Addresses/AddAddress";
const UPDATE: &str = "/haat.users.v1.Addresses/UpdateAddress";
const END: &str = "/haat.users.v1.Users/DeleteSession";
const END_OTHERS: &str = "/haat.users.v1.Users/EndOtherSessions";
const TYPED: [(&str, &str); 5] =
    [("name", "Asha"), ("line1", "1 Road"), ("city", "Delhi"), ("state", "Delhi"), ("postalCode", "110001")];

fn buyer(gateway: &FakeGateway) -> Browser {
    shopper(gateway).signed_in("user_1", &["buyer"])
}

#[tokio::test]
async fn every_page_of_the_account_is_sound() {
    let gateway = gateway();
    for path in [
        "/account",
        "/account/orders",
        "/account/addresses",
        "/account/addresses/new",
        "/account/addresses/address_2",
        "/account/sessions",
    ] {
        let answer = buyer(&gateway).get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_sound(path, &answer);
        assert_eq!(guest(&gateway).get(path).await.status, 303, "{path} is for those who are signed in");
    }
}

#[tokio::test]
async fn a_kept_address_is_chosen_at_the_checkout() {
    let gateway = gateway();
    gateway.answer(GET_CART, &Cart { shipping_address: None, ..things::cart() });
    let page = buyer(&gateway).get("/checkout").await;
    assert!(page.body.contains("value=\"address_1\" checked"), "the default is chosen: {}", page.body);
    assert_sound("/checkout", &page);
    assert!(buyer(&gateway).get("/checkout?other=1").await.body.contains("Keep this address"));
    let answer = buyer(&gateway).post("/checkout/address/saved", &[("address", "address_2")]).await;
    assert_eq!(answer.location(), "/checkout/payment");
    let asked = gateway.asked(UPDATE_CART).pop().unwrap().message::<UpdateCartRequest>();
    assert_eq!(asked.shipping_address, things::address_book().addresses[1].postal_address);
    assert_eq!(buyer(&gateway).post("/checkout/address/saved", &[("address", "gone")]).await.location(), "/checkout");
}

#[tokio::test]
async fn an_address_that_is_typed_is_kept_when_asked_to() {
    let gateway = gateway();
    gateway.answer(ADD, &AddressBook::default());
    buyer(&gateway).post("/checkout/address", &TYPED).await;
    assert!(gateway.asked(ADD).is_empty());
    buyer(&gateway).post("/checkout/address", &[&TYPED[..], &[("keep", "on")]].concat()).await;
    assert_eq!(gateway.asked(ADD).len(), 1);
    gateway.refuse(ADD, Error::unavailable("away"));
    let answer = buyer(&gateway).post("/checkout/address", &[&TYPED[..], &[("keep", "on")]].concat()).await;
    assert_eq!(answer.location(), "/checkout/payment", "the order does not hang on it");
}

#[tokio::test]
async fn the_address_book_is_changed_or_says_why_not() {
    let gateway = gateway();
    gateway.answer(ADD, &AddressBook::default()).answer(UPDATE, &AddressBook::default());
    let fields = [&TYPED[..], &[("keep", "on")]].concat();
    assert_eq!(buyer(&gateway).post("/account/addresses/new", &fields).await.location(), "/account/addresses");
    assert!(gateway.asked(ADD).pop().unwrap().message::<AddAddressRequest>().is_default);
    buyer(&gateway).post("/account/addresses/address_2/default", &[]).await;
    let asked = gateway.asked(UPDATE).pop().unwrap().message::<UpdateAddressRequest>();
    assert!(asked.is_default && asked.postal_address.is_none());
    gateway.refuse(UPDATE, Error::invalid("postalAddress.postalCode", "must be a PIN code"));
    let answer = buyer(&gateway).post("/account/addresses/address_2", &TYPED).await;
    assert!(
        answer.status == 422 && answer.body.contains("six digits") && answer.body.contains("value=\"1 Road\""),
        "{}",
        answer.body
    );
    gateway.refuse(ADD, Error::new(Kind::FailedPrecondition, "address_book_full", "Full."));
    let answer = buyer(&gateway).post("/account/addresses/new", &TYPED).await;
    assert!(answer.body.contains("twenty addresses"), "{}", answer.body);
    assert_sound("/account/addresses/new", &answer);
}

#[tokio::test]
async fn sessions_are_told_apart_and_ended() {
    let gateway = gateway();
    gateway.answer(END, &()).answer(END_OTHERS, &EndOtherSessionsResponse { ended: 2 });
    let body = buyer(&gateway).get("/account/sessions").await.body;
    assert_eq!(body.matches("This one").count(), 1);
    assert!(body.contains("Chrome on Windows") && body.contains("203.0.113.7") && body.contains("Unknown device"), "{body}");
    assert_eq!(body.matches("/end\"").count(), 2, "one's own is ended by signing out");
    let browser = buyer(&gateway);
    assert_eq!(browser.post("/account/sessions/session_2/end", &[]).await.location(), "/account/sessions");
    assert_eq!(gateway.asked(END).pop().unwrap().message::<DeleteSessionRequest>().session, "session_2");
    browser.post("/account/sessions/end-others", &[]).await;
    assert!(browser.get("/account/sessions").await.body.contains("up to fifteen minutes"));
    assert_eq!(gateway.asked(END_OTHERS).len(), 1);
}
