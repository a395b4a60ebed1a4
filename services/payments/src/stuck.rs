//! Payments whose outcome a provider has not told for long: operators see them and may have it asked now.

use async_trait::async_trait;
use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Result};
use haat_service::{Stuck, StuckItem};
use haat_store::Aggregate;

use crate::ids::PaymentId;
use crate::payment::{Intent, Payment, Stage};
use crate::work::Worker;

/// Undecided for so long, a payment is worth a look.
const UNDECIDED_S: i64 = 30;
/// Each undecided payment has a timer, and none is set for later than this.
const TIMERS_AHEAD_S: i64 = 60 * 60;
const READ_MAX: usize = 1_000;

pub struct UndecidedPayments(pub Worker);

#[async_trait]
impl Stuck for UndecidedPayments {
    fn kind(&self) -> &'static str {
        Payment::KIND
    }

    async fn list(&self) -> Result<Vec<StuckItem>> {
        let now = self.0.clock.now();
        let mut items = Vec::new();
        for timer in self.0.store.due_timers(plus_seconds(now, TIMERS_AHEAD_S), READ_MAX).await? {
            if timer.kind != Payment::KIND {
                continue;
            }
            let Some(payment) = self.0.store.load::<Payment>(&timer.id).await? else { continue };
            let intent = payment.intent().filter(|intent| intent.stage == Stage::Unknown);
            items.extend(intent.map(|intent| item(&timer.id, intent)));
        }
        items.retain(|item| item.since < plus_seconds(now, -UNDECIDED_S));
        Ok(items)
    }

    async fn retry(&self, ctx: &Ctx, id: &str) -> Result<String> {
        let id = PaymentId::parse(id).map_err(|error| error.in_field("id"))?;
        self.0.wake(ctx, &id).await?;
        let payment = self.0.load(&id).await?;
        Ok(match payment.intent() {
            Some(intent) if intent.stage == Stage::Unknown => "the provider was asked and still does not say".to_owned(),
            Some(intent) => format!("the provider was asked: {:?}", intent.stage).to_lowercase(),
            None => "it was never made".to_owned(),
        })
    }
}

fn item(id: &str, intent: &Intent) -> StuckItem {
    StuckItem {
        id: id.to_owned(),
        title: format!("{} at {}", intent.terms.amount, intent.terms.provider),
        reason: "the provider has not said what became of it".to_owned(),
        attempts: 0,
        since: intent.at,
        correlation_id: String::new(),
        can_resolve: false,
    }
}
