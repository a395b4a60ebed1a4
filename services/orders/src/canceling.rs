//! Cancels an order: at once and in one commit for everybody to see; stock and money follow by its saga.

use async_trait::async_trait;
use haat_contracts::orders as pb;
use haat_kernel::{Ctx, Error, Result};
use haat_saga::{Decision, Perform, Runner, decide};
use haat_store::{Load, Store, Tx, Versioned};

use crate::cancellation::{Cancellation, CancellationEvent, Step, Undoing};
use crate::group::OrderGroup;
use crate::ids::OrderId;
use crate::neighbours::Neighbours;
use crate::order::{Actor, Order, OrderError, Terms};
use crate::wire;

/// Cheap to clone.
#[derive(Clone)]
pub struct Canceling {
    pub store: Store,
    pub runner: Runner<Cancellation>,
}

impl Canceling {
    /// A second time answers the same.
    pub async fn cancel(&self, ctx: &Ctx, terms: &Terms, reason: String) -> Result<pb::Order> {
        let (id, group) = (terms.order.clone(), terms.group.clone());
        let load = Load::new().one::<Order>(&id).one::<OrderGroup>(&group).one::<Cancellation>(&id);
        let (by, at, correlation_id) = (Actor::of(&ctx.principal), ctx.now, ctx.correlation_id.as_str().to_owned());
        let commit = move |tx: &mut Tx| {
            let order = tx.get::<Order>(&id).ok_or_else(|| OrderError::NotFound(id.clone()))?;
            let events = order.cancel(&reason, by, at)?;
            if !events.is_empty() {
                let found = tx.get::<OrderGroup>(&group);
                let known = found.as_deref().and_then(OrderGroup::known);
                let known = known.ok_or_else(|| Error::internal(format!("{group} of {id} is gone")))?;
                let undoing = Box::new(Undoing {
                    order: id.clone(),
                    seller: order.terms.seller.clone(),
                    reservation: known.terms.reservation.clone(),
                    payment: known.terms.payment.clone(),
                    reason,
                    correlation_id,
                });
                tx.record::<Cancellation>(&id, vec![CancellationEvent::Started { undoing, at }])?;
                tx.record::<OrderGroup>(&group, known.order_canceled(&id, at))?;
            }
            tx.record::<Order>(&id, events)?;
            let canceled = tx.get::<Order>(&id).ok_or_else(|| OrderError::NotFound(id.clone()))?;
            let reply = wire::order(&canceled);
            tx.reply(&reply);
            Ok::<_, Error>(reply)
        };
        let reply = self.store.transact(ctx, load, commit).await?;
        self.runner.wake(terms.order.as_str());
        Ok(reply)
    }

    /// Lets a parked cancellation try again.
    pub async fn retry(&self, ctx: &Ctx, order: &OrderId) -> Result<Versioned<Cancellation>> {
        if self.store.load::<Cancellation>(order.as_str()).await?.is_none() {
            return Err(OrderError::NotFound(order.clone()).into());
        }
        self.runner.resume(ctx, order.as_str()).await
    }
}

/// Makes the calls of a cancellation.
pub struct Performer(pub Neighbours);

#[async_trait]
impl Perform<Cancellation> for Performer {
    async fn perform(&self, ctx: &Ctx, _: &str, saga: &Cancellation, step: &Step) -> Result<Decision<Cancellation>> {
        match step {
            Step::ReleaseStock => {
                self.0.release_stock(ctx, &saga.undoing).await?;
                decide(|_| Ok(vec![CancellationEvent::StockReleased]))
            }
            Step::ReturnMoney => {
                self.0.return_money(ctx, &saga.undoing).await?;
                decide(|_| Ok(vec![CancellationEvent::MoneyReturned]))
            }
        }
    }
}
