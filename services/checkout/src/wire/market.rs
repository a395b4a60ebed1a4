//! What catalog, pricing and inventory are asked about a cart, and what they say. An answer that cannot be read, or whose
//! sums do not add up, is a fault of ours and never reaches a buyer.

use std::collections::BTreeMap;

use haat_contracts::convert::money;
use haat_contracts::{catalog, common, inventory, pricing};
use haat_kernel::{Error, Result};

use crate::ids::{OfferId, ProductId, SellerId};
use crate::market::{Discount, Offer, Quote, QuotedLine, SellerTotals, Totals};
use crate::neighbours::QuoteRequest;

pub fn resolve_request(offers: &[OfferId], skus: &[String]) -> catalog::ResolveOffersRequest {
    catalog::ResolveOffersRequest { offer_ids: offers.iter().map(OfferId::to_string).collect(), skus: skus.to_vec() }
}

pub fn offer(offer: &catalog::ResolvedOffer) -> Result<Offer> {
    Ok(Offer {
        id: offer_id(&offer.offer_id)?,
        product: ProductId::parse(&offer.product_id).map_err(|_| unreadable("product", &offer.product_id))?,
        seller: seller_id(&offer.seller_id)?,
        sku: offer.sku.clone(),
        title: offer.title.clone(),
        price: money(offer.price.as_ref()),
        is_sellable: offer.sellable,
    })
}

pub fn quote_request(request: &QuoteRequest) -> pricing::QuoteRequest {
    let line = |(offer, quantity): &(OfferId, u32)| pricing::quote_request::Line {
        offer_id: offer.to_string(),
        quantity: i32::try_from(*quantity).unwrap_or(i32::MAX),
    };
    pricing::QuoteRequest {
        lines: request.lines.iter().map(line).collect(),
        coupon_code: request.coupon.clone().unwrap_or_default(),
        buyer: request.buyer.clone(),
        has_address: request.has_address,
    }
}

pub fn quote(response: &pricing::QuoteResponse) -> Result<Quote> {
    let quote = Quote {
        lines: response.lines.iter().map(quoted_line).collect::<Result<_>>()?,
        sellers: response.sellers.iter().map(seller_totals).collect::<Result<_>>()?,
        discounts: response.discounts.iter().map(discount).collect(),
        totals: Totals {
            subtotal: money(response.subtotal.as_ref()),
            discount: money(response.discount.as_ref()),
            shipping: money(response.shipping.as_ref()),
            tax: money(response.tax.as_ref()),
            tax_included: money(response.tax_included.as_ref()),
            total: money(response.total.as_ref()),
        },
        coupon_refusal: Some(response.coupon_refusal.clone()).filter(|reason| !reason.is_empty()),
    };
    if quote.adds_up() { Ok(quote) } else { Err(Error::internal(format!("a quote does not add up: {quote:?}"))) }
}

pub fn availability(response: &inventory::GetAvailabilityResponse) -> Result<BTreeMap<OfferId, i64>> {
    response.available.iter().map(|(offer, pieces)| Ok((offer_id(offer)?, *pieces))).collect()
}

fn quoted_line(line: &pricing::quote_response::Line) -> Result<QuotedLine> {
    Ok(QuotedLine {
        offer: offer_id(&line.offer_id)?,
        seller: seller_id(&line.seller_id)?,
        quantity: u32::try_from(line.quantity).map_err(|_| unreadable("quantity", &line.quantity.to_string()))?,
        unit_price: money(line.unit_price.as_ref()),
        discount: money(line.discount.as_ref()),
        total: money(line.total.as_ref()),
    })
}

fn seller_totals(seller: &pricing::quote_response::SellerTotal) -> Result<SellerTotals> {
    let totals = Totals {
        subtotal: money(seller.subtotal.as_ref()),
        discount: money(seller.discount.as_ref()),
        shipping: money(seller.shipping.as_ref()),
        tax: money(seller.tax.as_ref()),
        tax_included: money(seller.tax_included.as_ref()),
        total: money(seller.total.as_ref()),
    };
    Ok(SellerTotals { seller: seller_id(&seller.seller_id)?, totals })
}

fn discount(discount: &common::Discount) -> Discount {
    Discount { code: discount.code.clone(), title: discount.title.clone(), amount: money(discount.amount.as_ref()) }
}

fn offer_id(text: &str) -> Result<OfferId> {
    OfferId::parse(text).map_err(|_| unreadable("offer", text))
}

fn seller_id(text: &str) -> Result<SellerId> {
    SellerId::parse(text).map_err(|_| unreadable("seller", text))
}

fn unreadable(what: &str, text: &str) -> Error {
    Error::internal(format!("a neighbour sent the {what} `{text}`"))
}
