//! What is told to people when something happened to their orders. Each fact queues one message; it leaves by its timer.

use async_trait::async_trait;
use haat_contracts::orders as pb;
use haat_kernel::{Ctx, Error, Result};
use haat_service::{FeedEvent, Reaction};
use haat_store::Store;

use crate::content::Content;
use crate::message::{Message, message_id};
use crate::neighbours::Neighbours;
use crate::wire;

/// The reaction to the feed of `orders`.
pub struct OrderEvents {
    pub store: Store,
    pub neighbours: Neighbours,
}

#[async_trait]
impl Reaction for OrderEvents {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        if let Some(placed) = event.read::<pb::OrderGroupPlaced>()? {
            return self.placed(&ctx, placed).await;
        }
        match event.read::<pb::OrderCanceled>()? {
            Some(canceled) => self.canceled(&ctx, canceled).await,
            None => Ok(()),
        }
    }
}

impl OrderEvents {
    async fn placed(&self, ctx: &Ctx, event: pb::OrderGroupPlaced) -> Result<()> {
        let Some(group) = event.group else { return Err(Error::internal("a placed group without its group")) };
        let content = wire::confirmation(&group);
        let recipient = match group.email {
            // Who is signed in need not type their address.
            email if email.is_empty() => self.neighbours.email_of(ctx, &group.buyer_id).await?,
            email => email,
        };
        self.queue(ctx, recipient, group.id, content).await
    }

    async fn canceled(&self, ctx: &Ctx, event: pb::OrderCanceled) -> Result<()> {
        let content = wire::cancellation(&event)?;
        let Some(order) = event.order else { return Err(Error::internal("a canceled order without its order")) };
        let recipient = match event.email {
            email if email.is_empty() => self.recipient_of_confirmation(&order.order_group_id).await?,
            email => email,
        };
        self.queue(ctx, recipient, order.id, content).await
    }

    /// Fails while the confirmation is not known yet: the group's event may come after the order's, and the feed tries again.
    async fn recipient_of_confirmation(&self, group_id: &str) -> Result<String> {
        let confirmation = self.store.load::<Message>(message_id("order_confirmation", group_id).as_str()).await?;
        let confirmation = confirmation.ok_or_else(|| Error::unavailable("the group's confirmation is not known yet"))?;
        Ok(confirmation.recipient.clone())
    }

    async fn queue(&self, ctx: &Ctx, recipient: String, subject_id: String, content: Content) -> Result<()> {
        let id = message_id(content.template(), &subject_id);
        let now = ctx.now;
        let decide =
            move |existing: Option<&Message>| Ok::<_, Error>(Message::queue(existing, recipient, subject_id, content, now));
        self.store.update(ctx, id.as_str(), decide).await.map(|_| ())
    }
}
