//! A payment provider that is slow for all, lies about amounts, fails, answers twice, and hangs, as the dice fall. What it
//! does with money is right: so Haat must ask until it knows.

use haat_tests::crowd::Crowd;
use haat_tests::{Options, Platform};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_lies_is_asked_until_it_is_understood() {
    let platform = Platform::start(Options { demo: Some(2) }).await;
    let crowd = Crowd::paying(&platform, &["tok_wild"]).await;
    let bought = crowd.buy_while(async || {}).await;
    crowd.assert_sound(&bought).await;
    crowd.assert_polite();
}
