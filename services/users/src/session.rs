//! One sign-in of one person: a family of refresh tokens, of which the newest alone is good, and only once.
//! A token of the session that is not the newest was used before, or is a guess; either ends the session for good, so that
//! a stolen token is worth nothing once thief and owner have both shown up. Only a client that says to share its token among
//! its parts is given the same successor for a few seconds (RFC 9700, section 4.14.2, leaves the choice to the server).

use haat_kernel::time::plus_seconds;
use haat_kernel::{Fault, Kind, Timestamp};
use haat_store::{Aggregate, Key};
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
/// So long after a trade, who shares the token gets the same successor.
const SHARED_S: i64 = 10;
/// A session is forgotten a day after it must have expired.
const KEPT_S: i64 = REFRESH_TOKEN_S + DAY_S;

/// The key under which a person's sessions are found that have not ended, by the time of their beginning.
pub const PERSON: &str = "person";
const DEVICE_CHARS_MAX: usize = 100;

/// How a session began, for the person to tell it from their others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// As the client names itself; empty where it does not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// The network address, where it is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
}

impl Origin {
    /// What a client says is cut to one line of a bounded length.
    pub fn new(device: &str, address: &str) -> Self {
        let bounded = |text: &str| text.trim().chars().filter(|char| !char.is_control()).take(DEVICE_CHARS_MAX).collect();
        Origin { device: bounded(device), address: bounded(address) }
    }

    fn is_unknown(&self) -> bool {
        *self == Origin::default()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user_id: UserId,
    pub origin: Origin,
    pub started_at: Timestamp,
    /// When it last got new tokens.
    pub refreshed_at: Timestamp,
    /// Of the user, at sign-in.
    pub password_version: u32,
    /// Of the one refresh token that is good.
    pub refresh_hash: TokenHash,
    /// Of the one that was traded for it.
    pub traded_hash: Option<TokenHash>,
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
pub enum SessionEvent {
    SessionStarted {
        user_id: UserId,
        password_version: u32,
        refresh_hash: TokenHash,
        expires_at: Timestamp,
        #[serde(default, skip_serializing_if = "Origin::is_unknown")]
        origin: Origin,
    },
    SessionRefreshed {
        refresh_hash: TokenHash,
        expires_at: Timestamp,
    },
    SessionEnded {
        reason: EndReason,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error("The e-mail address or the password is wrong.")]
    InvalidCredentials,
    #[error("The refresh token is not valid, or no longer; sign in again.")]
    RefreshTokenInvalid,
    #[error("You have no such session.")]
    NotFound,
}

impl Fault for SessionError {
    fn kind(&self) -> Kind {
        match self {
            SessionError::InvalidCredentials | SessionError::RefreshTokenInvalid => Kind::Unauthenticated,
            SessionError::NotFound => Kind::NotFound,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            SessionError::InvalidCredentials => "invalid_credentials",
            SessionError::RefreshTokenInvalid => "refresh_token_invalid",
            SessionError::NotFound => "session_not_found",
        }
    }
}

/// A refresh token that is brought to be traded.
pub struct Presented {
    pub hash: TokenHash,
    /// Other parts of the same client may bring it, too.
    pub is_shared: bool,
    /// The user's own by now.
    pub password_version: u32,
}

impl Session {
    pub fn start(user_id: UserId, password_version: u32, refresh_hash: TokenHash, origin: Origin, at: Timestamp) -> SessionEvent {
        let expires_at = plus_seconds(at, REFRESH_TOKEN_S);
        SessionEvent::SessionStarted { user_id, password_version, refresh_hash, expires_at, origin }
    }

    /// Trades the token that hashes to `presented` for the one that hashes to `next`, or ends the session: `is_refreshed_by`
    /// tells which.
    pub fn refresh(&self, presented: &Presented, next: TokenHash, at: Timestamp) -> Result<Vec<SessionEvent>, SessionError> {
        if self.ended.is_some() || at >= self.expires_at {
            return Err(SessionError::RefreshTokenInvalid);
        }
        let is_again = presented.is_shared && self.has_just_traded(&presented.hash, at) && self.refresh_hash == next;
        if presented.hash != self.refresh_hash && !is_again {
            return Ok(vec![SessionEvent::SessionEnded { reason: EndReason::TokenReused }]);
        }
        if presented.password_version != self.password_version {
            return Ok(vec![SessionEvent::SessionEnded { reason: EndReason::PasswordChanged }]);
        }
        if is_again {
            return Ok(Vec::new());
        }
        Ok(vec![SessionEvent::SessionRefreshed { refresh_hash: next, expires_at: plus_seconds(at, REFRESH_TOKEN_S) }])
    }

    fn has_just_traded(&self, hash: &TokenHash, at: Timestamp) -> bool {
        let until = plus_seconds(self.expires_at, SHARED_S - REFRESH_TOKEN_S);
        self.traded_hash.as_ref() == Some(hash) && at < until
    }

    pub fn is_refreshed_by(&self, hash: &TokenHash) -> bool {
        self.ended.is_none() && self.refresh_hash == *hash
    }

    /// Whether its refresh token may still be good.
    pub fn is_open(&self, password_version: u32, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires_at && self.password_version == password_version
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
    const SCHEMA: u32 = 2;
    type Event = SessionEvent;

    fn create(event: &SessionEvent) -> Option<Self> {
        match event.clone() {
            SessionEvent::SessionStarted { user_id, password_version, refresh_hash, expires_at, origin } => {
                let started_at = plus_seconds(expires_at, -REFRESH_TOKEN_S);
                let refreshed_at = started_at;
                Some(Session {
                    user_id,
                    origin,
                    started_at,
                    refreshed_at,
                    password_version,
                    refresh_hash,
                    traded_hash: None,
                    expires_at,
                    ended: None,
                })
            }
            _ => None,
        }
    }

    fn apply(&mut self, event: &SessionEvent) {
        match event.clone() {
            SessionEvent::SessionStarted { .. } => {}
            SessionEvent::SessionRefreshed { refresh_hash, expires_at } => {
                self.traded_hash = Some(std::mem::replace(&mut self.refresh_hash, refresh_hash));
                self.expires_at = expires_at;
                self.refreshed_at = plus_seconds(expires_at, -REFRESH_TOKEN_S);
            }
            SessionEvent::SessionEnded { reason } => self.ended = Some(reason),
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.ended.is_some() {
            return Vec::new();
        }
        let sort = format!("{:020}", self.started_at.as_microsecond());
        vec![Key::plain(PERSON, self.user_id.as_str(), sort)]
    }

    fn keep_for_s() -> Option<i64> {
        Some(KEPT_S)
    }
}

#[cfg(test)]
mod tests;
