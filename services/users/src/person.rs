//! What is known of a person, valid by construction: e-mail address, display name, roles.
//! A value of one of these types has passed its check; whoever holds one need not check again.

use haat_kernel::Error;
use serde::{Deserialize, Serialize};

/// RFC 5321, 4.5.3.1.3: a path of 256 octets, less its angle brackets.
const EMAIL_CHARS_MAX: usize = 254;
const LOCAL_PART_CHARS_MAX: usize = 64;
const LABEL_CHARS_MAX: usize = 63;
const DISPLAY_NAME_CHARS_MAX: usize = 100;

haat_kernel::id_type!(
    /// The seller whose staff a person is.
    SellerId,
    "seller"
);

/// An e-mail address in lower case: two that differ only by case are one account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Takes `local@domain.tld` in ASCII, without quotes, comments or address literals.
    pub fn parse(text: &str) -> Result<Self, Error> {
        match text.rsplit_once('@') {
            Some((local, domain)) if text.len() <= EMAIL_CHARS_MAX && is_local_part(local) && is_domain(domain) => {
                Ok(Email(text.to_ascii_lowercase()))
            }
            _ => Err(Error::invalid("email", "must be an e-mail address of at most 254 characters")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Personal data: stays out of logs.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

fn is_local_part(local: &str) -> bool {
    let is_atom =
        |atom: &str| !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b));
    local.len() <= LOCAL_PART_CHARS_MAX && local.split('.').all(is_atom)
}

fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_CHARS_MAX).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

/// What others see of a person; any script, trimmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DisplayName(String);

impl DisplayName {
    pub fn parse(text: &str) -> Result<Self, Error> {
        let name = text.trim();
        if name.is_empty() || name.chars().count() > DISPLAY_NAME_CHARS_MAX || name.chars().any(char::is_control) {
            return Err(Error::invalid("displayName", "must have 1 to 100 characters, none of them a control character"));
        }
        Ok(DisplayName(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person may be; an operator's scopes come beside `operator`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    #[serde(rename = "buyer")]
    Buyer,
    #[serde(rename = "seller")]
    Seller,
    #[serde(rename = "operator")]
    Operator,
    #[serde(rename = "operator:support")]
    Support,
    #[serde(rename = "operator:finance")]
    Finance,
    #[serde(rename = "operator:moderation")]
    Moderation,
    #[serde(rename = "operator:admin")]
    Admin,
}

impl Role {
    const ALL: [Role; 7] =
        [Role::Buyer, Role::Seller, Role::Operator, Role::Support, Role::Finance, Role::Moderation, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Buyer => "buyer",
            Role::Seller => "seller",
            Role::Operator => "operator",
            Role::Support => "operator:support",
            Role::Finance => "operator:finance",
            Role::Moderation => "operator:moderation",
            Role::Admin => "operator:admin",
        }
    }

    pub fn parse(text: &str) -> Result<Self, Error> {
        let found = Role::ALL.into_iter().find(|role| role.as_str() == text);
        found.ok_or_else(|| Error::invalid("roles", "must be `buyer`, `seller`, `operator` or `operator:` with a scope"))
    }
}

/// The roles of a person, and the seller they work for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// In order, without repetition.
    pub roles: Vec<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<SellerId>,
}

impl Standing {
    /// What everybody starts with.
    pub fn buyer() -> Self {
        Standing { roles: vec![Role::Buyer], seller_id: None }
    }

    /// Fails unless the role `seller` and a seller come together.
    pub fn new(mut roles: Vec<Role>, seller_id: Option<SellerId>) -> Result<Self, Error> {
        if roles.contains(&Role::Seller) != seller_id.is_some() {
            return Err(Error::invalid("sellerId", "must be set if, and only if, one of the roles is `seller`"));
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(Standing { roles, seller_id })
    }

    pub fn role_names(&self) -> Vec<String> {
        self.roles.iter().map(|role| role.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_has_the_form_that_mail_servers_take() {
        for good in ["a@b.co", "Asha.Rao+haat@Example.IN", "o'neil@mail.example.com", "x_1@a-b.xn--h2brj9c"] {
            assert_eq!(Email::parse(good).unwrap().as_str(), good.to_lowercase());
        }
        let long_local = format!("{}@example.in", "a".repeat(65));
        let long = format!("a@{}.in", ["b".repeat(60), "c".repeat(60), "d".repeat(60), "e".repeat(60), "f".repeat(12)].join("."));
        for bad in [
            "",
            "@",
            "a@",
            "@b.co",
            "a@b",
            "a b@c.de",
            "a@b..co",
            ".a@b.co",
            "a.@b.co",
            "a@-b.co",
            "a@b.co\n",
            "a@@b.co",
            "आशा@b.co",
            "\"a\"@b.co",
            "a@[127.0.0.1]",
            &long_local,
            &long,
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_display_name_may_be_in_any_script_but_holds_no_control_characters() {
        assert_eq!(DisplayName::parse("  आशा राव ").unwrap().as_str(), "आशा राव");
        assert!(DisplayName::parse(&"ह".repeat(100)).is_ok());
        for bad in ["", "   ", "a\u{0}b", "a\nb", &"x".repeat(101)] {
            assert!(DisplayName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_seller_role_needs_its_seller_and_the_other_way_round() {
        let seller = SellerId::parse("seller_01h455vb4pex5vsknk084sn02q").unwrap();
        assert!(Standing::new(vec![Role::Seller], None).is_err());
        assert!(Standing::new(vec![Role::Buyer], Some(seller.clone())).is_err());
        let standing = Standing::new(vec![Role::Seller, Role::Buyer, Role::Seller], Some(seller)).unwrap();
        assert_eq!(standing.role_names(), ["buyer", "seller"]);
        for role in Role::ALL {
            assert_eq!(serde_json::to_value(role).unwrap(), role.as_str());
            assert_eq!(Role::parse(role.as_str()).unwrap(), role);
        }
    }
}
