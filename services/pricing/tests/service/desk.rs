//! Everybody who calls the service: sellers and operators through the gateway, the checkout, and the catalog that follows
//! its feed.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use haat_contracts::feed::{SubscribeRequest, feed_client::FeedClient};
use haat_contracts::{common, pricing as pb, pricing::pricing_client::PricingClient};
use haat_kernel::{CorrelationId, Ctx, Error, Money, Principal, Result, Timestamp};
use haat_pricing::ids::{CheckoutId, OfferId};
use haat_rpc as rpc;
use haat_testkit::Cluster;
use prost::Message;

use crate::catalog::sellers;
use crate::{catalog, orders};

/// Runs `test` against a service that has just started.
pub fn simulate<F: Future<Output = ()> + 'static>(test: impl FnOnce(Desk) -> F + 'static) {
    let services = [haat_pricing::definition(), catalog::definition(), orders::definition()];
    let cluster = Cluster::new(7, &services, &[], BTreeMap::new()).unwrap();
    let tick = Duration::from_millis(5);
    let mut sim = turmoil::Builder::new().simulation_duration(Duration::from_secs(60)).tick_duration(tick).build();
    for service in services {
        sim.host(service.name, cluster.host(service));
    }
    sim.client("desk", async move {
        let desk = Desk::open(&cluster).map_err(|error| error.to_string())?;
        desk.until_ready().await;
        test(desk).await;
        Ok(())
    });
    sim.run().unwrap();
}

pub struct Desk {
    gateway: PricingClient<rpc::Channel>,
    checkout: PricingClient<rpc::Channel>,
    feed: FeedClient<rpc::Channel>,
}

fn ctx(principal: Principal) -> Ctx {
    Ctx::new(principal, CorrelationId::parse("service-test").unwrap(), Timestamp::UNIX_EPOCH)
}

/// Staff of the first or the second seller.
fn seller(number: usize) -> Ctx {
    let seller_id = Some(sellers()[number].to_string());
    ctx(Principal { seller_id, ..Principal::user("user", &["seller"]) })
}

fn operator() -> Ctx {
    ctx(Principal::user("user", &["operator"]))
}

fn checkout() -> Ctx {
    ctx(Principal::service("checkout"))
}

impl Desk {
    fn open(cluster: &Cluster) -> Result<Self> {
        let channel = |name: &str| cluster.environment(name)?.channel("pricing", cluster.endpoints());
        Ok(Desk {
            gateway: PricingClient::new(channel("gateway")?),
            checkout: PricingClient::new(channel("checkout")?),
            feed: FeedClient::new(channel("catalog")?),
        })
    }

    async fn until_ready(&self) {
        while self.coupon("NONE").await.is_err_and(|error| error.code != "coupon_not_found") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// As staff of a seller.
    pub async fn reprice(&self, number: usize, offer: &OfferId, price: Money, etag: &str) -> Result<pb::OfferPrice> {
        let mut client = self.gateway.clone();
        let request = pb::UpdateOfferRequest { offer: offer.to_string(), price: Some(price.into()), etag: etag.to_owned() };
        rpc::send(&seller(number), request, |request| client.update_offer(request)).await
    }

    pub async fn create_coupon(&self, request: pb::CreateCouponRequest) -> Result<pb::Coupon> {
        let mut client = self.gateway.clone();
        rpc::send(&operator(), request, |request| client.create_coupon(request)).await
    }

    pub async fn coupon(&self, code: &str) -> Result<pb::Coupon> {
        let mut client = self.gateway.clone();
        let request = pb::GetCouponRequest { code: code.to_owned() };
        rpc::send(&operator(), request, |request| client.get_coupon(request)).await
    }

    /// As anybody.
    pub async fn promotions(&self) -> Vec<pb::Promotion> {
        let mut client = self.gateway.clone();
        let request = pb::ListPromotionsRequest {};
        let ctx = ctx(Principal::anonymous());
        rpc::send(&ctx, request, |request| client.list_promotions(request)).await.unwrap().promotions
    }

    pub async fn quote(&self, wanted: &[(&OfferId, i32)], coupon: &str, buyer: &str) -> pb::QuoteResponse {
        let mut client = self.checkout.clone();
        let line =
            |(offer, quantity): &(&OfferId, i32)| pb::quote_request::Line { offer_id: offer.to_string(), quantity: *quantity };
        let request = pb::QuoteRequest {
            lines: wanted.iter().map(line).collect(),
            coupon_code: coupon.to_owned(),
            buyer: buyer.to_owned(),
            has_address: true,
        };
        rpc::send(&checkout(), request, |request| client.quote(request)).await.unwrap()
    }

    pub async fn hold(&self, code: &str, checkout_id: &CheckoutId, buyer: &str) -> Result<()> {
        let mut client = self.checkout.clone();
        let request = pb::HoldCouponRequest {
            code: code.to_owned(),
            checkout_id: checkout_id.to_string(),
            buyer: buyer.to_owned(),
            subtotal: Some(Money::inr(60_000).into()),
        };
        rpc::send(&checkout(), request, |request| client.hold_coupon(request)).await
    }

    pub async fn redeem(&self, code: &str, checkout_id: &CheckoutId) -> Result<()> {
        let mut client = self.checkout.clone();
        let request = pb::RedeemCouponRequest { code: code.to_owned(), checkout_id: checkout_id.to_string() };
        rpc::send(&checkout(), request, |request| client.redeem_coupon(request)).await
    }

    pub async fn release(&self, code: &str, checkout_id: &CheckoutId) -> Result<()> {
        let mut client = self.checkout.clone();
        let request = pb::ReleaseCouponRequest { code: code.to_owned(), checkout_id: checkout_id.to_string() };
        rpc::send(&checkout(), request, |request| client.release_coupon(request)).await
    }

    /// All that the feed has told of prices.
    pub async fn published(&self) -> Vec<pb::OfferRepriced> {
        let mut client = self.feed.clone();
        let ctx = ctx(Principal::service("catalog"));
        let mut batches = rpc::send(&ctx, SubscribeRequest::default(), |request| client.subscribe(request)).await.unwrap();
        let mut published = Vec::new();
        // A feed has no end: what it has is all there once it is silent.
        while let Ok(batch) = tokio::time::timeout(Duration::from_secs(1), batches.message()).await {
            let events = batch.map_err(Error::internal).unwrap().map(|batch| batch.events).unwrap_or_default();
            published.extend(events.iter().map(|event| pb::OfferRepriced::decode(event.body.as_slice()).unwrap()));
        }
        published
    }
}

pub fn minor(money: &Option<common::Money>) -> i64 {
    money.as_ref().unwrap().amount
}
