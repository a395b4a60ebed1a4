//! Webhook signatures by Standard Webhooks: base64 HMAC-SHA256 over `id.timestamp.body`. A header may carry several, so
//! that a sender can change its secret; one that fits is enough. <https://www.standardwebhooks.com>

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use haat_kernel::{Error, Fault, Kind, Result, Timestamp};

/// How old a webhook may be, and how far ahead of our clock, in seconds.
const AGE_MAX_S: i64 = 5 * 60;
/// The shortest key that the standard allows.
const KEY_BYTES_MIN: usize = 24;
/// Signatures tried of one header.
const SIGNATURES_MAX: usize = 10;

/// The key shared with the sender, `whsec_<base64>` in text.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    #[error("The webhook's signature does not fit.")]
    Forged,
    #[error("The webhook is too old, or from the future.")]
    Stale,
    #[error("The webhook lacks the headers of Standard Webhooks.")]
    Unsigned,
    #[error("The webhook's body is not what this provider sends.")]
    Unreadable,
}

impl Fault for WebhookError {
    fn kind(&self) -> Kind {
        match self {
            WebhookError::Unreadable => Kind::InvalidArgument,
            _ => Kind::Unauthenticated,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            WebhookError::Unreadable => "webhook_unreadable",
            _ => "webhook_signature_invalid",
        }
    }
}

impl WebhookSecret {
    pub fn parse(text: &str) -> Result<Self> {
        let encoded = text.trim().strip_prefix("whsec_");
        let bytes = encoded.and_then(|encoded| STANDARD.decode(encoded).ok()).filter(|bytes| bytes.len() >= KEY_BYTES_MIN);
        let bytes = bytes.ok_or_else(|| Error::internal("a webhook secret is `whsec_` and the base64 of at least 24 bytes"))?;
        Ok(WebhookSecret(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// Fails unless whoever sent `body` under these headers (lower-case names) has the secret and sent it just now.
    pub fn verify(&self, headers: &BTreeMap<String, String>, body: &[u8], now: Timestamp) -> Result<(), WebhookError> {
        let header = |name: &str| headers.get(name).map(String::as_str).ok_or(WebhookError::Unsigned);
        let (id, timestamp, signatures) = (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
        let sent: i64 = timestamp.parse().map_err(|_| WebhookError::Unsigned)?;
        if now.as_second().saturating_sub(sent).saturating_abs() > AGE_MAX_S {
            return Err(WebhookError::Stale);
        }
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let of_version_1 = |signature: &str| STANDARD.decode(signature.strip_prefix("v1,")?).ok();
        let mut tags = signatures.split(' ').take(SIGNATURES_MAX).filter_map(of_version_1);
        if tags.any(|tag| hmac::verify(&self.0, &signed, &tag).is_ok()) { Ok(()) } else { Err(WebhookError::Forged) }
    }
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: i64 = 1_614_265_330;
    /// The example of the standard.
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const BODY: &str = r#"{"test": 2432232314}"#;

    fn verify(timestamp: &str, signature: &str, body: &str, now: i64) -> Result<(), WebhookError> {
        let headers = [("id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), ("timestamp", timestamp), ("signature", signature)];
        let headers = headers.into_iter().filter(|(_, value)| !value.is_empty());
        let headers = headers.map(|(name, value)| (format!("webhook-{name}"), value.to_owned())).collect();
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        secret.verify(&headers, body.as_bytes(), Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn only_a_fresh_message_of_whoever_has_the_secret_is_believed() {
        let sent = SENT.to_string();
        let changed_secret = format!("v1,AAAA v2,zzz {SIGNATURE}");
        for (timestamp, signature, body, now, outcome) in [
            (sent.as_str(), SIGNATURE, BODY, SENT, Ok(())),
            (&sent, SIGNATURE, BODY, SENT + 300, Ok(())),
            (&sent, SIGNATURE, BODY, SENT - 300, Ok(())),
            (&sent, &changed_secret, BODY, SENT, Ok(())),
            (&sent, SIGNATURE, BODY, SENT + 301, Err(WebhookError::Stale)),
            (&sent, SIGNATURE, BODY, SENT - 301, Err(WebhookError::Stale)),
            (&sent, SIGNATURE, "{}", SENT, Err(WebhookError::Forged)),
            ("1614265331", SIGNATURE, BODY, SENT, Err(WebhookError::Forged)),
            (&sent, "v1,g0hM", BODY, SENT, Err(WebhookError::Forged)),
            (&sent, &SIGNATURE[3..], BODY, SENT, Err(WebhookError::Forged)),
            (&sent, "v1,", BODY, SENT, Err(WebhookError::Forged)),
            (&sent, "", BODY, SENT, Err(WebhookError::Unsigned)),
            ("soon", SIGNATURE, BODY, SENT, Err(WebhookError::Unsigned)),
            ("", SIGNATURE, BODY, SENT, Err(WebhookError::Unsigned)),
            ("-9223372036854775808", SIGNATURE, BODY, SENT, Err(WebhookError::Stale)),
        ] {
            assert_eq!(verify(timestamp, signature, body, now), outcome, "{timestamp} {signature} {body} {now}");
        }
    }

    #[test]
    fn secrets_that_are_none_are_refused() {
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_***"] {
            assert!(WebhookSecret::parse(bad).is_err(), "{bad}");
        }
    }
}
