//! What the binary is made of. The roster and the books check are also used by the simulation.

pub mod admin;
pub mod certs;
pub mod check;
pub mod cli;
pub mod client;
pub mod demo;
pub mod events;
pub mod layout;
pub mod plan;
pub mod program;
pub mod roster;
pub mod run;
pub mod terminal;
pub mod up;
