//! Amounts and times as people in India write them.

use haat_contracts::common;
use haat_contracts::convert;
use haat_kernel::{Currency, Timestamp};
use jiff::tz::{Offset, TimeZone};

use crate::language::Language;

/// `1234567` → `12,34,567`: thousands, then lakhs and crores.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
    if head.is_empty() {
        return tail.to_owned();
    }
    let mut groups: Vec<&str> = Vec::new();
    let mut rest = head;
    while rest.len() > 2 {
        let (before, group) = rest.split_at(rest.len() - 2);
        groups.push(group);
        rest = before;
    }
    groups.push(rest);
    groups.reverse();
    format!("{},{tail}", groups.join(","))
}

/// `₹1,299.00`; other currencies by their code.
pub(crate) fn money(amount: &common::Money) -> String {
    let money = convert::money(Some(amount));
    let minor = money.minor.unsigned_abs();
    let sign = if money.minor < 0 { "−" } else { "" };
    let symbol = if money.currency == Currency::INR { "₹".to_owned() } else { format!("{} ", money.currency.code()) };
    format!("{sign}{symbol}{}.{:02}", grouped(minor / 100), minor % 100)
}

const MONTHS: [[&str; 12]; 2] = [
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    ["जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्टू॰", "नव॰", "दिस॰"],
];

/// India has one time zone, without summer time.
fn local(at: Timestamp) -> jiff::Zoned {
    let offset = Offset::from_seconds(5 * 3600 + 30 * 60).unwrap_or(Offset::UTC);
    at.to_zoned(TimeZone::fixed(offset))
}

/// `21 Nov 2026`.
pub(crate) fn date(at: Timestamp, language: Language) -> String {
    let local = local(at);
    let month = MONTHS[language as usize].get(usize::try_from(local.month() - 1).unwrap_or(0)).copied().unwrap_or_default();
    format!("{} {month} {}", local.day(), local.year())
}

/// `21 Nov 2026, 14:05`.
pub(crate) fn date_time(at: Timestamp, language: Language) -> String {
    let local = local(at);
    format!("{}, {:02}:{:02}", date(at, language), local.hour(), local.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use haat_kernel::Money;

    #[test]
    fn lakhs_and_crores() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (99_999, "99,999"),
            (100_000, "1,00,000"),
            (1_234_567, "12,34,567"),
            (123_456_789, "12,34,56,789"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn amounts_have_a_sign_a_currency_and_paise() {
        assert_eq!(money(&Money::inr(129_900).into()), "₹1,299.00");
        assert_eq!(money(&Money::inr(-5).into()), "−₹0.05");
        assert_eq!(money(&Money::inr(i64::MIN).into()), "−₹92,23,37,20,36,85,47,758.08");
        assert_eq!(money(&common::Money { currency_code: "USD".into(), amount: 250 }), "USD 2.50");
    }

    #[test]
    fn times_are_those_of_india() {
        let at: Timestamp = "2026-11-21T20:05:00Z".parse().unwrap();
        assert_eq!(date_time(at, Language::En), "22 Nov 2026, 01:35");
        assert_eq!(date(at, Language::Hi), "22 नव॰ 2026");
    }
}
