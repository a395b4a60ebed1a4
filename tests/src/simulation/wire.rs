//! The calls between services as their clients see them: traced, written into the histories, and in the storm late, twice,
//! or without an answer.

use std::rc::Rc;
use std::time::Duration;

use haat_kernel::Entropy;
use haat_rpc::tap::{Fate, Sent, Tap, install};
use tonic::Status;

use super::faults::Fault;
use super::world::{World, is_stormy};

/// Of a thousand calls, so many meet each fault at force 1.
const PER_FORCE: [(Fault, u64); 3] = [(Fault::CallLate, 15), (Fault::CallTwice, 25), (Fault::AnswerLost, 15)];
const ROLL: u64 = 1_000;
/// Mostly a moment, sometimes longer than the caller has patience.
const LATE_MAX_MS: [u64; 4] = [50, 400, 3_000, 20_000];

struct Wire {
    world: World,
    entropy: Entropy,
}

/// Looks at all calls of this thread.
pub fn watch(world: &World) {
    install(Rc::new(Wire { world: world.clone(), entropy: world.entropy("wire") }));
}

impl Tap for Wire {
    fn fate(&self, sent: &Sent, may_repeat: bool) -> Fate {
        self.world.histories.invoked(sent);
        let fault = self.roll(may_repeat);
        let name = fault.map(Fault::name).unwrap_or_default();
        self.world.trace.note(format!("call {} {} {name}", sent.path, sent.key));
        let Some(fault) = fault else { return Fate::Delivered };
        self.world.tally.count(fault);
        match fault {
            Fault::CallLate => Fate::Late(self.lateness()),
            Fault::CallTwice => Fate::Twice(self.lateness()),
            _ => Fate::AnswerLost,
        }
    }

    fn answered(&self, sent: &Sent, answer: Result<&[u8], &Status>) {
        let code = answer.as_ref().map_or_else(|status| haat_rpc::error(status).code.to_string(), |_| "ok".to_owned());
        self.world.trace.note(format!("answer {} {} {code}", sent.path, sent.key));
        self.world.histories.returned(sent, answer);
    }
}

impl Wire {
    fn roll(&self, may_repeat: bool) -> Option<Fault> {
        if !is_stormy() {
            return None;
        }
        let mut roll = self.entropy.below(ROLL);
        for (fault, share) in PER_FORCE {
            let share = share * self.world.mix.force(fault);
            if roll < share {
                return Some(fault).filter(|fault| *fault != Fault::CallTwice || may_repeat);
            }
            roll -= share;
        }
        None
    }

    fn lateness(&self) -> Duration {
        let most = LATE_MAX_MS[usize::try_from(self.entropy.below(LATE_MAX_MS.len() as u64)).unwrap_or(0)];
        Duration::from_millis(self.entropy.below(most))
    }
}
