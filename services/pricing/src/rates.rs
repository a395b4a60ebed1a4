//! Rates that change with time: each is a row that holds from a day on, until the next row does. A day is India's.

use haat_kernel::{Money, MoneyError, Timestamp};
use jiff::civil::{Date, date};
use jiff::tz::Offset;

/// India has no daylight saving time.
const INDIA_S: i32 = 5 * 3600 + 30 * 60;

struct Dated<T> {
    from: Date,
    value: T,
}

/// What the delivery of one seller's parcel costs the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub fee: Money,
    /// Free from this subtotal of the seller on, after discounts.
    pub free_from: Money,
}

const DELIVERY: &[Dated<Delivery>] = &[
    // A flat fee: about what a surface parcel of half a kilogram costs within a zone; a higher subtotal carries it itself.
    Dated { from: date(2024, 1, 1), value: Delivery { fee: Money::inr(4_900), free_from: Money::inr(49_900) } },
];

const GST_BASIS_POINTS: &[Dated<u32>] = &[
    // The standard rate: 9 % central and 9 % state. CGST Act 2017, section 9; notification 1/2017-Central Tax (Rate),
    // schedule III. One rate for all goods, as long as offers carry no HSN code.
    Dated { from: date(2017, 7, 1), value: 1_800 },
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    pub delivery: Delivery,
    pub gst_basis_points: u32,
}

impl Rates {
    pub fn at(now: Timestamp) -> Self {
        let today = Offset::from_seconds(INDIA_S).unwrap_or(Offset::UTC).to_datetime(now).date();
        Rates { delivery: on(DELIVERY, today), gst_basis_points: on(GST_BASIS_POINTS, today) }
    }

    /// What one seller's parcel costs.
    pub fn delivery_for(&self, subtotal_after_discount: Money) -> Money {
        let Delivery { fee, free_from } = self.delivery;
        if subtotal_after_discount.minor >= free_from.minor { Money::zero(fee.currency) } else { fee }
    }

    /// The GST that is inside `amount`, rounded half up.
    pub fn gst_in(&self, amount: Money) -> Result<Money, MoneyError> {
        let rate = i128::from(self.gst_basis_points);
        let whole = 10_000 + rate;
        let minor = (i128::from(amount.minor) * rate * 2 + whole).div_euclid(whole * 2);
        Ok(Money { minor: i64::try_from(minor).map_err(|_| MoneyError::OutOfRange)?, ..amount })
    }
}

/// The row of a day: the last one that holds by then. The first row stands for all days before it, too.
fn on<T: Copy>(rows: &[Dated<T>], day: Date) -> T {
    let later = rows.iter().skip(1).take_while(|row| row.from <= day).last();
    later.unwrap_or(&rows[0]).value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_from_its_day_in_india() {
        let rows = [Dated { from: date(2020, 1, 1), value: 1 }, Dated { from: date(2026, 4, 1), value: 2 }];
        for (day, expected) in [("2019-06-01", 1), ("2026-03-31", 1), ("2026-04-01", 2), ("2030-01-01", 2)] {
            assert_eq!(on(&rows, day.parse().unwrap()), expected, "{day}");
        }
        let new_year_in_india: Timestamp = "2025-12-31T18:30:00Z".parse().unwrap();
        let today = Offset::from_seconds(INDIA_S).unwrap().to_datetime(new_year_in_india).date();
        assert_eq!(today, date(2026, 1, 1));
    }

    #[test]
    fn rows_are_in_the_order_of_time() {
        assert!(DELIVERY.is_sorted_by_key(|row| row.from) && GST_BASIS_POINTS.is_sorted_by_key(|row| row.from));
    }

    #[test]
    fn delivery_is_free_from_a_subtotal_on_and_gst_is_inside() {
        let rates = Rates::at("2026-11-21T12:00:00Z".parse().unwrap());
        assert_eq!(rates.delivery_for(Money::inr(49_899)), Money::inr(4_900));
        assert_eq!(rates.delivery_for(Money::inr(49_900)), Money::inr(0));
        assert_eq!(rates.gst_in(Money::inr(11_800)).unwrap(), Money::inr(1_800));
        assert_eq!(rates.gst_in(Money::inr(100)).unwrap(), Money::inr(15));
        assert_eq!(rates.gst_in(Money::inr(0)).unwrap(), Money::inr(0));
    }
}
