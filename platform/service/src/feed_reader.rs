//! Reads a neighbour's feed and lets the service react: partitions side by side, each in order, each event once. An event
//! that the reaction cannot take is set aside after bounded retries; its aggregate's later events park behind it, the
//! rest flow on, and what is parked is tried again every so often.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use haat_contracts::feed;
use haat_contracts::feed::feed_client::FeedClient;
use haat_kernel::{CorrelationId, Ctx, Cursor, Error, Result, sabotage};
use haat_rpc::Channel;
use haat_store::{ALREADY_APPLIED, AsideState, Page, Positions, SetAside, SetAsideEvent, Versioned};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::definition::Reaction;
use crate::events::FeedEvent;
use crate::platform::Platform;

const ATTEMPTS_MAX: u32 = 8;
const BACKOFF_MS: u64 = 25;
const RECONNECT_MS: u64 = 100;
const RECONNECT_MAX_MS: u64 = 2_000;
/// One reaction to one event.
const REACTION_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take until it is written down that events without an effect here have passed. Who forgets it reads them
/// once more, which costs less than a commit for each.
const ADVANCE_EVERY: Duration = Duration::from_millis(250);
const ASIDE_RETRY: Duration = Duration::from_secs(20);
const ASIDE_PAGE: usize = 100;

pub(crate) struct FeedReader {
    pub platform: Platform,
    pub source: &'static str,
    pub channel: Channel,
    pub reaction: Arc<dyn Reaction>,
}

impl FeedReader {
    /// Reads for as long as the service runs, connecting again whenever the stream ends.
    pub async fn run(self) -> Result<()> {
        let mut pause = RECONNECT_MS;
        loop {
            let since = Instant::now();
            if let Err(error) = self.follow().await {
                tracing::debug!(source = self.source, %error, "a feed ended and is taken up again");
            }
            pause = if since.elapsed() > Duration::from_secs(5) { RECONNECT_MS } else { (pause * 2).min(RECONNECT_MAX_MS) };
            sleep(Duration::from_millis(pause / 2 + self.platform.entropy.below(pause))).await;
        }
    }

    async fn follow(&self) -> Result<()> {
        let cursors = self.platform.store.cursors(self.source).await?;
        let after = cursors.iter().filter(|(_, position)| *position > 0);
        let after = after.map(|(partition, position)| (u32::from(partition), position)).collect();
        let ctx = Ctx::internal(self.platform.name, "feed", self.platform.clock.now());
        let mut client = FeedClient::new(self.channel.clone());
        let mut batches = haat_rpc::send(&ctx, feed::SubscribeRequest { after }, |r| client.subscribe(r)).await?;
        let mut passed = Positions::default();
        let mut advance_at = None;
        let mut retry_at = Instant::now();
        loop {
            tokio::select! {
                batch = batches.message() => match batch.map_err(|status| haat_rpc::error(&status))? {
                    None => return Ok(()),
                    Some(batch) => {
                        self.take(batch, &mut passed).await?;
                        advance_at.get_or_insert_with(|| Instant::now() + ADVANCE_EVERY);
                    }
                },
                () = sleep_until(advance_at.unwrap_or(retry_at)), if advance_at.is_some() => {
                    advance_at = None;
                    self.advance(&std::mem::take(&mut passed)).await?;
                }
                () = sleep_until(retry_at) => {
                    retry_at = Instant::now() + ASIDE_RETRY;
                    self.retry_parked().await?;
                }
            }
        }
    }

    async fn take(&self, batch: feed::FeedBatch, passed: &mut Positions) -> Result<()> {
        let mut partitions: BTreeMap<u32, Vec<FeedEvent>> = BTreeMap::new();
        for event in batch.events {
            partitions.entry(event.partition).or_default().push(FeedEvent::from_wire(self.source, event));
        }
        let work = partitions.into_values().map(|events| async move {
            for event in events {
                self.take_one(event).await?;
            }
            Ok::<(), Error>(())
        });
        join_all(work).await.into_iter().collect::<Result<Vec<()>>>()?;
        for (partition, position) in batch.positions {
            passed.raise(u16::try_from(partition).unwrap_or(0), position);
        }
        self.platform.metrics().feed_lag(self.source, batch.backlog);
        Ok(())
    }

    async fn advance(&self, passed: &Positions) -> Result<()> {
        let moved = passed.iter().filter(|(_, position)| *position > 0);
        let cursors: Vec<Cursor> = moved.map(|(partition, position)| self.cursor(partition, position)).collect();
        if cursors.is_empty() { Ok(()) } else { self.platform.store.advance(&cursors).await }
    }

    async fn take_one(&self, event: FeedEvent) -> Result<()> {
        let is_behind = self.platform.store.has_parked(self.source, &event.kind, &event.id).await?;
        if is_behind && !sabotage::is("overtake-parked") {
            return self.set_aside(event, 0, "waits behind an earlier event").await;
        }
        let mut attempts = 0;
        let cursor = Some(self.cursor(event.partition, event.position)).filter(|_| !sabotage::is("cursor-ahead-of-effect"));
        if cursor.is_none() {
            self.platform.store.advance(&[self.cursor(event.partition, event.position)]).await?;
        }
        loop {
            attempts += 1;
            let ctx = self.context(&event, cursor.clone());
            let Err(error) = self.react(ctx, &event).await else { return Ok(()) };
            if !error.kind.is_transient() || attempts == ATTEMPTS_MAX {
                return self.set_aside(event, attempts, &error.to_string()).await;
            }
            let pause = BACKOFF_MS << attempts;
            sleep(Duration::from_millis(pause + self.platform.entropy.below(pause))).await;
        }
    }

    async fn react(&self, ctx: Ctx, event: &FeedEvent) -> Result<()> {
        let reacted = timeout(REACTION_TIMEOUT, self.reaction.react(ctx, event.clone())).await;
        match reacted.unwrap_or_else(|_| Err(Error::unavailable("the reaction took too long"))) {
            Err(error) if error.code == ALREADY_APPLIED => Ok(()),
            outcome => outcome,
        }
    }

    async fn set_aside(&self, event: FeedEvent, attempts: u32, error: &str) -> Result<()> {
        tracing::error!(
            source = self.source,
            kind = event.kind,
            id = event.id,
            event = event.event_type,
            error,
            "an event is set aside"
        );
        let ctx = self.context(&event, Some(self.cursor(event.partition, event.position)));
        let id = SetAside::id_of(self.source, event.partition, event.position);
        let parked = SetAsideEvent::Parked(SetAside {
            source: event.source,
            partition: event.partition,
            position: event.position,
            kind: event.kind,
            id: event.id,
            event_type: event.event_type,
            body: event.body,
            error: error.to_owned(),
            attempts,
            parked_at: self.platform.clock.now(),
            state: AsideState::Parked,
        });
        let decide = |aside: Option<&SetAside>| Ok::<_, Error>(if aside.is_none() { vec![parked] } else { Vec::new() });
        match self.platform.store.update(&ctx, &id, decide).await {
            Err(error) if error.code == ALREADY_APPLIED => Ok(()),
            outcome => outcome.map(|_| ()),
        }
    }

    /// Tries parked events again, in order; behind one that fails, its aggregate's others wait on.
    async fn retry_parked(&self) -> Result<()> {
        let parked = self.platform.store.parked(&Page::first(ASIDE_PAGE)).await?;
        let mut stuck: Vec<(String, String)> = Vec::new();
        let mut left = 0;
        for aside in parked.items.into_iter().filter(|aside| aside.source == self.source) {
            let aggregate = (aside.kind.clone(), aside.state.id.clone());
            if stuck.contains(&aggregate) || !self.retry(&aside).await? {
                stuck.push(aggregate);
                left += 1;
            }
        }
        self.platform.metrics().set_aside(self.source, left);
        Ok(())
    }

    pub(crate) async fn retry(&self, aside: &Versioned<SetAside>) -> Result<bool> {
        let event = FeedEvent::from_aside(aside);
        let ctx = self.context(&event, None);
        let (outcome, is_taken) = match self.react(ctx.clone(), &event).await {
            Ok(()) => (SetAsideEvent::Retried, true),
            Err(error) => (SetAsideEvent::RetryFailed { error: error.to_string() }, false),
        };
        self.platform.store.settle_parked(&ctx, &aside.id, outcome).await?;
        Ok(is_taken)
    }

    fn cursor(&self, partition: u16, position: u64) -> Cursor {
        Cursor { source: self.source.to_owned(), partition, position }
    }

    fn context(&self, event: &FeedEvent, cursor: Option<Cursor>) -> Ctx {
        let mut ctx = Ctx::internal(self.platform.name, &format!("{}-{}", self.source, event.id), self.platform.clock.now());
        if let Some(correlation_id) = CorrelationId::parse(&event.correlation_id) {
            ctx.correlation_id = correlation_id;
        }
        ctx.cursor = cursor;
        ctx
    }
}
