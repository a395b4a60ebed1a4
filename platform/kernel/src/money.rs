//! Money: an integer of minor units (paise) in a currency. Every sum is checked; there is no float near it.

use serde::{Deserialize, Serialize};

use crate::error::{Fault, Kind};

/// An ISO 4217 currency code: three capital letters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    pub const INR: Currency = Currency(*b"INR");

    /// Fails unless `code` is three capital ASCII letters.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        match code.as_bytes() {
            &[a, b, c] if [a, b, c].iter().all(u8::is_ascii_uppercase) => Ok(Currency([a, b, c])),
            _ => Err(MoneyError::NotACurrency(code.chars().take(8).collect())),
        }
    }

    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

impl std::fmt::Debug for Currency {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Currency::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// An amount in minor units. May be negative (a ledger entry); prices are checked where they enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    #[serde(rename = "currencyCode")]
    pub currency: Currency,
    #[serde(rename = "amount")]
    pub minor: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("`{0}` is not a currency code of three capital letters")]
    NotACurrency(String),
    #[error("{left:?} and {right:?} cannot be added")]
    CurrencyMismatch { left: Currency, right: Currency },
    #[error("the amount is out of range")]
    OutOfRange,
}

impl Fault for MoneyError {
    fn kind(&self) -> Kind {
        Kind::OutOfRange
    }
    fn code(&self) -> &'static str {
        match self {
            MoneyError::NotACurrency(_) => "currency_invalid",
            MoneyError::CurrencyMismatch { .. } => "currency_mismatch",
            MoneyError::OutOfRange => "amount_out_of_range",
        }
    }
}

impl Money {
    pub const fn new(currency: Currency, minor: i64) -> Self {
        Money { currency, minor }
    }

    pub const fn inr(minor: i64) -> Self {
        Money::new(Currency::INR, minor)
    }

    pub const fn zero(currency: Currency) -> Self {
        Money::new(currency, 0)
    }

    pub const fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// Fails on different currencies and on overflow.
    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// Fails on different currencies and on overflow.
    pub fn minus(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// This amount `quantity` times; fails on overflow.
    pub fn times(self, quantity: u32) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_mul(i64::from(quantity)).ok_or(MoneyError::OutOfRange)?;
        Ok(Money { minor, ..self })
    }

    /// `basis_points` hundredths of a percent of this amount, rounded half up (10000 is the whole).
    pub fn share(self, basis_points: u32) -> Result<Money, MoneyError> {
        let product = i128::from(self.minor) * i128::from(basis_points);
        let minor = i64::try_from((product + 5_000).div_euclid(10_000)).map_err(|_| MoneyError::OutOfRange)?;
        Ok(Money { minor, ..self })
    }

    /// Splits this amount in proportion to `weights` by largest remainder: the parts always add up to the whole.
    /// Negative weights count as zero; with no weight at all everything goes to the first part.
    pub fn split(self, weights: &[i64]) -> Vec<Money> {
        let total: i128 = weights.iter().map(|w| i128::from((*w).max(0))).sum();
        if total == 0 {
            return weights
                .iter()
                .enumerate()
                .map(|(i, _)| Money { minor: if i == 0 { self.minor } else { 0 }, ..self })
                .collect();
        }
        let exact = |w: &i64| i128::from(self.minor) * i128::from((*w).max(0));
        let mut parts: Vec<i128> = weights.iter().map(|w| exact(w).div_euclid(total)).collect();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by_key(|&i| std::cmp::Reverse(exact(&weights[i]).rem_euclid(total)));
        let left = i128::from(self.minor) - parts.iter().sum::<i128>();
        for &i in order.iter().take(usize::try_from(left).unwrap_or(0)) {
            parts[i] += 1;
        }
        parts.into_iter().map(|p| Money { minor: i64::try_from(p).unwrap_or(self.minor), ..self }).collect()
    }

    /// The sum of `amounts`, zero of `currency` when there are none.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Money>) -> Result<Money, MoneyError> {
        amounts.into_iter().try_fold(Money::zero(currency), Money::plus)
    }

    fn combine(self, other: Money, op: fn(i64, i64) -> Option<i64>) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        Ok(Money { minor: op(self.minor, other.minor).ok_or(MoneyError::OutOfRange)?, ..self })
    }
}

impl std::fmt::Display for Money {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.minor < 0 { "-" } else { "" };
        let whole = self.minor.unsigned_abs();
        write!(f, "{sign}{} {}.{:02}", self.currency.code(), whole / 100, whole % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn currencies_do_not_mix_and_sums_do_not_wrap() {
        let dollar = Money::new(Currency::parse("USD").unwrap(), 1);
        assert!(matches!(Money::inr(1).plus(dollar), Err(MoneyError::CurrencyMismatch { .. })));
        assert_eq!(Money::inr(i64::MAX).plus(Money::inr(1)), Err(MoneyError::OutOfRange));
        assert_eq!(Money::inr(i64::MAX).times(2), Err(MoneyError::OutOfRange));
        assert!(Currency::parse("inr").is_err());
    }

    #[test]
    fn shares_round_half_up() {
        assert_eq!(Money::inr(1001).share(5_000).unwrap(), Money::inr(501));
        assert_eq!(Money::inr(999).share(1_000).unwrap(), Money::inr(100));
        assert_eq!(Money::inr(129_900).to_string(), "INR 1299.00");
    }

    proptest! {
        #[test]
        fn a_split_adds_up_and_no_part_exceeds_its_share_by_more_than_one(
            minor in 0i64..1_000_000_000, weights in prop::collection::vec(0i64..1_000_000, 1..20)
        ) {
            let parts = Money::inr(minor).split(&weights);
            prop_assert_eq!(parts.iter().map(|p| p.minor).sum::<i64>(), minor);
            let total: i64 = weights.iter().sum();
            if total > 0 {
                for (part, weight) in parts.iter().zip(&weights) {
                    let floor = (i128::from(minor) * i128::from(*weight) / i128::from(total)) as i64;
                    prop_assert!(part.minor == floor || part.minor == floor + 1);
                }
            }
        }
    }
}
