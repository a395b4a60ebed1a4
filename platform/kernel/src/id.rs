//! Ids: TypeIDs (a prefix and a base32 UUIDv7), one newtype each; and the randomness they come from.

use std::sync::{Arc, Mutex};

use rand::{RngCore, SeedableRng, rngs::StdRng};
pub use uuid::Uuid;

use crate::time::Timestamp;

/// An id of one kind of thing. Made by `id_type!`.
pub trait Id: Clone + Eq + std::hash::Hash + std::fmt::Display + Send + Sync + 'static {
    const PREFIX: &'static str;
    fn from_uuid(uuid: Uuid) -> Self;
    fn as_str(&self) -> &str;
}

/// Declares an id type: `id_type!(/// An order of one seller. OrderId, "order");`
#[macro_export]
macro_rules! id_type {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(std::sync::Arc<str>);

        impl $crate::id::Id for $name {
            const PREFIX: &'static str = $prefix;
            fn from_uuid(uuid: $crate::id::Uuid) -> Self {
                $name($crate::id::encode($prefix, uuid).into())
            }
            fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl $name {
            /// Fails unless `text` is a TypeID with the prefix of this type.
            pub fn parse(text: &str) -> Result<Self, $crate::id::IdError> {
                $crate::id::check($prefix, text).map(|()| $name(text.into()))
            }
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                Ok($name(text.as_ref().into()))
            }
        }
    };
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an id of the form `{prefix}_…`")]
pub struct IdError {
    pub prefix: &'static str,
}

impl IdError {
    /// The 400 for a request's `field` that should have held this id.
    pub fn in_field(&self, field: &str) -> crate::Error {
        crate::Error::invalid(field, self.to_string())
    }
}

pub fn encode(prefix: &'static str, uuid: Uuid) -> String {
    match type_safe_id::DynamicType::new(prefix) {
        Ok(kind) => type_safe_id::TypeSafeId::from_type_and_uuid(kind, uuid).to_string(),
        Err(_) => format!("{prefix}_{}", uuid.simple()),
    }
}

pub fn check(prefix: &'static str, text: &str) -> Result<(), IdError> {
    text.parse::<type_safe_id::TypeSafeId<type_safe_id::DynamicType>>()
        .ok()
        .filter(|id| id.type_prefix() == prefix)
        .map(|_| ())
        .ok_or(IdError { prefix })
}

/// The UUID in a TypeID of whatever kind.
pub fn uuid_of(text: &str) -> Option<Uuid> {
    text.parse::<type_safe_id::TypeSafeId<type_safe_id::DynamicType>>().ok().map(|id| id.uuid())
}

/// Randomness: the operating system's, or seeded in a simulation. Cheap to clone; clones share the source.
#[derive(Clone)]
pub struct Entropy(Arc<Mutex<StdRng>>);

impl Entropy {
    /// A cryptographically strong generator (ChaCha12), keyed by the operating system.
    pub fn system() -> Self {
        Entropy(Arc::new(Mutex::new(StdRng::from_os_rng())))
    }

    pub fn seeded(seed: u64) -> Self {
        Entropy(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A new id. Its UUIDv7 carries `now`, so that ids made later sort later.
    pub fn id<I: Id>(&self, now: Timestamp) -> I {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut random = [0u8; 10];
        self.fill(&mut random);
        I::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    pub fn fill(&self, bytes: &mut [u8]) {
        let mut rng = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        rng.fill_bytes(bytes);
    }

    pub fn u64(&self) -> u64 {
        let mut bytes = [0u8; 8];
        self.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// A number in `0..bound`; 0 when the bound is 0.
    pub fn below(&self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.u64() % bound }
    }

    /// Lower-case hexadecimal text of `bytes` random bytes: tokens, passwords.
    pub fn hex(&self, bytes: usize) -> String {
        let mut buffer = vec![0u8; bytes];
        self.fill(&mut buffer);
        buffer.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// An id that is always the same for the same `parts`: for effects that a retry must not repeat.
pub fn derived<I: Id>(parts: &[&str]) -> I {
    I::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_OID, parts.join("\u{1f}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    id_type!(ThingId, "thing");

    #[test]
    fn ids_carry_their_prefix_sort_by_time_and_refuse_others() {
        let entropy = Entropy::seeded(1);
        let early: ThingId = entropy.id(Timestamp::UNIX_EPOCH);
        let late: ThingId = entropy.id("2026-01-01T00:00:00Z".parse().unwrap());
        assert!(early.as_str().starts_with("thing_") && early < late);
        assert_eq!(ThingId::parse(late.as_str()).unwrap(), late);
        for bad in [
            "",
            "thing_",
            "order_01h455vb4pex5vsknk084sn02q",
            "thing_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "thing",
            "Thing_01h455vb4pex5vsknk084sn02q",
        ] {
            assert!(ThingId::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn derived_ids_repeat() {
        assert_eq!(derived::<ThingId>(&["a", "b"]), derived::<ThingId>(&["a", "b"]));
        assert_ne!(derived::<ThingId>(&["a", "b"]), derived::<ThingId>(&["ab"]));
    }
}
