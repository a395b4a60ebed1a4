//! Offers the service's log to its subscribers: what the publisher makes public, in order, from where they left off.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use haat_contracts::{convert, feed};
use haat_kernel::Result;
use haat_store::{Positions, Store, StoredEvent};
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::definition::Publisher;

const BATCH_EVENTS_MAX: usize = 256;
/// Batches that wait for a slow subscriber.
const BATCHES_AHEAD: usize = 2;
/// A stream's rest after a batch that took all there was: under load one batch for many commits costs a subscriber less than
/// one for each. What is committed after a pause goes out at once.
const REST: Duration = Duration::from_millis(20);

pub(crate) struct FeedServer {
    pub store: Store,
    pub publisher: Arc<dyn Publisher>,
    /// Turns true when the service drains: streams would otherwise never end.
    pub stopping: watch::Receiver<bool>,
}

type Batches = Pin<Box<dyn Stream<Item = Result<feed::FeedBatch, Status>> + Send>>;

#[tonic::async_trait]
impl feed::feed_server::Feed for FeedServer {
    type SubscribeStream = Batches;

    async fn subscribe(&self, request: Request<feed::SubscribeRequest>) -> Result<Response<Batches>, Status> {
        let mut after = Positions::default();
        for (partition, position) in request.into_inner().after {
            after.set(u16::try_from(partition).unwrap_or(u16::MAX), position);
        }
        let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
        let (store, publisher, mut stopping) = (self.store.clone(), self.publisher.clone(), self.stopping.clone());
        haat_kernel::spawn("feed.serve", async move {
            let stopped = async {
                let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
            };
            tokio::select! {
                ended = serve(store, publisher, after, &sender) => if let Err(error) = ended {
                    // A subscriber that has gone away needs no answer.
                    let _ = sender.send(Err(haat_rpc::status(&error))).await;
                },
                () = stopped => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

/// Sends batches until the subscriber is gone. The first comes at once, empty or not: it says that the stream stands.
async fn serve(
    store: Store,
    publisher: Arc<dyn Publisher>,
    mut after: Positions,
    sender: &mpsc::Sender<Result<feed::FeedBatch, Status>>,
) -> Result<()> {
    let mut commits = store.commits();
    let mut is_first = true;
    loop {
        commits.borrow_and_update();
        // Before the events: where there are none up to here, there never will be any.
        let head = store.head().await?;
        let events = store.read_feed(&after, BATCH_EVENTS_MAX).await?;
        let is_over_holes = events.is_empty() && after.lag(&head) > 0;
        if events.is_empty() && !is_over_holes && !std::mem::take(&mut is_first) {
            tokio::select! {
                changed = commits.changed() => if changed.is_err() { return Ok(()) },
                () = sender.closed() => return Ok(()),
            }
            continue;
        }
        let is_all = events.len() < BATCH_EVENTS_MAX;
        let mut batch = feed::FeedBatch::default();
        for (partition, position) in head.iter().filter(|_| is_over_holes) {
            after.raise(partition, position);
            batch.positions.insert(u32::from(partition), position);
        }
        for event in events {
            after.raise(event.partition, event.position);
            batch.positions.insert(u32::from(event.partition), event.position);
            batch.events.extend(public(&*publisher, event).await?);
        }
        batch.backlog = after.lag(&store.head().await?);
        if sender.send(Ok(batch)).await.is_err() {
            return Ok(());
        }
        if is_all {
            sleep(REST).await;
        }
    }
}

async fn public(publisher: &dyn Publisher, event: StoredEvent) -> Result<Option<feed::FeedEvent>> {
    let public = publisher.publish(&event).await?;
    Ok(public.map(|public| feed::FeedEvent {
        partition: u32::from(event.partition),
        position: event.position,
        aggregate_kind: event.kind,
        aggregate_id: event.id,
        version: event.version,
        at: Some(convert::timestamp(event.time)),
        correlation_id: event.correlation,
        r#type: public.event_type,
        body: public.body,
    }))
}

#[cfg(test)]
mod tests {
    use haat_kernel::{Clock, Ctx, Error, Timestamp};
    use haat_store::{Aggregate, MemoryBackend};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Note;

    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum NoteEvent {
        Written,
    }

    impl Aggregate for Note {
        const KIND: &'static str = "note";
        const SCHEMA: u32 = 1;
        type Event = NoteEvent;

        fn create(_: &NoteEvent) -> Option<Self> {
            Some(Note)
        }

        fn apply(&mut self, _: &NoteEvent) {}

        fn keep_for_s() -> Option<i64> {
            Some(1)
        }
    }

    struct Secretive;

    #[tonic::async_trait]
    impl Publisher for Secretive {
        async fn publish(&self, _: &StoredEvent) -> Result<Option<crate::PublicEvent>> {
            Ok(None)
        }
    }

    #[tokio::test]
    async fn a_new_subscriber_comes_to_the_head_over_what_was_forgotten() {
        let store = Store::memory(Clock::simulated(Timestamp::UNIX_EPOCH, 10_000), MemoryBackend::new());
        let ctx = Ctx::internal("test", "test", Timestamp::UNIX_EPOCH);
        store.update(&ctx, "a", |_: Option<&Note>| Ok::<_, Error>(vec![NoteEvent::Written])).await.unwrap();
        assert_eq!(store.forget_expired::<Note>().await.unwrap(), 1);
        let (sender, mut batches) = mpsc::channel(1);
        let serving = serve(store.clone(), Arc::new(Secretive), Positions::default(), &sender);
        let batch = tokio::select! {
            batch = batches.recv() => batch.unwrap().unwrap(),
            ended = serving => panic!("{ended:?}"),
        };
        let partition = haat_store::partition_of("a");
        assert_eq!((batch.positions.get(&u32::from(partition)), batch.backlog), (Some(&1), 0));
    }
}
