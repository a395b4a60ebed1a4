//! seller-console: the console of sellers: their products, prices, stock, orders and statements. It owns nothing and calls the
//! services through the gateway, for whoever is signed in.
//! Always: nobody but a seller's staff sees more than the way in; every form that acts proves to be ours and acts once.
//!
//! Reading order: `staff`, `calls`, `parts`, then a file for each page, as the navigation in `frame` has them.

mod calls;
mod frame;
mod import;
mod offer;
mod orders;
mod overview;
mod parts;
mod product;
mod products;
mod shop;
mod staff;
mod statement;
mod upload;
mod warehouses;

use haat_kernel::Result;
use haat_rpc::Channel;
use haat_service::{Definition, Platform, Wiring};
use haat_web::axum::Router;
use haat_web::axum::extract::DefaultBodyLimit;
use haat_web::axum::routing::{get, post};
use haat_web::{App, MessageFiles};

use crate::calls::Calls;

const MESSAGES: MessageFiles = MessageFiles { en: include_str!("../messages/en.ftl"), hi: include_str!("../messages/hi.ftl") };

pub fn definition() -> Definition {
    Definition::new("seller-console", wire_up)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let app = app(&platform.channel("gateway")?);
    Ok(Wiring::new().serve(haat_web::serve(platform, app)?))
}

/// The application; `gateway` is its way to all services.
fn app(gateway: &Channel) -> App {
    let router = Router::new()
        .route("/", get(overview::page))
        .route("/products", get(products::page).post(product::create))
        .route("/products/new", get(product::new).post(product::more_rows))
        .route("/products/{product}", get(product::page).post(product::update))
        .route("/products/{product}/publish", post(product::publish))
        .route("/products/{product}/archive", post(product::archive))
        .route("/products/{product}/offers/{offer}", get(offer::page))
        .route("/products/{product}/offers/{offer}/price", post(offer::change_price))
        .route("/products/{product}/offers/{offer}/receive", post(offer::receive))
        .route("/products/{product}/offers/{offer}/adjust", post(offer::adjust))
        .route("/orders", get(orders::page))
        .route("/orders/{order}", get(orders::order))
        .route("/orders/{order}/cancel", post(orders::cancel))
        .route("/warehouses", get(warehouses::page).post(warehouses::create))
        // A file of any size is only passed on; the call has limits of its own.
        .route("/import", get(import::page).post(import::import).layer(DefaultBodyLimit::disable()))
        .route("/import.js", get(import::script))
        .route("/shop", get(shop::page).post(shop::rename))
        .route("/statement", get(statement::page))
        .route("/statement.csv", get(statement::file));
    App::new("/seller", router.with_state(Calls::new(gateway)), MESSAGES, frame::layout)
}

#[cfg(test)]
mod tests;
