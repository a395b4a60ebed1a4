//! Refresh tokens: `rt_`, the session's id, and 256 bits that nobody can guess. They are never stored: a session knows its
//! token by the SHA-256 hash alone, and 256 bits need no slower one. What a token is traded for follows from it and a secret
//! of this process, so that it can be handed out again without being kept.

use aws_lc_rs::{digest, hmac};
use haat_kernel::Entropy;
use serde::{Deserialize, Serialize};

use crate::session::SessionId;

const PREFIX: &str = "rt_";
const SECRET_BYTES: usize = 32;

/// A whole token. Has no `Debug`: it is a secret.
#[derive(Clone)]
pub struct RefreshToken {
    pub session: SessionId,
    text: String,
}

/// What successors are made with; another one in every process.
pub struct Successors(hmac::Key);

impl Successors {
    pub fn new(entropy: &Entropy) -> Self {
        let mut secret = [0; SECRET_BYTES];
        entropy.fill(&mut secret);
        Successors(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    /// The token that `token` is traded for: always the same one.
    pub fn of(&self, token: &RefreshToken) -> RefreshToken {
        let tag = hmac::sign(&self.0, token.text.as_bytes());
        RefreshToken::with_secret(&token.session, &hex(tag.as_ref()))
    }
}

/// The SHA-256 hash of a token, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl RefreshToken {
    pub fn new(session: &SessionId, entropy: &Entropy) -> Self {
        RefreshToken::with_secret(session, &entropy.hex(SECRET_BYTES))
    }

    fn with_secret(session: &SessionId, secret: &str) -> Self {
        let id = session.as_str().trim_start_matches("session_");
        RefreshToken { session: session.clone(), text: format!("{PREFIX}{id}_{secret}") }
    }

    /// None when `text` cannot be a token of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let session = SessionId::parse(&format!("session_{id}")).ok()?;
        (secret.len() == 2 * SECRET_BYTES).then(|| RefreshToken { session, text: text.to_owned() })
    }

    pub fn hash(&self) -> TokenHash {
        let digest = digest::digest(&digest::SHA256, self.text.as_bytes());
        TokenHash(hex(digest.as_ref()))
    }

    /// The token itself, for the one answer that hands it out.
    pub fn into_text(self) -> String {
        self.text
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use haat_kernel::Timestamp;

    use super::*;

    #[test]
    fn a_token_names_its_session_and_no_two_are_alike() {
        let entropy = Entropy::seeded(1);
        let session: SessionId = entropy.id(Timestamp::UNIX_EPOCH);
        let (first, second) = (RefreshToken::new(&session, &entropy), RefreshToken::new(&session, &entropy));
        assert!(first.hash() != second.hash());
        let hash = first.hash();
        let read = RefreshToken::parse(&first.into_text()).unwrap();
        assert!(read.session == session && read.hash() == hash);
        for bad in ["", "rt_", "rt_x_y", "session_01h455vb4pex5vsknk084sn02q", "rt_01h455vb4pex5vsknk084sn02q_00"] {
            assert!(RefreshToken::parse(bad).is_none(), "{bad}");
        }
    }
}
