//! Answers that anybody may see, kept for the seconds that their contract allows. Only what was asked for without a token
//! comes in or goes out, so nobody's drafts or prices leak. When an answer is missing or old, one request fetches it and
//! the others wait. Bounded by bytes. The host is not part of the key, because no answer depends on it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache as Bounded;
use tokio::time::Instant;

use crate::answer::Content;
use crate::problem::Problem;

const BYTES_MAX: u64 = 64 << 20;
/// What an entry costs beside its key and body.
const ENTRY_BYTES: usize = 256;

pub struct Cache(Bounded<String, Arc<Entry>>);

struct Entry {
    /// A refusal is shared by those who waited for it, and never kept.
    outcome: Result<Content, Problem>,
    fresh_until: Instant,
}

impl Entry {
    /// By the runtime's time, which a simulation controls.
    fn is_fresh(&self) -> bool {
        self.outcome.is_ok() && Instant::now() < self.fresh_until
    }
}

impl Default for Cache {
    fn default() -> Self {
        let weigh = |key: &String, entry: &Arc<Entry>| {
            let body = entry.outcome.as_ref().map_or(0, |content| content.body.len());
            u32::try_from(key.len() + body + ENTRY_BYTES).unwrap_or(u32::MAX)
        };
        Cache(Bounded::builder().max_capacity(BYTES_MAX).weigher(weigh).build())
    }
}

impl Cache {
    /// The answer of `key`, if it is at hand.
    pub async fn get(&self, key: &str) -> Option<Content> {
        let entry = self.0.get(key).await?;
        if entry.is_fresh() { entry.outcome.as_ref().ok().cloned() } else { None }
    }

    /// The answer of `key`, made by `fill` unless somebody else is about to.
    pub async fn get_or_fill(
        &self,
        key: &str,
        keep: Duration,
        fill: impl Future<Output = Result<Content, Problem>>,
    ) -> Result<Content, Problem> {
        let init = async {
            let outcome = fill.await;
            Arc::new(Entry { outcome, fresh_until: Instant::now() + keep })
        };
        let entry = self.0.entry_by_ref(key).or_insert_with_if(init, |entry| !entry.is_fresh()).await;
        entry.value().outcome.clone()
    }
}

/// Path and query with the parameters in one order, so that the same question has the same key.
pub fn key<'u>(path: &'u str, query: Option<&str>) -> Cow<'u, str> {
    let Some(query) = query.filter(|query| !query.is_empty()) else { return Cow::Borrowed(path) };
    let mut parameters: Vec<&str> = query.split('&').filter(|parameter| !parameter.is_empty()).collect();
    // Stable: repeated parameters keep their order, which means something.
    parameters.sort_by_key(|parameter| parameter.split('=').next());
    Cow::Owned(format!("{path}?{}", parameters.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn content(text: &str) -> Content {
        Content::new(HeaderValue::from_static("text/plain"), text.as_bytes().to_vec())
    }

    #[tokio::test(start_paused = true)]
    async fn one_fetches_for_all_and_what_is_old_is_fetched_again() {
        let (cache, fetched) = (Cache::default(), AtomicU32::new(0));
        let ask = || {
            cache.get_or_fill("/v1/products/p", Duration::from_secs(2), async {
                tokio::time::sleep(Duration::from_millis(10)).await;
                Ok(content(&fetched.fetch_add(1, Ordering::SeqCst).to_string()))
            })
        };
        let (one, other) = tokio::join!(ask(), ask());
        assert_eq!((one.unwrap().body, other.unwrap().body), ("0".into(), "0".into()));
        assert_eq!(cache.get("/v1/products/p").await.unwrap().body, "0");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(cache.get("/v1/products/p").await.is_none());
        assert_eq!(ask().await.unwrap().body, "1");
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_not_kept() {
        let cache = Cache::default();
        let refused = cache.get_or_fill("k", Duration::from_secs(2), async { Err(Problem::path_not_found()) }).await;
        assert_eq!(refused.unwrap_err().status, 404);
        assert!(cache.get("k").await.is_none());
        assert_eq!(cache.get_or_fill("k", Duration::from_secs(2), async { Ok(content("x")) }).await.unwrap().body, "x");
    }

    #[test]
    fn the_same_question_has_the_same_key() {
        assert_eq!(key("/p", None), "/p");
        assert_eq!(key("/p", Some("b=2&a=1&&a=0")), key("/p", Some("a=1&a=0&b=2")));
        assert_ne!(key("/p", Some("a=1&a=0")), key("/p", Some("a=0&a=1")));
    }
}
