//! What orders do when a payment changes: they take note of money that went back, and of money that was never taken.

use async_trait::async_trait;
use haat_contracts::convert::money;
use haat_contracts::payments as pb;
use haat_kernel::{Ctx, Money, Result};
use haat_service::{FeedEvent, Reaction};
use haat_store::{Load, Tx};

use crate::ids::{OrderGroupId, OrderId};
use crate::order::{Actor, Order};
use crate::placing::Groups;

pub struct Payments(pub Groups);

#[async_trait]
impl Reaction for Payments {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        if let Some(refunded) = event.read::<pb::PaymentRefunded>()? {
            return self.refunded(&ctx, refunded).await;
        }
        match event.read::<pb::PaymentChanged>()?.and_then(|changed| changed.payment) {
            Some(payment) if payment.state() == pb::payment::State::Voided => self.voided(&ctx, &payment).await,
            _ => Ok(()),
        }
    }
}

impl Payments {
    async fn refunded(&self, ctx: &Ctx, refunded: pb::PaymentRefunded) -> Result<()> {
        let share = |share: &pb::Share| Some((OrderId::parse(&share.order_id).ok()?, money(share.amount.as_ref())));
        let shares: Vec<(OrderId, Money)> = refunded.shares.iter().filter_map(share).collect();
        let load = Load::new().all::<Order>(shares.iter().map(|(order, _)| order));
        let at = ctx.now;
        let commit = move |tx: &mut Tx| {
            shares.iter().try_for_each(|(id, amount)| {
                let by = Actor::service("payments");
                let order = tx.get::<Order>(id);
                let events = order.map(|order| order.refunded(&refunded.refund_id, *amount, by, at)).unwrap_or_default();
                tx.record::<Order>(id, events)
            })
        };
        self.0.store.transact(ctx, load, commit).await
    }

    async fn voided(&self, ctx: &Ctx, payment: &pb::Payment) -> Result<()> {
        match OrderGroupId::parse(&payment.order_group_id) {
            Ok(group) => self.0.payment_voided(ctx, &group).await,
            // Barred before it was made: it paid for nothing.
            Err(_) => Ok(()),
        }
    }
}
