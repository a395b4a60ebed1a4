//! The orders, played: some time after the start, a group is canceled whose checkout had redeemed a coupon.

use std::time::Duration;

use async_trait::async_trait;
use haat_contracts::orders as pb;
use haat_kernel::{Ctx, Error, Result, id::derived};
use haat_pricing::ids::CheckoutId;
use haat_service::{Definition, Platform, PublicEvent, Publisher, Wiring};
use haat_store::{Aggregate, Store, StoredEvent};
use serde::{Deserialize, Serialize};

/// When the group is canceled.
pub const CANCELED: Duration = Duration::from_secs(6);
pub const COUPON: &str = "DIWALI";

pub fn checkout() -> CheckoutId {
    derived(&["canceled"])
}

pub fn definition() -> Definition {
    Definition::new("orders", wire_up)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let cancel = cancel(platform.store.clone(), Ctx::internal("orders", "cancel", platform.clock.now()));
    Ok(Wiring::new().aggregate::<Cancellation>().publish(Announce).task("cancel", cancel))
}

/// First one order of the group, then the last.
async fn cancel(store: Store, ctx: Ctx) -> Result<()> {
    tokio::time::sleep(CANCELED).await;
    for last in [false, true] {
        let done = move |_: Option<&Cancellation>| Ok::<_, Error>(vec![Cancellation::Done { last }]);
        store.update::<Cancellation, _>(&ctx, "group", done).await?;
    }
    std::future::pending().await
}

/// Its own event: there is nothing to remember.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Cancellation {
    Done { last: bool },
}

impl Aggregate for Cancellation {
    const KIND: &'static str = "cancellation";
    const SCHEMA: u32 = 1;
    type Event = Cancellation;

    fn create(event: &Cancellation) -> Option<Self> {
        Some(event.clone())
    }

    fn apply(&mut self, event: &Cancellation) {
        self.clone_from(event);
    }
}

struct Announce;

#[async_trait]
impl Publisher for Announce {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        if event.kind != Cancellation::KIND {
            return Ok(None);
        }
        let Cancellation::Done { last } = serde_json::from_slice(&event.body).map_err(Error::internal)?;
        Ok(Some(PublicEvent::of(&pb::OrderCanceled {
            coupon_code: COUPON.into(),
            checkout_id: checkout().to_string(),
            is_group_canceled: last,
            ..Default::default()
        })))
    }
}
