//! The same connections on the simulated network, with simulated time.

use std::sync::Arc;
use std::time::Duration;

use haat_identity::LiveIdentity;
use haat_kernel::Clock;
use haat_transport::{Connector, Delivery, Limits, Listener, Security, Simulated, channel, delivery};
use tokio::io::AsyncReadExt;
use tokio::time::{Instant, sleep};

use crate::fixture::{Authority, ask, greet, id, noon, serve};

const PORT: u16 = 4000;
const AGE: Duration = Duration::from_secs(20);

/// One authority for all hosts, made before the simulation; its certificates are good for one minute.
fn cluster(seed: u64) -> (turmoil::Sim<'static>, Arc<Authority>) {
    let mut builder = turmoil::Builder::new();
    builder.rng_seed(seed).simulation_duration(Duration::from_secs(600)).tick_duration(Duration::from_millis(10));
    (builder.build(), Arc::new(Authority { lifetime: Duration::from_secs(120), ..Authority::new(Clock::simulated(noon(), 0)) }))
}

fn live(authority: &Authority, name: &str) -> LiveIdentity {
    authority.live_with_clock(name, Clock::simulated(noon(), 0))
}

fn host_orders(sim: &mut turmoil::Sim<'static>, authority: &Arc<Authority>) {
    let authority = authority.clone();
    sim.host("orders", move || {
        let security = Security::Mutual(live(&authority, "orders"));
        async move {
            serve(&Simulated, ([0, 0, 0, 0], PORT).into(), security, AGE).await;
            std::future::pending().await
        }
    });
}

fn connector(identity: &LiveIdentity) -> Connector {
    Connector::mutual(Arc::new(Simulated), identity.clone(), &id("orders")).unwrap()
}

#[test]
fn calls_over_tls_work_until_the_certificates_have_expired() {
    let (mut sim, authority) = cluster(1);
    host_orders(&mut sim, &authority);
    sim.client("checkout", async move {
        let checkout = live(&authority, "checkout");
        let channel = channel(connector(&checkout), "orders:4000")?;
        assert_eq!(ask(&channel, "name").await?, "checkout");
        sleep(Duration::from_secs(90)).await;
        let status = ask(&channel, "name").await.unwrap_err();
        assert_eq!(delivery(&status), Delivery::NeverSent, "{status:?}");
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_partition_is_noticed_within_seconds_and_forgotten_at_once() {
    let (mut sim, authority) = cluster(2);
    host_orders(&mut sim, &authority);
    sim.client("checkout", async move {
        let checkout = live(&authority, "checkout");
        let channel = channel(connector(&checkout), "orders:4000")?;
        assert_eq!(ask(&channel, "name").await?, "checkout");
        turmoil::partition("checkout", "orders");
        let begun = Instant::now();
        let status = ask(&channel, "name").await.unwrap_err();
        assert_eq!(delivery(&status), Delivery::MaybeExecuted, "{status:?}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
        let status = ask(&channel, "name").await.unwrap_err();
        assert_eq!(delivery(&status), Delivery::NeverSent, "{status:?}");
        turmoil::repair("checkout", "orders");
        assert_eq!(ask(&channel, "name").await?, "checkout");
        Ok(())
    });
    sim.run().unwrap();
}

#[test]
fn a_connection_that_never_ends_is_cut_at_its_greatest_age() {
    let (mut sim, authority) = cluster(3);
    let server = authority.clone();
    sim.host("orders", move || {
        let security = Security::Mutual(live(&server, "orders"));
        async move {
            let limits = Limits { age_max: Duration::from_secs(30), ..Limits::default() };
            let listener = Listener::bind_with(&Simulated, ([0, 0, 0, 0], PORT).into(), security, limits).await?;
            greet(listener.incoming());
            std::future::pending().await
        }
    });
    sim.client("checkout", async move {
        let begun = Instant::now();
        let mut io = connector(&live(&authority, "checkout")).connect("orders", PORT).await?;
        let mut greeting = Vec::new();
        drop(io.read_to_end(&mut greeting).await);
        assert_eq!(greeting, b"checkout\n");
        assert!((30..32).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
        Ok(())
    });
    sim.run().unwrap();
}
