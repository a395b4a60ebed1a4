//! A whole cluster in one test process: every service a host of a simulated network, on a clock that only the simulation
//! moves, with randomness from a seed and stores that keep exactly what had been committed when a service is crashed.
//! The code under test is the real one, mutual TLS included; only the authority is played, by a CA made for the run.

mod cluster;
mod solo;

pub use cluster::{Cluster, EPOCH, PORT};
pub use solo::platform;
