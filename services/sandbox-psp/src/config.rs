//! What one sandbox provider is told at its start.

use std::net::SocketAddr;
use std::time::Duration;

use crate::signature::WebhookSecret;

#[derive(Clone, Debug)]
pub struct Config {
    /// Loopback only: there is no TLS. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Under which a buyer's browser reaches this server, without a slash at the end; none: the bound address.
    pub public_url: Option<String>,
    /// Where webhooks go, an `http://` URL; none: only to those that charges name.
    pub webhook_url: Option<String>,
    pub webhook_secret: WebhookSecret,
    /// Demanded as a bearer token on `/v1/*`; none: everybody may ask.
    pub api_key: Option<String>,
    pub delays: Delays,
}

/// How long the misbehaving tokens let one wait, and a receiver of webhooks is given.
#[derive(Clone, Copy, Debug)]
pub struct Delays {
    /// An authorize request without an answer is held this long; longer than any client waits.
    pub hold: Duration,
    /// From such a request to its truth.
    pub settle: Duration,
    /// From that truth to its webhook.
    pub webhook_after_settling: Duration,
    /// From an event to its webhook, for `tok_late_webhook`.
    pub late_webhook: Duration,
    /// From an event to the last copy of its webhook, for `tok_duplicate_webhook`: behind the webhooks of what follows.
    pub last_copy: Duration,
    /// From a webhook that was not taken to the next attempt; doubles each time.
    pub first_retry: Duration,
}

impl Default for Delays {
    fn default() -> Self {
        Delays {
            hold: Duration::from_secs(30),
            settle: Duration::from_secs(2),
            webhook_after_settling: Duration::from_secs(5),
            late_webhook: Duration::from_secs(60),
            last_copy: Duration::from_secs(4),
            first_retry: Duration::from_secs(1),
        }
    }
}
