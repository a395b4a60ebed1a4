//! A person with an account. An e-mail address belongs to at most one; the store's unique key `email` sees to it.
//! The password is known by its hash alone.

use haat_kernel::{Fault, Kind, Violation};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

use crate::person::{DisplayName, Email, Standing};

haat_kernel::id_type!(
    /// A person.
    UserId,
    "user"
);

/// The unique key by which accounts are found.
pub const EMAIL_KEY: &str = "email";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub email: Email,
    pub display_name: DisplayName,
    /// A PHC string.
    pub password_hash: String,
    /// How many passwords this person has had: sessions begun with an earlier one are over.
    pub password_version: u32,
    pub standing: Standing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UserEvent {
    UserCreated { email: Email, display_name: DisplayName, password_hash: String, standing: Standing },
    UserRenamed { display_name: DisplayName },
    PasswordChanged { password_hash: String },
    StandingChanged { standing: Standing },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    #[error("There is already an account with this e-mail address.")]
    EmailTaken,
}

impl Fault for UserError {
    fn kind(&self) -> Kind {
        Kind::AlreadyExists
    }
    fn code(&self) -> &'static str {
        "email_taken"
    }
    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new("email", "belongs to another account")]
    }
}

/// What an operator's tool wants a person to be.
#[derive(Clone, Debug)]
pub struct Wanted {
    pub display_name: DisplayName,
    pub standing: Standing,
    /// None when the password is right as it is.
    pub password_hash: Option<String>,
}

impl User {
    /// What turns this person into the wanted one: nothing, when they are.
    pub fn ensure(&self, wanted: Wanted) -> Vec<UserEvent> {
        let mut events = Vec::new();
        if wanted.display_name != self.display_name {
            events.push(UserEvent::UserRenamed { display_name: wanted.display_name });
        }
        if wanted.standing != self.standing {
            events.push(UserEvent::StandingChanged { standing: wanted.standing });
        }
        events.extend(wanted.password_hash.map(|password_hash| UserEvent::PasswordChanged { password_hash }));
        events
    }
}

impl Aggregate for User {
    const KIND: &'static str = "user";
    const SCHEMA: u32 = 1;
    type Event = UserEvent;

    fn create(event: &UserEvent) -> Option<Self> {
        match event.clone() {
            UserEvent::UserCreated { email, display_name, password_hash, standing } => {
                Some(User { email, display_name, password_hash, password_version: 1, standing })
            }
            _ => None,
        }
    }

    fn apply(&mut self, event: &UserEvent) {
        match event.clone() {
            UserEvent::UserCreated { .. } => {}
            UserEvent::UserRenamed { display_name } => self.display_name = display_name,
            UserEvent::StandingChanged { standing } => self.standing = standing,
            UserEvent::PasswordChanged { password_hash } => {
                self.password_hash = password_hash;
                self.password_version += 1;
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::unique(EMAIL_KEY, self.email.as_str())]
    }
}

#[cfg(test)]
mod tests;
