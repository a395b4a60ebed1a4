//! What was so a moment ago, for things that many pages show and that change seldom. Nobody waits for a newer one while another
//! asks; without an answer the last one stays.

use std::future::Future;
use std::sync::Arc;

use haat_kernel::Result;
use haat_web::Visit;
use parking_lot::RwLock;

/// Cheap to clone; clones know the same.
#[derive(Clone, Default)]
pub struct Lately<T>(Arc<RwLock<Known<T>>>);

#[derive(Default)]
struct Known<T> {
    value: T,
    /// Unix seconds.
    asked: i64,
}

impl<T: Clone> Lately<T> {
    pub fn value(&self) -> T {
        self.0.read().value.clone()
    }

    /// Asks again when `fresh_s` are over. What is not there yet (None) is asked for again by the next page.
    pub async fn refresh(&self, visit: &Visit, fresh_s: i64, ask: impl Future<Output = Result<Option<T>>>) {
        let now = visit.now().as_second();
        if now < self.0.read().asked + fresh_s {
            return;
        }
        self.0.write().asked = now;
        match ask.await {
            Ok(Some(value)) => *self.0.write() = Known { value, asked: now },
            Ok(None) => self.0.write().asked = 0,
            Err(error) => tracing::warn!(%error, "a page does without the newest"),
        }
    }
}
