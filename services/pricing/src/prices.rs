//! How offers get their price: from the catalog's feed, or at once when somebody asks for one that has not arrived yet. Both
//! ways take an offer in once, and never change a price.

use std::collections::BTreeMap;
use std::sync::Arc;

use haat_kernel::{Ctx, Result};
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
