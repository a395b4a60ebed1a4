//! What the gateway of the tests has: all of it with hostile texts where people write texts.

use std::collections::BTreeMap;

use haat_contracts::catalog::{Facet, Image, Offer, Product, Rating, SearchProductsResponse, Variant, facet};
use haat_contracts::checkout::{Cart, Checkout, cart, checkout};
use haat_contracts::common::{Actor, Money, PostalAddress};
use haat_contracts::orders::order::{FulfillmentStatus, HistoryEntry, Line, PaymentStatus, State};
use haat_contracts::orders::{ListOrdersResponse, Order, OrderGroup};

use haat_contracts::pricing::{ListPromotionsResponse, Promotion};
use haat_contracts::users::{AddressBook, BatchGetSellersResponse, ListSessionsResponse, SavedAddress, Seller, SessionSummary};

use super::HOSTILE;

pub const CART: &str = "cart_01jd0000000000000000000000";
pub const NEW_CART: &str = "cart_01jd0000000000000000000001";
pub const CHECKOUT: &str = "checkout_01jd000000000000000000000";
pub const GROUP: &str = "group_01jd0000000000000000000000";
pub const ORDER: &str = "order_01jd0000000000000000000000";

pub fn inr(amount: i64) -> Option<Money> {
    Some(Money { currency_code: "INR".into(), amount })
}

fn offer(id: &str, amount: i64, available: bool) -> Offer {
    Offer { id: id.into(), seller_id: format!("seller_{id}"), price: inr(amount), available, quantity_left: None }
}

fn variant(sku: &str, size: &str, offers: Vec<Offer>) -> Variant {
    let options = BTreeMap::from([("color".to_owned(), "Blue".to_owned()), ("size".to_owned(), size.to_owned())]);
    Variant { sku: sku.into(), title: String::new(), options, offers }
}

pub fn product() -> Product {
    Product {
        id: "product_1".into(),
        title: format!("Kurta {HOSTILE}"),
        description: format!("<p>Soft & {HOSTILE}</p>"),
        category: format!("Kurtas {HOSTILE}"),
        brand: format!("Loom {HOSTILE}"),
        images: vec![
            Image { url: "/pictures/kurta/blue/plain/1.svg".into(), alt: HOSTILE.into() },
            Image { url: "https://elsewhere.test/1.jpg".into(), alt: String::new() },
            Image { url: "javascript:alert(1)".into(), alt: String::new() },
        ],
        variants: vec![
            variant("K-S", "S", vec![offer("dear", 119_900, true), offer("cheap", 99_900, true), offer("gone", 100, false)]),
            variant("K-M", "M", vec![offer("m", 99_900, false)]),
        ],
        rating: Some(Rating::default()),
        ..Product::default()
    }
}

pub fn found() -> SearchProductsResponse {
    let bucket = |value: &str| facet::Bucket { value: value.into(), count: 3 };
    SearchProductsResponse {
        products: vec![product(), Product { id: "product_2".into(), ..product() }],
        facets: vec![
            Facet { name: "category".into(), buckets: vec![bucket("Kurtas"), bucket(HOSTILE)] },
            Facet { name: "price".into(), buckets: vec![bucket("0-50000"), bucket("2500000-")] },
            Facet { name: "brand".into(), buckets: (0..12).map(|number| bucket(&format!("Brand {number}"))).collect() },
            Facet { name: "color".into(), buckets: vec![bucket("Blue")] },
        ],
        total_size: 2,
        next_page_token: "next".into(),
        corrected_query: String::new(),
    }
}

/// Only one of the two sellers of the cart has a name.
pub fn sellers() -> BatchGetSellersResponse {
    let seller = |id: &str, name: &str| Seller { id: id.into(), display_name: name.into() };
    BatchGetSellersResponse {
        sellers: vec![
            seller("seller_1", "Meera Textiles"),
            seller("seller_cheap", "Cheap & Good"),
            seller("seller_dear", HOSTILE),
        ],
    }
}

pub fn address_book() -> AddressBook {
    let saved = |id: &str, is_default| SavedAddress { id: id.into(), postal_address: Some(address()), is_default };
    AddressBook { addresses: vec![saved("address_1", true), saved("address_2", false)] }
}

pub fn promotions() -> ListPromotionsResponse {
    let promotion = |code: &str, minimum| Promotion {
        code: code.into(),
        percent_off: Some(10),
        minimum_subtotal: inr(minimum),
        ..Promotion::default()
    };
    ListPromotionsResponse { promotions: vec![promotion("SMALL10", 50_000), promotion("LARGE10", 250_000)] }
}

pub fn sessions() -> ListSessionsResponse {
    let at = Some(prost_types::Timestamp { seconds: 1_795_000_000, nanos: 0 });
    let session = |id: &str, device: &str, is_current| SessionSummary {
        id: id.into(),
        device: device.into(),
        address: "203.0.113.7".into(),
        started_at: at,
        refreshed_at: at,
        is_current,
    };
    let sessions = vec![
        session("session_1", "Chrome on Windows", true),
        session("session_2", HOSTILE, false),
        session("session_3", "", false),
    ];
    ListSessionsResponse { sessions, next_page_token: String::new() }
}

fn address() -> PostalAddress {
    let text = || HOSTILE.to_owned();
    PostalAddress {
        name: text(),
        line1: text(),
        line2: text(),
        city: text(),
        state: "Delhi".into(),
        postal_code: "110001".into(),
        country: "IN".into(),
        phone: text(),
    }
}

pub fn cart() -> Cart {
    let item = |offer: &str, seller: &str| cart::Item {
        offer_id: offer.into(),
        sku: "K-S".into(),
        title: format!("Kurta {HOSTILE}"),
        seller_id: seller.into(),
        product_id: "product_1".into(),
        quantity: 1,
        unit_price: inr(99_900),
        total: inr(99_900),
    };
    let part = |seller: &str, shipping| cart::SellerPart {
        seller_id: seller.into(),
        subtotal: inr(99_900),
        shipping: inr(shipping),
        total: inr(99_900 + shipping),
        ..cart::SellerPart::default()
    };
    let problem = |code: &str, offer: &str| cart::Problem { code: code.into(), offer_id: offer.into(), detail: HOSTILE.into() };
    Cart {
        id: CART.into(),
        email: "asha@example.in".into(),
        shipping_address: Some(address()),
        items: vec![item("offer_1", "seller_1"), item("offer_2", "seller_2")],
        subtotal: inr(199_800),
        discount: inr(0),
        shipping: inr(0),
        tax: inr(0),
        tax_included: inr(9_514),
        total: inr(199_800),
        problems: vec![problem("low_stock", "offer_1"), problem("something_new", "offer_2")],
        sellers: vec![part("seller_1", 0), part("seller_2", 4_900)],
        ..Cart::default()
    }
}

pub fn checkout(state: checkout::State) -> Checkout {
    Checkout {
        id: CHECKOUT.into(),
        cart_id: CART.into(),
        state: state.into(),
        order_group_id: GROUP.into(),
        ..Checkout::default()
    }
}

pub fn group() -> OrderGroup {
    OrderGroup {
        id: GROUP.into(),
        number: "HT-1001".into(),
        email: HOSTILE.into(),
        orders: vec![order()],
        subtotal: inr(99_900),
        shipping: inr(0),
        total: inr(99_900),
        shipping_address: Some(address()),
        ..OrderGroup::default()
    }
}

fn order() -> Order {
    let entry = |event: &str| HistoryEntry {
        at: Some(prost_types::Timestamp { seconds: 1_795_000_000, nanos: 0 }),
        event: event.into(),
        by: Some(Actor { kind: "buyer".into(), id: "user_1".into() }),
    };
    Order {
        id: ORDER.into(),
        order_group_id: GROUP.into(),
        seller_id: "seller_1".into(),
        state: State::Placed.into(),
        payment_status: PaymentStatus::Paid.into(),
        fulfillment_status: FulfillmentStatus::Unfulfilled.into(),
        lines: vec![Line {
            title: format!("Kurta {HOSTILE}"),
            product_id: "product_1".into(),
            quantity: 1,
            unit_price: inr(99_900),
            total: inr(99_900),
            ..Line::default()
        }],
        total: inr(99_900),
        history: vec![entry("order.placed"), entry(HOSTILE)],
        ..Order::default()
    }
}

pub fn orders() -> ListOrdersResponse {
    ListOrdersResponse { orders: vec![order()], next_page_token: "more".into() }
}
