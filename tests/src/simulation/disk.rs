//! The disks: each host's commits are traced, and in the storm they fail, get lost, take long, or are the last thing that
//! their process does.

use std::collections::BTreeSet;
use std::time::Duration;

use haat_kernel::Entropy;
use haat_store::backend::Batch;
use haat_store::{Aggregate, CommitFault, SetAside};

use super::faults::Fault;
use super::world::{STORM_BEGINS, STORM_ENDS, World, is_stormy};

/// Of ten thousand commits, so many meet each fault at force 1.
const PER_FORCE: [(Fault, u64); 5] = [
    (Fault::CrashBeforeCommit, 25),
    (Fault::CrashAfterCommit, 25),
    (Fault::CommitRefused, 100),
    (Fault::CommitAnswerLost, 80),
    (Fault::ReactionBroken, 300),
];
const ROLL: u64 = 10_000;
const SPELL_MAX_MS: u64 = 8_000;
const SLOW_MAX_MS: u64 = 400;

/// From when until when something is so.
#[derive(Clone, Copy)]
struct Spell(Duration, Duration);

impl Spell {
    /// Somewhere in the storm; none where the seed has no such fault, or not on this host.
    fn new(world: &World, entropy: &Entropy, fault: Fault) -> Option<Spell> {
        let force = world.mix.force(fault);
        if entropy.below(8) >= force {
            return None;
        }
        let span = u64::try_from((STORM_ENDS - STORM_BEGINS).as_millis()).unwrap_or(0);
        let from = STORM_BEGINS + Duration::from_millis(entropy.below(span));
        Some(Spell(from, from + Duration::from_millis(entropy.below(SPELL_MAX_MS))))
    }

    fn is_now(self) -> bool {
        turmoil::sim_elapsed().is_some_and(|at| (self.0..self.1).contains(&at))
    }
}

/// Puts a host's disk into the hands of the seed.
pub fn watch(world: &World, host: &'static str) {
    let Some(backend) = world.cluster.backend(host) else { return };
    let entropy = world.entropy(&format!("disk of {host}"));
    let (full, slow) = (Spell::new(world, &entropy, Fault::DiskFull), Spell::new(world, &entropy, Fault::DiskSlow));
    let (delays, tally) = (world.entropy(&format!("delays of {host}")), world.tally.clone());
    backend.delay_with(move || {
        if !slow.is_some_and(Spell::is_now) {
            return Duration::ZERO;
        }
        tally.count(Fault::DiskSlow);
        Duration::from_millis(delays.below(SLOW_MAX_MS))
    });
    let world = world.clone();
    // A reaction that broke breaks whenever it is tried, until its event is set aside.
    let mut broken = BTreeSet::new();
    backend.fail_with(move |batch| {
        let effect = is_reaction(batch).then(|| format!("{:?}", batch.cursors));
        let fault = match &effect {
            _ if full.is_some_and(Spell::is_now) => Some(Fault::DiskFull),
            Some(effect) if broken.contains(effect) => Some(Fault::ReactionBroken),
            _ => roll(&world, &entropy, batch),
        };
        world.trace.note(format!("commit {host}: {}{}", shown(batch), fault.map(Fault::name).unwrap_or_default()));
        let is_news = fault != Some(Fault::ReactionBroken) || effect.is_some_and(|effect| broken.insert(effect));
        if is_news {
            world.tally.count(fault?);
        }
        meet(&world, host, fault?)
    });
}

fn roll(world: &World, entropy: &Entropy, batch: &Batch) -> Option<Fault> {
    if !is_stormy() {
        return None;
    }
    let mut roll = entropy.below(ROLL);
    for (fault, share) in PER_FORCE {
        let share = share * world.mix.force(fault);
        if roll < share {
            return Some(fault).filter(|fault| *fault != Fault::ReactionBroken || is_reaction(batch));
        }
        roll -= share;
    }
    None
}

/// The effect of an event, other than setting it aside.
fn is_reaction(batch: &Batch) -> bool {
    !batch.cursors.is_empty() && !batch.writes.is_empty() && batch.writes.iter().all(|write| write.kind != SetAside::KIND)
}

fn meet(world: &World, host: &'static str, fault: Fault) -> Option<CommitFault> {
    match fault {
        Fault::CrashBeforeCommit | Fault::CrashAfterCommit => {
            world.die(host);
            Some(CommitFault::Died { written: fault == Fault::CrashAfterCommit })
        }
        Fault::CommitRefused | Fault::DiskFull => Some(CommitFault::Refused),
        Fault::CommitAnswerLost => Some(CommitFault::AnswerLost),
        Fault::ReactionBroken => Some(CommitFault::Broken),
        _ => None,
    }
}

fn shown(batch: &Batch) -> String {
    let mut text = String::new();
    for write in &batch.writes {
        let events: Vec<&str> = write.events.iter().map(|event| event.event_type.as_str()).collect();
        text += &format!("{} {} v{} {events:?}; ", write.kind, write.id, write.version);
    }
    for cursor in &batch.cursors {
        text += &format!("{}[{}]={}; ", cursor.source, cursor.partition, cursor.position);
    }
    if let Some(reply) = &batch.reply {
        text += &format!("reply to {}; ", reply.idempotency.key);
    }
    text
}
