//! The name of a service as its certificate says it: `spiffe://haat/orders`.

use std::sync::Arc;

use rustls_pki_types::ServerName;

use crate::error::IdentityError;

const PREFIX: &str = "spiffe://haat/";
const DNS_SUFFIX: &str = ".haat.internal";

/// `spiffe://haat/NAME`, where NAME is a DNS label: 1 to 63 of `a-z 0-9 -`, no hyphen at either end. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SpiffeId(Arc<str>);

impl SpiffeId {
    /// Fails unless `uri` is exactly of the form `spiffe://haat/NAME`.
    pub fn parse(uri: &str) -> Result<Self, IdentityError> {
        match uri.strip_prefix(PREFIX) {
            Some(name) if is_label(name) => Ok(SpiffeId(uri.into())),
            _ => Err(IdentityError::NotASpiffeId(uri.chars().take(100).collect())),
        }
    }

    /// The id of the service `name`.
    pub fn of(name: &str) -> Result<Self, IdentityError> {
        SpiffeId::parse(&format!("{PREFIX}{name}"))
    }

    /// The service's name: `orders`.
    pub fn name(&self) -> &str {
        &self.0[PREFIX.len()..]
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `orders.haat.internal`: the DNS name in its certificate, and the server name a client asks for.
    pub fn dns_name(&self) -> String {
        format!("{}{DNS_SUFFIX}", self.name())
    }

    /// What a client of this service hands to TLS; the verifier takes the expected id from it.
    pub fn server_name(&self) -> Result<ServerName<'static>, IdentityError> {
        ServerName::try_from(self.dns_name()).map_err(|_| IdentityError::NotASpiffeId(self.0.to_string()))
    }

    /// The reverse of `server_name`.
    pub(crate) fn of_server_name(name: &ServerName<'_>) -> Result<Self, IdentityError> {
        let text = name.to_str();
        let label = text.strip_suffix(DNS_SUFFIX).ok_or_else(|| IdentityError::NotASpiffeId(text.to_string()))?;
        SpiffeId::of(label)
    }
}

fn is_label(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('-') && !name.ends_with('-')
}

impl std::fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Debug for SpiffeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exact_form_is_an_id() {
        let id = SpiffeId::parse("spiffe://haat/sandbox-psp").unwrap();
        assert_eq!((id.name(), id.dns_name().as_str()), ("sandbox-psp", "sandbox-psp.haat.internal"));
        assert_eq!(SpiffeId::of_server_name(&id.server_name().unwrap()).unwrap(), id);
        for bad in [
            "",
            "orders",
            "spiffe://haat/",
            "spiffe://haat/orders/",
            "spiffe://haat/a/b",
            "spiffe://haat/Orders",
            "spiffe://haat/-a",
            "spiffe://haat/orders?x",
            "spiffe://haat/orders.haat",
            "spiffe://other/orders",
            "SPIFFE://haat/orders",
            " spiffe://haat/orders",
        ] {
            assert!(SpiffeId::parse(bad).is_err(), "{bad}");
        }
    }
}
