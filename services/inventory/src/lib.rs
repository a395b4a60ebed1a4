//! Stock: how many pieces of each offer lie where, and for whom they are held.
//!
//! Owns the stock per offer and warehouse, the reservations and the warehouses. Always: what is reserved is the sum of the
//! open reservations, what is allocated the sum of those that belong to orders, and neither is ever more than what is on
//! hand. A reservation holds all of its offers or none, and gives back exactly what it holds, once.
//!
//! Calls the catalog, to learn whose an offer is before its event has arrived. Follows the catalog's feed for new offers and
//! their opening stock; tells the catalog what is available.
//!
//! Reading order: `stock`, `reservation`, `holding`, `warehouse`, `api`, `reactions`, `wire`, `books`.

mod api;
mod books;
mod directory;
pub mod holding;
pub mod ids;
mod neighbours;
mod reactions;
pub mod reservation;
pub mod stock;
pub mod warehouse;
mod wire;

use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::inventory::inventory_server::InventoryServer;
use haat_kernel::Result;
use haat_service::{Definition, Platform, Wiring};

use crate::api::Api;
use crate::neighbours::Neighbours;
use crate::reactions::{Expire, OpenStock, PublishStock};
use crate::reservation::Reservation;
use crate::stock::Stock;
use crate::warehouse::Warehouse;

pub fn definition() -> Definition {
    Definition::new("inventory", wire_up).keeping(books::books)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let store = platform.store.clone();
    let neighbours = Neighbours { catalog: CatalogClient::new(platform.channel("catalog")?) };
    let api = Api { store: store.clone(), entropy: platform.entropy.clone(), neighbours };
    Ok(Wiring::new()
        .aggregate::<Stock>()
        .aggregate::<Reservation>()
        .aggregate::<Warehouse>()
        .serve(InventoryServer::new(api))
        .publish(PublishStock)
        .react("catalog", OpenStock { store: store.clone() })
        .on_timer::<Reservation>(Expire { store }))
}
