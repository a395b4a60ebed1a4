//! Amounts as people in India write them: ₹1,29,900.00, three digits and then pairs; other currencies in threes after
//! their code.

use haat_kernel::{Currency, Money};

pub fn format(money: &Money) -> String {
    let minor = money.minor.unsigned_abs();
    let (group, symbol) =
        if money.currency == Currency::INR { (2, "₹".to_owned()) } else { (3, format!("{} ", money.currency.code())) };
    let sign = if money.minor < 0 { "−" } else { "" };
    format!("{sign}{symbol}{}.{:02}", grouped(&(minor / 100).to_string(), group), minor % 100)
}

/// The last three digits, and before them groups of `group`.
fn grouped(digits: &str, group: usize) -> String {
    let (mut head, tail) = digits.split_at(digits.len().saturating_sub(3));
    let mut groups = vec![tail];
    while !head.is_empty() {
        let (rest, last) = head.split_at(head.len().saturating_sub(group));
        groups.push(last);
        head = rest;
    }
    groups.reverse();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_grouped_by_lakh_and_crore() {
        for (minor, text) in [
            (0, "₹0.00"),
            (5, "₹0.05"),
            (99_900, "₹999.00"),
            (129_900, "₹1,299.00"),
            (12_990_000, "₹1,29,900.00"),
            (-12_345_678_901, "−₹12,34,56,789.01"),
            (i64::MIN, "−₹92,23,37,20,36,85,47,758.08"),
        ] {
            assert_eq!(format(&Money::inr(minor)), text);
        }
        assert_eq!(format(&Money::new(Currency::parse("USD").unwrap(), 123_456_789)), "USD 1,234,567.89");
    }
}
