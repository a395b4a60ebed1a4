//! Messages to people: e-mail today.
//!
//! Owns the messages: what was to be told, to whom, and what became of it. Reacts to the feed of `orders`; asks `users` for
//! the address of a buyer who gave none. Invariants: one fact makes one message, whatever is replayed; a message says what
//! was true when the fact happened; what cannot be sent is kept for an operator.
//!
//! Reading order: `content`, `message`, `reactions`, `sender`, `templates`, `amount`, `mailer`, `stuck`, `api`, `wire`, `neighbours`.

mod amount;
mod api;
mod content;
mod mailer;
pub mod message;
mod neighbours;
mod reactions;
#[cfg(test)]
mod samples;
mod sender;
mod stuck;
mod templates;
#[cfg(test)]
mod tests;
mod wire;

use std::path::PathBuf;
use std::sync::Arc;

use haat_contracts::notifications::notifications_server::NotificationsServer;
use haat_contracts::users::users_client::UsersClient;
use haat_kernel::{Error, Result};
use haat_service::{Books, Definition, Platform, Wiring};
use lettre::message::Mailbox;

use crate::api::Api;
use crate::mailer::{Files, Mailer, Smtp};
use crate::message::Message;
use crate::neighbours::Neighbours;
use crate::reactions::OrderEvents;
use crate::sender::Sender;
use crate::stuck::FailedMessages;
use crate::templates::Templates;

/// The setting `mail_from`: who mails say they are from.
const MAIL_FROM_DEFAULT: &str = "Haat <no-reply@haat.test>";

pub fn definition() -> Definition {
    Definition::new("notifications", wire_up).keeping(|| Books::new().kept::<Message>())
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let store = platform.store.clone();
    let sender = Sender::new(store.clone(), platform.clock, mailer(platform)?, Templates::new()?);
    let neighbours = Neighbours { users: UsersClient::new(platform.channel("users")?) };
    Ok(Wiring::new()
        .aggregate::<Message>()
        .serve(NotificationsServer::new(Api { store: store.clone() }))
        .react("orders", OrderEvents { store, neighbours })
        .stuck(FailedMessages(platform.store.clone()))
        .on_timer::<Message>(sender))
}

/// An SMTP server where the setting `smtp_url` names one; else files in the folder that the setting `mail_folder` names.
fn mailer(platform: &Platform) -> Result<Arc<dyn Mailer>> {
    let from = platform.setting("mail_from").unwrap_or(MAIL_FROM_DEFAULT);
    let from: Mailbox = from.parse().map_err(|error| Error::internal(format!("the setting mail_from: {error}")))?;
    Ok(match platform.setting("smtp_url") {
        Some(url) => Arc::new(Smtp::new(url, from)?),
        None => {
            let folder = platform.setting("mail_folder").map_or_else(|| platform.folder().join("mail"), PathBuf::from);
            Arc::new(Files::new(platform.clock, folder, from)?)
        }
    })
}
