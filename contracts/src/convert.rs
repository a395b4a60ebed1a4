//! Between the contracts' shared shapes and the kernel's: money, postal addresses, time, violations.

use haat_kernel::{Currency, Error, Kind, Money, PostalAddress, Result, Timestamp, Violation};

use crate::common;

impl From<Money> for common::Money {
    fn from(money: Money) -> Self {
        common::Money { currency_code: money.currency.code().to_owned(), amount: money.minor }
    }
}

/// The amount of a request's `field`: present, with a valid currency, not negative.
pub fn amount(field: &str, money: Option<&common::Money>) -> Result<Money> {
    let money = money.ok_or_else(|| Error::invalid(field, "is required: an amount with its currency"))?;
    let currency =
        Currency::parse(&money.currency_code).map_err(|e| Error::invalid(format!("{field}.currencyCode"), e.to_string()))?;
    if money.amount < 0 {
        return Err(Error::invalid(format!("{field}.amount"), "must not be negative"));
    }
    Ok(Money::new(currency, money.amount))
}

/// An amount that another service sent: whatever it says, signs included; absent counts as zero rupees.
pub fn money(money: Option<&common::Money>) -> Money {
    money.map_or(Money::inr(0), |m| Money::new(Currency::parse(&m.currency_code).unwrap_or(Currency::INR), m.amount))
}

/// The postal address of a request's `field`; 400 with all that is wrong with it.
pub fn postal_address(field: &str, address: common::PostalAddress) -> Result<PostalAddress> {
    let common::PostalAddress { name, line1, line2, city, state, postal_code, country, phone } = address;
    let address = PostalAddress { name, line1, line2, city, state, postal_code, country, phone };
    let refuse = |violations| {
        let error = Error::new(Kind::InvalidArgument, "invalid_argument", "The postal address is not complete or not right.");
        error.with_violations(violations)
    };
    address.checked(field).map_err(refuse)
}

impl From<PostalAddress> for common::PostalAddress {
    fn from(address: PostalAddress) -> Self {
        let PostalAddress { name, line1, line2, city, state, postal_code, country, phone } = address;
        common::PostalAddress { name, line1, line2, city, state, postal_code, country, phone }
    }
}

pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// The time of a request's `field`; 400 when it is out of the calendar's range.
pub fn time(field: &str, at: &prost_types::Timestamp) -> Result<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).map_err(|_| Error::invalid(field, "is not a time of the calendar"))
}

impl From<Violation> for common::Violation {
    fn from(violation: Violation) -> Self {
        common::Violation { field: violation.field, description: violation.description }
    }
}

impl From<common::Violation> for Violation {
    fn from(violation: common::Violation) -> Self {
        Violation { field: violation.field, description: violation.description }
    }
}
