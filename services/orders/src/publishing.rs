//! Which private events others learn of: a group that was placed, an order that was canceled.

use async_trait::async_trait;
use haat_contracts::orders as pb;
use haat_kernel::{Error, Result};
use haat_service::{PublicEvent, Publisher};
use haat_store::{Aggregate, StoredEvent};

use crate::group::OrderGroup;
use crate::ids::OrderGroupId;
use crate::order::Order;
use crate::placing::Groups;
use crate::wire;

pub struct OrderPublisher(pub Groups);

#[async_trait]
impl Publisher for OrderPublisher {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        match (event.kind.as_str(), event.event_type.as_str()) {
            (OrderGroup::KIND, "placed") => self.placed(&event.id).await.map(Some),
            (Order::KIND, "canceled") => self.canceled(&event.id).await.map(Some),
            _ => Ok(None),
        }
    }
}

impl OrderPublisher {
    async fn placed(&self, id: &str) -> Result<PublicEvent> {
        let group = self.group(&OrderGroupId::parse(id).map_err(Error::internal)?).await?;
        let orders = self.0.orders(&group).await?;
        let group = wire::group(&group, orders.iter().map(|order| &**order))?;
        Ok(PublicEvent::of(&pb::OrderGroupPlaced { group: Some(group) }))
    }

    async fn canceled(&self, id: &str) -> Result<PublicEvent> {
        let order = self.0.store.load::<Order>(id).await?.ok_or_else(|| Error::internal(format!("{id} is gone")))?;
        let group = self.group(&order.terms.group).await?;
        Ok(PublicEvent::of(&pb::OrderCanceled {
            order: Some(wire::order(&order)),
            email: group.terms.email.clone(),
            group_number: group.number(),
            coupon_code: group.terms.coupon.clone().unwrap_or_default(),
            checkout_id: group.terms.checkout.to_string(),
            is_group_canceled: group.is_canceled(),
        }))
    }

    async fn group(&self, id: &OrderGroupId) -> Result<crate::group::Group> {
        self.0.find(id).await?.ok_or_else(|| Error::internal(format!("{id} is gone")))
    }
}
