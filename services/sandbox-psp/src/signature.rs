//! Standard Webhooks signatures: base64 HMAC-SHA256 over `id.timestamp.body`, so that nobody else can speak for us and
//! an old message cannot be passed off as a new one. <https://www.standardwebhooks.com>

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};
use haat_kernel::{Error, Result};

/// The key shared with the receiver, `whsec_<base64>` in text.
#[derive(Clone)]
pub struct WebhookSecret(hmac::Key);

impl WebhookSecret {
    /// The shortest key that Standard Webhooks allows.
    const BYTES_MIN: usize = 24;

    pub fn parse(text: &str) -> Result<Self> {
        let bad = || Error::invalid("webhook_secret", "must be `whsec_` and the base64 of at least 24 bytes");
        let encoded = text.strip_prefix("whsec_").ok_or_else(bad)?;
        let bytes = STANDARD.decode(encoded).ok().filter(|bytes| bytes.len() >= Self::BYTES_MIN).ok_or_else(bad)?;
        Ok(WebhookSecret(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The value of the `webhook-signature` header; `timestamp` in seconds.
    pub fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
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

    #[test]
    fn signs_the_example_of_the_standard() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn refuses_secrets_that_are_none() {
        for bad in ["", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_***"] {
            assert!(WebhookSecret::parse(bad).is_err(), "{bad}");
        }
    }
}
