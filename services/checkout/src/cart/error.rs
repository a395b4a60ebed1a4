//! Why a cart refuses.

use haat_kernel::{Fault, Kind, Money, Violation};

use super::{LINES_MAX, QUANTITY_MAX};
use crate::ids::{CheckoutId, OfferId};

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartError {
    #[error("There is no cart `{0}`.")]
    NotFound(String),
    #[error("There is no offer `{0}`.")]
    OfferNotFound(String),
    #[error("The cart has no line of `{0}`.")]
    ItemNotFound(String),
    #[error("A quantity must be {least} to {QUANTITY_MAX} in a line.")]
    QuantityOutOfRange { least: u32 },
    #[error("A cart has at most {LINES_MAX} lines.")]
    Full,
    #[error("The cart was bought; begin a new one.")]
    Closed,
    #[error("The checkout `{0}` of this cart is running.")]
    CheckoutInProgress(CheckoutId),
    #[error("The cart has changed meanwhile.")]
    EtagMismatch,
    #[error("The coupon does not count: {0}")]
    CouponInvalid(String),
    #[error("The cart is empty.")]
    Empty,
    #[error("A guest needs an e-mail address.")]
    EmailRequired,
    #[error("The cart needs a shipping address.")]
    AddressRequired,
    #[error("Nobody delivers to `{0}`.")]
    UnserviceableAddress(String),
    #[error("Some of it is no longer sold.")]
    NotSold(Vec<OfferId>),
    #[error("The cart's total is now {0} ({minor} in minor units).", minor = .0.minor)]
    PriceChanged(Money),
}

impl Fault for CartError {
    fn kind(&self) -> Kind {
        match self {
            CartError::NotFound(_) | CartError::OfferNotFound(_) | CartError::ItemNotFound(_) => Kind::NotFound,
            CartError::QuantityOutOfRange { .. }
            | CartError::Full
            | CartError::CouponInvalid(_)
            | CartError::Empty
            | CartError::EmailRequired
            | CartError::AddressRequired
            | CartError::UnserviceableAddress(_) => Kind::OutOfRange,
            CartError::Closed | CartError::CheckoutInProgress(_) | CartError::NotSold(_) | CartError::PriceChanged(_) => {
                Kind::FailedPrecondition
            }
            CartError::EtagMismatch => Kind::Aborted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            CartError::NotFound(_) => "cart_not_found",
            CartError::OfferNotFound(_) => "offer_not_found",
            CartError::ItemNotFound(_) => "item_not_found",
            CartError::QuantityOutOfRange { .. } => "quantity_out_of_range",
            CartError::Full => "cart_full",
            CartError::Closed => "cart_closed",
            CartError::CheckoutInProgress(_) => "checkout_in_progress",
            CartError::EtagMismatch => "etag_mismatch",
            CartError::CouponInvalid(_) => "coupon_invalid",
            CartError::Empty => "cart_empty",
            CartError::EmailRequired => "email_required",
            CartError::AddressRequired => "address_required",
            CartError::UnserviceableAddress(_) => "unserviceable_address",
            CartError::NotSold(_) => "out_of_stock",
            CartError::PriceChanged(_) => "price_changed",
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let at = |field: &str| vec![Violation::new(field, self.to_string())];
        match self {
            CartError::QuantityOutOfRange { .. } => at("quantity"),
            CartError::CouponInvalid(_) => at("code"),
            CartError::EmailRequired => at("email"),
            CartError::AddressRequired => at("shippingAddress"),
            CartError::UnserviceableAddress(_) => at("shippingAddress.country"),
            CartError::PriceChanged(_) => at("expectedTotal"),
            CartError::EtagMismatch => at("etag"),
            CartError::CheckoutInProgress(checkout) => vec![Violation::new("checkout", checkout.as_str())],
            CartError::NotSold(offers) => {
                offers.iter().map(|offer| Violation::new(offer.as_str(), "is no longer sold")).collect()
            }
            _ => Vec::new(),
        }
    }
}
