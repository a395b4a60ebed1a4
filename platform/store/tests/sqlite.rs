//! What concerns the SQLite file alone: who owns it, what it may be, and what survives when the process is killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::Path;

use haat_kernel::{Clock, CorrelationId, Ctx, Error, Kind, Principal, Timestamp};
use haat_store::{Aggregate, Positions, Store};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tally {
    count: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum TallyEvent {
    Counted,
}

impl Aggregate for Tally {
    const KIND: &'static str = "tally";
    const SCHEMA: u32 = 1;
    type Event = TallyEvent;

    fn create(_: &TallyEvent) -> Option<Self> {
        Some(Tally { count: 1 })
    }

    fn apply(&mut self, _: &TallyEvent) {
        self.count += 1;
    }
}

async fn count(store: &Store) -> haat_kernel::Result<u64> {
    let ctx = Ctx::new(Principal::anonymous(), CorrelationId::parse("sqlite-test").unwrap(), Timestamp::UNIX_EPOCH);
    let counted = |_: Option<&Tally>| Ok::<_, Error>(vec![TallyEvent::Counted]);
    Ok(store.update(&ctx, "tally", counted).await?.count)
}

fn open(path: &Path) -> haat_kernel::Result<Store> {
    Store::open_sqlite(path, Clock::System)
}

fn refusal(path: &Path) -> Error {
    match open(path) {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error,
    }
}

#[tokio::test]
async fn a_store_has_one_owner_and_any_number_of_onlookers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/store.db");
    let store = open(&path).unwrap();
    count(&store).await.unwrap();
    assert_eq!(refusal(&path).code, "store_in_use");

    let onlooker = Store::open_sqlite_read_only(&path, Clock::System).unwrap();
    count(&store).await.unwrap();
    assert_eq!(onlooker.load::<Tally>("tally").await.unwrap().unwrap().count, 2);
    assert_eq!(onlooker.read_feed(&Positions::default(), 10).await.unwrap().len(), 2);
    assert_eq!(count(&onlooker).await.unwrap_err().code, "store_read_only");

    drop(store);
    assert_eq!(onlooker.load::<Tally>("tally").await.unwrap().unwrap().count, 2);
    drop(onlooker);
    let onlooker = Store::open_sqlite_read_only(&path, Clock::System).unwrap();
    assert_eq!(onlooker.load::<Tally>("tally").await.unwrap().unwrap().count, 2, "a stopped store, too");
    assert_eq!(count(&open(&path).unwrap()).await.unwrap(), 3);
}

#[tokio::test]
async fn what_was_committed_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.db")).unwrap();
    for _ in 0..10 {
        count(&store).await.unwrap();
    }
    // What the disk holds while the process runs is what a kill leaves: the log is not yet in the database.
    let killed = folder.path().join("killed.db");
    for (from, to) in [("store.db", "killed.db"), ("store.db-wal", "killed.db-wal")] {
        std::fs::copy(folder.path().join(from), folder.path().join(to)).unwrap();
    }
    let again = open(&killed).unwrap();
    assert_eq!(count(&again).await.unwrap(), 11);
    assert_eq!(again.head().await.unwrap().iter().map(|(_, position)| position).sum::<u64>(), 11);
}

#[test]
fn a_file_that_is_no_store_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    std::fs::write(path("text"), "not a database, however long one looks at it".repeat(100)).unwrap();
    assert_eq!(refusal(&path("text")).code, "store_corrupt");
    assert!(Store::open_sqlite_read_only(path("missing"), Clock::System).is_err());

    let foreign = rusqlite::Connection::open(path("foreign")).unwrap();
    foreign.execute_batch("CREATE TABLE theirs (id)").unwrap();
    assert_eq!(refusal(&path("foreign")).code, "store_foreign");

    drop(open(&path("newer")).unwrap());
    let newer = rusqlite::Connection::open(path("newer")).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    let error = refusal(&path("newer"));
    assert_eq!((error.kind, error.code.as_str()), (Kind::Internal, "store_too_new"));
    assert!(error.context.unwrap().contains("newer"), "the file is named");
}
