//! The market as a cart meets it at one moment: what its lines cost, how many pieces there are, what is no longer sold.
//! All of it are facts from neighbours. A quote is only believed when its sums add up.

use std::collections::{BTreeMap, BTreeSet};

use haat_kernel::{Currency, Money, MoneyError, PostalAddress};
use serde::{Deserialize, Serialize};

use crate::ids::{OfferId, ProductId, SellerId};

/// What the catalog says of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    pub id: OfferId,
    pub product: ProductId,
    pub seller: SellerId,
    pub sku: String,
    pub title: String,
    /// As the buyer saw it; pricing has the last word.
    pub price: Money,
    pub is_sellable: bool,
}

/// subtotal − discount + shipping + tax = total; `tax_included` is the part of the prices that is tax.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    pub subtotal: Money,
    pub discount: Money,
    pub shipping: Money,
    pub tax: Money,
    pub tax_included: Money,
    pub total: Money,
}

impl Totals {
    pub const fn zero(currency: Currency) -> Self {
        let zero = Money::zero(currency);
        Totals { subtotal: zero, discount: zero, shipping: zero, tax: zero, tax_included: zero, total: zero }
    }

    fn plus(&self, other: &Totals) -> Result<Totals, MoneyError> {
        Ok(Totals {
            subtotal: self.subtotal.plus(other.subtotal)?,
            discount: self.discount.plus(other.discount)?,
            shipping: self.shipping.plus(other.shipping)?,
            tax: self.tax.plus(other.tax)?,
            tax_included: self.tax_included.plus(other.tax_included)?,
            total: self.total.plus(other.total)?,
        })
    }

    fn adds_up(&self) -> bool {
        let sum = self.subtotal.minus(self.discount).and_then(|sum| sum.plus(self.shipping)).and_then(|sum| sum.plus(self.tax));
        sum == Ok(self.total) && self.total.minor >= 0
    }
}

/// unit price × quantity − discount = total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotedLine {
    pub offer: OfferId,
    pub seller: SellerId,
    pub quantity: u32,
    pub unit_price: Money,
    pub discount: Money,
    pub total: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellerTotals {
    pub seller: SellerId,
    pub totals: Totals,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    pub title: String,
    pub amount: Money,
}

/// What lines cost, with a coupon. Lines that nobody knows a price of count for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    pub lines: Vec<QuotedLine>,
    pub sellers: Vec<SellerTotals>,
    pub discounts: Vec<Discount>,
    pub totals: Totals,
    pub coupon_refusal: Option<String>,
}

impl Quote {
    /// Of nothing.
    pub const fn empty() -> Self {
        let totals = Totals::zero(Currency::INR);
        Quote { lines: Vec::new(), sellers: Vec::new(), discounts: Vec::new(), totals, coupon_refusal: None }
    }

    pub fn line(&self, offer: &OfferId) -> Option<&QuotedLine> {
        self.lines.iter().find(|line| line.offer == *offer)
    }

    /// Whether lines, sellers and whole agree. One that does not must never be charged.
    pub fn adds_up(&self) -> bool {
        let zero = Totals::zero(self.totals.total.currency);
        let of_sellers = self.sellers.iter().try_fold(zero, |sum, seller| sum.plus(&seller.totals));
        let is_sum = of_sellers.is_ok_and(|sum| sum == self.totals);
        is_sum && self.sellers.iter().all(|seller| seller.totals.adds_up() && self.lines_add_up(seller))
    }

    fn lines_add_up(&self, seller: &SellerTotals) -> bool {
        let currency = seller.totals.total.currency;
        let lines = || self.lines.iter().filter(|line| line.seller == seller.seller);
        let gross = lines().try_fold(Money::zero(currency), |sum, line| sum.plus(line.unit_price.times(line.quantity)?));
        let discount = Money::sum(currency, lines().map(|line| line.discount));
        let net = Money::sum(currency, lines().map(|line| line.total));
        gross == Ok(seller.totals.subtotal)
            && discount == Ok(seller.totals.discount)
            && net == seller.totals.subtotal.minus(seller.totals.discount)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    pub quote: Quote,
    /// Pieces that could be reserved now. An offer is absent when the inventory did not answer.
    pub available: BTreeMap<OfferId, i64>,
    /// Of the cart's offers, those that the catalog no longer sells.
    pub withdrawn: BTreeSet<OfferId>,
}

impl Market {
    pub const fn empty() -> Self {
        Market { quote: Quote::empty(), available: BTreeMap::new(), withdrawn: BTreeSet::new() }
    }

    /// Whether an offer can be bought at all, apart from stock.
    pub fn sells(&self, offer: &OfferId) -> bool {
        !self.withdrawn.contains(offer) && self.quote.line(offer).is_some()
    }
}

/// The countries that goods are sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery(BTreeSet<String>);

impl Delivery {
    /// From a list of ISO codes with commas between them.
    pub fn to(countries: &str) -> Self {
        Delivery(countries.split(',').map(|country| country.trim().to_uppercase()).filter(|c| !c.is_empty()).collect())
    }

    pub fn serves(&self, address: &PostalAddress) -> bool {
        self.0.contains(&address.country)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use haat_kernel::id::derived;

    use super::*;

    /// Named by a text; every offer has a seller of its own.
    pub fn offer(name: &str, price: i64) -> Offer {
        let id = derived(&[name]);
        Offer {
            product: derived(&[name]),
            seller: seller_of(&id),
            sku: format!("SKU-{name}"),
            title: format!("Title of {name}"),
            price: Money::inr(price),
            is_sellable: true,
            id,
        }
    }

    pub fn seller_of(offer: &OfferId) -> SellerId {
        derived(&["seller", offer.as_str()])
    }

    /// Sells these offers (quantity, unit price), with no delivery charge.
    pub fn market(lines: &[(OfferId, u32, i64)]) -> Market {
        let line = |(offer, quantity, price): &(OfferId, u32, i64)| {
            let total = Money::inr(price * i64::from(*quantity));
            QuotedLine {
                offer: offer.clone(),
                seller: seller_of(offer),
                quantity: *quantity,
                unit_price: Money::inr(*price),
                discount: Money::inr(0),
                total,
            }
        };
        let lines: Vec<QuotedLine> = lines.iter().map(line).collect();
        let of = |total: Money| Totals { subtotal: total, total, ..Totals::zero(Currency::INR) };
        let sellers = lines.iter().map(|line| SellerTotals { seller: line.seller.clone(), totals: of(line.total) }).collect();
        let totals = of(Money::inr(lines.iter().map(|line| line.total.minor).sum()));
        Market { quote: Quote { lines, sellers, totals, ..Quote::empty() }, ..Market::empty() }
    }

    #[test]
    fn only_a_quote_whose_sums_agree_is_believed() {
        let good = market(&[(derived(&["x"]), 2, 500), (derived(&["z"]), 1, 300)]).quote;
        assert!(good.adds_up() && Quote::empty().adds_up());
        let spoil: [fn(&mut Quote); 5] = [
            |quote| quote.totals.total.minor += 1,
            |quote| quote.lines[0].total.minor -= 1,
            |quote| quote.lines[0].quantity = 3,
            |quote| quote.sellers[1].totals.shipping.minor = 40,
            |quote| drop(quote.sellers.pop()),
        ];
        for spoil in spoil {
            let mut quote = good.clone();
            spoil(&mut quote);
            assert!(!quote.adds_up(), "{quote:?}");
        }
    }
}
