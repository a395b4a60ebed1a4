//! What the journeys stand on: a whole platform as real processes, an HTTP client that shares no code with it, and the
//! steps that many journeys take. Nothing here sleeps and hopes: what takes time is asked for until a deadline.
//! With `HAAT_TESTS_KEEP` set, data folders stay for a look at their logs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

pub mod binary;
pub mod browser;
pub mod client;
pub mod crowd;
mod guard;
pub mod market;
pub mod platform;
pub mod poll;
pub mod purchase;
pub mod raw;
pub mod sandbox;
pub mod simulation;
pub mod smtp;
pub mod sums;

pub use client::{Answer, Client};
pub use market::Market;
pub use platform::{Options, Platform, Surroundings};
pub use poll::{until, until_ok};
