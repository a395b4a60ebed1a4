//! A postal address, checked when it comes in: one that is wrong names every field at fault. Whether somebody delivers there
//! is another question.

use serde::{Deserialize, Serialize};

use crate::error::Violation;

const TEXT_LENGTH_MAX: usize = 200;
const POSTAL_CODE_LENGTH_MAX: usize = 16;
const INDIA: &str = "IN";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
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

impl PostalAddress {
    /// The address without what surrounds its parts; or all that is wrong with it, as fields of `field`.
    pub fn checked(self, field: &str) -> Result<Self, Vec<Violation>> {
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
        let wrong = checks.into_iter().filter_map(|(part, check)| Some((part, check.err()?)));
        let violations: Vec<Violation> =
            wrong.map(|(part, description)| Violation::new(format!("{field}.{part}"), description)).collect();
        if violations.is_empty() { Ok(address) } else { Err(violations) }
    }

    fn trimmed(self) -> Self {
        let trim = |text: String| text.trim().to_owned();
        PostalAddress {
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

    fn delhi() -> PostalAddress {
        PostalAddress {
            name: "Asha Rao".into(),
            line1: "12 Janpath".into(),
            city: "New Delhi".into(),
            state: "DL".into(),
            postal_code: "110001".into(),
            country: "IN".into(),
            phone: "+91 98100-00000".into(),
            ..PostalAddress::default()
        }
    }

    /// `expected` is the fields at fault.
    #[track_caller]
    fn check(change: impl FnOnce(&mut PostalAddress), expected: &[&str]) {
        let mut address = delhi();
        change(&mut address);
        let fields: Vec<String> =
            address.checked("shippingAddress").err().unwrap_or_default().into_iter().map(|v| v.field).collect();
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
}
