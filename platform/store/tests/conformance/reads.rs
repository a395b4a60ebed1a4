//! Reading: lists, timers, feeds, histories.

use haat_kernel::time::plus_seconds;
use haat_kernel::{Kind, Timestamp};
use haat_store::{Aggregate, AsideState, Page, Positions, SetAside, SetAsideEvent, Store};
use serde::{Deserialize, Serialize};

use crate::account::{Account, AccountEvent, deposited, open_account, opened, record};
use crate::home::{Home, ctx, epoch};

async fn pages(store: &Store, mut page: Page) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let found = store.list::<Account>("owner", "anna", &page).await.unwrap();
        assert!(found.items.len() <= page.size);
        ids.extend(found.items.into_iter().map(|account| account.id));
        if found.next_token.is_empty() {
            return ids;
        }
        page = page.at(&found.next_token);
    }
}

pub async fn lists_page_in_both_directions(home: Home) {
    let store = home.open();
    // Equal sort values are told apart by id.
    for (id, amount) in [("e", 1), ("d", 2), ("c", 2), ("b", 2), ("a", 3)] {
        open_account(&store, &ctx(), id, amount).await;
    }
    for size in [1, 2, 5, 100] {
        assert_eq!(pages(&store, Page::first(size)).await, ["e", "b", "c", "d", "a"]);
        assert_eq!(pages(&store, Page::first(size).descending()).await, ["a", "d", "c", "b", "e"]);
    }
    record(&store, &ctx(), "e", vec![deposited(9)]).await.unwrap();
    assert_eq!(pages(&store, Page::first(2)).await, ["b", "c", "d", "a", "e"]);
    assert!(store.list::<Account>("owner", "ann", &Page::first(9)).await.unwrap().items.is_empty());

    let token = store.list::<Account>("owner", "anna", &Page::first(2)).await.unwrap().next_token;
    for (value, token) in [("berta", token.as_str()), ("anna", "nonsense"), ("anna", "####")] {
        let foreign = store.list::<Account>("owner", value, &Page::first(2).at(token)).await.unwrap_err();
        assert_eq!((foreign.kind, foreign.violations[0].field.as_str()), (Kind::InvalidArgument, "pageToken"));
    }
    assert!(store.list::<Account>("owner", "anna", &Page::first(2).descending().at(&token)).await.is_err());
}

pub async fn timers_follow_the_state(home: Home) {
    let store = home.open();
    let at = |seconds| plus_seconds(epoch(), seconds);
    let want = |at: Option<Timestamp>| vec![AccountEvent::WakeWanted { at }];
    let due = async |seconds| -> Vec<String> {
        store.due_timers(at(seconds), 10).await.unwrap().into_iter().map(|timer| timer.id).collect()
    };
    for id in ["a", "b"] {
        open_account(&store, &ctx(), id, 0).await;
    }
    assert_eq!(store.next_due().await.unwrap(), None);
    record(&store, &ctx(), "a", want(Some(at(20)))).await.unwrap();
    record(&store, &ctx(), "b", want(Some(at(10)))).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(at(10)));
    assert!(due(9).await.is_empty());
    assert_eq!(due(20).await, ["b", "a"]);
    assert_eq!(store.due_timers(at(20), 1).await.unwrap()[0].name, "wake");

    record(&store, &ctx(), "b", want(Some(at(30)))).await.unwrap();
    assert_eq!(due(30).await, ["a", "b"], "moved");
    record(&store, &ctx(), "a", want(None)).await.unwrap();
    assert_eq!(due(30).await, ["b"], "cleared");
    record(&store, &ctx(), "b", vec![deposited(1)]).await.unwrap();
    assert_eq!(due(30).await, ["b"], "left alone");
}

pub async fn feeds_are_shared_fairly(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 0).await;
    for _ in 0..20 {
        record(&store, &ctx(), "a", vec![deposited(1)]).await.unwrap();
    }
    record(&store, &ctx(), "foobar", vec![opened("foobar")]).await.unwrap();
    let (busy, quiet) = (haat_store::partition_of("a"), haat_store::partition_of("foobar"));
    assert_ne!(busy, quiet);

    let (mut after, mut read) = (Positions::default(), Vec::new());
    loop {
        let events = store.read_feed(&after, 4).await.unwrap();
        assert!(events.len() <= 4);
        let Some(last) = events.last() else { break };
        after.raise(last.partition, last.position);
        events.iter().for_each(|event| after.raise(event.partition, event.position));
        read.extend(events);
    }
    assert_eq!(read.len(), 23);
    let place = read.iter().position(|event| event.partition == quiet).unwrap();
    assert!(place < 4, "a busy partition does not hold up a quiet one");
    assert_eq!((read[place].event_type.as_str(), read[place].kind.as_str()), ("opened", "account"));
    assert_eq!(serde_json::from_slice::<AccountEvent>(&read[place].body).unwrap(), opened("foobar"));
    assert_eq!(after, store.head().await.unwrap());
}

pub async fn history_tells_who_and_when(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 5).await;
    let history = store.history::<Account>("a").await.unwrap();
    assert_eq!(history.iter().map(|event| event.version).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(history[1].event, deposited(5));
    let last = &history[1];
    assert_eq!((last.principal.as_str(), last.correlation.as_str(), last.time), ("user_1", "conformance", epoch()));
    assert!(store.history::<Account>("b").await.unwrap().is_empty());
}

/// Cannot read what an account stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stranger {}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StrangerEvent {
    Appeared,
}

impl Aggregate for Stranger {
    const KIND: &'static str = Account::KIND;
    const SCHEMA: u32 = 9;
    type Event = StrangerEvent;

    fn create(_: &StrangerEvent) -> Option<Self> {
        Some(Stranger {})
    }

    fn apply(&mut self, _: &StrangerEvent) {}
}

pub async fn what_cannot_be_read_is_named(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 5).await;
    drop(store);
    let store = home.open();
    let history = store.history::<Stranger>("a").await.map(|_| ()).unwrap_err();
    let load = store.load::<Stranger>("a").await.map(|_| ()).unwrap_err();
    for error in [history, load] {
        assert_eq!(error.kind, Kind::Internal);
        assert!(error.context.as_deref().unwrap().contains("event opened of account a, version 1"), "{error}");
    }
}

pub async fn parked_events_are_found(home: Home) {
    let store = home.open();
    for position in [10, 9] {
        let parked = SetAsideEvent::Parked(SetAside {
            source: "orders".into(),
            partition: 1,
            position,
            kind: "order".into(),
            id: "order_1".into(),
            event_type: "placed".into(),
            body: vec![0, 255],
            error: "no".into(),
            attempts: 3,
            parked_at: epoch(),
            state: AsideState::Parked,
        });
        let id = SetAside::id_of("orders", 1, position);
        store.update(&ctx(), &id, move |_: Option<&SetAside>| Ok::<_, haat_kernel::Error>(vec![parked])).await.unwrap();
    }
    let parked = store.parked_of("orders", "order", "order_1", &Page::first(9)).await.unwrap().items;
    assert_eq!(parked.iter().map(|aside| aside.position).collect::<Vec<_>>(), [9, 10], "the earliest first");
    assert!(!store.has_parked("orders", "order", "order_2").await.unwrap());
    store.settle_parked(&ctx(), &parked[0].id, SetAsideEvent::Skipped).await.unwrap();
    assert!(store.has_parked("orders", "order", "order_1").await.unwrap());
    store.settle_parked(&ctx(), &parked[1].id, SetAsideEvent::Retried).await.unwrap();
    assert!(!store.has_parked("orders", "order", "order_1").await.unwrap());
    assert!(store.parked(&Page::first(9)).await.unwrap().items.is_empty());
}
