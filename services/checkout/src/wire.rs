//! All translation between protobuf and domain types: what requests say (here), what carts and checkouts look like from
//! outside (`cart`, `checkout`), and the neighbours' messages (`market`, `saga`).

pub mod cart;
pub mod checkout;
pub mod market;
pub mod saga;

use haat_contracts::{checkout as pb, common, convert};
use haat_kernel::{Ctx, Error, Money, PostalAddress, Result};

use crate::cart::CartError;
use crate::checkout::Instrument;
use crate::contact::Email;
use crate::ids::{CartId, CheckoutId, OfferId, UserId};

const TOKEN_LENGTH_MAX: usize = 128;
const SKU_LENGTH_MAX: usize = 100;
/// The one method so far.
const CARD: &str = "card";

/// The cart of a path: what is no id is no cart.
pub fn cart_id(text: &str) -> Result<CartId> {
    CartId::parse(text).map_err(|_| CartError::NotFound(brief(text)).into())
}

pub fn checkout_id(text: &str) -> Result<CheckoutId> {
    CheckoutId::parse(text).map_err(|_| Error::not_found("checkout", text))
}

/// The offer of a line's path.
pub fn line_offer(text: &str) -> Result<OfferId> {
    OfferId::parse(text).map_err(|_| CartError::ItemNotFound(brief(text)).into())
}

/// The person who asks; None for a guest.
pub fn user(ctx: &Ctx) -> Result<Option<UserId>> {
    let parse = |id| UserId::parse(id).map_err(|_| Error::permission_denied("Only people have carts."));
    ctx.principal.user_id().map(parse).transpose()
}

/// What an item is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Offer(OfferId),
    Sku(String),
}

impl Wanted {
    pub fn read(request: &pb::AddItemRequest) -> Result<Self> {
        match (request.offer_id.as_str(), request.sku.trim()) {
            ("", "") => Err(Error::invalid("offerId", "is required, or `sku`")),
            (offer, "") => Ok(Wanted::Offer(OfferId::parse(offer).map_err(|_| CartError::OfferNotFound(brief(offer)))?)),
            ("", sku) if sku.chars().count() <= SKU_LENGTH_MAX => Ok(Wanted::Sku(sku.to_owned())),
            ("", sku) => Err(CartError::OfferNotFound(brief(sku)).into()),
            _ => Err(Error::invalid("sku", "must not be given together with `offerId`")),
        }
    }

    pub fn not_found(&self) -> CartError {
        match self {
            Wanted::Offer(offer) => CartError::OfferNotFound(offer.to_string()),
            Wanted::Sku(sku) => CartError::OfferNotFound(brief(sku)),
        }
    }
}

/// What is below zero is out of every range.
pub fn quantity(quantity: i32) -> u32 {
    u32::try_from(quantity).unwrap_or(u32::MAX)
}

pub fn email(text: Option<&str>) -> Result<Option<Email>> {
    let parse = |text| Email::parse(text).ok_or_else(|| Error::invalid("email", "must be an e-mail address"));
    text.map(parse).transpose()
}

pub fn address(address: Option<common::PostalAddress>) -> Result<Option<PostalAddress>> {
    address.map(|given| convert::postal_address("shippingAddress", given)).transpose()
}

/// None when nothing is said of a payment; what a token is good for, the provider says.
pub fn instrument(payment: Option<pb::PaymentInstrument>) -> Result<Option<Instrument>> {
    let Some(pb::PaymentInstrument { method, token }) = payment else { return Ok(None) };
    if method != CARD {
        return Err(Error::invalid("payment.method", "must be `card`"));
    }
    let is_plain = !token.is_empty() && token.len() <= TOKEN_LENGTH_MAX && token.bytes().all(|b| b.is_ascii_graphic());
    if !is_plain {
        return Err(Error::invalid("payment.token", "must be a token of the payment provider"));
    }
    Ok(Some(Instrument { method, token }))
}

pub fn expected_total(total: Option<&common::Money>) -> Result<Option<Money>> {
    total.map(|total| convert::amount("expectedTotal", Some(total))).transpose()
}

/// As much of a client's text as an error should repeat.
fn brief(text: &str) -> String {
    text.chars().take(64).collect()
}
