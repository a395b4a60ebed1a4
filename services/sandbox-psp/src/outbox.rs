//! Which webhooks follow from a change of a charge: to whom, with what body, and when each copy is due.

use std::time::Duration;

use haat_kernel::id::derived;
use haat_kernel::time::plus_millis;
use haat_kernel::{Entropy, Id, Timestamp};
use serde_json::json;

use crate::charge::{ChargeEvent, ChargeId, OpenCharge};
use crate::config::Delays;
use crate::delivery::{DeliveryEvent, DeliveryId, Message, MessageId};
use crate::token::Token;
use crate::view::{ChargeView, webhook_type};

/// The most deliveries that one commit queues: the copies of a duplicated webhook.
const DELIVERIES_MAX: usize = 3;

/// The deliveries of one commit. Their ids are known before it begins; not all need be used.
pub struct Outbox {
    pub ids: [DeliveryId; DELIVERIES_MAX],
    pub now: Timestamp,
    pub public_url: String,
    pub webhook_url: Option<String>,
    pub delays: Delays,
}

impl Outbox {
    pub fn ids(entropy: &Entropy, now: Timestamp) -> [DeliveryId; DELIVERIES_MAX] {
        std::array::from_fn(|_| entropy.id(now))
    }

    /// What to queue after `events` led to `charge`; nothing when nobody listens.
    pub fn deliveries(&self, id: &ChargeId, charge: &OpenCharge, events: &[ChargeEvent]) -> Vec<(DeliveryId, DeliveryEvent)> {
        let Some(url) = charge.terms.webhook_url.as_ref().or(self.webhook_url.as_ref()) else { return Vec::new() };
        let mut ids = self.ids.iter();
        let mut queued = Vec::new();
        for (event, kind) in events.iter().filter_map(|event| Some((event, webhook_type(event)?))) {
            let data = ChargeView::stated(id, charge, &self.public_url);
            let body = json!({"type": kind, "data": data}).to_string();
            let waits = waits(charge.terms.token, event, &self.delays);
            let copies: Vec<_> = ids.by_ref().take(waits.len()).collect();
            let Some(first) = copies.first() else { break };
            let message = Message { id: derived(&[MessageId::PREFIX, first.as_str()]), url: url.clone(), body };
            queued.extend(copies.into_iter().zip(waits).map(|(copy, wait)| {
                let due = plus_millis(self.now, i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
                (copy.clone(), DeliveryEvent::Queued { message: message.clone(), due })
            }));
        }
        queued
    }
}

/// From `event` to each copy of its webhook.
fn waits(token: Token, event: &ChargeEvent, delays: &Delays) -> Vec<Duration> {
    let is_result = matches!(event, ChargeEvent::Authorized | ChargeEvent::Declined { .. });
    match token {
        Token::TimeoutThenOk | Token::TimeoutThenDeclined if is_result => vec![delays.webhook_after_settling],
        Token::DuplicateWebhook | Token::Wild if is_result => vec![Duration::ZERO, Duration::ZERO, delays.last_copy],
        Token::LateWebhook => vec![delays.late_webhook],
        _ => vec![Duration::ZERO],
    }
}
