//! Boxes with pieces that only ever move between them; a commit that makes some out of nothing, and a row that says what no event
//! says.

use haat_kernel::{Ctx, Error};
use haat_store::{Aggregate, Load, MemoryBackend};
use serde::{Deserialize, Serialize};

use super::*;
use crate::Book;

/// Pieces in a box; what one box has more, another has less.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Pieces<const BROKEN: bool>(i64);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PiecesEvent {
    Moved { by: i64 },
}

impl<const BROKEN: bool> Aggregate for Pieces<BROKEN> {
    const KIND: &'static str = "pieces";
    const SCHEMA: u32 = 1;
    type Event = PiecesEvent;

    fn create(PiecesEvent::Moved { by }: &PiecesEvent) -> Option<Self> {
        Some(Pieces(*by))
    }

    /// A broken one writes another state than its events say: what a damaged row looks like.
    fn apply(&mut self, PiecesEvent::Moved { by }: &PiecesEvent) {
        self.0 += if BROKEN { 2 * by } else { *by };
    }
}

impl Book for Pieces<false> {
    fn faults(&self, _: &str) -> Vec<String> {
        if self.0.abs() < 1_000 { Vec::new() } else { vec![format!("has {}", self.0)] }
    }

    fn entries(&self, _: &str) -> Vec<Entry> {
        vec![Entry::new("pieces", self.0)]
    }
}

struct Fixture {
    backend: MemoryBackend,
    watch: Watch,
}

impl Fixture {
    fn new() -> Self {
        let backend = MemoryBackend::default();
        let store = Store::memory(Clock::System, backend.clone());
        let books = Books::new().book::<Pieces<false>>();
        let watch = Watch::new(store, Clock::System, Metrics::default(), books);
        drop(haat_kernel::spawn("test", watch.clone().run()));
        Fixture { backend, watch }
    }

    async fn move_pieces<const BROKEN: bool>(&self, moves: &[(&str, i64)]) {
        let ctx = Ctx::internal("test", "move", Timestamp::UNIX_EPOCH);
        let load = Load::new().all::<Pieces<BROKEN>>(moves.iter().map(|(id, _)| id));
        let moves: Vec<(String, i64)> = moves.iter().map(|(id, by)| ((*id).to_owned(), *by)).collect();
        let work = move |tx: &mut haat_store::Tx| {
            moves.iter().try_for_each(|(id, by)| tx.record::<Pieces<BROKEN>>(id, vec![PiecesEvent::Moved { by: *by }]))
        };
        // A store of its own: states that are kept decoded have a type.
        let store = Store::memory(Clock::System, self.backend.clone());
        store.transact::<_, Error>(&ctx, load, work).await.unwrap();
    }

    /// Waits for a whole pass, and what it says.
    async fn passes(&self, count: usize) -> BooksState {
        let mut last = self.watch.state().unwrap().swept_at;
        for _ in 0..count {
            while self.watch.state().unwrap().swept_at == last {
                sleep(PAUSE_MIN).await;
            }
            last = self.watch.state().unwrap().swept_at;
        }
        sleep(PAUSE_MIN).await;
        self.watch.state().unwrap()
    }

    async fn looks(&self) -> BooksState {
        sleep(PAUSE_MAX).await;
        self.watch.state().unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn sound_books_are_silent_and_say_since_when() {
    let fixture = Fixture::new();
    for round in 0..200 {
        let (one, other) = (format!("box_{}", round % 70), format!("box_{}", (round + 1) % 70));
        fixture.move_pieces::<false>(&[(&one, 3), (&other, -3)]).await;
    }
    let state = fixture.passes(2).await;
    assert_eq!((state.violations, state.behind, state.missed, state.states), (0, 0, 0, 70), "{state:?}");
    assert_eq!(state.position, 400);
    assert_eq!(state.held_at, state.checked_at);
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_does_not_balance_is_seen_at_once_and_forgiven_when_mended() {
    let fixture = Fixture::new();
    fixture.passes(1).await;
    fixture.move_pieces::<false>(&[("box_1", 5)]).await;
    let state = fixture.looks().await;
    assert_eq!((state.violations, state.lines.as_slice()), (1, &["pieces: 5 more on one side than on the other".to_owned()][..]));
    fixture.move_pieces::<false>(&[("box_2", -5)]).await;
    assert_eq!(fixture.looks().await.violations, 0);
    fixture.move_pieces::<false>(&[("box_1", 1_000), ("box_2", -1_000)]).await;
    let state = fixture.looks().await;
    assert_eq!(state.lines, ["pieces box_1 has 1005", "pieces box_2 has -1005"]);
    assert!(state.held_at < state.checked_at);
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_behind_its_back_is_found_by_the_sweep() {
    let fixture = Fixture::new();
    fixture.move_pieces::<false>(&[("box_1", 5), ("box_2", -5)]).await;
    assert_eq!(fixture.passes(1).await.violations, 0);
    // Nobody who watches the commits knows this type: they see nothing of it.
    fixture.move_pieces::<true>(&[("box_1", 5), ("box_2", -5)]).await;
    fixture.move_pieces::<true>(&[("box_3", 7)]).await;
    let state = fixture.passes(3).await;
    let off = "pieces: 7 more on one side than on the other";
    let unlike = |id: &str| format!("pieces {id} is not what its events add up to");
    assert_eq!(state.lines, [unlike("box_1"), unlike("box_2"), off.to_owned()]);
}
