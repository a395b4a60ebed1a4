//! How a process gets its certificate from the authority, and keeps it fresh. Its key is made here and never leaves.

use std::time::Duration;

use haat_contracts::authority::authority_client::AuthorityClient;
use haat_contracts::authority::{Certificate, EnrollRequest, RenewRequest};
use haat_identity::{Chain, Identity, KeyPair, LiveIdentity, SpiffeId, TrustBundle};
use haat_kernel::{Clock, Ctx, Entropy, Result};
use haat_rpc::Channel;
use haat_transport::{Connector, Network, channel};
use std::sync::Arc;
use tokio::time::sleep;

use crate::platform::Environment;

const AUTHORITY: &str = "authority";
const RETRY: Duration = Duration::from_secs(5);

/// Trades a single-use join token for a first identity. `root_pem` is the root that the authority must chain to.
pub async fn enroll(
    network: Arc<dyn Network>,
    address: &str,
    root_pem: &str,
    join_token: &str,
    clock: Clock,
    entropy: Entropy,
) -> Result<LiveIdentity> {
    let bundle = TrustBundle::from_pem(root_pem)?;
    let connector = Connector::anonymous(network, &bundle, clock, &SpiffeId::of(AUTHORITY)?)?;
    let channel = channel(connector, address).map_err(haat_kernel::Error::internal)?;
    let channel = Channel::new(AUTHORITY, vec![channel], entropy, haat_telemetry::Metrics::default());
    let key = KeyPair::generate()?;
    let request = EnrollRequest { join_token: join_token.to_owned(), csr: key.signing_request()? };
    let ctx = Ctx::internal("enrollment", "enroll", clock.now());
    let mut client = AuthorityClient::new(channel);
    let certificate = haat_rpc::send(&ctx, request, |r| client.enroll(r)).await?;
    LiveIdentity::new(identity(certificate, key)?, bundle, clock).map_err(Into::into)
}

fn identity(certificate: Certificate, key: KeyPair) -> Result<Identity> {
    Ok(Identity::new(Chain::from_der(certificate.chain)?, key)?)
}

/// Renews the process's certificate at half its life, for as long as it runs. The authority renews its own. Fails once the
/// certificate is not good any more, because the clock has jumped: then nobody, the authority included, believes who the
/// process is, and only a new join token helps.
pub async fn renew(name: &'static str, environment: Environment, authority: Channel) -> Result<()> {
    let Environment { clock, entropy, identity: live, metrics, .. } = environment;
    let mut client = AuthorityClient::new(authority);
    loop {
        let term = live.identity().term(&entropy);
        metrics.certificate_expiry(term.not_after.as_second());
        term.renewal_due(clock).await;
        let key = KeyPair::generate()?;
        let request = RenewRequest { csr: key.signing_request()? };
        let ctx = Ctx::internal(name, "renew", clock.now());
        let renewed = haat_rpc::send(&ctx, request, |r| client.renew(r)).await.and_then(|c| identity(c, key));
        match renewed.and_then(|identity| live.rotate(identity).map_err(Into::into)) {
            Ok(()) => tracing::info!(not_after = %live.not_after(), "the certificate was renewed"),
            Err(error) if !term.is_good(clock.now()) => {
                return Err(error.with_context("the certificate is not good any more: a new join token is needed"));
            }
            Err(error) => {
                tracing::warn!(%error, "the certificate could not be renewed yet");
                sleep(RETRY).await;
            }
        }
    }
}
