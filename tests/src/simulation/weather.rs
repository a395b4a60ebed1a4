//! What happens to the hosts of a simulation: crashes with a restart, and links that are cut and mended, at moments that the
//! seed decides. After the storm everything is mended and stays up.

use std::time::Duration;

use haat_kernel::Entropy;
use turmoil::Sim;

/// The shops open first; then the storm; then everything must heal.
const STORM_BEGINS: Duration = Duration::from_secs(4);
const STORM_ENDS: Duration = Duration::from_secs(30);
const CRASHES_MAX: u64 = 8;
const CUTS_MAX: u64 = 3;

pub struct Weather {
    /// Latest first, so that the next is at the end.
    plan: Vec<(Duration, Event)>,
    pub crashes: usize,
    pub cuts: usize,
}

enum Event {
    Crash(&'static str),
    Start(&'static str),
    Cut(&'static str, &'static str),
    Mend(&'static str, &'static str),
}

impl Weather {
    pub fn new(seed: u64, hosts: Vec<&'static str>) -> Self {
        let entropy = Entropy::seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let any = || hosts[usize::try_from(entropy.below(hosts.len() as u64)).unwrap_or(0)];
        let moment = || {
            let span = u64::try_from((STORM_ENDS - STORM_BEGINS).as_millis()).unwrap_or(0);
            STORM_BEGINS + Duration::from_millis(entropy.below(span))
        };
        let mut plan = Vec::new();
        for _ in 0..entropy.below(CRASHES_MAX + 1) {
            let (host, at) = (any(), moment());
            plan.push((at, Event::Crash(host)));
            plan.push((at + Duration::from_millis(20 + entropy.below(6_000)), Event::Start(host)));
        }
        for _ in 0..entropy.below(CUTS_MAX + 1) {
            let (a, b, at) = (any(), any(), moment());
            if a != b {
                plan.push((at, Event::Cut(a, b)));
                plan.push((at + Duration::from_millis(200 + entropy.below(12_000)), Event::Mend(a, b)));
            }
        }
        plan.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Weather { plan, crashes: 0, cuts: 0 }
    }

    /// Lets happen what is due.
    pub fn pass(&mut self, sim: &mut Sim<'_>) {
        while self.plan.last().is_some_and(|(at, _)| *at <= sim.elapsed()) {
            match self.plan.pop() {
                Some((_, Event::Crash(host))) if sim.is_host_running(host) => {
                    self.crashes += 1;
                    sim.crash(host);
                }
                Some((_, Event::Start(host))) if !sim.is_host_running(host) => sim.bounce(host),
                Some((_, Event::Cut(a, b))) => {
                    self.cuts += 1;
                    sim.partition(a, b);
                }
                Some((_, Event::Mend(a, b))) => sim.repair(a, b),
                _ => {}
            }
        }
    }
}
