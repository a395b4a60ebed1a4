//! The sandbox provider through its HTTP API, with a receiver for its webhooks; and what it stores.

mod api;
mod golden;
mod simulation;
mod support;
mod tokens;
