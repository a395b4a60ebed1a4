//! The ids that prices and redemptions are kept under, and a coupon's code.

use std::sync::Arc;

use haat_kernel::{id::derived, id_type};
use serde::{Deserialize, Serialize};

id_type!(
    /// A seller's offer of a variant; made by the catalog.
    OfferId,
    "offer"
);
id_type!(
    /// A seller.
    SellerId,
    "seller"
);
id_type!(
    /// A checkout: what a coupon is held for.
    CheckoutId,
    "checkout"
);
id_type!(
    /// A buyer, as far as limits need to know them: a digest of the user id or e-mail address, which stays out of the log.
    BuyerKey,
    "buyer"
);

impl BuyerKey {
    /// None for the empty text. The case of an e-mail address does not make another buyer.
    pub fn of(buyer: &str) -> Option<Self> {
        let buyer = buyer.trim().to_lowercase();
        (!buyer.is_empty()).then(|| derived(&["buyer", &buyer]))
    }
}

/// 3 to 32 of `A-Z 0-9 - _`. Case does not matter: it is upper case from here on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CouponCode(Arc<str>);

impl CouponCode {
    /// None unless `text` is well-formed.
    pub fn parse(text: &str) -> Option<Self> {
        let code = text.trim().to_ascii_uppercase();
        let is_plain = code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        (is_plain && (3..=32).contains(&code.len())).then(|| CouponCode(code.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
