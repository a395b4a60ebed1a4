//! All translation between the contract and the domain: ids, coupon terms and lines that come in, quotes that go out, and
//! which private events become public ones.

use std::collections::BTreeMap;

use haat_contracts::catalog::{OffersCreated, PricesImported, ResolvedOffer};
use haat_contracts::{common, convert, pricing as pb};
use haat_kernel::{Error, Money, Result};

use crate::coupon::{Benefit, Coupon, Terms};
use crate::ids::{BuyerKey, CheckoutId, CouponCode, OfferId, SellerId};
use crate::offer_price::{Listing, OfferPrice, OfferPriceEvent, PRICE_MINOR_MAX, check};
use crate::prices::Listings;
use crate::quote::{Line, Quote, Totals};
use crate::redeeming::Hold;

/// The most lines of a quote.
const LINES_MAX: usize = 200;
/// The most pieces of one line.
const QUANTITY_MAX: u32 = 1_000_000;

/// The offer of a path. What is no id cannot name anything.
pub fn offer_in_path(text: &str) -> Result<OfferId> {
    OfferId::parse(text).map_err(|_| offer_not_found(text))
}

pub fn offer_not_found(id: &str) -> Error {
    Error::not_found("offer", id)
}

/// The offers and quantities of a quote, as they came.
pub fn lines(lines: &[pb::quote_request::Line]) -> Result<Vec<(OfferId, u32)>> {
    if lines.len() > LINES_MAX {
        return Err(Error::invalid("lines", format!("must have at most {LINES_MAX} entries")));
    }
    let line = |(index, line): (usize, &pb::quote_request::Line)| {
        let field = |name: &str| format!("lines[{index}].{name}");
        let offer = OfferId::parse(&line.offer_id).map_err(|error| error.in_field(&field("offerId")))?;
        let quantity = u32::try_from(line.quantity).ok().filter(|quantity| (1..=QUANTITY_MAX).contains(quantity));
        let quantity = quantity.ok_or_else(|| Error::invalid(field("quantity"), format!("must be 1 to {QUANTITY_MAX}")))?;
        Ok((offer, quantity))
    };
    lines.iter().enumerate().map(line).collect()
}

/// The code of a coupon that is to be made.
pub fn new_code(text: &str) -> Result<CouponCode> {
    CouponCode::parse(text).ok_or_else(|| Error::invalid("code", "must be 3 to 32 letters, digits, `-` or `_`"))
}

/// The code of a coupon that is to be there. What is no code cannot name anything.
pub fn code(text: &str) -> Result<CouponCode> {
    CouponCode::parse(text).ok_or_else(|| Error::not_found("coupon", text))
}

pub fn checkout_id(text: &str) -> Result<CheckoutId> {
    CheckoutId::parse(text).map_err(|error| error.in_field("checkoutId"))
}

pub fn terms(request: &pb::CreateCouponRequest) -> Result<Terms> {
    let terms = Terms {
        benefit: benefit(request)?,
        minimum_subtotal: request.minimum_subtotal.as_ref().map(|money| rupees("minimumSubtotal", money)).transpose()?,
        redemptions_max: limit("maxRedemptions", request.max_redemptions)?,
        redemptions_per_buyer_max: limit("maxRedemptionsPerBuyer", request.max_redemptions_per_buyer)?,
        starts: request.starts_at.as_ref().map(|at| convert::time("startsAt", at)).transpose()?,
        ends: request.ends_at.as_ref().map(|at| convert::time("endsAt", at)).transpose()?,
        is_advertised: request.is_advertised,
    };
    match (terms.starts, terms.ends) {
        (Some(starts), Some(ends)) if ends <= starts => Err(Error::invalid("endsAt", "must be after `startsAt`")),
        _ => Ok(terms),
    }
}

fn benefit(request: &pb::CreateCouponRequest) -> Result<Benefit> {
    match (request.percent_off, &request.amount_off) {
        (Some(percent), None) => match u32::try_from(percent) {
            Ok(percent @ 1..=100) => Ok(Benefit::Percent(percent)),
            _ => Err(Error::invalid("percentOff", "must be 1 to 100")),
        },
        (None, Some(amount)) => match rupees("amountOff", amount)? {
            amount if amount.minor > 0 => Ok(Benefit::Amount(amount)),
            _ => Err(Error::invalid("amountOff.amount", "must be positive")),
        },
        _ => Err(Error::invalid("percentOff", "or `amountOff` must be given, and not both")),
    }
}

/// An amount that can be compared with prices.
fn rupees(field: &str, money: &common::Money) -> Result<Money> {
    let amount = convert::amount(field, Some(money))?;
    if amount.minor > PRICE_MINOR_MAX {
        return Err(Error::invalid(format!("{field}.amount"), format!("must be at most {PRICE_MINOR_MAX}")));
    }
    check(Money { minor: 1, ..amount })?;
    Ok(amount)
}

fn limit(field: &str, limit: Option<i64>) -> Result<Option<i64>> {
    match limit {
        Some(..=0) => Err(Error::invalid(field, "must be at least 1")),
        limit => Ok(limit),
    }
}

pub fn hold(request: &pb::HoldCouponRequest) -> Result<Hold> {
    Ok(Hold {
        code: CouponCode::parse(&request.code).ok_or(crate::coupon::Refusal::Unknown)?,
        checkout: checkout_id(&request.checkout_id)?,
        buyer: BuyerKey::of(&request.buyer).ok_or_else(|| Error::invalid("buyer", "is required"))?,
        subtotal: convert::amount("subtotal", request.subtotal.as_ref())?,
    })
}

pub fn coupon(code: &CouponCode, coupon: &Coupon) -> pb::Coupon {
    let terms = coupon.terms.clone();
    let (percent_off, amount_off) = off(&terms.benefit);
    pb::Coupon {
        code: code.as_str().to_owned(),
        percent_off,
        amount_off,
        minimum_subtotal: terms.minimum_subtotal.map(Into::into),
        max_redemptions: terms.redemptions_max,
        max_redemptions_per_buyer: terms.redemptions_per_buyer_max,
        starts_at: terms.starts.map(convert::timestamp),
        ends_at: terms.ends.map(convert::timestamp),
        redemptions: coupon.redemptions,
        is_advertised: terms.is_advertised,
    }
}

/// What buyers are told of an advertised coupon: neither how often it was used nor how often it may be.
pub fn promotion(code: &str, terms: &Terms) -> pb::Promotion {
    let (percent_off, amount_off) = off(&terms.benefit);
    pb::Promotion {
        code: code.to_owned(),
        percent_off,
        amount_off,
        minimum_subtotal: terms.minimum_subtotal.map(Into::into),
        ends_at: terms.ends.map(convert::timestamp),
    }
}

fn off(benefit: &Benefit) -> (Option<i32>, Option<common::Money>) {
    match benefit {
        Benefit::Percent(percent) => (i32::try_from(*percent).ok(), None),
        Benefit::Amount(amount) => (None, Some((*amount).into())),
    }
}

pub fn offer_price(offer: &OfferId, price: &OfferPrice) -> pb::OfferPrice {
    pb::OfferPrice {
        id: offer.to_string(),
        seller_id: price.seller.to_string(),
        sku: price.sku.clone(),
        price: Some(price.price.into()),
        etag: price.etag(),
    }
}

/// What a quote says beside its sums.
pub struct Findings {
    /// The coupon that counts, with what it does.
    pub coupon: Option<(CouponCode, Benefit)>,
    /// Why the coupon does not count.
    pub refusal: String,
    pub unknown: Vec<OfferId>,
}

pub fn quote(quote: Quote, findings: Findings) -> pb::QuoteResponse {
    let Totals { subtotal, discount, shipping, tax, tax_included, total } = quote.totals;
    let coupon = findings.coupon.filter(|_| !discount.is_zero());
    pb::QuoteResponse {
        lines: quote.lines.into_iter().map(line).collect(),
        sellers: quote.sellers.iter().map(|(seller, totals)| seller_total(seller, totals)).collect(),
        discounts: coupon.map(|(code, benefit)| applied(&code, &benefit, discount)).into_iter().collect(),
        subtotal: Some(subtotal.into()),
        discount: Some(discount.into()),
        shipping: Some(shipping.into()),
        tax: Some(tax.into()),
        tax_included: Some(tax_included.into()),
        total: Some(total.into()),
        unknown_offer_ids: findings.unknown.iter().map(OfferId::to_string).collect(),
        coupon_refusal: findings.refusal,
    }
}

fn line(line: Line) -> pb::quote_response::Line {
    pb::quote_response::Line {
        offer_id: line.item.offer.to_string(),
        seller_id: line.item.seller.to_string(),
        quantity: i32::try_from(line.item.quantity).unwrap_or(i32::MAX),
        unit_price: Some(line.item.unit_price.into()),
        discount: Some(line.discount.into()),
        total: Some(line.total.into()),
    }
}

fn seller_total(seller: &SellerId, totals: &Totals) -> pb::quote_response::SellerTotal {
    pb::quote_response::SellerTotal {
        seller_id: seller.to_string(),
        subtotal: Some(totals.subtotal.into()),
        discount: Some(totals.discount.into()),
        shipping: Some(totals.shipping.into()),
        tax: Some(totals.tax.into()),
        tax_included: Some(totals.tax_included.into()),
        total: Some(totals.total.into()),
    }
}

fn applied(code: &CouponCode, benefit: &Benefit, amount: Money) -> common::Discount {
    let title = match benefit {
        Benefit::Percent(percent) => format!("{percent} % off"),
        Benefit::Amount(amount) => format!("{amount} off"),
    };
    common::Discount { code: code.as_str().to_owned(), title, amount: Some(amount.into()) }
}

/// What the catalog answers; an offer with ids that are none is left out.
pub fn listings(offers: Vec<ResolvedOffer>) -> Listings {
    let listing = |offer: ResolvedOffer| {
        let seller = SellerId::parse(&offer.seller_id).ok()?;
        let price = convert::money(offer.price.as_ref());
        Some((OfferId::parse(&offer.offer_id).ok()?, Listing { seller, sku: offer.sku, title: offer.title, price }))
    };
    offers.into_iter().filter_map(listing).collect()
}

/// What the catalog announces. Fails on ids that are none.
pub fn created(created: OffersCreated) -> Result<Listings> {
    let seller = SellerId::parse(&created.seller_id).map_err(Error::internal)?;
    let listing = |offer: haat_contracts::catalog::offers_created::NewOffer| {
        let id = OfferId::parse(&offer.offer_id).map_err(Error::internal)?;
        let price = convert::money(offer.price.as_ref());
        Ok((id, Listing { seller: seller.clone(), sku: offer.sku, title: offer.title, price }))
    };
    created.offers.into_iter().map(listing).collect()
}

/// The prices that an import file asks for.
pub fn imported(imported: PricesImported) -> Result<BTreeMap<OfferId, Money>> {
    let price = |price: haat_contracts::catalog::prices_imported::ImportedPrice| {
        let offer = OfferId::parse(&price.offer_id).map_err(Error::internal)?;
        Ok((offer, convert::money(price.price.as_ref())))
    };
    imported.prices.into_iter().map(price).collect()
}

/// What others learn of a price: that it changed.
pub fn repriced(offer: &str, event: &OfferPriceEvent) -> Option<pb::OfferRepriced> {
    match event {
        OfferPriceEvent::Listed { .. } => None,
        OfferPriceEvent::Repriced { price } => {
            Some(pb::OfferRepriced { offer_id: offer.to_owned(), price: Some((*price).into()) })
        }
    }
}
