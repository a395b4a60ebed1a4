//! The storefront: what buyers see, from the search to the order that comes.
//!
//! It owns nothing and has no authority of its own: every page is made from calls through the gateway as the visitor. A
//! visitor's cart is known by its id in a cookie. Always: every page works without scripts; a form that acts twice acts
//! once; text from outside is shown as text; browsers load nothing from other hosts: photographs that sellers keep there
//! come through the shop.
//!
//! Reading order: `shop`, `lately`, `sellers`, `basket`, `frame`; `wanted`, `goods`, `prose`, `pictures`, `parts` (pure);
//! `photographs`; the pages `home`, `listing`, `product` (`offers`), `cart` (`promotions`), `address` (`address_form`), `payment`,
//! `progress`, `orders`, `account`, `addresses`, `sessions`; `feeds`.

mod account;
mod address;
mod address_form;
mod addresses;
mod basket;
mod cart;
mod feeds;
mod frame;
mod goods;
mod home;
mod lately;
mod listing;
mod offers;
mod order_parts;
mod orders;
mod parts;
mod payment;
mod photographs;
mod pictures;
mod product;
mod progress;
mod promotions;
mod prose;
mod sellers;
mod sessions;
mod shop;
mod style;
mod wanted;

use haat_contracts::orders::Order;
use haat_contracts::pricing::Promotion;
use haat_kernel::Result;
use haat_rpc::Channel;
use haat_service::{Definition, Platform, Wiring};
use haat_web::axum::Router;
use haat_web::axum::extract::{Request, State};
use haat_web::axum::middleware::{self, Next};
use haat_web::axum::response::Response;
use haat_web::axum::routing::{get, post};
use haat_web::{App, MessageFiles, Visit};

use crate::lately::Lately;
use crate::photographs::Photographs;
use crate::sellers::{Names, Sellers};
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
    categories: Lately<Vec<String>>,
    promotions: Lately<Vec<Promotion>>,
    sellers: Sellers,
    photographs: Photographs,
}

impl Front {
    fn new(gateway: &Channel, photographs: Photographs) -> Self {
        Front {
            shop: Shop::new(gateway),
            categories: Lately::default(),
            promotions: Lately::default(),
            sellers: Sellers::default(),
            photographs,
        }
    }

    /// What the sellers of orders are called.
    async fn names(&self, visit: &Visit, orders: &[Order]) -> Names {
        self.sellers.names(&self.shop, visit, orders.iter().map(|order| order.seller_id.as_str())).await
    }

    async fn promotions(&self, visit: &Visit) -> Vec<Promotion> {
        let ask = async { self.shop.promotions(&visit.ctx()).await.map(Some) };
        self.promotions.refresh(visit, FRESH_S, ask).await;
        self.promotions.value()
    }
}

/// How old categories and promotions may be.
const FRESH_S: i64 = 60;

/// The application; `gateway` is its way to all services.
fn app(gateway: &Channel, photographs: Photographs) -> App {
    let front = Front::new(gateway, photographs);
    let categories = front.categories.clone();
    App::new("/", routes(front), MESSAGES, move |visit, page| frame::layout(visit, page, &categories.value())).with_registration()
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
        .route("/checkout/address/saved", post(address::choose))
        .route("/checkout/payment", get(payment::page))
        .route("/checkout/pay", post(payment::pay))
        .route("/checkout/{checkout}", get(progress::page))
        .route("/orders", get(orders::lookup_page).post(orders::lookup))
        .route("/orders/{group}", get(orders::page))
        .route("/orders/{group}/cancel/{order}", get(orders::cancel_page).post(orders::cancel))
        .route("/account", get(account::page))
        .route("/account/orders", get(account::orders))
        .route("/account/addresses", get(addresses::page))
        .route("/account/addresses/new", get(addresses::new).post(addresses::add))
        .route("/account/addresses/{address}", get(addresses::edit).post(addresses::update))
        .route("/account/addresses/{address}/default", post(addresses::make_default))
        .route("/account/addresses/{address}/remove", post(addresses::remove))
        .route("/account/sessions", get(sessions::page))
        .route("/account/sessions/end-others", post(sessions::end_others))
        .route("/account/sessions/{session}/end", post(sessions::end))
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
    front.categories.refresh(&visit, FRESH_S, frame::categories(&front.shop, &visit)).await;
    next.run(request).await
}

#[cfg(test)]
mod tests;
