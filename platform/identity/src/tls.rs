//! rustls configurations, all with one explicit crypto provider (a second one in the process would make the default
//! ambiguous and panic) and with time from our clock. Between services: TLS 1.3 only, nothing resumed, so that every
//! connection proves itself by the certificate of the day.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use haat_kernel::Clock;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ServerConfig};
use rustls_pki_types::UnixTime;

use crate::certificate::Chain;
use crate::error::IdentityError;
use crate::identity::Identity;
use crate::keys::KeyPair;
use crate::trust::TrustBundle;

const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));

pub(crate) fn provider() -> Arc<CryptoProvider> {
    PROVIDER.clone()
}

/// For the port of a service. With `optional_client`, clients without a certificate are let in, nameless.
pub(crate) fn server_config(
    identity: &Identity,
    bundle: &TrustBundle,
    optional_client: bool,
    clock: Clock,
) -> Result<Arc<ServerConfig>, IdentityError> {
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(ClockTime(clock)))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(bundle.client_verifier(optional_client)?)
        .with_single_cert(identity.chain.certificates().to_vec(), identity.key.private_der())?;
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

/// For calls to services, which the verifier knows by their SPIFFE id; with `identity`, the client shows its certificate.
pub(crate) fn client_config(
    bundle: &TrustBundle,
    identity: Option<&Identity>,
    clock: Clock,
) -> Result<Arc<ClientConfig>, IdentityError> {
    let builder = ClientConfig::builder_with_details(provider(), Arc::new(ClockTime(clock)))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(bundle.server_verifier());
    let mut config = match identity {
        Some(identity) => builder.with_client_auth_cert(identity.chain.certificates().to_vec(), identity.key.private_der())?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![HTTP2.to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// For the listener that the public connects to: TLS 1.2 and 1.3, no client certificates. Sessions may be resumed; the
/// store of sessions goes with the configuration.
pub(crate) fn edge_config(chain: &Chain, key: &KeyPair, clock: Clock) -> Result<Arc<ServerConfig>, IdentityError> {
    let mut config = ServerConfig::builder_with_details(provider(), Arc::new(ClockTime(clock)))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain.certificates().to_vec(), key.private_der())?;
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    Ok(Arc::new(config))
}

/// Lets a simulated clock decide what has expired.
#[derive(Debug)]
struct ClockTime(Clock);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}
