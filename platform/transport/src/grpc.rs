//! gRPC channels and servers with the settings that every service shares. Keepalive runs on every connection, both ways:
//! after a network partition an open connection would otherwise hang for ever.

use std::time::Duration;

use haat_kernel::Entropy;
use tonic::transport::{Channel, Endpoint, Error, Server};

use crate::connector::Connector;

pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
pub const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(3);
/// After this a server asks its clients to open a new connection, with the certificates of the day, and to finish what
/// runs on the old one.
pub const CONNECTION_AGE: Duration = Duration::from_secs(30 * 60);
const STREAMS_MAX: u32 = 1024;
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 8 << 20;
/// Calls given up before the server began them (deadlines under load) are no attack among our own services; hyper's
/// default of 20 is meant for strangers.
const PENDING_RESETS_MAX: usize = 512;

/// A channel to `authority` (`host:port`) that connects at its first call and again whenever the connection is lost.
pub fn channel(connector: Connector, authority: &str) -> Result<Channel, Error> {
    // The scheme is only a label of the requests: what secures the connection is the connector.
    let endpoint = Endpoint::from_shared(format!("http://{authority}"))?
        .http2_keep_alive_interval(KEEPALIVE_INTERVAL)
        .keep_alive_timeout(KEEPALIVE_TIMEOUT)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
    Ok(endpoint.connect_with_connector_lazy(connector))
}

/// A server for `serve_with_incoming_shutdown`. The age of its connections varies by ± 10 % from process to process, so
/// that replicas started together do not send their clients away together.
pub fn server_builder(entropy: &Entropy) -> Server {
    // Without tonic's grace period, which would cut calls off instead of asking clients to leave.
    let per_mille = u32::try_from(900 + entropy.below(201)).unwrap_or(1000);
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS_MAX))
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(STREAMS_MAX)
        .max_connection_age(CONNECTION_AGE / 1000 * per_mille)
}
