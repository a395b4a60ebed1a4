//! What the parts of one run share.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use haat_kernel::Entropy;
use haat_testkit::Cluster;

use super::faults::{Mix, Tally};
use super::history::Histories;
use super::trace::Trace;

/// The shops open first; then the storm; then everything must heal.
pub const STORM_BEGINS: Duration = Duration::from_secs(4);
pub const STORM_ENDS: Duration = Duration::from_secs(30);

/// What a day is like.
#[derive(Debug)]
pub struct Day {
    pub offers: usize,
    /// Of each offer: fewer than the buyers want together.
    pub pieces: i64,
    /// Of the coupon.
    pub redemptions: usize,
    pub buyers: usize,
    /// They come within so long.
    pub rush: Duration,
}

/// Buyers come and go all day long.
const MARKET: Day = Day { offers: 4, pieces: 5, redemptions: 3, buyers: 12, rush: Duration::from_secs(25) };
/// Everybody wants the same, and at once.
const FLASH_SALE: Day = Day { offers: 1, pieces: 8, redemptions: 2, buyers: 18, rush: Duration::from_secs(1) };

impl Day {
    pub fn is_flash_sale(&self) -> bool {
        self.offers == FLASH_SALE.offers
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct World {
    pub cluster: Cluster,
    pub day: &'static Day,
    pub trace: Trace,
    pub tally: Tally,
    pub mix: Arc<Mix>,
    pub histories: Histories,
    /// Hosts that died in the middle of a commit, until the weather has buried them.
    dead: Arc<Mutex<BTreeSet<&'static str>>>,
    seed: u64,
}

impl World {
    pub fn new(seed: u64, cluster: Cluster) -> Self {
        let day = if entropy(seed, "day").below(4) == 0 { &FLASH_SALE } else { &MARKET };
        let mix = Arc::new(Mix::new(&entropy(seed, "mix")));
        let (trace, tally, histories) = (Trace::default(), Tally::default(), Histories::default());
        World { cluster, day, trace, tally, mix, histories, dead: Arc::default(), seed }
    }

    /// Randomness of its own for each part, so that a change in one leaves the others as they were.
    pub fn entropy(&self, part: &str) -> Entropy {
        entropy(self.seed, part)
    }

    pub fn die(&self, host: &'static str) {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).insert(host);
    }

    pub fn take_dead(&self) -> BTreeSet<&'static str> {
        std::mem::take(&mut *self.dead.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn entropy(seed: u64, part: &str) -> Entropy {
    Entropy::seeded(part.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}

/// Whether faults may strike at this moment of the simulation. Inside of a host.
pub fn is_stormy() -> bool {
    turmoil::sim_elapsed().is_some_and(|at| (STORM_BEGINS..STORM_ENDS).contains(&at))
}
