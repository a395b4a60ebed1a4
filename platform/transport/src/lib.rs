//! Connections: one listener and one connector, for gRPC, HTTP and tests alike, over a network that a simulator can
//! replace. Every connection but loopback ones is TLS; the certificates are the current ones of a `LiveIdentity`, taken
//! anew for each connection, so that rotation needs no restart. A connection ends when it is old or its peer is revoked.
//!
//! Reading order: `network`, `listener`, `connection`, `connector`, `grpc`, `delivery`, `http_client`.

pub mod connection;
pub mod connector;
pub mod delivery;
mod gathered;
pub mod grpc;
pub mod http_client;
pub mod listener;
pub mod network;
#[cfg(feature = "simulated")]
pub mod simulated;

pub use connection::{Alpn, Connection, Peer};
pub use connector::Connector;
pub use delivery::{Delivery, delivery};
pub use grpc::{channel, server_builder};
pub use http_client::{HttpClient, http_client};
pub use listener::{Incoming, Limits, Listener, Security};
pub use network::{Acceptor, Io, Network, Tcp};
#[cfg(feature = "simulated")]
pub use simulated::Simulated;
