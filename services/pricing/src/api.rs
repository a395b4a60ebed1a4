//! The calls of the contract: read the request, ask the aggregates, answer.
//! A seller changes only their own prices. A quote never fails on its coupon: it says why the coupon does not count.

use std::collections::BTreeMap;
use std::sync::Arc;

use haat_contracts::{convert, pricing as pb, pricing::pricing_server};
use haat_kernel::{Ctx, Error, Money, Result};
use haat_rpc as rpc;
use haat_store::{Page, Store};
use tonic::{Request, Response, Status};

use crate::coupon::{ADVERTISED, Benefit, Coupon, Refusal};
use crate::ids::{BuyerKey, CouponCode, OfferId};
use crate::offer_price::OfferPrice;
use crate::prices::Prices;
use crate::quote::{Item, quote, subtotal};
use crate::rates::Rates;
use crate::redeeming;
use crate::redemption::Usage;
use crate::wire::{self, Findings};

/// More than anybody reads.
const PROMOTIONS_MAX: usize = 20;

pub struct Api {
    pub store: Store,
    pub prices: Prices,
}

#[tonic::async_trait]
impl pricing_server::Pricing for Api {
    async fn update_offer(&self, request: Request<pb::UpdateOfferRequest>) -> Result<Response<pb::OfferPrice>, Status> {
        rpc::call(request, |ctx, request| async move {
            let offer = wire::offer_in_path(&request.offer)?;
            let price = convert::amount("price", request.price.as_ref())?;
            let known = self.prices.of(&ctx, std::slice::from_ref(&offer)).await?;
            require_own(&ctx, known.get(&offer).ok_or_else(|| wire::offer_not_found(offer.as_str()))?)?;
            let id = offer.to_string();
            let decide = move |known: Option<&OfferPrice>| match known {
                Some(known) => known.reprice(price, &request.etag).map_err(Error::from),
                None => Err(wire::offer_not_found(&request.offer)),
            };
            self.store.answer(&ctx, &id, decide, move |price| wire::offer_price(&offer, price)).await
        })
        .await
    }

    async fn create_coupon(&self, request: Request<pb::CreateCouponRequest>) -> Result<Response<pb::Coupon>, Status> {
        rpc::call(request, |ctx, request| async move {
            let code = wire::new_code(&request.code)?;
            let terms = wire::terms(&request)?;
            let id = code.as_str().to_owned();
            let make = move |known: Option<&Coupon>| Coupon::make(known, terms);
            self.store.answer(&ctx, &id, make, move |coupon| wire::coupon(&code, coupon)).await
        })
        .await
    }

    async fn get_coupon(&self, request: Request<pb::GetCouponRequest>) -> Result<Response<pb::Coupon>, Status> {
        rpc::call(request, |_, request| async move {
            let code = wire::code(&request.code)?;
            let coupon = self.store.load::<Coupon>(code.as_str()).await?;
            coupon.map(|coupon| wire::coupon(&code, &coupon)).ok_or_else(|| Error::not_found("coupon", code.as_str()))
        })
        .await
    }

    async fn list_promotions(
        &self,
        request: Request<pb::ListPromotionsRequest>,
    ) -> Result<Response<pb::ListPromotionsResponse>, Status> {
        rpc::call(request, |ctx, _| async move {
            let page = Page::first(PROMOTIONS_MAX);
            let found = self.store.select(ADVERTISED, "", &page, |coupon: &Coupon| coupon.is_usable(ctx.now)).await?;
            let promotions = found.items.iter().map(|coupon| wire::promotion(&coupon.id, &coupon.terms)).collect();
            Ok(pb::ListPromotionsResponse { promotions })
        })
        .await
    }

    async fn quote(&self, request: Request<pb::QuoteRequest>) -> Result<Response<pb::QuoteResponse>, Status> {
        rpc::call(request, |ctx, request| async move {
            let lines = wire::lines(&request.lines)?;
            let offers: Vec<OfferId> = lines.iter().map(|(offer, _)| offer.clone()).collect();
            let prices = self.prices.of(&ctx, &offers).await?;
            let (items, unknown) = priced(lines, &prices);
            let (coupon, refusal) = match self.coupon(&ctx, &request, subtotal(&items)?).await? {
                Ok(coupon) => (coupon, String::new()),
                Err(refusal) => (None, refusal.to_string()),
            };
            let benefit = coupon.as_ref().map(|(_, benefit)| benefit);
            let quote = quote(items, benefit, request.has_address, &Rates::at(ctx.now))?;
            Ok(wire::quote(quote, Findings { coupon, refusal, unknown }))
        })
        .await
    }

    async fn hold_coupon(&self, request: Request<pb::HoldCouponRequest>) -> Result<Response<()>, Status> {
        rpc::call(request, |ctx, request| async move { wire::hold(&request)?.take(&self.store, &ctx).await }).await
    }

    async fn redeem_coupon(&self, request: Request<pb::RedeemCouponRequest>) -> Result<Response<()>, Status> {
        rpc::call(request, |ctx, request| async move {
            let (code, checkout) = (wire::code(&request.code)?, wire::checkout_id(&request.checkout_id)?);
            redeeming::redeem(&self.store, &ctx, &code, &checkout).await
        })
        .await
    }

    async fn release_coupon(&self, request: Request<pb::ReleaseCouponRequest>) -> Result<Response<()>, Status> {
        rpc::call(request, |ctx, request| async move {
            let (code, checkout) = (wire::code(&request.code)?, wire::checkout_id(&request.checkout_id)?);
            redeeming::give_back(&self.store, &ctx, &code, &checkout).await
        })
        .await
    }
}

impl Api {
    /// The coupon of a quote and what it does; None where none is named.
    async fn coupon(
        &self,
        ctx: &Ctx,
        request: &pb::QuoteRequest,
        subtotal: Money,
    ) -> Result<Result<Option<(CouponCode, Benefit)>, Refusal>> {
        if request.coupon_code.is_empty() {
            return Ok(Ok(None));
        }
        let Some(code) = CouponCode::parse(&request.coupon_code) else { return Ok(Err(Refusal::Unknown)) };
        let Some(coupon) = self.store.load::<Coupon>(code.as_str()).await? else { return Ok(Err(Refusal::Unknown)) };
        let by_buyer = self.redemptions_of(&code, &request.buyer).await?;
        let checked = coupon.check(subtotal, by_buyer, ctx.now);
        Ok(checked.map(|()| Some((code, coupon.terms.benefit))))
    }

    async fn redemptions_of(&self, code: &CouponCode, buyer: &str) -> Result<i64> {
        let Some(buyer) = BuyerKey::of(buyer) else { return Ok(0) };
        let usage = self.store.load::<Usage>(&Usage::id(code, &buyer)).await?;
        Ok(usage.map_or(0, |usage| usage.redemptions))
    }
}

/// The lines that have a price, and the offers that have none.
fn priced(lines: Vec<(OfferId, u32)>, prices: &BTreeMap<OfferId, Arc<OfferPrice>>) -> (Vec<Item>, Vec<OfferId>) {
    let mut items = Vec::new();
    let mut unknown = Vec::new();
    for (offer, quantity) in lines {
        match prices.get(&offer) {
            Some(price) => items.push(Item { seller: price.seller.clone(), unit_price: price.price, offer, quantity }),
            None => unknown.push(offer),
        }
    }
    (items, unknown)
}

fn require_own(ctx: &Ctx, price: &OfferPrice) -> Result<()> {
    let is_own = ctx.principal.seller_id.as_deref() == Some(price.seller.as_str());
    if is_own { Ok(()) } else { Err(Error::permission_denied("This offer belongs to another seller.")) }
}
