//! Work that waits for a person. Every service has feed events that were set aside and timers that do not go away; sagas and
//! what else a service has to show stand behind the same trait.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use haat_contracts::{convert, operations as pb};
use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Error, Kind, Result, Timestamp};
use haat_store::{AsideState, DueTimer, Page, SetAside, SetAsideEvent, Versioned};

use crate::definition::{OnTimer, Reaction};
use crate::feed_reader::FeedReader;
use crate::platform::Platform;

/// Shown of one kind.
const LISTED_MAX: usize = 200;
/// A timer that is still there so long after its time does not go away by itself.
const OVERDUE_S: i64 = 60;

/// One kind of work that can get stuck in a service.
#[async_trait]
pub trait Stuck: Send + Sync + 'static {
    /// `saga:checkout`, `payment`, …; one word for the kind.
    fn kind(&self) -> &str;
    /// The oldest first; a bounded number.
    async fn list(&self) -> Result<Vec<StuckItem>>;
    /// Lets it try again; answers what came of it, in words.
    async fn retry(&self, ctx: &Ctx, id: &str) -> Result<String>;
    /// Ends it by an operator's word. Most kinds know no such end.
    async fn resolve(&self, _ctx: &Ctx, _id: &str, _reason: &str) -> Result<String> {
        Err(Error::new(Kind::FailedPrecondition, "not_resolvable", "This can only be tried again."))
    }
}

#[derive(Clone, Debug)]
pub struct StuckItem {
    pub id: String,
    /// What it was about to do.
    pub title: String,
    pub reason: String,
    pub attempts: u32,
    pub since: Timestamp,
    pub correlation_id: String,
    pub can_resolve: bool,
}

impl StuckItem {
    pub(crate) fn into_wire(self, service: &str, kind: &str) -> pb::StuckWork {
        pb::StuckWork {
            service: service.to_owned(),
            kind: kind.to_owned(),
            id: self.id,
            title: self.title,
            reason: self.reason,
            attempts: self.attempts,
            since: Some(convert::timestamp(self.since)),
            can_retry: true,
            can_resolve: self.can_resolve,
            correlation_id: self.correlation_id,
        }
    }
}

/// Events of neighbours' feeds that a reaction could not take.
pub(crate) struct SetAsideEvents {
    pub platform: Platform,
    pub reactions: Vec<(&'static str, Arc<dyn Reaction>)>,
}

#[async_trait]
impl Stuck for SetAsideEvents {
    fn kind(&self) -> &'static str {
        "event"
    }

    async fn list(&self) -> Result<Vec<StuckItem>> {
        let parked = self.platform.store.parked(&Page::first(LISTED_MAX)).await?;
        Ok(parked.items.iter().map(item).collect())
    }

    async fn retry(&self, _ctx: &Ctx, id: &str) -> Result<String> {
        let aside = self.parked(id).await?;
        let reaction = self.reactions.iter().find(|(source, _)| *source == aside.source);
        let (source, reaction) = reaction.ok_or_else(|| Error::not_found("reaction", &aside.source))?;
        let (platform, channel) = (self.platform.clone(), self.platform.channel(source)?);
        let reader = FeedReader { platform, source, channel, reaction: reaction.clone() };
        if reader.retry(&aside).await? {
            return Ok("the event was taken".to_owned());
        }
        let again = self.parked(id).await?;
        Err(Error::new(Kind::FailedPrecondition, "retry_failed", format!("It failed again: {}", again.error)))
    }

    async fn resolve(&self, ctx: &Ctx, id: &str, _reason: &str) -> Result<String> {
        self.parked(id).await?;
        self.platform.store.settle_parked(ctx, id, SetAsideEvent::Skipped).await?;
        Ok("the event is skipped".to_owned())
    }
}

impl SetAsideEvents {
    async fn parked(&self, id: &str) -> Result<Versioned<SetAside>> {
        let aside = self.platform.store.load::<SetAside>(id).await?;
        aside.filter(|aside| aside.state.state == AsideState::Parked).ok_or_else(|| Error::not_found("stuck_work", id))
    }
}

fn item(aside: &Versioned<SetAside>) -> StuckItem {
    StuckItem {
        id: aside.id.clone(),
        title: format!("{} of {} {} from {}", aside.event_type, aside.kind, aside.state.id, aside.source),
        reason: aside.error.clone(),
        attempts: aside.attempts,
        since: aside.parked_at,
        correlation_id: String::new(),
        can_resolve: true,
    }
}

/// Timers whose work fails again and again. Those that are due from the start belong to work under way, and do not count.
pub(crate) struct OverdueTimers {
    pub platform: Platform,
    pub handlers: BTreeMap<&'static str, Arc<dyn OnTimer>>,
}

#[async_trait]
impl Stuck for OverdueTimers {
    fn kind(&self) -> &'static str {
        "timer"
    }

    async fn list(&self) -> Result<Vec<StuckItem>> {
        let since = plus_seconds(self.platform.clock.now(), -OVERDUE_S);
        let due = self.platform.store.due_timers(since, LISTED_MAX).await?;
        let overdue = due.into_iter().filter(|timer| timer.due > Timestamp::UNIX_EPOCH);
        Ok(overdue
            .map(|timer| StuckItem {
                id: format!("{}/{}/{}", timer.kind, timer.id, timer.name),
                title: format!("{} of {} {}", timer.name, timer.kind, timer.id),
                reason: "its work has failed since it was due; the log says why".to_owned(),
                attempts: 0,
                since: timer.due,
                correlation_id: String::new(),
                can_resolve: false,
            })
            .collect())
    }

    async fn retry(&self, ctx: &Ctx, id: &str) -> Result<String> {
        let not_found = || Error::not_found("stuck_work", id);
        let due = self.platform.store.due_timers(ctx.now, LISTED_MAX).await?;
        let is_it = |timer: &DueTimer| format!("{}/{}/{}", timer.kind, timer.id, timer.name) == id;
        let timer = due.into_iter().find(is_it).ok_or_else(not_found)?;
        let handler = self.handlers.get(timer.kind.as_str()).ok_or_else(not_found)?;
        let work = Ctx::internal(self.platform.name, &timer.id, ctx.now);
        match handler.on_timer(work, timer).await {
            Ok(()) => Ok("its work was done".to_owned()),
            Err(error) => Err(Error::new(Kind::FailedPrecondition, "retry_failed", format!("It failed again: {error}"))),
        }
    }
}
