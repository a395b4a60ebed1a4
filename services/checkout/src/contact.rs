//! How a buyer is reached: an e-mail address and a postal address. Both are checked when they are made; a postal address
//! that is wrong names every field at fault. Whether somebody delivers there is another question.

use haat_kernel::Violation;
use serde::{Deserialize, Serialize};

const TEXT_LENGTH_MAX: usize = 200;
const POSTAL_CODE_LENGTH_MAX: usize = 16;
/// RFC 5321: the longest address that can be a recipient, and the longest part before the `@`.
const EMAIL_LENGTH_MAX: usize = 254;
const EMAIL_LOCAL_LENGTH_MAX: usize = 64;
const INDIA: &str = "IN";

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

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: String,
    pub line1: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub line2: String,
    pub city: String,
    pub state: String,
    pub postal_code: String,
    /// ISO 3166-1 alpha-2, capital letters.
    pub country: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
}

impl Address {
    /// The address without what surrounds its parts; or all that is wrong with it, as fields of `shippingAddress`.
    pub fn checked(self) -> Result<Self, Vec<Violation>> {
        let address = self.trimmed();
        let checks = [
            ("name", required(&address.name)),
            ("line1", required(&address.line1)),
            ("line2", bounded(&address.line2)),
            ("city", required(&address.city)),
            ("state", required(&address.state)),
            ("postalCode", address.check_postal_code()),
            ("country", check_country(&address.country)),
            ("phone", address.check_phone()),
        ];
        let wrong = checks.into_iter().filter_map(|(field, check)| Some((field, check.err()?)));
        let violations: Vec<Violation> =
            wrong.map(|(field, description)| Violation::new(format!("shippingAddress.{field}"), description)).collect();
        if violations.is_empty() { Ok(address) } else { Err(violations) }
    }

    fn trimmed(self) -> Self {
        let trim = |text: String| text.trim().to_owned();
        Address {
            name: trim(self.name),
            line1: trim(self.line1),
            line2: trim(self.line2),
            city: trim(self.city),
            state: trim(self.state),
            postal_code: trim(self.postal_code),
            country: trim(self.country),
            phone: self.phone.chars().filter(|c| !c.is_whitespace() && *c != '-').collect(),
        }
    }

    /// In India a PIN code: its first digit is the zone, and no zone is 0.
    fn check_postal_code(&self) -> Result<(), &'static str> {
        let code = self.postal_code.as_bytes();
        let is_pin = code.len() == 6 && code.iter().all(u8::is_ascii_digit) && code.first() != Some(&b'0');
        match self.country.as_str() {
            INDIA if is_pin => Ok(()),
            INDIA => Err("must be a PIN code: six digits, the first not 0"),
            _ if code.is_empty() => Err("is required"),
            _ if code.len() > POSTAL_CODE_LENGTH_MAX => Err("must have at most 16 characters"),
            _ => Ok(()),
        }
    }

    fn check_phone(&self) -> Result<(), &'static str> {
        let is_digits = |text: &str, least: usize, most: usize| {
            (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
        };
        let is_national = self.country == INDIA && is_digits(&self.phone, 10, 10);
        let is_international = self.phone.strip_prefix('+').is_some_and(|digits| is_digits(digits, 8, 15));
        let is_fine = self.phone.is_empty() || is_national || is_international;
        if is_fine { Ok(()) } else { Err("must be a number with its country code (`+91…`), or ten digits in India") }
    }
}

fn required(text: &str) -> Result<(), &'static str> {
    if text.is_empty() { Err("is required") } else { bounded(text) }
}

fn bounded(text: &str) -> Result<(), &'static str> {
    match text.chars().count() <= TEXT_LENGTH_MAX && !text.chars().any(char::is_control) {
        true => Ok(()),
        false => Err("must have at most 200 characters, on one line"),
    }
}

fn check_country(country: &str) -> Result<(), &'static str> {
    let is_code = country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase());
    if is_code { Ok(()) } else { Err("must be a country's code of two capital letters (ISO 3166-1 alpha-2)") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delhi() -> Address {
        Address {
            name: "Asha Rao".into(),
            line1: "12 Janpath".into(),
            city: "New Delhi".into(),
            state: "DL".into(),
            postal_code: "110001".into(),
            country: "IN".into(),
            phone: "+91 98100-00000".into(),
            ..Address::default()
        }
    }

    /// `expected` is the fields at fault.
    #[track_caller]
    fn check(change: impl FnOnce(&mut Address), expected: &[&str]) {
        let mut address = delhi();
        change(&mut address);
        let fields: Vec<String> = address.checked().err().unwrap_or_default().into_iter().map(|v| v.field).collect();
        let expected: Vec<String> = expected.iter().map(|field| format!("shippingAddress.{field}")).collect();
        assert_eq!(fields, expected);
    }

    #[test]
    fn an_address_names_every_field_that_is_wrong() {
        check(|_| {}, &[]);
        check(|a| a.phone = "9810000000".into(), &[]);
        check(|a| a.phone.clear(), &[]);
        check(|a| a.phone = "12".into(), &["phone"]);
        for pin in ["", "11000", "1100011", "011001", "11000a"] {
            check(|a| a.postal_code = pin.into(), &["postalCode"]);
        }
        check(|a| (a.country, a.postal_code) = ("GB".into(), "SW1A 1AA".into()), &[]);
        check(|a| (a.country, a.phone) = ("in".into(), String::new()), &["country"]);
        check(|a| (a.name, a.city) = ("  ".into(), "x".repeat(201)), &["name", "city"]);
        check(|a| a.line1 = "a\nb".into(), &["line1"]);
    }

    #[test]
    fn an_email_address_has_a_local_part_and_a_domain() {
        assert_eq!(Email::parse(" Asha.Rao+haat@Example.IN ").unwrap().as_str(), "asha.rao+haat@example.in");
        for bad in ["", "@", "a@", "@b.co", "a@b", "a b@c.de", "a@b..co", ".a@b.co", "a@-b.co", "a@b.co\n.x", "ä@b.co"] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }
}
