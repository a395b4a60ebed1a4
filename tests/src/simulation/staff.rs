//! Who works on the market besides its buyers: sellers who change prices and stock, an operator who gives money back, one
//! who holds stock for a moment and lets it go or takes it, and one who forges webhooks. Their calls go as the gateway or
//! a service would make them, under a key, until there is a clear answer.

use std::time::Duration;

use haat_contracts::common::Money;
use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::inventory::{
    AdjustStockRequest, AllocateRequest, ReceiveStockRequest, ReleaseRequest, ReserveRequest, reserve_request,
};
use haat_contracts::payments::RefundPaymentRequest;
use haat_contracts::payments::payments_client::PaymentsClient;
use haat_contracts::pricing::UpdateOfferRequest;
use haat_contracts::pricing::pricing_client::PricingClient;
use haat_kernel::{CorrelationId, Ctx, Entropy, Idempotency, Principal, Result, id_type};
use haat_payments::payment::Payment;
use haat_rpc::Channel;
use haat_service::Environment;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::faults::Fault;
use super::world::World;
use super::{GATEWAY, WEBHOOK_SECRET, http};

id_type!(
    /// A reservation that no checkout makes.
    ReservationId,
    "reservation"
);

const PATIENCE: Duration = Duration::from_secs(10 * 60);
const PAUSE_MS: u64 = 400;
/// The last of them start while the storm still blows.
const WORKDAY_MS: u64 = 25_000;

/// One offer on the market.
#[derive(Clone)]
pub struct Offer {
    pub id: String,
    pub seller: String,
    pub warehouse: String,
}

pub struct Staff {
    pub world: World,
    pub offers: Vec<Offer>,
    pub entropy: Entropy,
    gateway: Environment,
    checkout: Environment,
}

impl Staff {
    pub fn new(world: &World, offers: &[Offer], name: &str) -> Result<Self> {
        let (gateway, checkout) = (world.cluster.guise(GATEWAY)?, world.cluster.guise("checkout")?);
        Ok(Staff { world: world.clone(), offers: offers.to_vec(), entropy: world.entropy(name), gateway, checkout })
    }

    pub async fn sell(self) -> std::result::Result<(), String> {
        for task in 0..self.entropy.below(12) {
            self.rest().await;
            let offer = self.any_offer();
            let principal = Principal { seller_id: Some(offer.seller.clone()), ..Principal::user("user_seller", &["seller"]) };
            let key = format!("seller-{task}");
            let amount = self.entropy.below(3) + 1;
            match self.entropy.below(3) {
                0 => self.reprice(&principal, &key, &offer, amount).await,
                1 => self.receive(&principal, &key, &offer, amount).await,
                _ => self.adjust(&principal, &key, &offer, amount).await,
            }
            .map_err(|error| format!("a seller: {error}"))?;
        }
        Ok(())
    }

    async fn reprice(&self, principal: &Principal, key: &str, offer: &Offer, amount: u64) -> Result<()> {
        let price = Money { currency_code: "INR".to_owned(), amount: i64::try_from(amount).unwrap_or(1) * 10_000 };
        let request = UpdateOfferRequest { offer: offer.id.clone(), price: Some(price), etag: String::new() };
        let client = PricingClient::new(self.channel(&self.gateway, "pricing")?);
        self.insist(&self.gateway, principal, key, request, |ctx, request| {
            let mut client = client.clone();
            async move { haat_rpc::send(&ctx, request, |request| async move { client.update_offer(request).await }).await }
        })
        .await
        .map(drop)
    }

    async fn receive(&self, principal: &Principal, key: &str, offer: &Offer, amount: u64) -> Result<()> {
        let quantity = i64::try_from(amount).unwrap_or(1);
        let request = ReceiveStockRequest { offer: offer.id.clone(), warehouse_id: offer.warehouse.clone(), quantity };
        let client = InventoryClient::new(self.channel(&self.gateway, "inventory")?);
        self.insist(&self.gateway, principal, key, request, |ctx, request| {
            let mut client = client.clone();
            async move { haat_rpc::send(&ctx, request, |request| async move { client.receive_stock(request).await }).await }
        })
        .await
        .map(drop)
    }

    async fn adjust(&self, principal: &Principal, key: &str, offer: &Offer, amount: u64) -> Result<()> {
        let delta = -i64::try_from(amount).unwrap_or(1);
        let (offer, warehouse_id) = (offer.id.clone(), offer.warehouse.clone());
        let request = AdjustStockRequest { offer, warehouse_id, delta, reason: "broken".to_owned() };
        let client = InventoryClient::new(self.channel(&self.gateway, "inventory")?);
        let adjusted = self.insist(&self.gateway, principal, key, request, |ctx, request| {
            let mut client = client.clone();
            async move { haat_rpc::send(&ctx, request, |request| async move { client.adjust_stock(request).await }).await }
        });
        accept(adjusted.await.map(drop), &["stock_held"])
    }

    /// Gives back some of what payments took, sometimes more than there is.
    pub async fn refund(self) -> std::result::Result<(), String> {
        let operator = Principal::user("user_finance", &["operator:finance"]);
        for task in 0..self.entropy.below(6) {
            self.rest().await;
            let Some((payment, amount)) = self.any_payment().await.map_err(|error| error.to_string())? else { continue };
            let amount = i64::try_from(self.entropy.below(u64::try_from(amount).unwrap_or(0) * 5 / 4)).unwrap_or(0) + 1;
            let amount = Some(Money { currency_code: "INR".to_owned(), amount });
            let request = RefundPaymentRequest { payment, amount, reason: "goodwill".to_owned() };
            let channel = self.channel(&self.gateway, "payments").map_err(|error| error.to_string())?;
            let client = PaymentsClient::new(channel);
            let key = format!("refund-{task}");
            let refunded = self.insist(&self.gateway, &operator, &key, request, |ctx, request| {
                let mut client = client.clone();
                async move { haat_rpc::send(&ctx, request, |request| async move { client.refund_payment(request).await }).await }
            });
            let refusals = ["refund_exceeds_captured", "payment_not_authorized", "refund_invalid"];
            accept(refunded.await.map(drop), &refusals).map_err(|error| format!("an operator: {error}"))?;
        }
        Ok(())
    }

    /// Holds stock for some seconds, and takes it, lets it go or forgets it about when the time is over.
    pub async fn hold(self) -> std::result::Result<(), String> {
        for task in 0..self.entropy.below(9) {
            self.rest().await;
            self.hold_once(task).await.map_err(|error| format!("a holder: {error}"))?;
        }
        Ok(())
    }

    /// Sometimes what undoes a hold arrives before it: then it must never come to be.
    async fn hold_once(&self, task: u64) -> Result<()> {
        let id = self.entropy.id::<ReservationId>(self.gateway.clock.now()).to_string();
        let seconds = 1 + self.entropy.below(12);
        if self.entropy.below(3) == 0 {
            self.release(task, &id).await?;
            return self.reserve(task, &id, seconds).await;
        }
        self.reserve(task, &id, seconds).await?;
        sleep(Duration::from_millis(seconds * 500 + self.entropy.below(seconds * 1_000))).await;
        match self.entropy.below(3) {
            0 => Ok(()),
            1 => self.release(task, &id).await,
            _ => self.allocate(task, &id).await,
        }
    }

    async fn reserve(&self, task: u64, id: &str, seconds: u64) -> Result<()> {
        let offer = self.any_offer();
        let lines = vec![reserve_request::Line { offer_id: offer.id, quantity: 1, seller_id: offer.seller }];
        let expires_in_seconds = i64::try_from(seconds).unwrap_or(1);
        let request = ReserveRequest { reservation_id: id.to_owned(), lines, expires_in_seconds };
        let client = InventoryClient::new(self.channel(&self.checkout, "inventory")?);
        let (key, checkout) = (format!("hold-{task}"), Principal::service("checkout"));
        let reserved = self.insist(&self.checkout, &checkout, &key, request, |ctx, request| {
            let mut client = client.clone();
            async move { haat_rpc::send(&ctx, request, |request| async move { client.reserve(request).await }).await }
        });
        accept(reserved.await.map(drop), &["out_of_stock", "reservation_ended"])
    }

    async fn release(&self, task: u64, id: &str) -> Result<()> {
        let request = ReleaseRequest { reservation_id: id.to_owned(), seller_id: String::new() };
        let client = InventoryClient::new(self.channel(&self.checkout, "inventory")?);
        let (key, checkout) = (format!("release-{task}"), Principal::service("checkout"));
        let released = self.insist(&self.checkout, &checkout, &key, request, |ctx, request| {
            let mut client = client.clone();
            async move { haat_rpc::send(&ctx, request, |request| async move { client.release(request).await }).await }
        });
        released.await
    }

    async fn allocate(&self, task: u64, id: &str) -> Result<()> {
        let request = AllocateRequest { reservation_id: id.to_owned() };
        let client = InventoryClient::new(self.channel(&self.checkout, "inventory")?);
        let (key, checkout) = (format!("allocate-{task}"), Principal::service("checkout"));
        let allocated = self.insist(&self.checkout, &checkout, &key, request, |ctx, request| {
            let mut client = client.clone();
            async move { haat_rpc::send(&ctx, request, |request| async move { client.allocate(request).await }).await }
        });
        accept(allocated.await.map(drop), &["reservation_ended", "reservation_not_found"])
    }

    /// Says of payments under way that they are authorized, with a good signature: a provider that lies, or is early.
    pub async fn forge(self) -> std::result::Result<(), String> {
        let secret = haat_sandbox_psp::WebhookSecret::parse(WEBHOOK_SECRET).map_err(|error| error.to_string())?;
        for task in 0..self.world.mix.force(Fault::ForgedWebhook) * 3 {
            self.rest().await;
            let payments = self.payments(|payment| payment.intent().is_some_and(haat_payments::payment::Intent::is_undecided));
            let Some((payment, amount)) = payments.await.map_err(|error| error.to_string())?.into_iter().next() else { continue };
            let body =
                json!({"type": "charge.authorized", "data": {"id": "charge_forged", "reference": payment, "amount": amount,
                "currency": "INR", "status": "authorized", "captured": 0, "refunded": 0, "voided": false}})
                .to_string();
            let (id, time) = (format!("forged-{task}"), self.gateway.clock.now().as_second());
            let signature = secret.sign(&id, time, &body);
            let headers = [("webhook-id", id), ("webhook-timestamp", time.to_string()), ("webhook-signature", signature)];
            self.world.tally.count(Fault::ForgedWebhook);
            // Whether it arrives is nobody's promise.
            let _ = http::post_webhook(&headers, body).await;
        }
        Ok(())
    }

    async fn any_payment(&self) -> Result<Option<(String, i64)>> {
        let payments = self.payments(|payment| payment.intent().is_some()).await?;
        let index = usize::try_from(self.entropy.below(payments.len() as u64)).unwrap_or(0);
        Ok(payments.into_iter().nth(index))
    }

    async fn payments(&self, is_wanted: impl Fn(&Payment) -> bool) -> Result<Vec<(String, i64)>> {
        let mut found = Vec::new();
        let note = |payment: haat_store::Versioned<Payment>| {
            let amount = payment.intent().map(|intent| intent.terms.amount.minor);
            found.extend(amount.filter(|_| is_wanted(&payment)).map(|amount| (payment.id.clone(), amount)));
        };
        self.world.cluster.look("payments", self.gateway.clock).for_each::<Payment>(note).await?;
        found.sort();
        Ok(found)
    }

    fn any_offer(&self) -> Offer {
        self.offers[usize::try_from(self.entropy.below(self.offers.len() as u64)).unwrap_or(0)].clone()
    }

    async fn rest(&self) {
        sleep(Duration::from_millis(self.entropy.below(WORKDAY_MS / 3))).await;
    }

    fn channel(&self, guise: &Environment, service: &str) -> Result<Channel> {
        guise.channel(service, self.world.cluster.endpoints())
    }

    /// Repeats a call under its key until it is clearly answered.
    async fn insist<Req: Clone, Rep, F>(
        &self,
        guise: &Environment,
        principal: &Principal,
        key: &str,
        request: Req,
        call: impl Fn(Ctx, Req) -> F,
    ) -> Result<Rep>
    where
        F: Future<Output = Result<Rep>>,
    {
        let until = Instant::now() + PATIENCE;
        loop {
            let mut ctx = ctx(guise, principal.clone());
            let scope = principal.user_id().unwrap_or("service:checkout").to_owned();
            ctx.idempotency = Some(Idempotency { scope, key: key.to_owned(), request_hash: 0 });
            match call(ctx, request.clone()).await {
                Err(error) if error.kind.is_transient() && Instant::now() < until => {}
                outcome => return outcome,
            }
            sleep(Duration::from_millis(PAUSE_MS + self.entropy.below(PAUSE_MS))).await;
        }
    }
}

/// A context as the gateway makes it.
pub fn ctx(environment: &Environment, principal: Principal) -> Ctx {
    let id = CorrelationId::parse(&environment.entropy.hex(8));
    let now = environment.clock.now();
    id.map_or_else(|| Ctx::internal("street", "open", now), |id| Ctx::new(principal, id, now))
}

fn accept(outcome: Result<()>, refusals: &[&str]) -> Result<()> {
    match outcome {
        Err(error) if refusals.contains(&error.code.as_str()) => Ok(()),
        outcome => outcome,
    }
}
