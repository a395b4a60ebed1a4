//! The sandbox provider through its HTTP API, with a receiver for its webhooks; and what it stores.

#[cfg(test)]
mod api;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tokens;
