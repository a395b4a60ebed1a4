//! Forgetting what is kept for a time only.

use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Error};
use haat_store::{Aggregate, Key, Positions, Store, Timer, partition_of};
use serde::{Deserialize, Serialize};

use crate::home::{Home, ctx, epoch};

const KEPT_S: i64 = 60;

/// Kept for a minute after it was last read.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Note {
    title: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum NoteEvent {
    Written { title: String },
    Read,
}

impl Aggregate for Note {
    const KIND: &'static str = "note";
    const SCHEMA: u32 = 1;
    type Event = NoteEvent;

    fn create(event: &NoteEvent) -> Option<Self> {
        let NoteEvent::Written { title } = event else { return None };
        Some(Note { title: title.clone() })
    }

    fn apply(&mut self, _: &NoteEvent) {}

    fn keys(&self) -> Vec<Key> {
        vec![Key::unique("title", &self.title)]
    }

    fn timers(&self) -> Vec<Timer> {
        vec![Timer::at("ring", plus_seconds(epoch(), 10_000))]
    }

    fn keep_for_s() -> Option<i64> {
        Some(KEPT_S)
    }
}

fn at(seconds: i64) -> Ctx {
    let mut ctx = ctx();
    ctx.now = plus_seconds(epoch(), seconds);
    ctx
}

async fn record(store: &Store, seconds: i64, id: &str, event: NoteEvent) {
    store.update(&at(seconds), id, move |_: Option<&Note>| Ok::<_, Error>(vec![event])).await.unwrap();
}

fn written(title: &str) -> NoteEvent {
    NoteEvent::Written { title: title.to_owned() }
}

pub async fn what_has_outlived_its_use_is_forgotten_whole(home: Home) {
    let store = home.open();
    for id in ["idle", "used"] {
        record(&store, 0, id, written(id)).await;
    }
    record(&store, 0, "idle", NoteEvent::Read).await;
    record(&store, 30, "used", NoteEvent::Read).await;
    assert_eq!(store.forget_expired::<Note>().await.unwrap(), 0, "nothing is old yet");
    drop(store);

    let store = home.open_after_s(KEPT_S + 1);
    let head = store.head().await.unwrap();
    assert!(store.load::<Note>("idle").await.unwrap().is_some());
    assert_eq!(store.forget_expired::<Note>().await.unwrap(), 1);
    assert!(store.load::<Note>("idle").await.unwrap().is_none());
    assert!(store.find::<Note>("title", "idle").await.unwrap().is_none());
    assert!(store.history::<Note>("idle").await.unwrap().is_empty());
    let timers = store.due_timers(plus_seconds(epoch(), 20_000), 10).await.unwrap();
    assert_eq!(timers.iter().map(|timer| timer.id.as_str()).collect::<Vec<_>>(), ["used"]);
    assert_eq!(store.forget_expired::<Note>().await.unwrap(), 0);
    drop(store);

    let store = home.open_after_s(KEPT_S + 1);
    assert!(store.load::<Note>("idle").await.unwrap().is_none());
    assert_eq!(store.history::<Note>("used").await.unwrap().len(), 2);
    assert_eq!(store.head().await.unwrap(), head, "positions are not given out again");
}

pub async fn a_feed_goes_on_over_what_was_forgotten(home: Home) {
    let store = home.open();
    record(&store, 0, "idle", written("a")).await;
    record(&store, 0, "idle", NoteEvent::Read).await;
    let store = home_after(store, &home);
    assert_eq!(store.forget_expired::<Note>().await.unwrap(), 1);
    record(&store, KEPT_S + 1, "idle", written("a")).await;
    let events = store.read_feed(&Positions::default(), 10).await.unwrap();
    let positions: Vec<(u16, u64, u64)> = events.iter().map(|event| (event.partition, event.position, event.version)).collect();
    assert_eq!(positions, [(partition_of("idle"), 3, 1)]);
}

fn home_after(store: Store, home: &Home) -> Store {
    drop(store);
    home.open_after_s(KEPT_S + 1)
}
