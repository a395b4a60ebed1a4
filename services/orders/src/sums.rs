//! The amounts of an order, and their sums over a group.
//! Always: subtotal − discount + shipping + tax = total, and a group's amounts are the sums of its orders'.

use haat_kernel::{Currency, Money, MoneyError};
use serde::{Deserialize, Serialize};

use crate::ids::OfferId;
use crate::order::Terms;

/// Some pieces of one offer, at the price of the day they were bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub offer: OfferId,
    pub product: String,
    pub sku: String,
    pub title: String,
    pub quantity: u32,
    pub unit_price: Money,
    pub discount: Money,
    pub total: Money,
}

impl Line {
    /// What a line of these pieces costs.
    pub fn price(unit_price: Money, quantity: u32, discount: Money) -> Result<Money, MoneyError> {
        unit_price.times(quantity)?.minus(discount)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    pub subtotal: Money,
    pub discount: Money,
    pub shipping: Money,
    /// On top of the prices.
    pub tax: Money,
    /// Contained in the prices.
    pub tax_included: Money,
    pub total: Money,
}

impl Sums {
    fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Sums { subtotal: zero, discount: zero, shipping: zero, tax: zero, tax_included: zero, total: zero }
    }

    pub fn of_lines(lines: &[Line], shipping: Money, tax: Money, tax_included: Money) -> Result<Self, MoneyError> {
        let mut sums = Sums { shipping, tax, tax_included, ..Sums::zero(shipping.currency) };
        for line in lines {
            sums.subtotal = sums.subtotal.plus(line.unit_price.times(line.quantity)?)?;
            sums.discount = sums.discount.plus(line.discount)?;
        }
        // In no total, but in the same currency.
        tax_included.plus(tax)?;
        sums.total = sums.subtotal.minus(sums.discount)?.plus(shipping)?.plus(tax)?;
        Ok(sums)
    }

    /// Of a group. Fails when there are no orders, or of several currencies.
    pub fn of_orders<'a>(orders: impl IntoIterator<Item = &'a Terms>) -> Result<Self, MoneyError> {
        let mut orders = orders.into_iter().map(|order| order.sums);
        let first = orders.next().ok_or(MoneyError::OutOfRange)?;
        orders.try_fold(first, Sums::plus)
    }

    fn plus(self, other: Sums) -> Result<Self, MoneyError> {
        Ok(Sums {
            subtotal: self.subtotal.plus(other.subtotal)?,
            discount: self.discount.plus(other.discount)?,
            shipping: self.shipping.plus(other.shipping)?,
            tax: self.tax.plus(other.tax)?,
            tax_included: self.tax_included.plus(other.tax_included)?,
            total: self.total.plus(other.total)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;
    use proptest::prelude::*;

    use super::*;

    fn line(unit: i64, quantity: u32, discount: i64) -> Line {
        let (unit_price, discount) = (Money::inr(unit), Money::inr(discount));
        Line {
            offer: derived(&["offer"]),
            product: String::new(),
            sku: String::new(),
            title: String::new(),
            quantity,
            unit_price,
            discount,
            total: Line::price(unit_price, quantity, discount).unwrap(),
        }
    }

    #[test]
    fn currencies_do_not_mix() {
        let dollar = Money::new(Currency::parse("USD").unwrap(), 1);
        let none = Money::inr(0);
        assert!(Sums::of_lines(&[line(100, 1, 0)], dollar, none, none).is_err());
        assert!(Sums::of_lines(&[line(100, 1, 0)], none, none, dollar).is_err());
    }

    proptest! {
        #[test]
        fn orders_and_groups_add_up(
            orders in prop::collection::vec((prop::collection::vec((0i64..1_000_000, 1u32..100), 1..6), 0i64..10_000, 0i64..10_000), 1..6)
        ) {
            let mut group = Sums::zero(Currency::INR);
            for (lines, shipping, tax) in &orders {
                let lines: Vec<Line> = lines.iter().map(|(unit, quantity)| line(*unit, *quantity, unit / 3)).collect();
                let sums = Sums::of_lines(&lines, Money::inr(*shipping), Money::inr(*tax), Money::inr(1)).unwrap();
                let totals: i64 = lines.iter().map(|line| line.total.minor).sum();
                prop_assert_eq!(sums.total.minor, totals + shipping + tax);
                prop_assert_eq!(sums.discount.minor, lines.iter().map(|line| line.discount.minor).sum::<i64>());
                group = group.plus(sums).unwrap();
            }
            prop_assert_eq!(group.total.minor, group.subtotal.minor - group.discount.minor + group.shipping.minor + group.tax.minor);
        }
    }
}
