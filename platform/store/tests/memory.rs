//! What concerns the memory backend alone: commits that are made to fail, as a simulation wants them.

use haat_kernel::{Clock, Ctx, Error, Kind, Timestamp};
use haat_store::{AsideState, CommitFault, MemoryBackend, SetAside, SetAsideEvent, Store, golden};

fn parked() -> SetAsideEvent {
    SetAsideEvent::Parked(SetAside {
        source: "orders".into(),
        partition: 1,
        position: 7,
        kind: "order".into(),
        id: "order_01h455vb4pex5vsknk084sn02q".into(),
        event_type: "placed".into(),
        body: b"{}".to_vec(),
        error: "internal: Something went wrong on our side.".into(),
        attempts: 5,
        parked_at: Timestamp::UNIX_EPOCH,
        state: AsideState::Parked,
    })
}

async fn park(store: &Store) -> haat_kernel::Result<u64> {
    let ctx = Ctx::internal("tests", "park", Timestamp::UNIX_EPOCH);
    let decide = |_: Option<&SetAside>| Ok::<_, Error>(vec![parked()]);
    Ok(store.update(&ctx, "aside", decide).await?.version)
}

#[tokio::test]
async fn a_commit_can_be_refused_or_its_answer_lost() {
    let backend = MemoryBackend::new();
    let store = Store::memory(Clock::System, backend.clone());
    backend.fail_next(CommitFault::Refused);
    assert_eq!(park(&store).await.unwrap_err().kind, Kind::Unavailable);
    assert_eq!(park(&store).await.unwrap(), 1);

    backend.fail_next(CommitFault::AnswerLost);
    assert_eq!(park(&store).await.unwrap_err().kind, Kind::DeadlineExceeded);
    assert_eq!(store.load::<SetAside>("aside").await.unwrap().unwrap().version, 2);
}

#[test]
fn events_of_the_store_stay_as_they_are() {
    let failed = SetAsideEvent::RetryFailed { error: "unavailable: The service cannot be reached.".into() };
    let events = [
        ("parked", parked()),
        ("retry_failed", failed),
        ("retried", SetAsideEvent::Retried),
        ("skipped", SetAsideEvent::Skipped),
    ];
    golden::check_events::<SetAside>("tests/golden", &events);
}
