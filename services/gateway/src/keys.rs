//! The public keys that access tokens are verified with. Fetched from `users`, again when a token names an unknown one
//! (once for all who wait, and not too often), and from time to time, so that a withdrawn key stops counting. Keys that
//! were once fetched stay through an outage of `users`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use haat_kernel::{Error, Result};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};

const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
/// Between two fetches because of unknown keys, or anybody could make us fetch all the time.
const FETCH_INTERVAL_MIN: Duration = Duration::from_secs(5);
const REFRESH_INTERVAL: Duration = Duration::from_secs(60);
/// While there are no keys at all.
const RETRY_INTERVAL: Duration = Duration::from_millis(250);
const KEYS_MAX: usize = 32;

/// Where the keys come from: the JSON of RFC 7517.
#[async_trait]
pub trait KeySource: Send + Sync + 'static {
    async fn fetch(&self) -> Result<Vec<u8>>;
}

pub struct Key {
    /// The one algorithm that this key is for, whatever a token says.
    pub algorithm: Algorithm,
    pub decoding: DecodingKey,
}

type KeyMap = BTreeMap<String, Arc<Key>>;

pub struct Keys {
    source: Box<dyn KeySource>,
    current: ArcSwap<KeyMap>,
    /// When keys were last asked for. Held while they are.
    asked: Mutex<Option<Instant>>,
}

impl Keys {
    pub fn new(source: impl KeySource) -> Self {
        Keys { source: Box::new(source), current: ArcSwap::default(), asked: Mutex::new(None) }
    }

    pub fn is_empty(&self) -> bool {
        self.current.load().is_empty()
    }

    pub fn contains(&self, id: &str) -> bool {
        self.current.load().contains_key(id)
    }

    /// None for a key that `users` does not know either; fails while no key could be fetched yet.
    pub async fn find(&self, id: &str) -> Result<Option<Arc<Key>>> {
        if let Some(key) = self.current.load().get(id) {
            return Ok(Some(key.clone()));
        }
        self.fetch_unless_recent().await;
        let current = self.current.load();
        if current.is_empty() {
            return Err(Error::unavailable("no keys for tokens could be fetched yet"));
        }
        Ok(current.get(id).cloned())
    }

    async fn fetch_unless_recent(&self) {
        let mut asked = self.asked.lock().await;
        let interval = if self.is_empty() { RETRY_INTERVAL } else { FETCH_INTERVAL_MIN };
        if asked.is_some_and(|at| at.elapsed() < interval) {
            return;
        }
        self.fetch().await;
        *asked = Some(Instant::now());
    }

    async fn fetch(&self) {
        let fetched = timeout(FETCH_TIMEOUT, self.source.fetch()).await;
        match fetched.unwrap_or_else(|_| Err(Error::unavailable("the keys did not arrive in time"))).and_then(|json| read(&json))
        {
            Ok(keys) => self.current.store(Arc::new(keys)),
            Err(error) => tracing::warn!(%error, "the keys for tokens could not be fetched; those at hand stay"),
        }
    }

    /// Keeps the keys fresh, for as long as the gateway runs.
    pub async fn refresh(self: Arc<Self>) -> Result<()> {
        loop {
            self.fetch_unless_recent().await;
            sleep(if self.is_empty() { RETRY_INTERVAL } else { REFRESH_INTERVAL }).await;
        }
    }
}

/// A set without one usable key is an error: it would lock everybody out.
fn read(json: &[u8]) -> Result<KeyMap> {
    let set: JwkSet = serde_json::from_slice(json).map_err(|e| Error::internal(format!("unreadable key set: {e}")))?;
    let keys: KeyMap = set.keys.iter().take(KEYS_MAX).filter_map(usable).collect();
    if keys.is_empty() { Err(Error::internal("the key set has no usable key")) } else { Ok(keys) }
}

fn usable(jwk: &Jwk) -> Option<(String, Arc<Key>)> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => Algorithm::ES256,
        _ => return None,
    };
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, Arc::new(Key { algorithm, decoding })))
}
