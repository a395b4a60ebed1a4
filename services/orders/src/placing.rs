//! What happens to a group and all of its orders together: placed as pending, confirmed, abandoned. Each is one commit,
//! and may be repeated.

use haat_kernel::{Ctx, Error, Kind, Result};
use haat_store::{Load, Store, Tx, Versioned};

use crate::group::{Group, GroupError, GroupEvent, GroupTerms, OrderGroup, abandon, create};
use crate::ids::{OrderGroupId, OrderId};
use crate::order::{Actor, Order, OrderEvent, Terms};

/// Cheap to clone.
#[derive(Clone)]
pub struct Groups {
    pub store: Store,
}

impl Groups {
    /// Creates a group with its orders, awaiting payment.
    pub async fn place(&self, ctx: &Ctx, group: GroupTerms, orders: Vec<Terms>) -> Result<()> {
        let load = Load::new().one::<OrderGroup>(&group.group).all::<Order>(&group.orders);
        let (by, at) = (Actor::of(&ctx.principal), ctx.now);
        let commit = move |tx: &mut Tx| {
            let id = group.group.clone();
            let events = create(tx.get::<OrderGroup>(&id).as_deref(), group, at)?;
            if !events.is_empty() {
                orders.into_iter().try_for_each(|terms| create_order(tx, terms, by.clone(), at))?;
            }
            tx.record::<OrderGroup>(&id, events)
        };
        self.store.transact(ctx, load, commit).await
    }

    /// The group is paid.
    pub async fn confirm(&self, ctx: &Ctx, id: &OrderGroupId) -> Result<()> {
        let (by, at) = (Actor::of(&ctx.principal), ctx.now);
        let missing = GroupError::NotFound(id.clone());
        let decide = move |group: Option<&OrderGroup>| match group {
            None => Err(missing),
            Some(OrderGroup::Barred { .. }) => Err(GroupError::Abandoned),
            Some(OrderGroup::Known(group)) => group.place(at),
        };
        self.change(ctx, id, decide, move |order| order.place(by.clone(), at)).await
    }

    /// The checkout failed.
    pub async fn abandon(&self, ctx: &Ctx, id: &OrderGroupId, reason: &str) -> Result<()> {
        let (by, at) = (Actor::of(&ctx.principal), ctx.now);
        let (wanted, why) = (id.clone(), reason.to_owned());
        let reason = why.clone();
        let decide = move |group: Option<&OrderGroup>| Ok(abandon(group, &wanted, &why, at));
        self.change(ctx, id, decide, move |order| order.abandon(&reason, by.clone(), at)).await
    }

    /// The group's money was never taken, and is no longer held.
    pub async fn payment_voided(&self, ctx: &Ctx, id: &OrderGroupId) -> Result<()> {
        let (by, at) = (Actor::service("payments"), ctx.now);
        self.change(ctx, id, |_| Ok(vec![]), move |order| order.payment_voided(by.clone(), at)).await
    }

    /// None when there is no such group, or only its tombstone.
    pub async fn find(&self, id: &OrderGroupId) -> Result<Option<Group>> {
        let group = self.store.load::<OrderGroup>(id.as_str()).await?;
        Ok(group.and_then(|group| group.known().cloned()))
    }

    /// In the order in which they were placed.
    pub async fn orders(&self, group: &Group) -> Result<Vec<Versioned<Order>>> {
        let mut orders = Vec::with_capacity(group.terms.orders.len());
        for id in &group.terms.orders {
            let order = self.store.load::<Order>(id.as_str()).await?;
            orders.push(order.ok_or_else(|| Error::internal(format!("{id} of {} is gone", group.terms.group)))?);
        }
        Ok(orders)
    }

    /// Decides on a group, and on each of its orders, in one commit.
    async fn change(
        &self,
        ctx: &Ctx,
        id: &OrderGroupId,
        decide: impl FnOnce(Option<&OrderGroup>) -> Result<Vec<GroupEvent>, GroupError> + Send + 'static,
        each: impl Fn(&Order) -> Vec<OrderEvent> + Send + 'static,
    ) -> Result<()> {
        let orders: Vec<OrderId> = self.find(id).await?.map(|group| group.terms.orders).unwrap_or_default();
        let load = Load::new().one::<OrderGroup>(id).all::<Order>(&orders);
        let id = id.clone();
        let commit = move |tx: &mut Tx| {
            let group = tx.get::<OrderGroup>(&id);
            let count = group.as_deref().and_then(OrderGroup::known).map_or(0, |group| group.terms.orders.len());
            if count != orders.len() {
                return Err(Error::new(Kind::Aborted, "order_group_changed", "The group was placed at this moment; try again."));
            }
            let events = decide(group.as_deref())?;
            tx.record::<OrderGroup>(&id, events)?;
            orders.iter().try_for_each(|order| {
                let events = tx.get::<Order>(order).map(|order| each(&order)).unwrap_or_default();
                tx.record::<Order>(order, events)
            })
        };
        self.store.transact(ctx, load, commit).await
    }
}

fn create_order(tx: &mut Tx, terms: Terms, by: Actor, at: haat_kernel::Timestamp) -> Result<()> {
    let id = terms.order.clone();
    if tx.get::<Order>(&id).is_some() {
        return Err(Error::new(Kind::AlreadyExists, "order_exists", format!("The order `{id}` belongs to another group.")));
    }
    tx.record::<Order>(&id, vec![OrderEvent::Created { terms: Box::new(terms), by, at }])
}

#[cfg(test)]
mod tests;
