//! What happens when more is asked for than can be done: how much is still answered and how quickly, whether health and a call
//! to another service stay as they are meanwhile, and how soon afterwards everything is as before. Whoever is refused
//! goes away; whoever comes does so at the rate that was meant, however the platform fares.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use http::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::client::{Client, Unexpected, Version};
use crate::load::{Worker, closed, open};
use crate::market::sign_in;
use crate::measure::rest;
use crate::platform::Platform;
use crate::tally::{Calls, Durations, Tally};

/// As many as the gateway lets in and lets wait, and as many again: nobody who is due has to wait for another's answer.
pub const CROWD: usize = 256;
/// How many at once it takes to do as much as can be done.
const PEAK_WORKERS: usize = 32;
const TIMES: [f64; 2] = [1.0, 3.0];
const ANSWERED: &str = "answered";
const REFUSED: &str = "refused";
const PROBE_EVERY: Duration = Duration::from_millis(20);
/// It is over when so many answers in a row take no longer than this many times what they did before.
const CALM_ANSWERS: usize = 10;
const CALM_TIMES: u32 = 3;
const CALM_MAX: Duration = Duration::from_secs(60);
/// The service that does nothing for a while.
const HUNG: &str = "catalog";

pub struct Overload {
    pub what: &'static str,
    /// Turns a second of a closed load.
    pub peak: f64,
    pub phases: Vec<Phase>,
    /// After the last of them.
    pub calm_after: Duration,
}

/// One load, and what was seen beside it.
pub struct Phase {
    pub load: String,
    pub asked: f64,
    pub answered: f64,
    pub refused: f64,
    /// So often each.
    pub failures: BTreeMap<String, u64>,
    /// Of the turns that were answered.
    pub durations: Durations,
    pub beside: Beside,
}

#[derive(Default)]
pub struct Beside {
    pub health: Durations,
    /// `GET /v1/users/me`, signed in.
    pub account: Durations,
    pub failed: u64,
}

/// Loads `platform` with turns of `workers` beyond its peak, and then, where it asks one service only, while that hangs.
pub async fn run<W: Worker>(
    platform: &Platform,
    what: &'static str,
    workers: Vec<W>,
    time: Duration,
    is_hung: bool,
) -> Result<Overload> {
    let mut crowd: Vec<Guest<W>> = workers.into_iter().map(Guest).collect();
    closed(&mut crowd[..PEAK_WORKERS], time / 4).await;
    rest(platform).await?;
    let began = Instant::now();
    let quiet = closed(&mut crowd[..PEAK_WORKERS], time).await;
    let peak = quiet.turns.count() as f64 / began.elapsed().as_secs_f64();
    let mut phases = Vec::new();
    for times in TIMES {
        rest(platform).await?;
        phases.push(phase(platform, &mut crowd, format!("{times:.0} ×"), peak * times, time).await?);
    }
    let calm_after = calm(&mut crowd[0], quiet.turns.at(0.5)).await?;
    if is_hung {
        let hung = Hung::new(platform, HUNG)?;
        phases.push(phase(platform, &mut crowd, format!("1 ×, {HUNG} hangs"), peak, time).await?);
        drop(hung);
    }
    Ok(Overload { what, peak, phases, calm_after })
}

async fn phase<W: Worker>(
    platform: &Platform,
    crowd: &mut [Guest<W>],
    load: String,
    per_second: f64,
    time: Duration,
) -> Result<Phase> {
    println!("overload, {load}, {per_second:.0} a second …");
    let began = Instant::now();
    let (tally, beside) = beside(platform, open(crowd, per_second, time)).await?;
    let (tally, took): (Tally, f64) = (tally?, began.elapsed().as_secs_f64());
    let of = |name: &str| tally.calls.iter().find(|(other, _)| *other == name).map(|(_, durations)| durations.clone());
    let durations = of(ANSWERED).unwrap_or_default();
    let rate = |count: u64| count as f64 / took;
    Ok(Phase {
        load,
        asked: per_second,
        answered: rate(durations.count()),
        refused: rate(of(REFUSED).map_or(0, |refused| refused.count())),
        failures: tally.failures,
        durations,
        beside,
    })
}

/// Somebody whose turn is answered or refused; both are as they should be.
struct Guest<W>(W);

impl<W: Worker> Worker for Guest<W> {
    async fn turn(&mut self, calls: &mut Calls) -> Result<()> {
        let began = Instant::now();
        match self.0.turn(&mut Calls::default()).await {
            Ok(()) => calls.add(ANSWERED, began),
            Err(error) if error.downcast_ref().is_some_and(Unexpected::is_for_now) => calls.add(REFUSED, began),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Looks now and then at what the load should not touch.
async fn beside<T>(platform: &Platform, load: impl Future<Output = T>) -> Result<(T, Beside)> {
    let accounts = platform.accounts().ok_or("there are no demo accounts")?;
    let mut health = Client::connect(&platform.target, Version::Plain).await?;
    let mut account = Client::connect(&platform.target, Version::Http1).await?;
    let token = sign_in(&mut account, &accounts.buyer).await?;
    account.sign_in(&token)?;
    let mut beside = Beside::default();
    let mut load = pin!(load);
    let outcome = loop {
        let looking = async {
            let is_well = probe(&mut health, "/healthz", &mut beside.health).await;
            let is_answered = probe(&mut account, "/v1/users/me", &mut beside.account).await;
            beside.failed += u64::from(!is_well) + u64::from(!is_answered);
            sleep(PROBE_EVERY).await;
        };
        tokio::select! {
            outcome = &mut load => break outcome,
            () = looking => {}
        }
    };
    Ok((outcome, beside))
}

async fn probe(client: &mut Client, path: &str, durations: &mut Durations) -> bool {
    let began = Instant::now();
    let is_ok = client.get(path).await.is_ok_and(|answer| answer.status == StatusCode::OK);
    durations.add(began.elapsed());
    is_ok
}

/// How long until answers come as quickly as usual.
async fn calm<W: Worker>(guest: &mut Guest<W>, usual: Duration) -> Result<Duration> {
    let began = Instant::now();
    let mut in_a_row = 0;
    while in_a_row < CALM_ANSWERS {
        if began.elapsed() > CALM_MAX {
            return Err("the platform does not recover".into());
        }
        let turn = Instant::now();
        let is_quick = guest.0.turn(&mut Calls::default()).await.is_ok() && turn.elapsed() <= usual * CALM_TIMES;
        in_a_row = if is_quick { in_a_row + 1 } else { 0 };
    }
    Ok(began.elapsed())
}

/// A process that does nothing until this is dropped.
struct Hung(Pid);

impl Hung {
    fn new(platform: &Platform, name: &str) -> Result<Self> {
        let pid = platform.pids()?.remove(name).and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        let pid = pid.ok_or_else(|| format!("there is no process {name}"))?;
        kill_process(pid, Signal::STOP)?;
        Ok(Hung(pid))
    }
}

impl Drop for Hung {
    fn drop(&mut self) {
        // It may have ended meanwhile.
        let _ = kill_process(self.0, Signal::CONT);
    }
}
