//! The storefront: what buyers see, from the search to the order that comes.
//!
//! It owns nothing and has no authority of its own: every page is made from calls through the gateway as the visitor. A
//! visitor's cart is known by its id in a cookie. Always: every page works without scripts; a form that acts twice acts
//! once; text from outside is shown as text; browsers load nothing from other hosts: photographs that sellers keep there
//! come through the shop.
//!
//! Reading order: `shop`, `basket`, `frame`; `wanted`, `goods`, `prose`, `pictures`, `parts` (pure); `photographs`; the pages `home`,
//! `listing`, `product`, `cart`, `address`, `payment`, `progress`, `orders`, `account`; `feeds`.

mod account;
mod address;
mod basket;
mod cart;
mod feeds;
mod frame;
mod goods;
mod home;
mod listing;
mod order_parts;
mod orders;
mod parts;
mod payment;
mod photographs;
mod pictures;
mod product;
mod progress;
mod prose;
mod shop;
mod style;
mod wanted;

use haat_kernel::Result;
use haat_rpc::Channel;
use haat_service::{Definition, Platform, Wiring};
use haat_web::axum::Router;
use haat_web::axum::extract::{Request, State};
use haat_web::axum::middleware::{self, Next};
use haat_web::axum::response::Response;
use haat_web::axum::routing::{get, post};
use haat_web::{App, MessageFiles, Visit};

use crate::frame::Categories;
use crate::photographs::Photographs;
use crate::shop::Shop;

const MESSAGES: MessageFiles = MessageFiles { en: include_str!("../messages/en.ftl"), hi: include_str!("../messages/hi.ftl") };

pub fn definition() -> Definition {
    Definition::new("storefront", wire_up)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let app = app(&platform.channel("gateway")?, Photographs::open(platform));
    Ok(Wiring::new().serve(haat_web::serve(platform, app)?))
}

/// What all pages have. Cheap to clone.
#[derive(Clone)]
struct Front {
    shop: Shop,
    categories: Categories,
    photographs: Photographs,
}

/// The application; `gateway` is its way to all services.
fn app(gateway: &Channel, photographs: Photographs) -> App {
    let front = Front { shop: Shop::new(gateway), categories: Categories::default(), photographs };
    let categories = front.categories.clone();
    App::new("/", routes(front), MESSAGES, move |visit, page| frame::layout(visit, page, &categories)).with_registration()
}

fn routes(front: Front) -> Router {
    let pages = Router::new()
        .route("/", get(home::page))
        .route("/search", get(listing::search))
        .route("/category/{name}", get(listing::category))
        .route("/products/{product}", get(product::page))
        .route("/cart", get(cart::page))
        .route("/cart/items", post(cart::add))
        .route("/cart/items/{offer}", post(cart::set_quantity))
        .route("/cart/coupon", post(cart::apply_coupon))
        .route("/cart/coupon/remove", post(cart::remove_coupon))
        .route("/checkout", get(address::page))
        .route("/checkout/address", post(address::save))
        .route("/checkout/payment", get(payment::page))
        .route("/checkout/pay", post(payment::pay))
        .route("/checkout/{checkout}", get(progress::page))
        .route("/orders", get(orders::lookup_page).post(orders::lookup))
        .route("/orders/{group}", get(orders::page))
        .route("/orders/{group}/cancel/{order}", get(orders::cancel_page).post(orders::cancel))
        .route("/account", get(account::page))
        .route("/account/orders", get(account::orders))
        .route("/sitemap-categories.xml", get(feeds::category_sitemap))
        .layer(middleware::from_fn_with_state(front.clone(), with_categories));
    Router::new()
        .merge(pages)
        .route("/checkout/{checkout}/live", get(progress::live))
        .route("/orders/{group}/live", get(orders::live))
        .route("/suggest", get(feeds::suggest))
        .route("/pictures/{motif}/{colour}/{finish}/{file}", get(feeds::picture))
        .route("/photographs/{product}/{file}", get(photographs::show))
        .route("/sitemap.xml", get(feeds::sitemap))
        .route("/sitemap-products.xml", get(feeds::product_sitemap))
        .route("/feed.atom", get(feeds::atom))
        .route("/robots.txt", get(feeds::robots))
        .route(style::PATH, get(style::sheet))
        .with_state(front)
}

/// Pages are laid out with the categories of a moment ago.
async fn with_categories(State(front): State<Front>, visit: Visit, request: Request, next: Next) -> Response {
    front.categories.refresh(&front.shop, &visit).await;
    next.run(request).await
}

#[cfg(test)]
mod tests;
