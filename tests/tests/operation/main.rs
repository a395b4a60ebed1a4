//! Running the platform: starting, stopping, what goes wrong at the start, the tools, and who is let in between services.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod books;
mod identities;
mod lifecycle;
