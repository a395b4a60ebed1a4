//! Calls between services: what a server checks before a handler sees a call, what a client does around one, and how a
//! failure and its context travel. The rules of each call (callers, roles, deadline, repeatable) come from its contract.
//!
//! Reading order: `call` and `send` (what services write), `metadata`, `status`, `guard` (server), `channel` (client).

mod breaker;
mod budget;
mod call;
mod channel;
mod frame;
mod guard;
mod idempotency;
mod metadata;
mod status;
pub mod tap;

pub use breaker::BreakerState;
pub use call::{call, send};
pub use channel::Channel;
pub use guard::{Guard, GuardLayer};
pub use metadata::{context_into, request_with};
pub use status::{error, status};
