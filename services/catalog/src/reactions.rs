//! What the catalog does when pricing and inventory speak: it keeps what buyers are shown of prices and stock up to date.

use async_trait::async_trait;
use haat_contracts::{convert, inventory, pricing};
use haat_kernel::{Ctx, Error, Result};
use haat_service::{FeedEvent, Reaction};
use haat_store::Store;

use crate::ids::OfferId;
use crate::offers::Offers;
use crate::product::Product;
use crate::shelf::Shelf;

/// To pricing.
pub struct Prices {
    pub store: Store,
    pub offers: Offers,
}

#[async_trait]
impl Reaction for Prices {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        let Some(repriced) = event.read::<pricing::OfferRepriced>()? else { return Ok(()) };
        let Some(offer) = known_offer(&repriced.offer_id) else { return Ok(()) };
        let price = convert::money(repriced.price.as_ref());
        let Some(product) = self.offers.product_of(&offer).await? else { return Ok(()) };
        if product.reprice(&offer, price).is_empty() {
            return Ok(());
        }
        let decide = move |product: Option<&Product>| {
            Ok::<_, Error>(product.map(|product| product.reprice(&offer, price)).unwrap_or_default())
        };
        self.store.update::<Product, _>(&ctx, &product.id, decide).await.map(|_| ())
    }
}

/// To inventory. Most of its news changes nothing that buyers see, and then nothing is written.
pub struct Stocks {
    pub store: Store,
    pub offers: Offers,
}

#[async_trait]
impl Reaction for Stocks {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        let Some(changed) = event.read::<inventory::StockChanged>()? else { return Ok(()) };
        let Some(offer) = known_offer(&changed.offer_id) else { return Ok(()) };
        let Some(product) = self.offers.product_of(&offer).await? else { return Ok(()) };
        let shelf = self.store.load::<Shelf>(&product.id).await?;
        if Shelf::stock(shelf.as_deref(), &offer, changed.available).is_empty() {
            return Ok(());
        }
        let decide = move |shelf: Option<&Shelf>| Ok::<_, Error>(Shelf::stock(shelf, &offer, changed.available));
        self.store.update::<Shelf, _>(&ctx, &product.id, decide).await.map(|_| ())
    }
}

/// Ids come from this service in the first place; another one is nothing that could be shown.
fn known_offer(id: &str) -> Option<OfferId> {
    let offer = OfferId::parse(id).ok();
    if offer.is_none() {
        tracing::warn!(offer = id, "news of an offer that is none");
    }
    offer
}
