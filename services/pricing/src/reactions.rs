//! What happens by itself: the catalog's new offers get their price, an import changes prices, a canceled order group gives
//! its coupon back, and price changes are published.

use async_trait::async_trait;
use haat_contracts::catalog::{OffersCreated, PricesImported};
use haat_contracts::orders::OrderCanceled;
use haat_kernel::{Ctx, Error, Result};
use haat_service::{FeedEvent, PublicEvent, Publisher, Reaction};
use haat_store::{Aggregate, Store, StoredEvent};

use crate::ids::{CheckoutId, CouponCode};
use crate::offer_price::{OfferPrice, OfferPriceEvent};
use crate::{prices, redeeming, wire};

/// Takes in what the catalog announces.
pub struct TakeIn {
    pub store: Store,
}

#[async_trait]
impl Reaction for TakeIn {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        if let Some(created) = event.read::<OffersCreated>()? {
            return prices::take_in(&self.store, &ctx, wire::created(created)?).await.map(drop);
        }
        let Some(imported) = event.read::<PricesImported>()? else { return Ok(()) };
        prices::take_over(&self.store, &ctx, wire::imported(imported)?).await
    }
}

/// A coupon counts as long as any order of its group stands.
pub struct GiveBack {
    pub store: Store,
}

#[async_trait]
impl Reaction for GiveBack {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        let Some(canceled) = event.read::<OrderCanceled>()? else { return Ok(()) };
        let Some(code) = CouponCode::parse(&canceled.coupon_code).filter(|_| canceled.is_group_canceled) else { return Ok(()) };
        let checkout = CheckoutId::parse(&canceled.checkout_id).map_err(Error::internal)?;
        redeeming::give_back(&self.store, &ctx, &code, &checkout).await
    }
}

/// Tells the catalog what an offer costs now.
pub struct PublishPrices;

#[async_trait]
impl Publisher for PublishPrices {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        if event.kind != OfferPrice::KIND {
            return Ok(None);
        }
        let change: OfferPriceEvent = serde_json::from_slice(&event.body).map_err(Error::internal)?;
        Ok(wire::repriced(&event.id, &change).map(|repriced| PublicEvent::of(&repriced)))
    }
}
