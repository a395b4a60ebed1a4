//! One message to one person about one fact. Its id is derived from the template and from what it tells of, so that a fact
//! makes one message, however often it is heard of. Queued, then sent or, after five failures or a final refusal, failed
//! until an operator retries it.

use std::sync::Arc;

use haat_kernel::time::plus_seconds;
use haat_kernel::{Fault, Kind, Timestamp, id};
use haat_store::{Aggregate, Key, Timer};
use serde::{Deserialize, Serialize};

use crate::content::Content;

haat_kernel::id_type!(
    /// A message to a person.
    MessageId,
    "message"
);

/// The timer of a queued message.
pub const SEND: &str = "send";
/// The key of every message, and the keys of those in one state.
pub const ALL_KEY: &str = "all";
pub const STATE_KEY: &str = "state";

/// Seconds to wait after the first, second, third and fourth failure; the fifth is the last.
const BACKOFF_S: [i64; 4] = [30, 120, 600, 3_600];
const ERROR_CHARS_MAX: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// An e-mail address.
    pub recipient: String,
    /// The order group or the order that it tells of.
    pub subject_id: String,
    pub content: Arc<Content>,
    pub queued_at: Timestamp,
    /// Since it was queued or retried.
    pub attempts: u32,
    /// Empty until something went wrong.
    pub last_error: String,
    pub state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Queued { next_attempt_at: Timestamp },
    Sent { at: Timestamp },
    Failed { at: Timestamp },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum MessageEvent {
    MessageQueued {
        recipient: String,
        subject_id: String,
        content: Arc<Content>,
        at: Timestamp,
    },
    MessageSent {
        at: Timestamp,
    },
    /// One attempt failed; the next is at `next_attempt_at`.
    MessageDelayed {
        error: String,
        next_attempt_at: Timestamp,
    },
    MessageFailed {
        error: String,
        at: Timestamp,
    },
    MessageRetried {
        at: Timestamp,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    #[error("Only a message that failed can be tried again.")]
    NotFailed,
}

impl Fault for MessageError {
    fn kind(&self) -> Kind {
        Kind::FailedPrecondition
    }
    fn code(&self) -> &'static str {
        "message_not_failed"
    }
}

/// Of the one message that tells of `subject_id` with `template`.
pub fn message_id(template: &str, subject_id: &str) -> MessageId {
    id::derived(&[template, subject_id])
}

impl Message {
    /// Of a message heard of before: nothing.
    pub fn queue(
        existing: Option<&Message>,
        recipient: String,
        subject_id: String,
        content: Content,
        at: Timestamp,
    ) -> Vec<MessageEvent> {
        match existing {
            Some(_) => Vec::new(),
            None => vec![MessageEvent::MessageQueued { recipient, subject_id, content: Arc::new(content), at }],
        }
    }

    pub fn is_queued(&self) -> bool {
        matches!(self.state, State::Queued { .. })
    }

    /// A second time changes nothing.
    pub fn sent(&self, at: Timestamp) -> Vec<MessageEvent> {
        if self.is_queued() { vec![MessageEvent::MessageSent { at }] } else { Vec::new() }
    }

    /// `is_final` when trying again cannot help. Of a message that is no longer queued: nothing.
    pub fn attempt_failed(&self, error: &str, is_final: bool, at: Timestamp) -> Vec<MessageEvent> {
        if !self.is_queued() {
            return Vec::new();
        }
        let error = error.chars().take(ERROR_CHARS_MAX).collect();
        let wait_s = BACKOFF_S.get(usize::try_from(self.attempts).unwrap_or(usize::MAX)).filter(|_| !is_final);
        vec![match wait_s {
            Some(wait_s) => MessageEvent::MessageDelayed { error, next_attempt_at: plus_seconds(at, *wait_s) },
            None => MessageEvent::MessageFailed { error, at },
        }]
    }

    pub fn retry(&self, at: Timestamp) -> Result<Vec<MessageEvent>, MessageError> {
        match self.state {
            State::Failed { .. } => Ok(vec![MessageEvent::MessageRetried { at }]),
            _ => Err(MessageError::NotFailed),
        }
    }
}

impl State {
    /// As the contract names it.
    pub fn name(&self) -> &'static str {
        match self {
            State::Queued { .. } => "QUEUED",
            State::Sent { .. } => "SENT",
            State::Failed { .. } => "FAILED",
        }
    }
}

impl Aggregate for Message {
    const KIND: &'static str = "message";
    const SCHEMA: u32 = 1;
    type Event = MessageEvent;

    fn create(event: &MessageEvent) -> Option<Self> {
        match event.clone() {
            MessageEvent::MessageQueued { recipient, subject_id, content, at } => Some(Message {
                recipient,
                subject_id,
                content,
                queued_at: at,
                attempts: 0,
                last_error: String::new(),
                state: State::Queued { next_attempt_at: at },
            }),
            _ => None,
        }
    }

    fn apply(&mut self, event: &MessageEvent) {
        match event.clone() {
            MessageEvent::MessageQueued { .. } => {}
            MessageEvent::MessageSent { at } => {
                self.attempts += 1;
                self.state = State::Sent { at };
            }
            MessageEvent::MessageDelayed { error, next_attempt_at } => {
                self.attempts += 1;
                self.last_error = error;
                self.state = State::Queued { next_attempt_at };
            }
            MessageEvent::MessageFailed { error, at } => {
                self.attempts += 1;
                self.last_error = error;
                self.state = State::Failed { at };
            }
            MessageEvent::MessageRetried { at } => {
                self.attempts = 0;
                self.state = State::Queued { next_attempt_at: at };
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        // Microseconds since 1970, padded to compare as text.
        let sort = format!("{:020}", self.queued_at.as_microsecond());
        vec![Key::plain(ALL_KEY, "", sort.clone()), Key::plain(STATE_KEY, self.state.name(), sort)]
    }

    fn timers(&self) -> Vec<Timer> {
        match self.state {
            State::Queued { next_attempt_at } => vec![Timer::at(SEND, next_attempt_at)],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
