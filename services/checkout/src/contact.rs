//! How a buyer is reached: an e-mail address, which is checked when it is made.

use serde::{Deserialize, Serialize};

/// RFC 5321: the longest address that can be a recipient, and the longest part before the `@`.
const EMAIL_LENGTH_MAX: usize = 254;
const EMAIL_LOCAL_LENGTH_MAX: usize = 64;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// None unless it has the form of an address with a domain. Lower-case, so that one person counts as one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@')?;
        let is_atom = |c: char| c.is_ascii_graphic() && !"()<>[]:;@\\,\"".contains(c);
        let has_empty_part = |text: &str| text.split('.').any(str::is_empty);
        let is_label = |label: &str| {
            let is_plain = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            (1..=63).contains(&label.len()) && is_plain && !label.starts_with('-') && !label.ends_with('-')
        };
        let is_local = local.len() <= EMAIL_LOCAL_LENGTH_MAX && !has_empty_part(local) && local.chars().all(is_atom);
        let is_domain = domain.contains('.') && domain.split('.').all(is_label);
        (text.len() <= EMAIL_LENGTH_MAX && is_local && is_domain).then_some(Email(text))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_a_local_part_and_a_domain() {
        assert_eq!(Email::parse(" Asha.Rao+haat@Example.IN ").unwrap().as_str(), "asha.rao+haat@example.in");
        for bad in ["", "@", "a@", "@b.co", "a@b", "a b@c.de", "a@b..co", ".a@b.co", "a@-b.co", "a@b.co\n.x", "ä@b.co"] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }
}
