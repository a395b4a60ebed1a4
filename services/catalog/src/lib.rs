//! The catalog: products, their variants, the sellers' offers on them, and search.
//!
//! It owns what a seller says of a product, and which offers there are. What an offer costs and how many are left belongs
//! to pricing and inventory; the catalog follows their feeds and shows what they last said. It calls nobody.
//! Always: an offer stays what it is once it was published; a SKU is there once among a seller's products; buyers see
//! published products only; the search index can be lost at any time and is made anew from the store.
//!
//! Reading order: `ids`, `listing`, `product`, `shelf`, `import`, `demo`; `words`, `document`, `index`, `columns`, `indexer`,
//! `filter`, `search`; `offers`, `reactions`, `wire`, `api`, `suggesting`.

mod api;
mod columns;
mod demo;
mod document;
mod filter;
pub mod ids;
pub mod import;
mod index;
mod indexer;
mod listing;
mod offers;
pub mod product;
mod reactions;
mod search;
pub mod shelf;
mod suggesting;
pub mod text;
mod wanted;
mod wire;
mod words;

use haat_contracts::catalog::catalog_server::CatalogServer;
use haat_kernel::Result;
use haat_service::{Books, Definition, Platform, Wiring};

use crate::api::Api;
use crate::index::Index;
use crate::indexer::Indexer;
use crate::offers::Offers;
use crate::product::Product;
use crate::reactions::{Prices, Stocks};
use crate::shelf::Shelf;
use crate::wire::CatalogPublisher;

/// Below the platform's data folder.
const INDEX_FOLDER: &str = "catalog-index";

pub fn definition() -> Definition {
    Definition::new("catalog", wire_up).keeping(|| Books::new().kept::<Product>().kept::<Shelf>())
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let index =
        if platform.clock.is_simulated() { Index::in_memory()? } else { Index::open(&platform.folder().join(INDEX_FOLDER))? };
    let store = platform.store.clone();
    let offers = Offers::new(store.clone());
    let indexer = Indexer { store: store.clone(), index: index.clone() };
    let api = Api { store: store.clone(), entropy: platform.entropy.clone(), index, offers: offers.clone() };
    Ok(Wiring::new()
        .aggregate::<Product>()
        .aggregate::<Shelf>()
        .serve(CatalogServer::new(api))
        .publish(CatalogPublisher)
        .react("pricing", Prices { store: store.clone(), offers: offers.clone() })
        .react("inventory", Stocks { store, offers })
        .task("search-index", indexer.run()))
}
