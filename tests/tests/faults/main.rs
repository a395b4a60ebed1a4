//! Real faults on real processes: full, failing and lying disks, clocks that jump, bad networks, too few files and too little
//! memory, a provider out of its mind. Each comes while a crowd buys, and goes. Afterwards every checkout has ended, the
//! books balance, and nobody was charged without an order; and whoever had to wait was told so by a problem.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod clock;
mod disk;
mod full;
mod limits;
mod machine;
mod network;
mod provider;
