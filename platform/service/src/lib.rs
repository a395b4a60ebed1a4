//! The runtime of one service: it wires store, identity, transport and contracts together, starts, tells its health,
//! reads the feeds it reacts to, fires timers, renews its certificate, and drains on stop. A service says what it is in a
//! `Definition`; everything else is the same for all.
//!
//! Reading order: `definition`, `platform`, `events`, `books`, `run`, then what `run` starts.

mod bare;
mod books;
mod definition;
mod enrollment;
mod events;
mod feed_reader;
mod feed_server;
mod health;
mod metrics;
mod operations;
mod platform;
mod run;
mod timers;

pub use bare::Bare;
pub use books::{Audit, Book, Books, Depth, Entry};
pub use definition::{Definition, OnTimer, Publisher, Reaction, Wiring};
pub use enrollment::{enroll, renew};
pub use events::{FeedEvent, PublicEvent};
pub use operations::{Stuck, StuckItem};
pub use platform::{Config, Endpoints, Environment, Platform};
pub use run::run;
