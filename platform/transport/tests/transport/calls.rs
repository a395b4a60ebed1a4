//! gRPC calls over mutual TLS: what rotation, refusal and broken connections look like to a caller.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use haat_kernel::Clock;
use haat_transport::{Delivery, Security, Tcp, channel, delivery};
use tonic::Code;

use crate::fixture::{Authority, LOOPBACK, ask, listen, mutual, serve};

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotating_both_certificates_under_load_loses_no_call() {
    const ROTATIONS: u32 = 20;
    let authority = Authority::new(Clock::System);
    let (orders, checkout) = (authority.live("orders"), authority.live("checkout"));
    // Old connections end quickly here, so that every generation of certificates makes handshakes.
    let age = Duration::from_millis(10);
    let addr = serve(&Tcp, LOOPBACK.parse().unwrap(), Security::Mutual(orders.clone()), age).await;
    let channel = channel(mutual(&checkout, "orders"), &addr.to_string()).unwrap();

    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (channel, stop, calls) = (channel.clone(), stop.clone(), calls.clone());
            haat_kernel::spawn("test.caller", async move {
                while !stop.load(Ordering::Relaxed) {
                    match ask(&channel, "name").await {
                        Ok(name) => assert_eq!(name, "checkout"),
                        // What was never sent is sent again, as the client layer does.
                        Err(status) => assert_eq!(delivery(&status), Delivery::NeverSent, "{status:?}"),
                    }
                    calls.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for _ in 0..ROTATIONS {
        let seen = calls.load(Ordering::Relaxed);
        orders.rotate(authority.identity("orders")).unwrap();
        checkout.rotate(authority.identity("checkout")).unwrap();
        while calls.load(Ordering::Relaxed) < seen + 50 && !callers.iter().any(|caller| caller.is_finished()) {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) >= ROTATIONS * 50);
}

#[tokio::test]
async fn a_refused_connection_shows_as_a_call_that_was_never_sent() {
    let authority = Authority::new(Clock::System);
    let addr = serve(&Tcp, LOOPBACK.parse().unwrap(), Security::Mutual(authority.live("orders")), LONG).await;
    let stranger = Authority::new(Clock::System).identity("checkout");
    let stranger = haat_identity::LiveIdentity::new(stranger, authority.bundle(), Clock::System).unwrap();
    let checkout = authority.live("checkout");
    let (incoming, nobody_here) = listen(Security::Plain).await;
    drop(incoming);
    for (why, connector, addr) in [
        ("the server refuses the client", mutual(&stranger, "orders"), addr),
        ("the client refuses the server", mutual(&checkout, "payments"), addr),
        ("nothing listens", mutual(&checkout, "orders"), nobody_here),
    ] {
        let status = ask(&channel(connector, &addr.to_string()).unwrap(), "name").await.unwrap_err();
        assert_eq!((status.code(), delivery(&status)), (Code::Unavailable, Delivery::NeverSent), "{why}: {status:?}");
    }
}

#[tokio::test]
async fn a_call_that_was_on_its_way_may_have_been_executed() {
    let authority = Authority::new(Clock::System);
    let (orders, checkout) = (authority.live("orders"), authority.live("checkout"));
    let addr = serve(&Tcp, LOOPBACK.parse().unwrap(), Security::Mutual(orders.clone()), LONG).await;
    let channel = channel(mutual(&checkout, "orders"), &addr.to_string()).unwrap();
    assert_eq!(ask(&channel, "name").await.unwrap(), "checkout");
    let status = ask(&channel, "refuse").await.unwrap_err();
    assert_eq!((status.code(), delivery(&status)), (Code::Unavailable, Delivery::Answered));

    let cut = async {
        // Answered on the same connection after the hanging call, which therefore has arrived.
        ask(&channel, "name").await.unwrap();
        orders.trust(authority.bundle().with_revoked(BTreeSet::from([checkout.identity().serial]))).unwrap();
    };
    let (hanging, ()) = tokio::join!(ask(&channel, "hang"), cut);
    let status = hanging.unwrap_err();
    assert_eq!(delivery(&status), Delivery::MaybeExecuted, "{status:?}");
}
