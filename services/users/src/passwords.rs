//! Passwords: which are acceptable, and their argon2id hashes. Hashing is slow on purpose, so it runs on the blocking pool
//! a few at a time, and no more than `QUEUE_MAX` callers wait: a flood of sign-ins slows sign-ins, not the service.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use haat_kernel::{Clock, Entropy, Error, Fault, Kind, Violation, blocking};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// OWASP's password storage cheat sheet, the second of its equal choices: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;

const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 256;
/// How many callers may wait or hash at a time; at 20 ms each, the last is served before its deadline.
const QUEUE_MAX: usize = 256;
/// How many hash at a time, at most: each takes `MEMORY_KIB`.
const HASHERS_MAX: usize = 8;

const COMMON: &str = include_str!("passwords/common.txt");

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("A password has 8 to 256 characters.")]
    WrongLength,
    #[error("This password is among the commonest; choose another one.")]
    TooCommon,
}

impl Fault for PasswordError {
    fn kind(&self) -> Kind {
        match self {
            PasswordError::WrongLength => Kind::InvalidArgument,
            PasswordError::TooCommon => Kind::OutOfRange,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            PasswordError::WrongLength => "invalid_argument",
            PasswordError::TooCommon => "password_too_common",
        }
    }
    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new(
            "password",
            match self {
                PasswordError::WrongLength => "must have 8 to 256 characters",
                PasswordError::TooCommon => "is among the commonest passwords",
            },
        )]
    }
}

/// A password that may be chosen. Has no `Debug`: it is a secret.
pub struct NewPassword(String);

impl NewPassword {
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        if !(CHARS_MIN..=CHARS_MAX).contains(&text.chars().count()) {
            return Err(PasswordError::WrongLength);
        }
        if common().contains(text.to_lowercase().as_str()) {
            return Err(PasswordError::TooCommon);
        }
        Ok(NewPassword(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn common() -> &'static BTreeSet<&'static str> {
    static SET: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    SET.get_or_init(|| COMMON.lines().filter(|line| !line.starts_with('#')).collect())
}

pub struct Passwords {
    queue: Arc<Semaphore>,
    hashers: Arc<Semaphore>,
    clock: Clock,
    entropy: Entropy,
    /// Of nobody's password: what a sign-in to an account that does not exist is checked against.
    nobody: Arc<str>,
}

impl Passwords {
    /// Hashes once itself, which takes some milliseconds.
    pub fn new(clock: Clock, entropy: Entropy) -> Result<Self, Error> {
        let hashers = std::thread::available_parallelism().map_or(1, usize::from).min(HASHERS_MAX);
        let nobody = hash(&entropy.hex(SALT_BYTES), &salt(&entropy))?.into();
        let (queue, hashers) = (Arc::new(Semaphore::new(QUEUE_MAX)), Arc::new(Semaphore::new(hashers)));
        Ok(Passwords { queue, hashers, clock, entropy, nobody })
    }

    /// Waits for its turn to hash; 503 when too many wait already.
    pub async fn turn(&self) -> Result<Turn, Error> {
        let place = Arc::clone(&self.queue).try_acquire_owned();
        let place = place.map_err(|_| Error::unavailable("too many passwords wait to be hashed"))?;
        let hasher = Arc::clone(&self.hashers).acquire_owned().await.map_err(Error::internal)?;
        let nobody = Arc::clone(&self.nobody);
        Ok(Turn { _permits: [place, hasher], clock: self.clock, nobody, salt: salt(&self.entropy) })
    }
}

/// Leave to hash once. The permits go along into the blocking pool: a caller that gives up does not free them early.
pub struct Turn {
    _permits: [OwnedSemaphorePermit; 2],
    clock: Clock,
    nobody: Arc<str>,
    salt: [u8; SALT_BYTES],
}

impl Turn {
    /// A PHC string.
    pub async fn hash(self, password: NewPassword) -> Result<String, Error> {
        self.run(move |turn| hash(password.as_str(), &turn.salt)).await
    }

    /// Whether `password` is the one with this PHC string. Takes as long, and is false, when there is none.
    pub async fn check(self, password: String, stored: Option<String>) -> Result<bool, Error> {
        self.run(move |turn| {
            let is_password_of_somebody = stored.is_some();
            let matches = matches(&password, stored.as_deref().unwrap_or(&turn.nobody))?;
            Ok(matches && is_password_of_somebody)
        })
        .await
    }

    async fn run<R: Send + 'static>(self, work: impl FnOnce(&Turn) -> Result<R, Error> + Send + 'static) -> Result<R, Error> {
        blocking(self.clock, move || work(&self)).await?
    }
}

fn salt(entropy: &Entropy) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    entropy.fill(&mut salt);
    salt
}

fn hash(password: &str, salt: &[u8]) -> Result<String, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::internal)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = argon2.hash_password_with_salt(password.as_bytes(), salt).map_err(Error::internal)?;
    Ok(hash.to_string())
}

fn matches(password: &str, stored: &str) -> Result<bool, Error> {
    let stored = PasswordHash::new(stored).map_err(Error::internal)?;
    match Argon2::default().verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(Error::internal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_short_nor_long_nor_common() {
        for good in ["correct horse", "ÄÖÜäöüßẞ", "पासवर्ड-मेरा", &"x".repeat(256)] {
            assert!(NewPassword::parse(good).is_ok(), "{good}");
        }
        for (bad, error) in [
            ("", PasswordError::WrongLength),
            ("seven77", PasswordError::WrongLength),
            (&"x".repeat(257), PasswordError::WrongLength),
            ("password", PasswordError::TooCommon),
            ("PassWord123", PasswordError::TooCommon),
            ("12345678", PasswordError::TooCommon),
            ("qwertyuiop", PasswordError::TooCommon),
        ] {
            assert_eq!(NewPassword::parse(bad).err(), Some(error), "{bad}");
        }
    }

    #[test]
    fn the_list_of_common_passwords_is_long_and_only_of_what_could_be_chosen() {
        assert!(common().len() >= 500, "{}", common().len());
        for password in common() {
            assert!(password.chars().count() >= CHARS_MIN && *password == password.to_lowercase(), "{password}");
        }
    }

    #[tokio::test]
    async fn a_hash_is_salted_says_its_parameters_and_fits_its_password_alone() {
        let passwords = Passwords::new(Clock::System, Entropy::seeded(1)).unwrap();
        let password = || NewPassword::parse("correct horse").unwrap();
        let first = passwords.turn().await.unwrap().hash(password()).await.unwrap();
        let second = passwords.turn().await.unwrap().hash(password()).await.unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        for (text, stored, expected) in
            [("correct horse", Some(first.clone()), true), ("correct hors", Some(first), false), ("correct horse", None, false)]
        {
            assert_eq!(passwords.turn().await.unwrap().check(text.to_owned(), stored).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn who_finds_the_queue_full_is_told_at_once() {
        let passwords = Passwords::new(Clock::System, Entropy::seeded(1)).unwrap();
        let places = Arc::clone(&passwords.queue).try_acquire_many_owned(256).unwrap();
        assert_eq!(passwords.turn().await.err().unwrap().kind, Kind::Unavailable);
        drop(places);
        assert!(passwords.turn().await.is_ok());
    }
}
