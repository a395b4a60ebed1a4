//! Sends queued messages when their timer is due, and records what became of it. A crash in between sends again: the file
//! is then the same file, and an SMTP server sees the same Message-ID.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use haat_kernel::{Clock, Ctx, Error, Result};
use haat_service::OnTimer;
use haat_store::{DueTimer, Store};
use parking_lot::Mutex;

use crate::mailer::{Mail, Mailer, Refusal};
use crate::message::{Message, MessageId};
use crate::templates::Templates;

pub struct Sender {
    pub store: Store,
    pub clock: Clock,
    pub mailer: Arc<dyn Mailer>,
    pub templates: Templates,
    in_flight: Mutex<BTreeSet<String>>,
}

impl Sender {
    pub fn new(store: Store, clock: Clock, mailer: Arc<dyn Mailer>, templates: Templates) -> Self {
        Sender { store, clock, mailer, templates, in_flight: Mutex::default() }
    }

    async fn send(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let Some(message) = self.store.load::<Message>(id).await?.filter(|message| message.is_queued()) else { return Ok(()) };
        let outcome = self.attempt(id, &message).await;
        let now = self.clock.now();
        if let Err(refusal) = &outcome {
            tracing::warn!(message = id, reason = refusal.reason, is_final = refusal.is_final, "a message could not be sent");
        }
        let decide = move |message: Option<&Message>| {
            let message = message.ok_or_else(|| Error::not_found("message", "that was being sent"))?;
            Ok::<_, Error>(match outcome {
                Ok(()) => message.sent(now),
                Err(refusal) => message.attempt_failed(&refusal.reason, refusal.is_final, now),
            })
        };
        self.store.update(ctx, id, decide).await.map(|_| ())
    }

    async fn attempt(&self, id: &str, message: &Message) -> Result<(), Refusal> {
        let unusable = |error: String| Refusal { reason: error, is_final: true };
        let id = MessageId::parse(id).map_err(|error| unusable(error.to_string()))?;
        let rendered = self.templates.render(&message.content).map_err(|error| unusable(error.to_string()))?;
        self.mailer.send(&Mail { id, recipient: message.recipient.clone(), date: message.queued_at, rendered }).await
    }
}

#[async_trait]
impl OnTimer for Sender {
    /// A timer fires again while its work is slow; the message is then being sent already.
    async fn on_timer(&self, ctx: Ctx, timer: DueTimer) -> Result<()> {
        if !self.in_flight.lock().insert(timer.id.clone()) {
            return Ok(());
        }
        let _place = Place { in_flight: &self.in_flight, id: &timer.id };
        self.send(&ctx, &timer.id).await
    }
}

/// Takes the message out again, also when the work is dropped halfway.
struct Place<'a> {
    in_flight: &'a Mutex<BTreeSet<String>>,
    id: &'a str,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.in_flight.lock().remove(self.id);
    }
}
