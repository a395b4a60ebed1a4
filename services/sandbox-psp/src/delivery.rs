//! A webhook on its way: one message to one receiver, tried until it is taken or given up.
//! Always: what is sent is what was true when it was queued, byte for byte, whatever happened to the charge since.

use haat_kernel::time::plus_millis;
use haat_kernel::{Timestamp, id_type};
use haat_store::{Aggregate, Timer};
use serde::{Deserialize, Serialize};

id_type!(
    /// A delivery of a message.
    DeliveryId,
    "delivery"
);
id_type!(
    /// A message: the `webhook-id`, shared by all copies of it.
    MessageId,
    "msg"
);

/// The name of the one timer of a delivery.
pub const SEND: &str = "send";
/// With waits of a second, doubling up to five minutes, this is about four hours.
const ATTEMPTS_MAX: u32 = 56;
const WAIT_MAX_MS: i64 = 5 * 60 * 1000;
const KEEP_FOR_S: i64 = 7 * 24 * 60 * 60;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub url: String,
    /// JSON text, as it is signed.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum DeliveryEvent {
    Queued {
        message: Message,
        due: Timestamp,
    },
    /// The receiver did not take it; it is due again.
    Missed {
        due: Timestamp,
    },
    Taken,
    GivenUp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub message: Message,
    misses: u32,
    /// None once nothing is left to do.
    due: Option<Timestamp>,
}

impl Delivery {
    pub fn is_waiting(&self) -> bool {
        self.due.is_some()
    }

    /// What follows from an attempt that ended at `now`; `first_wait_ms` is the wait after the first miss.
    pub fn attempted(&self, was_taken: bool, now: Timestamp, first_wait_ms: i64) -> Vec<DeliveryEvent> {
        match (self.due, was_taken) {
            (None, _) => vec![],
            (Some(_), true) => vec![DeliveryEvent::Taken],
            (Some(_), false) if self.misses + 1 >= ATTEMPTS_MAX => vec![DeliveryEvent::GivenUp],
            (Some(_), false) => {
                let wait = first_wait_ms.saturating_mul(1 << self.misses.min(20)).min(WAIT_MAX_MS);
                vec![DeliveryEvent::Missed { due: plus_millis(now, wait) }]
            }
        }
    }
}

impl Aggregate for Delivery {
    const KIND: &'static str = "delivery";
    const SCHEMA: u32 = 1;
    type Event = DeliveryEvent;

    fn create(event: &DeliveryEvent) -> Option<Self> {
        match event {
            DeliveryEvent::Queued { message, due } => Some(Delivery { message: message.clone(), misses: 0, due: Some(*due) }),
            _ => None,
        }
    }

    fn apply(&mut self, event: &DeliveryEvent) {
        self.due = match event {
            DeliveryEvent::Queued { due, .. } => Some(*due),
            DeliveryEvent::Missed { due } => {
                self.misses += 1;
                Some(*due)
            }
            DeliveryEvent::Taken | DeliveryEvent::GivenUp => None,
        };
    }

    fn timers(&self) -> Vec<Timer> {
        self.due.map(|due| Timer::at(SEND, due)).into_iter().collect()
    }

    fn keep_for_s() -> Option<i64> {
        Some(KEEP_FOR_S)
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;

    use super::*;

    fn queued() -> Delivery {
        let message = Message { id: derived(&["1"]), url: "http://127.0.0.1/".into(), body: "{}".into() };
        Delivery::create(&DeliveryEvent::Queued { message, due: Timestamp::UNIX_EPOCH }).unwrap()
    }

    fn attempt(delivery: &mut Delivery, was_taken: bool, now: Timestamp) {
        delivery.attempted(was_taken, now, 1_000).iter().for_each(|event| delivery.apply(event));
    }

    #[test]
    fn a_missed_message_is_tried_for_hours_ever_more_rarely_and_then_given_up() {
        let (mut delivery, mut now, mut waits) = (queued(), Timestamp::UNIX_EPOCH, Vec::new());
        while let Some(due) = delivery.due {
            waits.push(due.as_second() - now.as_second());
            now = due;
            attempt(&mut delivery, false, now);
        }
        assert_eq!(waits[..5], [0, 1, 2, 4, 8]);
        assert!(waits.iter().max() == Some(&300) && waits.len() == 56);
        assert!((3 * 3600..6 * 3600).contains(&now.as_second()), "{now}");
    }

    #[test]
    fn a_taken_message_is_not_sent_again() {
        let mut delivery = queued();
        attempt(&mut delivery, true, Timestamp::UNIX_EPOCH);
        assert!(delivery.timers().is_empty());
        assert!(delivery.attempted(false, Timestamp::UNIX_EPOCH, 1_000).is_empty());
    }
}
