//! The runner on a memory store and paused time: retries with backoff, parks what cannot go on, resumes, takes over after a
//! crash, and drives a saga once at a time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use haat_kernel::{Clock, Ctx, Error, Kind, Result, Timestamp};
use haat_saga::{Decision, Event, Next, Perform, Progress, Runner, Saga, decide};
use haat_service::{OnTimer, Platform, Stuck};
use haat_store::{Aggregate, Key, MemoryBackend, Store, Timer};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

const ID: &str = "trip_1";

/// Three steps, one after the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Trip {
    steps: u32,
    progress: Progress,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum TripEvent {
    Started,
    Stepped,
    Driven { progress: Event },
}

impl Aggregate for Trip {
    const KIND: &'static str = "trip";
    const SCHEMA: u32 = 1;
    type Event = TripEvent;

    fn create(event: &TripEvent) -> Option<Self> {
        matches!(event, TripEvent::Started).then(|| Trip { steps: 0, progress: Progress::default() })
    }

    fn apply(&mut self, event: &TripEvent) {
        match event {
            TripEvent::Started => {}
            TripEvent::Stepped => {
                self.steps += 1;
                self.progress.advanced();
            }
            TripEvent::Driven { progress } => self.progress.apply(progress),
        }
    }

    fn keys(&self) -> Vec<Key> {
        self.progress.key().into_iter().collect()
    }

    fn timers(&self) -> Vec<Timer> {
        self.progress.timer(&self.next()).into_iter().collect()
    }
}

impl Saga for Trip {
    type Step = u32;

    fn next(&self) -> Next<u32> {
        if self.steps < 3 { Next::Call(self.steps) } else { Next::Done }
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn saga_event(event: Event) -> TripEvent {
        TripEvent::Driven { progress: event }
    }

    fn correlation_id(&self) -> &str {
        "correlation-1"
    }
}

/// Fails as it is told, then succeeds; notes the key of every attempt.
#[derive(Clone, Default)]
struct Road {
    failures: Arc<Mutex<VecDeque<Error>>>,
    keys: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Perform<Trip> for Road {
    async fn perform(&self, ctx: &Ctx, _: &str, _: &Trip, step: &u32) -> Result<Decision<Trip>> {
        self.keys.lock().unwrap().push(ctx.idempotency.clone().unwrap().key);
        // Long enough for a second driver to overlap, were there one.
        sleep(Duration::from_millis(10)).await;
        let step = *step;
        match self.failures.lock().unwrap().pop_front() {
            Some(error) => Err(error),
            None => decide(move |trip: &Trip| Ok(if trip.steps == step { vec![TripEvent::Stepped] } else { vec![] })),
        }
    }
}

struct Journey {
    platform: Platform,
    backend: MemoryBackend,
    clock: Clock,
    road: Road,
}

impl Journey {
    async fn start(failures: Vec<Error>) -> Self {
        let clock = Clock::simulated(Timestamp::from_second(1_000_000).unwrap(), 0);
        let backend = MemoryBackend::new();
        let platform = haat_testkit::platform("trips", clock, Store::memory(clock, backend.clone())).unwrap();
        let started = |_: Option<&Trip>| Ok::<_, Error>(vec![TripEvent::Started]);
        platform.store.update(&Ctx::internal("trips", "start", clock.now()), ID, started).await.unwrap();
        let road = Road { failures: Arc::new(Mutex::new(failures.into())), ..Road::default() };
        Journey { platform, backend, clock, road }
    }

    fn runner(&self) -> Runner<Trip> {
        Runner::new(&self.platform, self.road.clone())
    }

    async fn trip(&self) -> haat_store::Versioned<Trip> {
        self.platform.store.load::<Trip>(ID).await.unwrap().unwrap()
    }

    async fn due(&self) -> Vec<haat_store::DueTimer> {
        self.platform.store.due_timers(self.clock.now(), 10).await.unwrap()
    }

    fn keys(&self) -> Vec<String> {
        self.road.keys.lock().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn a_saga_runs_to_its_end_each_step_under_its_own_key() {
    let journey = Journey::start(vec![]).await;
    journey.runner().drive(ID).await;
    assert_eq!(journey.trip().await.next(), Next::Done);
    assert_eq!(journey.keys(), ["trip_1/0", "trip_1/1", "trip_1/2"]);
    assert!(journey.due().await.is_empty(), "nothing brings it back");
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_later_under_the_same_key() {
    let journey = Journey::start(vec![Error::unavailable("down"), Error::unavailable("down")]).await;
    let runner = journey.runner();
    runner.drive(ID).await;
    assert_eq!(journey.keys(), ["trip_1/0"], "not at once");
    while journey.trip().await.next() != Next::Done {
        sleep(Duration::from_millis(50)).await;
        for timer in journey.due().await {
            runner.on_timer(Ctx::internal("trips", "timer", journey.clock.now()), timer).await.unwrap();
        }
    }
    assert_eq!(journey.keys(), ["trip_1/0", "trip_1/0", "trip_1/0", "trip_1/1", "trip_1/2"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_pass_is_parked_until_an_operator_resumes_it() {
    let journey = Journey::start(vec![Error::invalid("x", "is wrong")]).await;
    let runner = journey.runner();
    runner.drive(ID).await;
    let trip = journey.trip().await;
    assert!(trip.progress().parked.as_ref().unwrap().reason.contains("is wrong"));
    assert!(journey.due().await.is_empty(), "it does not come back by itself");
    assert_eq!(journey.platform.store.list::<Trip>("parked", "all", &haat_store::Page::first(5)).await.unwrap().items.len(), 1);
    let ctx = Ctx::internal("trips", "operator", journey.clock.now());
    runner.resume(&ctx, ID).await.unwrap();
    runner.drive(ID).await;
    while journey.trip().await.next() != Next::Done {
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(runner.resume(&ctx, ID).await.unwrap_err().kind, Kind::FailedPrecondition);
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_resolves_is_left_where_it_is() {
    let journey = Journey::start(vec![Error::invalid("x", "is wrong")]).await;
    let runner = journey.runner();
    runner.drive(ID).await;
    let stuck = runner.list().await.unwrap();
    assert_eq!((stuck.len(), stuck[0].title.as_str(), stuck[0].can_resolve), (1, "0", true));
    let ctx = Ctx::internal("trips", "operator", journey.clock.now());
    runner.resolve(&ctx, ID, "settled by hand").await.unwrap();
    assert!(runner.list().await.unwrap().is_empty() && journey.due().await.is_empty());
    runner.drive(ID).await;
    assert_eq!(journey.trip().await.steps, 0, "it is not driven again");
    assert_eq!(runner.resolve(&ctx, ID, "again").await.unwrap_err().code, "trip_not_parked");
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_the_timer_brings_another_runner_to_the_same_step() {
    let journey = Journey::start(vec![]).await;
    // The process dies in the middle of the first step.
    let runner = journey.runner();
    tokio::select! {
        () = runner.drive(ID) => panic!("the step takes longer than that"),
        () = sleep(Duration::from_millis(5)) => {}
    }
    let store = Store::memory(journey.clock, journey.backend.clone());
    let platform = haat_testkit::platform("trips", journey.clock, store).unwrap();
    let survivor = Runner::new(&platform, journey.road.clone());
    let due = platform.store.due_timers(journey.clock.now(), 10).await.unwrap();
    assert_eq!(due.len(), 1);
    survivor.on_timer(Ctx::internal("trips", "timer", journey.clock.now()), due[0].clone()).await.unwrap();
    assert_eq!(journey.keys(), ["trip_1/0", "trip_1/0", "trip_1/1", "trip_1/2"]);
}

#[tokio::test(start_paused = true)]
async fn a_driver_that_is_given_up_leaves_the_saga_to_the_next() {
    let journey = Journey::start(vec![]).await;
    let runner = journey.runner();
    tokio::select! {
        () = runner.drive(ID) => panic!("the step takes longer than that"),
        () = sleep(Duration::from_millis(5)) => {}
    }
    runner.drive(ID).await;
    assert_eq!(journey.trip().await.next(), Next::Done);
}

#[tokio::test(start_paused = true)]
async fn a_saga_has_one_driver_at_a_time() {
    let journey = Journey::start(vec![]).await;
    let runner = journey.runner();
    tokio::join!(runner.drive(ID), runner.drive(ID), runner.drive(ID));
    assert_eq!(journey.keys().len(), 3);
}
