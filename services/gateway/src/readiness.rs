//! Whether the gateway is of use: its listeners are open, keys for tokens are at hand and every service has answered. Once
//! ready it stays so until it stops: a service that is down fails its own calls, and takes nothing else with it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use haat_kernel::{Clock, Result};
use haat_rpc::Channel;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::call;
use crate::keys::Keys;

const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Cheap to clone; clones share the state.
#[derive(Clone, Debug)]
pub struct Readiness(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    is_ready: AtomicBool,
    /// Listeners that are still to open.
    opening: watch::Sender<usize>,
}

impl Readiness {
    /// `listeners` will say `opened`.
    pub fn new(listeners: usize) -> Self {
        Readiness(Arc::new(Shared { is_ready: AtomicBool::new(false), opening: watch::Sender::new(listeners) }))
    }

    pub fn is_ready(&self) -> bool {
        self.0.is_ready.load(Ordering::Acquire)
    }

    pub fn set(&self, is_ready: bool) {
        self.0.is_ready.store(is_ready, Ordering::Release);
    }

    pub fn opened(&self) {
        self.0.opening.send_modify(|left| *left = left.saturating_sub(1));
    }

    /// Looks until everything is there, and rests for as long as the gateway runs.
    pub async fn watch(self, keys: Arc<Keys>, services: BTreeMap<String, Channel>, clock: Clock) -> Result<()> {
        for (service, channel) in services {
            while !call::is_serving(channel.clone(), clock).await {
                sleep(LOOK_INTERVAL).await;
            }
            tracing::debug!(service, "answers");
        }
        while keys.is_empty() {
            sleep(LOOK_INTERVAL).await;
        }
        // The sender is our own: it cannot be gone.
        let _ = self.0.opening.subscribe().wait_for(|left| *left == 0).await;
        self.set(true);
        tracing::info!("the gateway is ready");
        std::future::pending().await
    }
}
