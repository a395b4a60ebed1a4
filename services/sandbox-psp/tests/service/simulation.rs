//! The same server on a simulated network and clock: the real delays pass in no time.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use haat_kernel::{Clock, Entropy, Timestamp};
use haat_sandbox_psp::{Config, Delays, WebhookSecret, run};
use haat_store::{MemoryBackend, Store};
use haat_transport::{Network, Simulated};
use http::Request;
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use crate::support::{SECRET, json_of, order, post};

const PORT: u16 = 8090;

async fn provider() {
    let clock = Clock::simulated(Timestamp::UNIX_EPOCH, 0);
    let config = Config {
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, PORT)),
        public_url: Some(format!("http://sandbox:{PORT}")),
        webhook_url: None,
        webhook_secret: WebhookSecret::parse(SECRET).unwrap(),
        api_key: None,
        delays: Delays::default(),
    };
    let store = Store::memory(clock, MemoryBackend::default());
    run(config, Arc::new(Simulated), store, clock, Entropy::seeded(1), std::future::pending()).await.unwrap();
}

async fn send(mut request: Request<Full<bytes::Bytes>>) -> hyper::Result<http::Response<hyper::body::Incoming>> {
    request.headers_mut().insert("host", "sandbox".parse().unwrap());
    let io = Simulated.connect("sandbox", PORT).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(io)).await?;
    haat_kernel::spawn("client", connection);
    sender.send_request(request).await
}

#[test]
fn a_silent_request_is_held_longer_than_anybody_waits_and_its_truth_shows_after_two_seconds() {
    let mut simulation = turmoil::Builder::new().simulation_duration(Duration::from_secs(120)).build();
    simulation.host("sandbox", || async {
        provider().await;
        Ok(())
    });
    simulation.client("merchant", async {
        let begin = Instant::now();
        let held = haat_kernel::spawn("held", send(post("/v1/charges", "a", &order("r", "tok_timeout_then_ok"))));
        let status = || async {
            let request = Request::get("/v1/charges?reference=r").body(Full::default()).unwrap();
            json_of(send(request).await.unwrap()).await.1["charges"][0]["status"].clone()
        };
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(status().await, "pending");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(status().await, "authorized");
        assert!(held.await.unwrap().is_err());
        assert!(begin.elapsed() >= Duration::from_secs(30));
        Ok(())
    });
    simulation.run().unwrap();
}
