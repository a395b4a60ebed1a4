//! One sign-in of one person: a family of refresh tokens, of which the newest alone is good, and only once.
//! A token of the session that is not the newest was used before, or is a guess; either ends the session for good, so that
//! a stolen token is worth nothing once thief and owner have both shown up.

use haat_kernel::time::plus_seconds;
use haat_kernel::{Fault, Kind, Timestamp};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::refresh_token::TokenHash;
use crate::user::UserId;

haat_kernel::id_type!(
    /// A sign-in.
    SessionId,
    "session"
);

const DAY_S: i64 = 24 * 60 * 60;
/// A session that is not refreshed for so long has expired.
const REFRESH_TOKEN_S: i64 = 30 * DAY_S;
/// A session is forgotten a day after it must have expired.
const KEPT_S: i64 = REFRESH_TOKEN_S + DAY_S;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user_id: UserId,
    /// Of the user, at sign-in.
    pub password_version: u32,
    /// Of the one refresh token that is good.
    pub refresh_hash: TokenHash,
    pub expires_at: Timestamp,
    pub ended: Option<EndReason>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    SignedOut,
    TokenReused,
    PasswordChanged,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(clippy::enum_variant_names, reason = "an event has one name, in code, in storage and in logs")]
pub enum SessionEvent {
    SessionStarted { user_id: UserId, password_version: u32, refresh_hash: TokenHash, expires_at: Timestamp },
    SessionRefreshed { refresh_hash: TokenHash, expires_at: Timestamp },
    SessionEnded { reason: EndReason },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error("The e-mail address or the password is wrong.")]
    InvalidCredentials,
    #[error("The refresh token is not valid, or no longer; sign in again.")]
    RefreshTokenInvalid,
}

impl Fault for SessionError {
    fn kind(&self) -> Kind {
        Kind::Unauthenticated
    }
    fn code(&self) -> &'static str {
        match self {
            SessionError::InvalidCredentials => "invalid_credentials",
            SessionError::RefreshTokenInvalid => "refresh_token_invalid",
        }
    }
}

impl Session {
    pub fn start(user_id: UserId, password_version: u32, refresh_hash: TokenHash, at: Timestamp) -> SessionEvent {
        SessionEvent::SessionStarted { user_id, password_version, refresh_hash, expires_at: plus_seconds(at, REFRESH_TOKEN_S) }
    }

    /// Trades the token that hashes to `presented` for the one that hashes to `next`, or ends the session: `is_refreshed_by`
    /// tells which. `password_version` is the user's own by now.
    pub fn refresh(
        &self,
        presented: &TokenHash,
        next: TokenHash,
        password_version: u32,
        at: Timestamp,
    ) -> Result<Vec<SessionEvent>, SessionError> {
        if self.ended.is_some() || at >= self.expires_at {
            return Err(SessionError::RefreshTokenInvalid);
        }
        if *presented != self.refresh_hash {
            return Ok(vec![SessionEvent::SessionEnded { reason: EndReason::TokenReused }]);
        }
        if password_version != self.password_version {
            return Ok(vec![SessionEvent::SessionEnded { reason: EndReason::PasswordChanged }]);
        }
        Ok(vec![SessionEvent::SessionRefreshed { refresh_hash: next, expires_at: plus_seconds(at, REFRESH_TOKEN_S) }])
    }

    pub fn is_refreshed_by(&self, hash: &TokenHash) -> bool {
        self.ended.is_none() && self.refresh_hash == *hash
    }

    /// A second time changes nothing.
    pub fn sign_out(&self) -> Vec<SessionEvent> {
        match self.ended {
            Some(_) => Vec::new(),
            None => vec![SessionEvent::SessionEnded { reason: EndReason::SignedOut }],
        }
    }
}

impl Aggregate for Session {
    const KIND: &'static str = "session";
    const SCHEMA: u32 = 1;
    type Event = SessionEvent;

    fn create(event: &SessionEvent) -> Option<Self> {
        match event.clone() {
            SessionEvent::SessionStarted { user_id, password_version, refresh_hash, expires_at } => {
                Some(Session { user_id, password_version, refresh_hash, expires_at, ended: None })
            }
            _ => None,
        }
    }

    fn apply(&mut self, event: &SessionEvent) {
        match event.clone() {
            SessionEvent::SessionStarted { .. } => {}
            SessionEvent::SessionRefreshed { refresh_hash, expires_at } => {
                self.refresh_hash = refresh_hash;
                self.expires_at = expires_at;
            }
            SessionEvent::SessionEnded { reason } => self.ended = Some(reason),
        }
    }

    fn keep_for_s() -> Option<i64> {
        Some(KEPT_S)
    }
}

#[cfg(test)]
mod tests;
