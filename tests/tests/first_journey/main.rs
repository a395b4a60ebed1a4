//! From an empty cart to two delivered promises: the first journey of the API, step by step, and what may happen on the way.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod buying;
mod carts;
mod coupons;
mod entrance;
mod money;
mod orders;

use haat_tests::{Market, Options, Platform};
use tokio::sync::OnceCell;

async fn market() -> Market<'static> {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    Market::of(PLATFORM.get_or_init(|| Platform::start(Options::default())).await)
}
