//! Too many ask at once: what can be done is still done, the rest is refused at once and told when to come back, health and
//! calls to other services do not notice, and soon after the crowd has gone everything is as before.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures::future::join_all;
use haat_tests::market::Market;
use haat_tests::platform::Hung;
use haat_tests::{Client, Options, Platform, until};
use tokio::sync::{Mutex, MutexGuard, OnceCell};
use tokio::time::{Instant, sleep};

/// Three times as many as the gateway lets in and lets wait for one call.
const CROWD: usize = 384;
/// As many as keep everything busy.
const FEW: usize = 16;
const TIME: Duration = Duration::from_secs(6);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The longest deadline of these calls, and some time to say that it has passed.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// For a search with a token, which no cache answers.
const SEARCH: &str = "/v1/products:search?query=cotton&pageSize=50";
const ACCOUNT: &str = "/v1/users/me";

/// One crowd at a time: the tests share a platform.
async fn market() -> (Market<'static>, MutexGuard<'static, ()>) {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    static CROWDED: Mutex<()> = Mutex::const_new(());
    let alone = CROWDED.lock().await;
    (Market::of(PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(60) })).await), alone)
}

/// What became of the requests of a crowd.
#[derive(Default)]
struct Crowd {
    /// How long each answer took.
    answered: Vec<Duration>,
    refused: usize,
}

impl Crowd {
    fn slowest(mut self, share: f64) -> Duration {
        self.answered.sort();
        let index = (self.answered.len() as f64 * share) as usize;
        self.answered.get(index).copied().unwrap_or_default()
    }
}

/// So many ask over and over; whoever is refused comes back when told to.
async fn crowd(client: &Client, count: usize, time: Duration) -> Crowd {
    let until = Instant::now() + time;
    let ask = async |_: usize| {
        let mut seen = Crowd::default();
        while Instant::now() < until {
            let began = Instant::now();
            let answer = client.get(SEARCH).await;
            if answer.status == 200 {
                seen.answered.push(began.elapsed());
                continue;
            }
            assert_eq!(answer.header("retry-after"), "1", "{}", answer.text());
            answer.problem(503, "overloaded");
            seen.refused += 1;
            sleep(Duration::from_secs(1)).await;
        }
        seen
    };
    let all = join_all((0..count).map(ask)).await;
    all.into_iter().fold(Crowd::default(), |mut sum, one| {
        sum.answered.extend(one.answered);
        sum.refused += one.refused;
        sum
    })
}

/// Looks at health and at another service as long as `load` lasts; how long that service took, on average.
async fn beside<T>(market: &Market<'_>, account: &Client, load: impl Future<Output = T>) -> (T, Duration) {
    let mut load = pin!(load);
    let (mut times, mut in_all) = (0, Duration::ZERO);
    loop {
        let look = async {
            assert_eq!(market.client.get("/healthz").await.status, 200);
            assert_eq!(market.client.get("/readyz").await.status, 200);
            let began = Instant::now();
            account.get(ACCOUNT).await.expect(200);
            let took = began.elapsed();
            sleep(LOOK_EVERY).await;
            took
        };
        let mut look = pin!(look);
        tokio::select! {
            outcome = &mut load => {
                // The last look ends well, too.
                in_all += look.await;
                return (outcome, in_all / (times + 1));
            }
            took = &mut look => {
                in_all += took;
                times += 1;
            }
        }
    }
}

#[tokio::test]
async fn three_times_too_many_are_answered_as_well_as_can_be() {
    let (market, _alone) = market().await;
    let buyer = market.buyer().await;
    // The first searches warm everything up.
    crowd(&buyer.client, FEW, TIME / 4).await;
    let few = crowd(&buyer.client, FEW, TIME).await;
    let (many, _) = beside(&market, &buyer.client, crowd(&buyer.client, CROWD, TIME)).await;

    let (peak, goodput) = (few.answered.len(), many.answered.len());
    assert!(few.refused == 0 && many.refused > 0, "{} and {} were refused", few.refused, many.refused);
    assert!(2 * goodput >= peak, "{goodput} answers instead of {peak}");
    // Whoever was let in waited behind a bounded number of others.
    let (usual, slowest) = (few.slowest(0.5), many.slowest(0.99));
    assert!(slowest <= usual * 40 + Duration::from_secs(1), "{slowest:?}, usually {usual:?}");
    until(30, "searches as before", async || {
        let again = crowd(&buyer.client, 1, Duration::from_millis(500)).await;
        (again.refused == 0 && !again.answered.is_empty() && again.slowest(0.5) <= usual * 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_crowd_before_a_service_that_hangs_is_in_nobody_elses_way() {
    let (market, _alone) = market().await;
    let buyer = market.buyer().await;
    let (_, usual) = beside(&market, &buyer.client, sleep(TIME / 4)).await;
    let hung = Hung::new(market.platform, "catalog");
    let ask = async |_: usize| {
        let began = Instant::now();
        let answer = buyer.client.get(SEARCH).await;
        assert!(began.elapsed() < ANSWER_MAX && [503, 504].contains(&answer.status), "{}", answer.text());
        answer.json()["code"] == "overloaded"
    };
    let (refusals, meanwhile) = beside(&market, &buyer.client, join_all((0..CROWD).map(ask))).await;
    drop(hung);
    assert!(refusals.contains(&true), "those for whom there was no room were told so");
    assert!(meanwhile <= usual * 20 + Duration::from_millis(250), "{meanwhile:?}, usually {usual:?}");
    until(30, "a search as before", async || (buyer.client.get(SEARCH).await.status == 200).then_some(())).await;
    market.platform.assert_balanced();
}
