//! What happens to hosts, links and clocks: crashes with a restart, links that are cut, held back or slow, clocks that
//! jump, at moments that the seed decides. After the storm everything is mended and stays up.

use std::collections::BTreeSet;
use std::time::Duration;

use haat_contracts::policy::policies;
use haat_kernel::Entropy;
use turmoil::Sim;

use super::faults::Fault;
use super::world::{STORM_BEGINS, STORM_ENDS, World};
use super::{GATEWAY, PSP, STREET};

const DOWN_MAX_MS: u64 = 6_000;
const CUT_MAX_MS: u64 = 12_000;
/// One outage in so many lasts `LONGER` times as long: until those who wait for it give up.
const LONG_ONE_IN: u64 = 5;
const LONGER: u64 = 5;
const SLOW: Duration = Duration::from_millis(700);
/// As fast as links are otherwise.
const USUAL: Duration = Duration::from_millis(12);
/// How far a clock goes wrong: fast by minutes at most, slow by less than certificates are dated back.
const CLOCK_JUMPS_MS: [i64; 6] = [-40_000, 2_000, 61_000, 1_000_000, 1_000_000, 1_000_000];
const CLOCK_FAST_MAX_MS: i64 = 200_000;

pub struct Weather {
    world: World,
    entropy: Entropy,
    /// Latest first, so that the next is at the end.
    plan: Vec<(Duration, Event)>,
}

#[derive(Clone, Copy, Debug)]
enum Event {
    Crash(&'static str),
    Start(&'static str),
    Cut(&'static str, &'static str),
    CutOneWay(&'static str, &'static str),
    Mend(&'static str, &'static str),
    Hold(&'static str, &'static str),
    LetGo(&'static str, &'static str),
    Slow(&'static str, &'static str),
    Quick(&'static str, &'static str),
    Clock(&'static str, i64),
}

impl Weather {
    pub fn new(world: World, hosts: &[&'static str]) -> Self {
        let entropy = world.entropy("weather");
        let mut weather = Weather { world, entropy, plan: Vec::new() };
        for _ in 0..weather.times(Fault::Crash, 4) {
            let (host, at) = (weather.one_of(hosts), weather.moment());
            weather.plan.push((at, Event::Crash(host)));
            let down = weather.outage(DOWN_MAX_MS);
            weather.plan.push((at + down, Event::Start(host)));
        }
        let links = links(hosts);
        weather.plan_links(&links, Fault::Partition, Event::Cut, Event::Mend);
        weather.plan_links(&links, Fault::PartitionOneWay, Event::CutOneWay, Event::Mend);
        weather.plan_links(&links, Fault::Held, Event::Hold, Event::LetGo);
        weather.plan_links(&links, Fault::SlowLink, Event::Slow, Event::Quick);
        for _ in 0..weather.times(Fault::ClockWrong, 3) {
            // Where most expires.
            let host = if weather.entropy.below(3) == 0 { "inventory" } else { weather.one_of(hosts) };
            let at = weather.moment();
            let jump = CLOCK_JUMPS_MS[usize::try_from(weather.entropy.below(CLOCK_JUMPS_MS.len() as u64)).unwrap_or(0)];
            // Elsewhere a timer that was set meanwhile would keep everybody waiting for as long.
            let jump = if host == "inventory" { jump } else { jump.min(CLOCK_FAST_MAX_MS) };
            weather.plan.push((at, Event::Clock(host, jump)));
            weather.plan.push((STORM_ENDS, Event::Clock(host, 0)));
        }
        weather.sort();
        weather
    }

    fn plan_links(&mut self, links: &[Link], fault: Fault, begin: LinkEvent, end: LinkEvent) {
        for _ in 0..self.times(fault, 3) {
            let ((a, b), at) = (self.one_of(links), self.moment());
            let (a, b) = if self.entropy.below(2) == 0 { (a, b) } else { (b, a) };
            let until = at + self.outage(CUT_MAX_MS);
            self.plan.push((at, begin(a, b)));
            self.plan.push((until, end(a, b)));
        }
    }

    fn times(&self, fault: Fault, per_force: u64) -> u64 {
        self.entropy.below(self.world.mix.force(fault) * per_force + 1)
    }

    fn one_of<T: Copy>(&self, all: &[T]) -> T {
        all[usize::try_from(self.entropy.below(all.len() as u64)).unwrap_or(0)]
    }

    fn moment(&self) -> Duration {
        STORM_BEGINS + self.span(u64::try_from((STORM_ENDS - STORM_BEGINS).as_millis()).unwrap_or(0))
    }

    fn span(&self, most_ms: u64) -> Duration {
        Duration::from_millis(20 + self.entropy.below(most_ms))
    }

    fn outage(&self, usual_ms: u64) -> Duration {
        let most_ms = if self.entropy.below(LONG_ONE_IN) == 0 { usual_ms * LONGER } else { usual_ms };
        self.span(most_ms)
    }

    fn sort(&mut self) {
        self.plan.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    }

    /// Buries who died in a commit, and lets happen what is due.
    pub fn pass(&mut self, sim: &mut Sim<'_>) {
        for host in self.world.take_dead() {
            if sim.is_host_running(host) {
                sim.crash(host);
            }
            let at = sim.elapsed() + self.outage(DOWN_MAX_MS);
            self.plan.push((at, Event::Start(host)));
            self.sort();
        }
        while self.plan.last().is_some_and(|(at, _)| *at <= sim.elapsed()) {
            if let Some((_, event)) = self.plan.pop()
                && let Some(fault) = self.happen(sim, event)
            {
                self.world.tally.count(fault);
            }
        }
    }

    fn happen(&self, sim: &mut Sim<'_>, event: Event) -> Option<Fault> {
        self.world.trace.note_at(sim.elapsed(), format!("weather: {event:?}"));
        match event {
            Event::Crash(host) if sim.is_host_running(host) => {
                sim.crash(host);
                return Some(Fault::Crash);
            }
            Event::Start(host) if !sim.is_host_running(host) => sim.bounce(host),
            Event::Crash(_) | Event::Start(_) => {}
            Event::Cut(a, b) => {
                sim.partition(a, b);
                return Some(Fault::Partition);
            }
            Event::CutOneWay(a, b) => {
                sim.partition_oneway(a, b);
                return Some(Fault::PartitionOneWay);
            }
            Event::Mend(a, b) => sim.repair(a, b),
            Event::Hold(a, b) => {
                sim.hold(a, b);
                return Some(Fault::Held);
            }
            Event::LetGo(a, b) => sim.release(a, b),
            Event::Slow(a, b) => {
                sim.set_link_max_message_latency(a, b, SLOW);
                return Some(Fault::SlowLink);
            }
            Event::Quick(a, b) => sim.set_link_max_message_latency(a, b, USUAL),
            Event::Clock(host, millis) => {
                self.world.cluster.skew(host)?.set_millis(millis);
                return (millis != 0).then_some(Fault::ClockWrong);
            }
        }
        None
    }
}

type Link = (&'static str, &'static str);
type LinkEvent = fn(&'static str, &'static str) -> Event;

/// Between those who talk to each other, as the contracts say; and those who are no services.
fn links(hosts: &[&'static str]) -> Vec<Link> {
    let known = |name: &str| hosts.iter().copied().find(|host| *host == name);
    let calls = policies().calls.values().flat_map(|call| call.callers.iter().map(|caller| (caller, &call.service)));
    let feeds = policies().services.values().flat_map(|source| source.subscribers.iter().map(|reader| (reader, &source.name)));
    let links: BTreeSet<Link> = calls.chain(feeds).filter_map(|(from, to)| Some((known(from)?, known(to)?))).collect();
    let others = [("payments", PSP), (PSP, GATEWAY), (STREET, GATEWAY)];
    links.into_iter().filter(|(from, to)| from != to).chain(others).collect()
}
