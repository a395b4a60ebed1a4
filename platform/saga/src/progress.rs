//! The part of a saga's state that the runner keeps: failed attempts at the present step, and whether it is parked.

use haat_kernel::Timestamp;
use haat_store::{Key, Timer};
use serde::{Deserialize, Serialize};

/// What the runner records about a saga, inside one of the saga's own events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Event {
    Deferred {
        step: String,
        error: String,
        retry_at: Timestamp,
    },
    Parked {
        step: String,
        reason: String,
        attempts: u32,
        at: Timestamp,
    },
    Resumed {
        at: Timestamp,
    },
    /// An operator has settled by hand what it could not: it is not driven again.
    Resolved {
        by: String,
        reason: String,
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    pub step: String,
    pub reason: String,
    pub attempts: u32,
    pub at: Timestamp,
    /// Why nobody needs to look at it any more, once an operator has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Failed attempts at the present step.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(attempts: &u32) -> bool {
    *attempts == 0
}

impl Progress {
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Deferred { retry_at, .. } => {
                self.attempts += 1;
                self.retry_at = Some(*retry_at);
            }
            Event::Parked { step, reason, attempts, at } => {
                self.parked =
                    Some(Parked { step: step.clone(), reason: reason.clone(), attempts: *attempts, at: *at, resolved: None });
            }
            Event::Resumed { .. } => *self = Progress::default(),
            Event::Resolved { reason, .. } => {
                if let Some(parked) = &mut self.parked {
                    parked.resolved = Some(reason.clone());
                }
            }
        }
    }

    /// The saga took a step: call it from `apply` for every event of the saga's own.
    pub fn advanced(&mut self) {
        *self = Progress { parked: self.parked.take(), ..Progress::default() };
    }

    /// The key under which operators find it, while it is parked and nobody has resolved it.
    pub fn key(&self) -> Option<Key> {
        self.parked
            .as_ref()
            .filter(|parked| parked.resolved.is_none())
            .map(|parked| Key::plain("parked", "all", parked.at.to_string()))
    }

    /// The timer that brings the runner back, while there is a call to make. It is overdue from the start: the runner
    /// that made the last step is at the next one already, and another that starts after a crash takes over at once.
    pub fn timer<Step>(&self, next: &crate::Next<Step>) -> Option<Timer> {
        let is_runnable = matches!(next, crate::Next::Call(_)) && self.parked.is_none();
        is_runnable.then(|| Timer::at("drive", self.retry_at.unwrap_or(Timestamp::UNIX_EPOCH)))
    }
}
