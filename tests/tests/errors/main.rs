//! How the API says no: the shape of every error, the limits at the edge, repeats under an idempotency key, sign-in under
//! attack, and that nothing a client can send makes it answer 5xx.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod limits;
mod nasty;
mod people;
mod repeats;
mod shapes;

use haat_tests::{Market, Options, Platform};
use tokio::sync::OnceCell;

async fn market() -> Market<'static> {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    Market::of(PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(8) })).await)
}
