//! The shop's pages over a gateway that answers as it is told.

mod account;
mod buying;
mod looking;
mod things;

use haat_web::Language;
use haat_web::testing::{Answer, Browser, FakeGateway};

use super::*;

const SEARCH: &str = "/haat.catalog.v1.Catalog/SearchProducts";
const PRODUCT: &str = "/haat.catalog.v1.Catalog/GetProduct";
const GET_CART: &str = "/haat.checkout.v1.Carts/GetCart";
const CREATE_CART: &str = "/haat.checkout.v1.Carts/CreateCart";
const ADD_ITEM: &str = "/haat.checkout.v1.Carts/AddItem";
const UPDATE_CART: &str = "/haat.checkout.v1.Carts/UpdateCart";
const APPLY_COUPON: &str = "/haat.checkout.v1.Carts/ApplyCoupon";
const START_CHECKOUT: &str = "/haat.checkout.v1.Carts/StartCheckout";
const GET_CHECKOUT: &str = "/haat.checkout.v1.Checkouts/GetCheckout";
const GET_GROUP: &str = "/haat.orders.v1.Orders/GetOrderGroup";
const LIST_ORDERS: &str = "/haat.orders.v1.Orders/ListOrders";
const CANCEL_ORDER: &str = "/haat.orders.v1.Orders/CancelOrder";

const SELLERS: &str = "/haat.users.v1.Sellers/BatchGetSellers";
const ADDRESSES: &str = "/haat.users.v1.Addresses/GetAddressBook";
const PROMOTIONS: &str = "/haat.pricing.v1.Pricing/ListPromotions";
const SESSIONS: &str = "/haat.users.v1.Users/ListSessions";

const HOSTILE: &str = "\"><script>alert('x')</script><img src=x onerror=alert(1)>";

/// A gateway that knows a product, a cart with it, a checkout and an order group.
fn gateway() -> FakeGateway {
    let gateway = FakeGateway::new();
    gateway
        .answer(SEARCH, &things::found())
        .answer(PRODUCT, &things::product())
        .answer(GET_CART, &things::cart())
        .answer(CREATE_CART, &haat_contracts::checkout::Cart { id: things::NEW_CART.into(), ..Default::default() })
        .answer(ADD_ITEM, &things::cart())
        .answer(UPDATE_CART, &things::cart())
        .answer(GET_GROUP, &things::group())
        .answer(LIST_ORDERS, &things::orders())
        .answer(SELLERS, &things::sellers())
        .answer(ADDRESSES, &things::address_book())
        .answer(PROMOTIONS, &things::promotions())
        .answer(SESSIONS, &things::sessions());
    gateway
}

fn guest(gateway: &FakeGateway) -> Browser {
    let folder = tempfile::tempdir().unwrap();
    Browser::at(app(&gateway.channel(), photographs::tests::photographs(folder.path())), gateway)
}

/// A guest with things in the cart.
fn shopper(gateway: &FakeGateway) -> Browser {
    guest(gateway).with_cookie("haat_cart", &format!("{} 2", things::CART))
}

/// What every page must be.
#[track_caller]
fn assert_sound(path: &str, answer: &Answer) {
    let body = &answer.body;
    assert_eq!(body.matches("<h1").count(), 1, "{path}: {body}");
    assert!(!body.contains("<script>") && !body.contains("<img src=x"), "{path}: {body}");
    assert!(!body.contains(" style=") && !body.contains(" onclick="), "{path}: {body}");
    assert!(body.len() < 60_000, "{path}: {} bytes", body.len());
    let mut ids: Vec<&str> = body.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "{path}: an id stands twice in {ids:?}");
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(MESSAGES.ids(Language::En), MESSAGES.ids(Language::Hi));
}

/// Ids that are written out; those made from codes have a text to fall back on.
#[test]
fn every_message_that_is_said_is_there() {
    const OF_THE_KIT: [&str; 10] = [
        "site-name",
        "search",
        "cart",
        "sign-in",
        "sign-out",
        "your-name",
        "email",
        "account",
        "have-account",
        "form-has-errors",
    ];
    let sources = [
        include_str!("account.rs"),
        include_str!("address.rs"),
        include_str!("address_form.rs"),
        include_str!("addresses.rs"),
        include_str!("cart.rs"),
        include_str!("frame.rs"),
        include_str!("home.rs"),
        include_str!("listing.rs"),
        include_str!("offers.rs"),
        include_str!("order_parts.rs"),
        include_str!("orders.rs"),
        include_str!("parts.rs"),
        include_str!("payment.rs"),
        include_str!("product.rs"),
        include_str!("progress.rs"),
        include_str!("promotions.rs"),
        include_str!("sellers.rs"),
        include_str!("sessions.rs"),
    ];
    let ids = MESSAGES.ids(Language::En);
    for source in sources {
        let starts = [".t(\"", " t(\"", "(t(\"", "&t(\"", "t_with(\"", ".notice(\""];
        let calls = starts.iter().flat_map(|start| source.split(start).skip(1));
        for id in calls.filter_map(|rest| rest.split('"').next()) {
            let is_id = id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
            assert!(!is_id || id.is_empty() || ids.contains(&id) || OF_THE_KIT.contains(&id), "{id}");
        }
    }
}
