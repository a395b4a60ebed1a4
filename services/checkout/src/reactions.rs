//! What moves checkouts and carts from outside a call: the payment's events and the timers. None of them decides anything
//! of its own: they record facts and wake the one driver.

use std::sync::Arc;

use async_trait::async_trait;
use haat_contracts::payments::PaymentChanged;
use haat_kernel::{Ctx, Result};
use haat_saga::Runner;
use haat_service::{FeedEvent, OnTimer, Reaction};
use haat_store::{DueTimer, Store};

use crate::cart::{Cart, CartError};
use crate::checkout::{Checkout, GIVE_UP, POLL};
use crate::ids::CheckoutId;
use crate::neighbours::Neighbours;
use crate::steps::record;
use crate::wire;

/// A payment has something to say.
pub struct FollowPayment {
    pub store: Store,
    pub runner: Runner<Checkout>,
}

#[async_trait]
impl Reaction for FollowPayment {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        let Some(changed) = event.read::<PaymentChanged>()? else { return Ok(()) };
        let (Ok(id), Some(payment)) = (CheckoutId::parse(&changed.checkout_id), changed.payment) else { return Ok(()) };
        let Some(checkout) = self.store.load::<Checkout>(id.as_str()).await? else { return Ok(()) };
        let (state, now) = (wire::saga::payment_state(&payment), ctx.now);
        let is_ours = checkout.terms.ids.payment.as_str() == payment.id;
        if !is_ours || checkout.learn(&state, now).is_empty() {
            return Ok(());
        }
        record(&self.store, &ctx, id.as_str(), move |checkout| checkout.learn(&state, now)).await?;
        self.runner.wake(id.as_str());
        Ok(())
    }
}

/// Asks about payments that take long, gives up on those that take too long, and brings the driver back.
pub struct CheckoutTimers {
    pub store: Store,
    pub runner: Runner<Checkout>,
    pub neighbours: Arc<dyn Neighbours>,
}

#[async_trait]
impl OnTimer for CheckoutTimers {
    async fn on_timer(&self, ctx: Ctx, timer: DueTimer) -> Result<()> {
        match timer.name.as_str() {
            POLL => self.poll(&ctx, &timer.id).await?,
            GIVE_UP => {
                let now = ctx.now.max(timer.due);
                record(&self.store, &ctx, &timer.id, move |checkout| checkout.give_up(now)).await?;
            }
            _ => {}
        }
        self.runner.drive(&timer.id).await;
        Ok(())
    }
}

impl CheckoutTimers {
    async fn poll(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let Some(checkout) = self.store.load::<Checkout>(id).await? else { return Ok(()) };
        let payment = self.neighbours.payment(ctx, &checkout.terms).await;
        if let Err(error) = &payment {
            tracing::debug!(checkout = id, %error, "a payment could not be asked about; it is asked again");
        }
        let now = ctx.now;
        record(&self.store, ctx, id, move |checkout| checkout.polled(payment.as_ref().ok(), now)).await
    }
}

/// Forgets carts that nobody came back to.
pub struct ExpireCart {
    pub store: Store,
}

#[async_trait]
impl OnTimer for ExpireCart {
    async fn on_timer(&self, ctx: Ctx, timer: DueTimer) -> Result<()> {
        let (id, now) = (timer.id.clone(), ctx.now.max(timer.due));
        let decide = move |cart: Option<&Cart>| cart.map(|cart| cart.expire(now)).ok_or(CartError::NotFound(id));
        self.store.update(&ctx, &timer.id, decide).await.map(drop)
    }
}
