//! The test cards: each token is one way in which a payment provider can behave, the same every time.

use serde::{Deserialize, Serialize};

use crate::charge::{DeclineCode, Verdict};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Token {
    #[serde(rename = "tok_ok")]
    Ok,
    #[serde(rename = "tok_declined")]
    Declined,
    #[serde(rename = "tok_insufficient_funds")]
    InsufficientFunds,
    /// The request gets no answer; what became of it shows when it is asked for, or by webhook.
    #[serde(rename = "tok_timeout_then_ok")]
    TimeoutThenOk,
    #[serde(rename = "tok_timeout_then_declined")]
    TimeoutThenDeclined,
    /// The buyer must visit a page first.
    #[serde(rename = "tok_requires_action")]
    RequiresAction,
    /// Approved; its first webhook arrives three times, once after later ones.
    #[serde(rename = "tok_duplicate_webhook")]
    DuplicateWebhook,
    /// Approved after failing twice with a 500.
    #[serde(rename = "tok_flaky")]
    Flaky,
    /// Approved; later reads and webhooks lie about the amount.
    #[serde(rename = "tok_wrong_amount")]
    WrongAmount,
    /// Approved; its webhooks come a long time after.
    #[serde(rename = "tok_late_webhook")]
    LateWebhook,
    /// Approved; everything takes its time, and the answers are what the dice say: see `mood`.
    #[serde(rename = "tok_wild")]
    Wild,
}

impl Token {
    const ALL: [(&'static str, Token); 11] = [
        ("tok_ok", Token::Ok),
        ("tok_declined", Token::Declined),
        ("tok_insufficient_funds", Token::InsufficientFunds),
        ("tok_timeout_then_ok", Token::TimeoutThenOk),
        ("tok_timeout_then_declined", Token::TimeoutThenDeclined),
        ("tok_requires_action", Token::RequiresAction),
        ("tok_duplicate_webhook", Token::DuplicateWebhook),
        ("tok_flaky", Token::Flaky),
        ("tok_wrong_amount", Token::WrongAmount),
        ("tok_late_webhook", Token::LateWebhook),
        ("tok_wild", Token::Wild),
    ];

    pub fn parse(text: &str) -> Option<Token> {
        Token::ALL.iter().find(|(name, _)| *name == text).map(|(_, token)| *token)
    }

    /// True where nobody but the passing of time decides, and the authorize request stays without an answer.
    pub fn is_silent(self) -> bool {
        matches!(self, Token::TimeoutThenOk | Token::TimeoutThenDeclined)
    }

    /// What the issuer of the card says; none where the buyer is asked instead.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Token::Declined | Token::TimeoutThenDeclined => Some(Verdict::Declined(DeclineCode::CardDeclined)),
            Token::InsufficientFunds => Some(Verdict::Declined(DeclineCode::InsufficientFunds)),
            Token::RequiresAction => None,
            _ => Some(Verdict::Authorized),
        }
    }

    /// How many authorize requests fail before one is taken.
    pub fn failures(self) -> u32 {
        if self == Token::Flaky { 2 } else { 0 }
    }

    /// What reads and webhooks state for an `amount` that was asked.
    pub fn stated_amount(self, amount: i64) -> i64 {
        if self == Token::WrongAmount { amount.saturating_add(100) } else { amount }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_that_a_request_uses_is_the_name_that_is_stored() {
        for (name, token) in Token::ALL {
            assert_eq!(Token::parse(name), Some(token));
            assert_eq!(serde_json::to_value(token).unwrap(), name);
        }
        assert_eq!(Token::parse("tok_visa"), None);
    }
}
