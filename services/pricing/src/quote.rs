//! What a cart costs: pure arithmetic over prices, a coupon's benefit and rates. Always, for every seller and for the whole:
//! subtotal − discount + shipping + tax = total, a line's total is its price × quantity − its discount, every sum is the sum of
//! its parts, and nothing is below zero. A platform coupon is borne by the sellers in proportion to what each one sells.

use std::collections::BTreeMap;

use haat_kernel::{Currency, Money, MoneyError};

use crate::coupon::Benefit;
use crate::ids::{OfferId, SellerId};
use crate::rates::Rates;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub offer: OfferId,
    pub seller: SellerId,
    pub quantity: u32,
    pub unit_price: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub item: Item,
    /// unit_price × quantity.
    pub subtotal: Money,
    pub discount: Money,
    /// subtotal − discount.
    pub total: Money,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totals {
    pub subtotal: Money,
    pub discount: Money,
    pub shipping: Money,
    /// On top of the prices: none, as long as prices include it.
    pub tax: Money,
    pub tax_included: Money,
    /// subtotal − discount + shipping + tax.
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// In the order of the items.
    pub lines: Vec<Line>,
    pub sellers: BTreeMap<SellerId, Totals>,
    pub totals: Totals,
}

/// The price of all items before anything is taken off.
pub fn subtotal(items: &[Item]) -> Result<Money, MoneyError> {
    items.iter().try_fold(Money::inr(0), |sum, item| sum.plus(item.unit_price.times(item.quantity)?))
}

/// `benefit` is that of a coupon that counts. Without an address, delivery costs nothing yet.
pub fn quote(items: Vec<Item>, benefit: Option<&Benefit>, has_address: bool, rates: &Rates) -> Result<Quote, MoneyError> {
    let off = benefit.map_or(Ok(Money::inr(0)), |benefit| benefit.off(subtotal(&items)?))?;
    let lines = discounted(items, off)?;
    let mut sellers = BTreeMap::new();
    for line in &lines {
        let totals = sellers.entry(line.item.seller.clone()).or_insert(Totals::ZERO);
        totals.subtotal = totals.subtotal.plus(line.subtotal)?;
        totals.discount = totals.discount.plus(line.discount)?;
    }
    for totals in sellers.values_mut() {
        totals.close(has_address, rates)?;
    }
    let totals = sellers.values().try_fold(Totals::ZERO, Totals::plus)?;
    Ok(Quote { lines, sellers, totals })
}

/// Spreads a discount, first over the sellers and then over each one's lines: so no seller bears more than a paisa beyond
/// their share, however many lines they have.
fn discounted(items: Vec<Item>, off: Money) -> Result<Vec<Line>, MoneyError> {
    let mut lines = Vec::with_capacity(items.len());
    let mut of_seller: BTreeMap<SellerId, Vec<usize>> = BTreeMap::new();
    for (index, item) in items.into_iter().enumerate() {
        let subtotal = item.unit_price.times(item.quantity)?;
        of_seller.entry(item.seller.clone()).or_default().push(index);
        lines.push(Line { item, subtotal, discount: Money::inr(0), total: subtotal });
    }
    let weights_of = |lines: &[Line], indices: &[usize]| indices.iter().map(|i| lines[*i].subtotal.minor).collect::<Vec<_>>();
    let shares: Vec<i64> = of_seller.values().map(|indices| weights_of(&lines, indices).iter().sum()).collect();
    for (indices, share) in of_seller.values().zip(off.split(&shares)) {
        for (index, discount) in indices.iter().zip(share.split(&weights_of(&lines, indices))) {
            let line = &mut lines[*index];
            line.discount = discount;
            line.total = line.subtotal.minus(discount)?;
        }
    }
    Ok(lines)
}

impl Totals {
    const ZERO: Totals = {
        let zero = Money::zero(Currency::INR);
        Totals { subtotal: zero, discount: zero, shipping: zero, tax: zero, tax_included: zero, total: zero }
    };

    /// Adds delivery, and what follows from the rest. GST is also inside the delivery charge: it is part of the value of the
    /// supply (CGST Act 2017, section 15).
    fn close(&mut self, has_address: bool, rates: &Rates) -> Result<(), MoneyError> {
        let goods = self.subtotal.minus(self.discount)?;
        if has_address {
            self.shipping = rates.delivery_for(goods);
        }
        self.total = goods.plus(self.shipping)?.plus(self.tax)?;
        self.tax_included = rates.gst_in(self.total)?;
        Ok(())
    }

    fn plus(self, other: &Totals) -> Result<Totals, MoneyError> {
        Ok(Totals {
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
mod tests;
