//! How offers get their price: from the catalog's feed, or at once when somebody asks for one that has not arrived yet. Both
//! ways take an offer in once, and never change a price. What a seller's import file asks for changes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use haat_kernel::{Ctx, Money, Result};
use haat_store::{Load, Store, Tx};

use crate::ids::OfferId;
use crate::neighbours::Neighbours;
use crate::offer_price::{Listing, OfferPrice, check};
use crate::wire;

pub type Listings = BTreeMap<OfferId, Listing>;

#[derive(Clone)]
pub struct Prices {
    pub store: Store,
    pub neighbours: Neighbours,
}

impl Prices {
    /// Those that neither we nor the catalog know are left out.
    pub async fn of(&self, ctx: &Ctx, offers: &[OfferId]) -> Result<BTreeMap<OfferId, Arc<OfferPrice>>> {
        let mut prices = BTreeMap::new();
        let mut unknown = Vec::new();
        for offer in offers {
            match self.store.load::<OfferPrice>(offer.as_str()).await? {
                Some(price) => drop(prices.insert(offer.clone(), price.state)),
                None => unknown.push(offer.clone()),
            }
        }
        if !unknown.is_empty() {
            let listings = wire::listings(self.neighbours.resolve(ctx, &unknown).await?);
            prices.extend(take_in(&self.store, &ctx.aside(), listings).await?);
        }
        Ok(prices)
    }
}

/// Offers whose price nothing may have stay without one, and cannot be bought.
pub async fn take_in(store: &Store, ctx: &Ctx, mut listings: Listings) -> Result<BTreeMap<OfferId, Arc<OfferPrice>>> {
    listings.retain(|offer, listing| match check(listing.price) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%offer, %error, "an offer cannot be priced");
            false
        }
    });
    let load = Load::new().all::<OfferPrice>(listings.keys());
    let work = move |tx: &mut Tx| -> Result<_> {
        let mut prices = BTreeMap::new();
        for (offer, listing) in listings {
            let known = tx.get::<OfferPrice>(&offer);
            tx.record::<OfferPrice>(&offer, OfferPrice::list(known.as_deref(), listing)?)?;
            prices.extend(tx.get::<OfferPrice>(&offer).map(|price| (offer, price)));
        }
        Ok(prices)
    };
    store.transact(ctx, load, work).await
}

/// Takes over the prices that a seller's import asks for. An offer that is not known or a price that nothing may have is
/// left as it is.
pub async fn take_over(store: &Store, ctx: &Ctx, prices: BTreeMap<OfferId, Money>) -> Result<()> {
    let load = Load::new().all::<OfferPrice>(prices.keys());
    let work = move |tx: &mut Tx| -> Result<()> {
        for (offer, price) in prices {
            let Some(known) = tx.get::<OfferPrice>(&offer) else { continue };
            match known.reprice(price, "") {
                Ok(events) => tx.record::<OfferPrice>(&offer, events)?,
                Err(error) => tracing::warn!(%offer, %error, "an imported price was not taken over"),
            }
        }
        Ok(())
    };
    store.transact(ctx, load, work).await
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;
    use haat_kernel::{Clock, Cursor, Timestamp};
    use haat_store::MemoryBackend;

    use super::*;

    #[tokio::test]
    async fn an_import_changes_known_prices_once() {
        let store = Store::memory(Clock::System, MemoryBackend::new());
        let ctx = Ctx::internal("pricing", "test", Timestamp::UNIX_EPOCH);
        let (known, unknown): (OfferId, OfferId) = (derived(&["known"]), derived(&["unknown"]));
        let listing = Listing { seller: derived(&["seller"]), sku: "K".into(), title: "Kurta".into(), price: Money::inr(100) };
        take_in(&store, &ctx, BTreeMap::from([(known.clone(), listing)])).await.unwrap();

        let mut ctx = ctx;
        ctx.cursor = Some(Cursor { source: "catalog".into(), partition: 1, position: 7 });
        let asked = |price| BTreeMap::from([(known.clone(), Money::inr(price)), (unknown.clone(), Money::inr(5))]);
        take_over(&store, &ctx, asked(90)).await.unwrap();
        assert_eq!(take_over(&store, &ctx, asked(80)).await.unwrap_err().code, haat_store::ALREADY_APPLIED);
        assert_eq!(store.load::<OfferPrice>(known.as_str()).await.unwrap().unwrap().price, Money::inr(90));
        assert!(store.load::<OfferPrice>(unknown.as_str()).await.unwrap().is_none());

        ctx.cursor = None;
        take_over(&store, &ctx, asked(0)).await.unwrap();
        assert_eq!(store.load::<OfferPrice>(known.as_str()).await.unwrap().unwrap().price, Money::inr(90), "nothing costs 0");
    }
}
