//! From an offer to its product. An offer never moves to another product, so what was once found is kept.

use haat_kernel::Result;
use haat_store::{Store, Versioned};
use moka::sync::Cache;

use crate::ids::{OfferId, ProductId};
use crate::product::{OFFER, Product};

const KEPT_MAX: u64 = 200_000;

/// Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Offers {
    store: Store,
    products: Cache<OfferId, ProductId>,
}

impl Offers {
    pub fn new(store: Store) -> Self {
        Offers { store, products: Cache::new(KEPT_MAX) }
    }

    pub async fn product_of(&self, offer: &OfferId) -> Result<Option<Versioned<Product>>> {
        if let Some(product) = self.products.get(offer) {
            return self.store.load(product.as_str()).await;
        }
        let found = self.store.find::<Product>(OFFER, offer.as_str()).await?;
        if let Some(product) = &found {
            self.products.insert(offer.clone(), product.state.id.clone());
        }
        Ok(found)
    }
}
