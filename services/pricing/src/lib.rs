//! Prices: what an offer costs, what a coupon takes off, and what a whole cart comes to.
//!
//! Owns the price of every offer, the coupons and their redemptions. Always: a quote adds up, for every seller and as a
//! whole; a coupon is never redeemed more often than its limits say, and a redemption that is given back counts no longer.
//!
//! Calls the catalog, to learn of an offer before its event has arrived. Follows the catalog's feed for new offers and the
//! orders' feed for canceled groups; tells the catalog of new prices.
//!
//! Reading order: `offer_price`, `coupon`, `redemption`, `redeeming`, `rates`, `quote`, `prices`, `api`, `reactions`, `wire`, `books`.

mod api;
mod books;
pub mod coupon;
pub mod ids;
mod neighbours;
pub mod offer_price;
mod prices;
pub mod quote;
pub mod rates;
mod reactions;
pub mod redeeming;
pub mod redemption;
mod wire;

use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::pricing::pricing_server::PricingServer;
use haat_kernel::Result;
use haat_service::{Definition, Platform, Wiring};

use crate::api::Api;
use crate::coupon::Coupon;
use crate::neighbours::Neighbours;
use crate::offer_price::OfferPrice;
use crate::prices::Prices;
use crate::reactions::{GiveBack, PublishPrices, TakeIn};
use crate::redemption::{Redemption, Usage};

pub fn definition() -> Definition {
    Definition::new("pricing", wire_up).keeping(books::books)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let store = platform.store.clone();
    let neighbours = Neighbours { catalog: CatalogClient::new(platform.channel("catalog")?) };
    let api = Api { store: store.clone(), prices: Prices { store: store.clone(), neighbours } };
    Ok(Wiring::new()
        .aggregate::<OfferPrice>()
        .aggregate::<Coupon>()
        .aggregate::<Redemption>()
        .aggregate::<Usage>()
        .serve(PricingServer::new(api))
        .publish(PublishPrices)
        .react("catalog", TakeIn { store: store.clone() })
        .react("orders", GiveBack { store }))
}
