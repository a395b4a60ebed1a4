//! One measurement: a load, and what every process used for it, what it left to be done behind included.

use std::collections::BTreeMap;
use std::fmt::{Display, Formatter};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Result;
use crate::load::{Worker, closed, open};
use crate::platform::Platform;
use crate::tally::{Durations, Tally};
use crate::usage::{Cpu, own_cpu};

const WARM_UP_MAX: Duration = Duration::from_secs(1);
/// The platform is at rest when it used less than this share of a core for so long.
const REST_SHARE: f64 = 0.08;
const REST_TIME: Duration = Duration::from_millis(300);
const REST_MAX: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
pub enum Load {
    Closed,
    /// So many turns a second.
    Open(f64),
}

pub struct Measured {
    pub load: Load,
    pub workers: usize,
    pub tally: Tally,
    pub per_second: f64,
    /// Of each process, for a turn.
    pub cpu: BTreeMap<String, Duration>,
    /// Of the load generator, for a turn.
    pub generator: Duration,
}

impl Measured {
    pub fn turns(&self) -> &Durations {
        &self.tally.turns
    }

    /// Of all processes of the platform, for a turn.
    pub fn cpu_in_all(&self) -> Duration {
        self.cpu.values().sum()
    }

    pub fn cpu_of(&self, process: &str) -> Duration {
        self.cpu.get(process).copied().unwrap_or_default()
    }
}

impl Display for Load {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Load::Closed => f.write_str("closed"),
            Load::Open(per_second) => write!(f, "open, {per_second:.0} a second"),
        }
    }
}

/// Lets the workers run for `time`, after a short time that does not count.
pub async fn measure<W: Worker>(platform: &Platform, workers: &mut [W], load: Load, time: Duration) -> Result<Measured> {
    closed(workers, WARM_UP_MAX.min(time)).await;
    measure_cold(platform, workers, load, time).await
}

/// The same for what can be done only once.
pub async fn measure_cold<W: Worker>(platform: &Platform, workers: &mut [W], load: Load, time: Duration) -> Result<Measured> {
    let pids = platform.pids()?;
    rest(platform).await?;
    let (cpu, generator, began) = (Cpu::of(&pids)?, own_cpu()?, Instant::now());
    let tally = match load {
        Load::Closed => closed(workers, time).await,
        Load::Open(per_second) => open(workers, per_second, time).await?,
    };
    let (took, generator) = (began.elapsed(), own_cpu()?.saturating_sub(generator));
    rest(platform).await?;
    let turns = u32::try_from(tally.turns.count() + tally.failed())?.max(1);
    let used = Cpu::of(&pids)?.since(&cpu);
    Ok(Measured {
        load,
        workers: workers.len(),
        per_second: f64::from(turns) / took.as_secs_f64(),
        cpu: used.into_iter().map(|(name, used)| (name, used / turns)).collect(),
        generator: generator / turns,
        tally,
    })
}

/// Waits until nothing moves any more.
pub async fn rest(platform: &Platform) -> Result<()> {
    let pids = platform.pids()?;
    let until = Instant::now() + REST_MAX;
    let mut before = Cpu::of(&pids)?.total();
    loop {
        sleep(REST_TIME).await;
        let now = Cpu::of(&pids)?.total();
        if now.saturating_sub(before) < REST_TIME.mul_f64(REST_SHARE) || Instant::now() >= until {
            return Ok(());
        }
        before = now;
    }
}

/// What the platform uses while nobody asks anything, as a share of one core.
pub async fn idle_share(platform: &Platform) -> Result<f64> {
    const TIME: Duration = Duration::from_secs(2);
    let pids = platform.pids()?;
    rest(platform).await?;
    let before = Cpu::of(&pids)?.total();
    sleep(TIME).await;
    Ok((Cpu::of(&pids)?.total() - before).as_secs_f64() / TIME.as_secs_f64())
}
