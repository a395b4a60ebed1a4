//! The kinds of faults, which of them a seed has, and how often each struck. A seed has about half of the kinds, some of
//! them often: bugs that need many of one kind show up as well as those that need one of each.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use haat_kernel::Entropy;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    Crash,
    CrashBeforeCommit,
    CrashAfterCommit,
    CommitRefused,
    CommitAnswerLost,
    DiskFull,
    DiskSlow,
    ReactionBroken,
    Partition,
    PartitionOneWay,
    Held,
    SlowLink,
    CallLate,
    CallTwice,
    AnswerLost,
    ClockWrong,
    ProviderMood,
    ForgedWebhook,
}

impl Fault {
    pub const ALL: [Fault; 18] = [
        Fault::Crash,
        Fault::CrashBeforeCommit,
        Fault::CrashAfterCommit,
        Fault::CommitRefused,
        Fault::CommitAnswerLost,
        Fault::DiskFull,
        Fault::DiskSlow,
        Fault::ReactionBroken,
        Fault::Partition,
        Fault::PartitionOneWay,
        Fault::Held,
        Fault::SlowLink,
        Fault::CallLate,
        Fault::CallTwice,
        Fault::AnswerLost,
        Fault::ClockWrong,
        Fault::ProviderMood,
        Fault::ForgedWebhook,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Fault::Crash => "crash and restart",
            Fault::CrashBeforeCommit => "crash right before a commit",
            Fault::CrashAfterCommit => "crash right after a commit",
            Fault::CommitRefused => "commit failed",
            Fault::CommitAnswerLost => "commit done, outcome unknown",
            Fault::DiskFull => "disk full for a while",
            Fault::DiskSlow => "disk slow for a while",
            Fault::ReactionBroken => "reaction broken: event set aside",
            Fault::Partition => "link cut both ways",
            Fault::PartitionOneWay => "link cut one way",
            Fault::Held => "messages held back, then let go",
            Fault::SlowLink => "slow link",
            Fault::CallLate => "call late",
            Fault::CallTwice => "call delivered twice",
            Fault::AnswerLost => "call carried out, answer lost",
            Fault::ClockWrong => "wall clock jumps",
            Fault::ProviderMood => "provider declines, hangs, lies",
            Fault::ForgedWebhook => "webhook forged or too early",
        }
    }
}

/// How often each fault struck.
#[derive(Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Fault, usize>>>);

impl Tally {
    pub fn count(&self, fault: Fault) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(fault).or_default() += 1;
    }

    pub fn read(&self) -> BTreeMap<Fault, usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Which faults a seed has, and how hard: 0 to 3.
pub struct Mix(BTreeMap<Fault, u64>);

impl Mix {
    pub fn new(entropy: &Entropy) -> Self {
        let force = |_| if entropy.below(2) == 0 { 0 } else { 1 + entropy.below(3) };
        Mix(Fault::ALL.into_iter().map(|fault| (fault, force(fault))).collect())
    }

    pub fn force(&self, fault: Fault) -> u64 {
        self.0.get(&fault).copied().unwrap_or(0)
    }
}
