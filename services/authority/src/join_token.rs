//! A join token: lets one service enroll, once, within ten minutes. Its id is the hash of the token. Why a token is not
//! good (unknown, used, expired) is nobody's business: there is one refusal for all.

use haat_identity::SpiffeId;
use haat_kernel::Timestamp;
use haat_kernel::time::plus_seconds;
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::issuance::Refusal;

/// From when a token was made until it is good for nothing.
const LIFETIME_S: i64 = 600;
/// A token is forgotten a day after its last event: an unknown one and a used one are refused alike.
const KEPT_S: i64 = 86_400;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinToken {
    /// The service's name: `orders`.
    pub service: String,
    pub expires_at: Timestamp,
    pub is_used: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum JoinTokenEvent {
    JoinTokenCreated { service: String, expires_at: Timestamp },
    JoinTokenUsed,
}

impl JoinToken {
    pub fn make(service: &SpiffeId, now: Timestamp) -> JoinTokenEvent {
        JoinTokenEvent::JoinTokenCreated { service: service.name().to_owned(), expires_at: plus_seconds(now, LIFETIME_S) }
    }

    /// Uses the token up; None is a token that nobody made.
    pub fn redeem(token: Option<&JoinToken>, now: Timestamp) -> Result<Vec<JoinTokenEvent>, Refusal> {
        JoinToken::service_of(token, now).map(|_| vec![JoinTokenEvent::JoinTokenUsed])
    }

    /// The service that could enroll with the token now.
    pub fn service_of(token: Option<&JoinToken>, now: Timestamp) -> Result<&str, Refusal> {
        let good = token.filter(|token| !token.is_used && now < token.expires_at);
        good.map(|token| token.service.as_str()).ok_or(Refusal::JoinTokenInvalid)
    }
}

impl Aggregate for JoinToken {
    const KIND: &'static str = "join_token";
    const SCHEMA: u32 = 1;
    type Event = JoinTokenEvent;

    fn create(event: &JoinTokenEvent) -> Option<Self> {
        match event.clone() {
            JoinTokenEvent::JoinTokenCreated { service, expires_at } => Some(JoinToken { service, expires_at, is_used: false }),
            JoinTokenEvent::JoinTokenUsed => None,
        }
    }

    fn apply(&mut self, event: &JoinTokenEvent) {
        if *event == JoinTokenEvent::JoinTokenUsed {
            self.is_used = true;
        }
    }

    fn keep_for_s() -> Option<i64> {
        Some(KEPT_S)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: &str = "2026-11-21T10:00:00Z";

    /// Given a token made at 10:00 and these further events, redeeming it at `now` gives `then`.
    #[track_caller]
    fn check(given: &[JoinTokenEvent], now: &str, then: Result<Vec<JoinTokenEvent>, Refusal>) {
        let made = JoinToken::make(&SpiffeId::of("orders").unwrap(), MADE.parse().unwrap());
        let mut token = JoinToken::create(&made).unwrap();
        given.iter().for_each(|event| token.apply(event));
        assert_eq!(JoinToken::redeem(Some(&token), now.parse().unwrap()), then);
    }

    #[test]
    fn a_token_works_once_within_ten_minutes() {
        let used = || vec![JoinTokenEvent::JoinTokenUsed];
        check(&[], MADE, Ok(used()));
        check(&[], "2026-11-21T10:09:59.999Z", Ok(used()));
        check(&[], "2026-11-21T10:10:00Z", Err(Refusal::JoinTokenInvalid));
        check(&used(), MADE, Err(Refusal::JoinTokenInvalid));
        assert_eq!(JoinToken::redeem(None, MADE.parse().unwrap()), Err(Refusal::JoinTokenInvalid));
    }
}
