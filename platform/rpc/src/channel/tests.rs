//! The channel against services that are away, silent or slow.

use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tonic::transport::{Endpoint, Uri};

use super::*;

/// A service that takes calls and never answers.
fn silent() -> Channel {
    let connector = tower::service_fn(|_: Uri| std::future::pending::<std::io::Result<TokioIo<DuplexStream>>>());
    let replica = Endpoint::from_static("http://orders").connect_with_connector_lazy(connector);
    Channel::new("orders", vec![replica], Entropy::seeded(1), Metrics::default())
}

async fn ask(channel: &Channel, timeout: Option<&'static str>) -> (Code, Duration) {
    let mut request = Request::builder().uri("http://orders/haat.orders.v1.Orders/GetOrder");
    if let Some(timeout) = timeout {
        request = request.header(metadata::TIMEOUT, timeout);
    }
    let request = request.body(Body::new(http_body_util::Full::from(&[0; 5][..]))).unwrap();
    let began = Instant::now();
    (channel.clone().call(request).await.unwrap_err().code(), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_caller_and_contract_allow() {
    let allowed = policies().calls["/haat.orders.v1.Orders/GetOrder"].deadline;
    let channel = silent();
    for (asked, limit) in [(Some("50m"), Duration::from_millis(50)), (None, allowed), (Some("1H"), allowed)] {
        let (code, waited) = ask(&channel, asked).await;
        assert_eq!(code, Code::DeadlineExceeded);
        assert!(waited >= limit && waited < limit + Duration::from_millis(10), "{asked:?}: {waited:?}");
    }
}

#[test]
fn the_shorter_limit_counts_and_one_that_nobody_sets_does_not() {
    let [short, long] = [Duration::from_secs(1), Duration::from_secs(30)];
    assert_eq!(limit(Some(short), Some(long)), short);
    assert_eq!(limit(Some(long), Some(short)), short);
    assert_eq!(limit(Some(long), None), long);
    assert_eq!(limit(None, Some(long)), long);
    assert_eq!(limit(None, None), DEADLINE_DEFAULT);
}

#[tokio::test(start_paused = true)]
async fn a_caller_in_a_hurry_does_not_open_the_breaker() {
    let channel = silent();
    for _ in 0..50 {
        ask(&channel, Some("5m")).await;
    }
    assert_eq!(channel.breaker_state(), BreakerState::Closed);
    for _ in 0..50 {
        ask(&channel, None).await;
    }
    assert_eq!(channel.breaker_state(), BreakerState::Open);
}

#[test]
fn an_overloaded_service_is_told_from_one_that_cannot_be_reached() {
    assert!(is_overloaded(&crate::status(&Error::overloaded())));
    assert!(!is_overloaded(&crate::status(&Error::unavailable("down"))));
    assert!(!is_overloaded(&Status::unavailable("overloaded")));
}

#[cfg(feature = "simulated")]
mod late_calls {
    use std::rc::Rc;

    use tower::service_fn;

    use super::*;

    /// Has every call arrive a second late.
    struct Slow;

    impl tap::Tap for Slow {
        fn fate(&self, _: &Sent, _: bool) -> Fate {
            Fate::Late(Duration::from_secs(1))
        }
        fn answered(&self, _: &Sent, _: Result<&[u8], &Status>) {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_late_call_arrives_though_its_caller_has_given_up() {
        let arrived = Arc::new(AtomicUsize::new(0));
        let server = arrived.clone();
        let connector = service_fn(move |_: Uri| {
            server.fetch_add(1, Ordering::Relaxed);
            std::future::ready(Err::<TokioIo<DuplexStream>, _>(std::io::Error::other("away")))
        });
        let replica = Endpoint::from_static("http://orders").connect_with_connector_lazy(connector);
        let mut channel = Channel::new("orders", vec![replica], Entropy::seeded(1), Metrics::default());
        tap::install(Rc::new(Slow));
        let request = Request::builder().uri("http://orders/haat.orders.v1.Orders/GetOrder");
        let request = request.body(Body::new(http_body_util::Full::from(&[0; 5][..]))).unwrap();
        assert!(tokio::time::timeout(Duration::from_millis(10), channel.call(request)).await.is_err());
        assert_eq!(arrived.load(Ordering::Relaxed), 0);
        sleep(Duration::from_secs(2)).await;
        assert!(arrived.load(Ordering::Relaxed) > 0);
    }
}
