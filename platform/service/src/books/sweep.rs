//! A slow pass over everything that is stored: each state by itself, and the sums over all of them. Accounts that commits
//! move while a pass goes on are left to the next one, so that no pass needs a moment at which all is still.

use std::collections::BTreeSet;

use haat_kernel::Result;
use haat_store::{PARTITIONS, Store, partition_of};

use super::ledger::Ledger;
use super::{Books, Row};

/// States looked at in one step; and reads, where partitions are nearly empty.
const STEP_STATES: usize = 32;
const STEP_READS: usize = 64;
/// A state of more events is not held against them: reading them would hold others up. `haat check --deep` does.
const FOLDED_MAX: u64 = 64;
/// Accounts that are summed in one pass; of more, each pass sums a part.
const ACCOUNTS_MAX: usize = 100_000;
/// Where more move in one pass, its sums say nothing.
const MOVED_MAX: usize = 100_000;

/// A pass under way.
#[derive(Default)]
pub(super) struct Sweep {
    kind: usize,
    partition: u16,
    after: String,
    sums: Ledger,
    moved: BTreeSet<String>,
    /// Of so many parts of all accounts, which this pass sums. Each pass takes the next one.
    parts: u16,
    part: u16,
    /// The sums of this pass mean nothing: something was not seen.
    is_void: bool,
    pub states: u64,
}

/// How the accounts stood at the end of a pass.
pub(super) struct Swept {
    pub sums: Ledger,
    pub states: u64,
    moved: BTreeSet<String>,
    parts: u16,
    part: u16,
    is_void: bool,
}

impl Swept {
    /// Whether this pass knows how much is on the account.
    pub fn knows(&self, account: &str) -> bool {
        !self.is_void && !self.moved.contains(account) && part_of(account, self.parts) == self.part
    }
}

impl Sweep {
    /// Looks at a few more states. Answers what it saw of each, by kind, and whether the pass has come to its end.
    pub async fn step(&mut self, books: &Books, store: &Store) -> Result<(Vec<(&'static str, Row)>, bool)> {
        let mut seen = Vec::new();
        for _ in 0..STEP_READS {
            let Some(kind) = books.0.get(self.kind) else { return Ok((seen, true)) };
            let room = STEP_STATES - seen.len();
            let (rows, next) = kind.read(store, self.partition, &self.after, room, FOLDED_MAX).await?;
            for row in rows {
                self.states += 1;
                self.sum(&row);
                seen.push((kind.name(), row));
            }
            match next {
                Some(after) => self.after = after,
                None => self.next_partition(),
            }
            if seen.len() >= STEP_STATES {
                break;
            }
        }
        Ok((seen, self.kind >= books.0.len()))
    }

    /// A commit has moved these accounts.
    pub fn moved<'a>(&mut self, accounts: impl Iterator<Item = &'a str>) {
        for account in accounts {
            if self.moved.len() >= MOVED_MAX {
                self.is_void = true;
                return;
            }
            if !self.moved.contains(account) {
                self.moved.insert(account.to_owned());
            }
        }
    }

    /// Commits went by unseen.
    pub fn missed(&mut self) {
        self.is_void = true;
    }

    /// Ends the pass and begins another.
    pub fn end(&mut self) -> Swept {
        let Sweep { sums, moved, parts, part, is_void, states, .. } = std::mem::take(self);
        self.parts = parts;
        self.part = if part + 1 < parts.max(1) { part + 1 } else { 0 };
        Swept { sums, states, moved, parts, part, is_void }
    }

    fn sum(&mut self, row: &Row) {
        let (parts, part) = (self.parts, self.part);
        let entries: Vec<_> = row.judged.entries.iter().filter(|entry| part_of(&entry.account, parts) == part).cloned().collect();
        self.sums.add(&entries);
        while self.sums.len() > ACCOUNTS_MAX && self.parts < PARTITIONS {
            self.parts = self.parts.max(1) * 2;
            let (parts, part) = (self.parts, self.part);
            self.sums.retain(|account| part_of(account, parts) == part);
        }
        self.is_void |= self.sums.len() > ACCOUNTS_MAX;
        if self.is_void {
            self.sums = Ledger::default();
        }
    }

    fn next_partition(&mut self) {
        self.after.clear();
        self.partition += 1;
        if self.partition == PARTITIONS {
            (self.partition, self.kind) = (0, self.kind + 1);
        }
    }
}

fn part_of(account: &str, parts: u16) -> u16 {
    partition_of(account) % parts.max(1)
}
