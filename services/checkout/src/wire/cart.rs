//! A cart as its holder sees it.

use haat_contracts::{checkout as pb, common};
use haat_kernel::Money;

use crate::cart::{Cart, Line, Problem};
use crate::contact::Email;
use crate::ids::{CheckoutId, OfferId, UserId};
use crate::market::{Discount, Market, SellerTotals};

/// A cart together with what it costs.
pub struct View<'a> {
    pub id: &'a str,
    pub version: u64,
    pub cart: &'a Cart,
    pub market: &'a Market,
    pub problems: Vec<Problem>,
}

pub fn cart(view: View<'_>) -> pb::Cart {
    let View { id, version, cart, market, problems } = view;
    let totals = &market.quote.totals;
    pb::Cart {
        id: id.to_owned(),
        buyer_id: cart.owner.as_ref().map(UserId::to_string).unwrap_or_default(),
        email: cart.email.as_ref().map(Email::as_str).unwrap_or_default().to_owned(),
        shipping_address: cart.address.clone().map(Into::into),
        items: cart.lines.iter().map(|line| item(line, market)).collect(),
        coupon_code: cart.coupon.clone().unwrap_or_default(),
        discounts: market.quote.discounts.iter().map(discount).collect(),
        subtotal: Some(totals.subtotal.into()),
        discount: Some(totals.discount.into()),
        shipping: Some(totals.shipping.into()),
        tax: Some(totals.tax.into()),
        tax_included: Some(totals.tax_included.into()),
        total: Some(totals.total.into()),
        problems: problems.into_iter().map(problem).collect(),
        checkout_id: cart.checkout().map(CheckoutId::to_string).unwrap_or_default(),
        etag: haat_kernel::etag(version),
        sellers: market.quote.sellers.iter().map(seller_part).collect(),
    }
}

fn seller_part(part: &SellerTotals) -> pb::cart::SellerPart {
    let totals = &part.totals;
    pb::cart::SellerPart {
        seller_id: part.seller.to_string(),
        subtotal: Some(totals.subtotal.into()),
        discount: Some(totals.discount.into()),
        shipping: Some(totals.shipping.into()),
        tax: Some(totals.tax.into()),
        tax_included: Some(totals.tax_included.into()),
        total: Some(totals.total.into()),
    }
}

/// At the present price; where there is none, at the one last seen.
fn item(line: &Line, market: &Market) -> pb::cart::Item {
    let unit_price = market.quote.line(&line.offer).map_or(line.seen, |quoted| quoted.unit_price);
    let total = unit_price.times(line.quantity).unwrap_or(Money { minor: i64::MAX, ..unit_price });
    pb::cart::Item {
        offer_id: line.offer.to_string(),
        sku: line.sku.clone(),
        title: line.title.clone(),
        seller_id: line.seller.to_string(),
        product_id: line.product.to_string(),
        quantity: i32::try_from(line.quantity).unwrap_or(i32::MAX),
        unit_price: Some(unit_price.into()),
        total: Some(total.into()),
    }
}

fn discount(discount: &Discount) -> common::Discount {
    common::Discount { code: discount.code.clone(), title: discount.title.clone(), amount: Some(discount.amount.into()) }
}

fn problem(problem: Problem) -> pb::cart::Problem {
    pb::cart::Problem {
        code: problem.code.as_str().to_owned(),
        offer_id: problem.offer.as_ref().map(OfferId::to_string).unwrap_or_default(),
        detail: problem.detail,
    }
}
