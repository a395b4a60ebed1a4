//! The gateway: the one door from the public network. It owns nothing and stores nothing; its routes, permissions, limits
//! and documents are what the contracts say. It calls every service that has a route, `users` for the keys of access
//! tokens, `authority` for the certificate that the public sees, and the web applications for their pages.
//!
//! Always holds: whatever comes in, nothing panics, and what is the client's fault is a 4xx; a principal comes from a
//! verified token alone, also for an application's calls; only what was asked for without a token is shared by clients.
//!
//! Reading order: `gateway` (the pipeline), its steps: `admission`, `inspection`, `trace`, `table` (`routes`, `template`), `tokens`
//! (`keys`), `permission`, `limits`, `cache`, `transcode`, `body`, `gate`, `call`, `answer`, `problem`, `record` (`steps`, `explain`).
//! Pages: `visiting`, `pass_through`. Around: `edge` (`framing`, `refusal`), `certificate`, `readiness`, `pages`, `openapi`.

pub mod admission;
pub mod answer;
pub mod body;
pub mod cache;
pub mod call;
mod certificate;
pub mod edge;
pub mod explain;
mod framing;
pub mod gate;
pub mod gateway;
pub mod inspection;
pub mod keys;
pub mod limits;
pub mod openapi;
pub mod pages;
mod pass_through;
pub mod permission;
pub mod problem;
pub mod readiness;
mod record;
mod refusal;
pub mod routes;
mod steps;
pub mod table;
pub mod template;
pub mod tokens;
pub mod trace;
pub mod transcode;
pub mod visiting;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use haat_contracts::operations::edge_server::EdgeServer;
use haat_contracts::policy::policies;
use haat_contracts::users::users_client::UsersClient;
use haat_kernel::{Error, Result};
use haat_rpc::Channel;
use haat_service::{Definition, Platform, Wiring};
use haat_transport::{Listener, Security};
use tokio::sync::watch;

use crate::cache::Cache;
use crate::call::{Services, UsersKeys};
use crate::certificate::EdgeCertificate;
use crate::explain::{Decisions, EdgeApi};
use crate::gateway::Gateway;
use crate::inspection::Inspection;
use crate::keys::Keys;
use crate::pages::Pages;
use crate::pass_through::PassThrough;
use crate::readiness::Readiness;
use crate::table::Table;
use crate::tokens::Tokens;

/// The setting `public_url`: where clients find the platform, and so the issuer of its tokens.
const PUBLIC_URL_DEFAULT: &str = "https://localhost:8443";

/// Settings: `listen` (HTTPS), `http` (the same without TLS, loopback only), `public_url`, `public_names` (of the public
/// certificate, beside loopback), `inspection` (`block` or `monitor`).
pub fn definition() -> Definition {
    Definition::new("gateway", wire_up)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let services = services(platform);
    let client = UsersClient::new(platform.channel("users")?);
    let keys = Arc::new(Keys::new(UsersKeys { client, clock: platform.clock }));
    let gateway = Arc::new(gateway(platform, keys.clone(), services.clone())?);
    let readiness = gateway.readiness.clone();
    let explain = EdgeApi { decisions: gateway.decisions.clone(), platform: platform.clone() };
    let watched = services.into_iter().filter(|(name, _)| !policies().is_application(name)).collect();
    let mut wiring = Wiring::new()
        .serve(EdgeServer::new(explain))
        .serve_rest(PassThrough(gateway.clone()))
        .task("gateway.keys", keys.clone().refresh())
        .task("gateway.readiness", readiness.watch(keys, watched, platform.clock));
    if let Some(addr) = address(platform, "listen")? {
        let (platform, gateway) = (platform.clone(), gateway.clone());
        wiring = wiring.listen("gateway.https", move |stopping| serve_public(platform, gateway, addr, stopping));
    }
    if let Some(addr) = address(platform, "http")? {
        let platform = platform.clone();
        wiring = wiring.listen("gateway.http", move |stopping| serve_plain(platform, gateway, addr, stopping));
    }
    Ok(wiring)
}

/// The gateway itself, before anything listens: what a test drives without sockets.
fn gateway(platform: &Platform, keys: Arc<Keys>, services: BTreeMap<String, Channel>) -> Result<Gateway> {
    let table = Table::from_contracts().map_err(Error::internal)?;
    let inspection = match platform.setting("inspection") {
        None => Inspection::default(),
        Some(text) => Inspection::parse(text).ok_or_else(|| Error::internal("`inspection` is neither `block` nor `monitor`"))?,
    };
    let issuer = platform.setting("public_url").unwrap_or(PUBLIC_URL_DEFAULT);
    Ok(Gateway {
        pages: Pages::new(&table),
        table,
        upstream: Arc::new(Services(services)),
        tokens: Tokens::new(keys, platform.clock, issuer),
        inspection,
        cache: Cache::default(),
        form_limit: visiting::form_limit(),
        readiness: Readiness::new(["listen", "http"].iter().filter(|name| platform.setting(name).is_some()).count()),
        decisions: Decisions::new(platform.metrics().clone()),
        clock: platform.clock,
        entropy: platform.entropy.clone(),
    })
}

/// A channel to every service that has an address. Calls to the others answer 503.
fn services(platform: &Platform) -> BTreeMap<String, Channel> {
    let applications = policies().applications.iter().map(|application| &application.service);
    let names = policies().services.keys().chain(applications);
    names.filter_map(|name| Some((name.clone(), platform.channel(name).ok()?))).collect()
}

fn address(platform: &Platform, setting: &str) -> Result<Option<SocketAddr>> {
    let parse = |text: &str| text.parse().map_err(|e| Error::internal(format!("`{setting}` is no address: {e}")));
    platform.setting(setting).map(parse).transpose()
}

async fn serve_public(
    platform: Platform,
    gateway: Arc<Gateway>,
    addr: SocketAddr,
    stopping: watch::Receiver<bool>,
) -> Result<()> {
    let mut certificate = EdgeCertificate::new(&platform)?;
    let (edge, term) = certificate.obtain().await?;
    let listener = bind(&platform, addr, Security::Edge(edge.clone())).await?;
    tokio::select! {
        () = edge::serve(gateway, listener, false, stopping) => Ok(()),
        ended = certificate.renew(edge, term) => ended,
    }
}

async fn serve_plain(platform: Platform, gateway: Arc<Gateway>, addr: SocketAddr, stopping: watch::Receiver<bool>) -> Result<()> {
    let listener = bind(&platform, addr, Security::Plain).await?;
    edge::serve(gateway, listener, true, stopping).await;
    Ok(())
}

/// Fails for a plain listener anywhere but on loopback.
async fn bind(platform: &Platform, addr: SocketAddr, security: Security) -> Result<Listener> {
    let bound = Listener::bind(&*platform.network(), addr, security).await;
    bound.map_err(|e| Error::internal(format!("cannot listen at {addr}: {e}")))
}
