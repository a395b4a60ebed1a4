//! Join tokens as they are handed over: `join_` and 256 random bits. They are never stored: a token is known by its
//! SHA-256 hash alone, and 256 bits need no slower one.

use aws_lc_rs::digest;
use haat_kernel::Entropy;
use serde::{Deserialize, Serialize};

const PREFIX: &str = "join_";
const SECRET_BYTES: usize = 32;

/// Has no `Debug`: it is a secret.
pub struct Token(String);

/// The SHA-256 hash of a token, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenHash(String);

impl Token {
    pub fn new(entropy: &Entropy) -> Self {
        Token(format!("{PREFIX}{}", entropy.hex(SECRET_BYTES)))
    }

    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&self.0)
    }

    pub fn into_text(self) -> String {
        self.0
    }
}

impl TokenHash {
    /// Of whatever somebody presents as a token.
    pub fn of(presented: &str) -> Self {
        let digest = digest::digest(&digest::SHA256, presented.as_bytes());
        TokenHash(digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
