//! The whole way of an identity through the contract, over mutual TLS on a simulated network: the supervisor's first
//! certificate, a service's from a token, renewals for longer than any certificate lives, with the authority crashing meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use haat_contracts::authority::CreateJoinTokenRequest;
use haat_contracts::authority::authority_client::AuthorityClient;
use haat_identity::LiveIdentity;
use haat_kernel::{Clock, Ctx, Entropy, Error, Result, Timestamp};
use haat_rpc::Channel;
use haat_service::{Config, Endpoints, Environment};
use haat_store::{MemoryBackend, Store};
use haat_telemetry::Metrics;
use haat_transport::Simulated;
use tokio::time::sleep;

const ADDRESS: &str = "authority:7000";
/// A certificate lives for an hour.
const LONGER_THAN_A_CERTIFICATE: Duration = Duration::from_secs(90 * 60);

/// The clock of the host that runs now.
fn clock() -> Clock {
    let epoch: Timestamp = Timestamp::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400);
    Clock::simulated(epoch + turmoil::sim_elapsed().unwrap_or_default(), 0)
}

fn environment(identity: LiveIdentity, backend: MemoryBackend) -> Environment {
    Environment {
        clock: clock(),
        entropy: Entropy::seeded(7),
        network: Arc::new(Simulated),
        identity,
        store: Store::memory(clock(), backend),
        metrics: Metrics::default(),
    }
}

fn authority_channel(environment: &Environment) -> Result<Channel> {
    environment.channel("authority", &Endpoints::from([("authority".to_owned(), vec![ADDRESS.to_owned()])]))
}

async fn run_authority(folder: &Path, backend: MemoryBackend) -> Result<()> {
    let entropy = Entropy::system();
    let material = haat_authority::load_or_create(folder, clock().now(), &entropy)?;
    let config = Config {
        folder: folder.to_owned(),
        listen: ([0, 0, 0, 0], 7000).into(),
        health: None,
        endpoints: Endpoints::new(),
        settings: Default::default(),
    };
    let environment = environment(haat_authority::own_identity(&material, clock(), &entropy)?, backend);
    haat_service::run(haat_authority::definition(), config, environment, std::future::pending()).await
}

async fn enroll(folder: &Path, token: &str) -> Result<LiveIdentity> {
    let root = std::fs::read_to_string(folder.join("root.pem")).map_err(Error::internal)?;
    haat_service::enroll(Arc::new(Simulated), ADDRESS, &root, token, clock(), Entropy::seeded(8)).await
}

async fn token_for(service: &str, caller: &LiveIdentity) -> Result<String> {
    let channel = authority_channel(&environment(caller.clone(), MemoryBackend::new()))?;
    let ctx = Ctx::internal("supervisor", "start-orders", clock().now());
    let message = CreateJoinTokenRequest { service: service.to_owned() };
    let mut client = AuthorityClient::new(channel);
    Ok(haat_rpc::send(&ctx, message, |request| client.create_join_token(request)).await?.token)
}

#[test]
fn an_identity_is_earned_renewed_and_outlives_a_crash_of_the_authority() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().to_owned();
    let mut builder = turmoil::Builder::new();
    builder.rng_seed(1).tick_duration(Duration::from_millis(250)).simulation_duration(2 * LONGER_THAN_A_CERTIFICATE);
    let mut sim = builder.build();

    let (host_folder, backend) = (folder.clone(), MemoryBackend::new());
    sim.host("authority", move || {
        let (folder, backend) = (host_folder.clone(), backend.clone());
        async move { run_authority(&folder, backend).await.map_err(|error| error.to_string().into()) }
    });
    let work = async move {
        let token = haat_authority::write_bootstrap_token(&folder, clock().now(), &Entropy::system())?;
        sleep(Duration::from_secs(1)).await;
        let supervisor = enroll(&folder, &token).await?;
        assert_eq!(enroll(&folder, &token).await.unwrap_err().code, "join_token_invalid");

        let token = token_for("orders", &supervisor).await?;
        // The authority is down from the tenth second to the twentieth; what it promised before still holds.
        sleep(Duration::from_secs(30)).await;
        let orders = enroll(&folder, &token).await?;
        assert_eq!(orders.spiffe_id().name(), "orders");
        assert_eq!(token_for("payments", &orders).await.unwrap_err().code, "caller_not_allowed");

        let environment = environment(orders.clone(), MemoryBackend::new());
        let renewal = haat_service::renew("orders", environment.clone(), authority_channel(&environment)?);
        let first_end = orders.not_after();
        drop(tokio::time::timeout(LONGER_THAN_A_CERTIFICATE, renewal).await);
        assert!(clock().now() > first_end && orders.not_after() > clock().now(), "renewed while it ran");
        Ok::<(), Error>(())
    };
    sim.client("machine", async move { work.await.map_err(|error| error.to_string().into()) });

    let mut is_up = true;
    while !sim.step().unwrap() {
        let is_outage = (10..20).contains(&sim.elapsed().as_secs());
        match (is_outage, is_up) {
            (true, true) => sim.crash("authority"),
            (false, false) => sim.bounce("authority"),
            _ => continue,
        }
        is_up = !is_up;
    }
}
