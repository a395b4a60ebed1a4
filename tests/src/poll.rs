//! Waiting for something that will be true: asked again and again until a deadline, after which the test fails and says
//! what it waited for.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep};

const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_millis(500);

/// Asks until there is an answer, for `seconds` at most.
pub async fn until<T>(seconds: u64, what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    until_ok(seconds, what, async || ask().await.ok_or("not yet")).await
}

/// The same for who can tell why there is no answer yet: the last reason is in the failure.
pub async fn until_ok<T, E: Display>(seconds: u64, what: &str, mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut pause = PAUSE_MIN;
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(reason) => assert!(Instant::now() < deadline, "not within {seconds} s: {what} ({reason})"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}
