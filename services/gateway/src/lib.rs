//! The gateway: the one door from the public network.

pub mod problem;
pub mod routes;
pub mod template;
pub mod transcode;
