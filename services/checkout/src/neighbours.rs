//! The calls to other services, one small function each. Questions go without the caller's idempotency key, since their
//! answers must be the present ones; orders carry the key of the saga's step.

use std::collections::BTreeMap;

use async_trait::async_trait;
use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::inventory::{self, inventory_client::InventoryClient};
use haat_contracts::orders::{self, orders_client::OrdersClient};
use haat_contracts::payments::{self, payments_client::PaymentsClient};
use haat_contracts::pricing::{self, pricing_client::PricingClient};
use haat_kernel::{Ctx, Result};
use haat_rpc::{Channel, send};
use haat_service::Platform;

use crate::checkout::{PaymentState, Terms};
use crate::ids::OfferId;
use crate::market::{Offer, Quote};
use crate::wire;

/// What is asked of pricing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    pub lines: Vec<(OfferId, u32)>,
    pub coupon: Option<String>,
    /// A user's id or a guest's e-mail address; empty where neither is known.
    pub buyer: String,
    pub has_address: bool,
}

#[async_trait]
pub trait Neighbours: Send + Sync + 'static {
    /// What is unknown is left out.
    async fn resolve(&self, ctx: &Ctx, offers: &[OfferId], skus: &[String]) -> Result<Vec<Offer>>;
    async fn quote(&self, ctx: &Ctx, request: &QuoteRequest) -> Result<Quote>;
    /// How many pieces of each offer could be reserved now.
    async fn availability(&self, ctx: &Ctx, offers: &[OfferId]) -> Result<BTreeMap<OfferId, i64>>;

    async fn reserve_stock(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn allocate_stock(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn release_stock(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;

    async fn hold_coupon(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn redeem_coupon(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn release_coupon(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;

    async fn place_orders(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn confirm_orders(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn abandon_orders(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;

    async fn authorize_payment(&self, ctx: &Ctx, terms: &Terms) -> Result<PaymentState>;
    async fn capture_payment(&self, ctx: &Ctx, terms: &Terms) -> Result<PaymentState>;
    async fn cancel_payment(&self, ctx: &Ctx, terms: &Terms) -> Result<()>;
    async fn payment(&self, ctx: &Ctx, terms: &Terms) -> Result<PaymentState>;
}

/// The neighbours over gRPC.
pub struct Services {
    catalog: CatalogClient<Channel>,
    pricing: PricingClient<Channel>,
    inventory: InventoryClient<Channel>,
    orders: OrdersClient<Channel>,
    payments: PaymentsClient<Channel>,
}

impl Services {
    pub fn of(platform: &Platform) -> Result<Self> {
        Ok(Services {
            catalog: CatalogClient::new(platform.channel("catalog")?),
            pricing: PricingClient::new(platform.channel("pricing")?),
            inventory: InventoryClient::new(platform.channel("inventory")?),
            orders: OrdersClient::new(platform.channel("orders")?),
            payments: PaymentsClient::new(platform.channel("payments")?),
        })
    }
}

/// Why orders, coupons and payments of a checkout are given up; for their histories.
const REASON: &str = "the checkout failed";

#[async_trait]
impl Neighbours for Services {
    async fn resolve(&self, ctx: &Ctx, offers: &[OfferId], skus: &[String]) -> Result<Vec<Offer>> {
        let mut catalog = self.catalog.clone();
        let request = wire::market::resolve_request(offers, skus);
        let response = send(&ctx.aside(), request, |request| async move { catalog.resolve_offers(request).await }).await?;
        response.offers.iter().map(wire::market::offer).collect()
    }

    async fn quote(&self, ctx: &Ctx, request: &QuoteRequest) -> Result<Quote> {
        let mut pricing = self.pricing.clone();
        let request = wire::market::quote_request(request);
        let response = send(&ctx.aside(), request, |request| async move { pricing.quote(request).await }).await?;
        wire::market::quote(&response)
    }

    async fn availability(&self, ctx: &Ctx, offers: &[OfferId]) -> Result<BTreeMap<OfferId, i64>> {
        let mut inventory = self.inventory.clone();
        let request = inventory::GetAvailabilityRequest { offer_ids: offers.iter().map(OfferId::to_string).collect() };
        let response = send(&ctx.aside(), request, |request| async move { inventory.get_availability(request).await }).await?;
        wire::market::availability(&response)
    }

    async fn reserve_stock(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut inventory = self.inventory.clone();
        let request = wire::saga::reserve_request(terms);
        send(ctx, request, |request| async move { inventory.reserve(request).await }).await.map(drop)
    }

    async fn allocate_stock(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut inventory = self.inventory.clone();
        let request = inventory::AllocateRequest { reservation_id: terms.ids.reservation.to_string() };
        send(ctx, request, |request| async move { inventory.allocate(request).await }).await.map(drop)
    }

    async fn release_stock(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut inventory = self.inventory.clone();
        let reservation_id = terms.ids.reservation.to_string();
        let request = inventory::ReleaseRequest { reservation_id, seller_id: String::new() };
        send(ctx, request, |request| async move { inventory.release(request).await }).await
    }

    async fn hold_coupon(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut pricing = self.pricing.clone();
        let request = wire::saga::hold_coupon_request(terms);
        send(ctx, request, |request| async move { pricing.hold_coupon(request).await }).await
    }

    async fn redeem_coupon(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut pricing = self.pricing.clone();
        let code = terms.coupon.clone().unwrap_or_default();
        let request = pricing::RedeemCouponRequest { code, checkout_id: terms.ids.checkout.to_string() };
        send(ctx, request, |request| async move { pricing.redeem_coupon(request).await }).await
    }

    async fn release_coupon(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut pricing = self.pricing.clone();
        let code = terms.coupon.clone().unwrap_or_default();
        let request = pricing::ReleaseCouponRequest { code, checkout_id: terms.ids.checkout.to_string() };
        send(ctx, request, |request| async move { pricing.release_coupon(request).await }).await
    }

    async fn place_orders(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut orders = self.orders.clone();
        let request = wire::saga::place_orders_request(terms);
        send(ctx, request, |request| async move { orders.place_orders(request).await }).await.map(drop)
    }

    async fn confirm_orders(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut orders = self.orders.clone();
        let request = orders::ConfirmOrdersRequest { order_group_id: terms.ids.group.to_string() };
        send(ctx, request, |request| async move { orders.confirm_orders(request).await }).await.map(drop)
    }

    async fn abandon_orders(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut orders = self.orders.clone();
        let request = orders::AbandonOrdersRequest { order_group_id: terms.ids.group.to_string(), reason: REASON.to_owned() };
        send(ctx, request, |request| async move { orders.abandon_orders(request).await }).await.map(drop)
    }

    async fn authorize_payment(&self, ctx: &Ctx, terms: &Terms) -> Result<PaymentState> {
        let mut payments = self.payments.clone();
        let request = wire::saga::authorize_request(terms);
        let payment = send(ctx, request, |request| async move { payments.authorize(request).await }).await?;
        Ok(wire::saga::payment_state(&payment))
    }

    async fn capture_payment(&self, ctx: &Ctx, terms: &Terms) -> Result<PaymentState> {
        let mut payments = self.payments.clone();
        let request = payments::CaptureRequest { payment_id: terms.ids.payment.to_string() };
        let payment = send(ctx, request, |request| async move { payments.capture(request).await }).await?;
        Ok(wire::saga::payment_state(&payment))
    }

    async fn cancel_payment(&self, ctx: &Ctx, terms: &Terms) -> Result<()> {
        let mut payments = self.payments.clone();
        let request = payments::CancelRequest { payment_id: terms.ids.payment.to_string(), reason: REASON.to_owned() };
        send(ctx, request, |request| async move { payments.cancel(request).await }).await.map(drop)
    }

    async fn payment(&self, ctx: &Ctx, terms: &Terms) -> Result<PaymentState> {
        let mut payments = self.payments.clone();
        let request = payments::GetPaymentRequest { payment: terms.ids.payment.to_string() };
        let payment = send(&ctx.aside(), request, |request| async move { payments.get_payment(request).await }).await?;
        Ok(wire::saga::payment_state(&payment))
    }
}
