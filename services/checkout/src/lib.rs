//! Carts, and the checkout that turns a cart into paid orders.
//!
//! Owns carts and checkouts. Always: a cart has at most one checkout at a time and at most one that completes; a completed
//! checkout has allocated stock, captured money and placed orders; a failed one has none of them, and its cart is usable
//! again. Prices, coupons, stock, orders and money are others': a checkout asks, remembers and undoes.
//!
//! Calls catalog (what an offer is), pricing (what a cart costs; coupons), inventory (reserve, allocate, release), orders
//! (place, confirm, abandon) and payments (authorize, capture, cancel, ask). Follows the feed of payments.
//!
//! Reading order: `cart`, `checkout`, `market`, `contact`, `api` with `asking`, `editing` and `starting`, `steps`,
//! `reactions`, `neighbours`, `wire`, `books`.

pub mod api;
mod asking;
mod books;
pub mod cart;
pub mod checkout;
pub mod contact;
mod editing;
pub mod ids;
pub mod market;
pub mod neighbours;
mod reactions;
mod starting;
mod steps;
mod wire;

use std::sync::Arc;

use haat_contracts::checkout::carts_server::CartsServer;
use haat_contracts::checkout::checkouts_server::CheckoutsServer;
use haat_kernel::Result;
use haat_saga::Runner;
use haat_service::{Definition, Platform, Wiring};

use crate::api::Api;
use crate::cart::Cart;
use crate::checkout::Checkout;
use crate::market::Delivery;
use crate::neighbours::{Neighbours, Services};
use crate::reactions::{CheckoutTimers, ExpireCart, FollowPayment};
use crate::steps::Steps;

/// Where goods are sent unless the setting `delivery_countries` says otherwise (ISO codes with commas).
const DELIVERY_COUNTRIES: &str = "IN";

pub fn definition() -> Definition {
    Definition::new("checkout", wire_up).keeping(books::books)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let api = api(platform, Arc::new(Services::of(platform)?));
    let (store, runner, neighbours) = (api.store.clone(), api.runner.clone(), api.neighbours.clone());
    Ok(Wiring::new()
        .aggregate::<Cart>()
        .aggregate::<Checkout>()
        .serve(CartsServer::new(api.clone()))
        .serve(CheckoutsServer::new(api))
        .react("payments", FollowPayment { store: store.clone(), runner: runner.clone() })
        .on_timer::<Cart>(ExpireCart { store: store.clone() })
        .stuck(runner.clone())
        .task("checkout.report", runner.clone().report())
        .on_timer::<Checkout>(CheckoutTimers { store, runner, neighbours }))
}

/// The calls of the service, with these neighbours.
pub fn api(platform: &Platform, neighbours: Arc<dyn Neighbours>) -> Api {
    let store = platform.store.clone();
    let steps = Steps { store: store.clone(), neighbours: neighbours.clone() };
    let delivery = Delivery::to(platform.setting("delivery_countries").unwrap_or(DELIVERY_COUNTRIES));
    Api { store, entropy: platform.entropy.clone(), neighbours, runner: Runner::new(platform, steps), delivery }
}
