//! What one offer costs. Always: a positive amount in a currency that sellers can be paid in.

use haat_kernel::{Currency, Fault, Kind, Money, Violation};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::ids::SellerId;

/// The highest price in minor units. A cart of such prices still adds up in 64 bits.
pub const PRICE_MINOR_MAX: i64 = 1_000_000_000_000;

/// An offer as the catalog announces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    pub seller: SellerId,
    pub sku: String,
    pub title: String,
    pub price: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OfferPriceEvent {
    Listed { listing: Listing },
    Repriced { price: Money },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    #[error("A price must be 1 to {PRICE_MINOR_MAX} minor units.")]
    OutOfRange,
    #[error("Prices in {0:?} are not supported; use INR.")]
    CurrencyUnsupported(Currency),
    #[error("The price was changed by somebody else; read it again.")]
    EtagMismatch,
}

impl Fault for PriceError {
    fn kind(&self) -> Kind {
        match self {
            PriceError::OutOfRange => Kind::InvalidArgument,
            PriceError::CurrencyUnsupported(_) => Kind::OutOfRange,
            PriceError::EtagMismatch => Kind::Aborted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            PriceError::OutOfRange => "invalid_argument",
            PriceError::CurrencyUnsupported(_) => "currency_unsupported",
            PriceError::EtagMismatch => "etag_mismatch",
        }
    }

    fn violations(&self) -> Vec<Violation> {
        let field = match self {
            PriceError::OutOfRange => "price.amount",
            PriceError::CurrencyUnsupported(_) => "price.currencyCode",
            PriceError::EtagMismatch => "etag",
        };
        vec![Violation::new(field, self.to_string())]
    }
}

type Decision = Result<Vec<OfferPriceEvent>, PriceError>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferPrice {
    pub seller: SellerId,
    pub sku: String,
    pub title: String,
    pub price: Money,
    revision: u64,
}

impl OfferPrice {
    /// Takes a new offer in; one that is known already keeps its price.
    pub fn list(known: Option<&OfferPrice>, listing: Listing) -> Decision {
        if known.is_some() {
            return Ok(vec![]);
        }
        check(listing.price)?;
        Ok(vec![OfferPriceEvent::Listed { listing }])
    }

    /// `etag` says which price the caller has seen; empty: whichever it is.
    pub fn reprice(&self, price: Money, etag: &str) -> Decision {
        if !etag.is_empty() && etag != self.etag() {
            return Err(PriceError::EtagMismatch);
        }
        check(price)?;
        let is_changed = price != self.price;
        Ok(if is_changed { vec![OfferPriceEvent::Repriced { price }] } else { vec![] })
    }

    pub fn etag(&self) -> String {
        haat_kernel::etag(self.revision)
    }
}

/// Fails on a price that nothing may have.
pub fn check(price: Money) -> Result<(), PriceError> {
    match price.minor {
        _ if price.currency != Currency::INR => Err(PriceError::CurrencyUnsupported(price.currency)),
        1..=PRICE_MINOR_MAX => Ok(()),
        _ => Err(PriceError::OutOfRange),
    }
}

impl Aggregate for OfferPrice {
    const KIND: &'static str = "offer_price";
    const SCHEMA: u32 = 1;
    type Event = OfferPriceEvent;

    fn create(event: &OfferPriceEvent) -> Option<Self> {
        let OfferPriceEvent::Listed { listing: Listing { seller, sku, title, price } } = event.clone() else { return None };
        Some(OfferPrice { seller, sku, title, price, revision: 1 })
    }

    fn apply(&mut self, event: &OfferPriceEvent) {
        if let OfferPriceEvent::Repriced { price } = event {
            self.price = *price;
            self.revision += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;

    use super::*;

    fn listing(minor: i64) -> Listing {
        Listing { seller: derived(&["seller"]), sku: "KURTA-M".into(), title: "Kurta M".into(), price: Money::inr(minor) }
    }

    fn listed() -> OfferPrice {
        OfferPrice::create(&OfferPrice::list(None, listing(129_900)).unwrap()[0]).unwrap()
    }

    /// `expected` is the new price and etag, or the code of the refusal.
    #[track_caller]
    fn check(price: Money, etag: &str, expected: &str) {
        let mut offer = listed();
        let found = match offer.reprice(price, etag) {
            Err(error) => error.code().to_owned(),
            Ok(events) => {
                events.iter().for_each(|event| offer.apply(event));
                format!("{} {}", offer.price.minor, offer.etag())
            }
        };
        assert_eq!(found, expected, "{price} with etag `{etag}`");
    }

    #[test]
    fn a_price_changes_within_its_bounds() {
        check(Money::inr(99_900), "", "99900 2");
        check(Money::inr(99_900), "1", "99900 2");
        check(Money::inr(129_900), "1", "129900 1");
        check(Money::inr(99_900), "7", "etag_mismatch");
        check(Money::inr(1), "", "1 2");
        check(Money::inr(PRICE_MINOR_MAX), "", "1000000000000 2");
        check(Money::inr(PRICE_MINOR_MAX + 1), "", "invalid_argument");
        check(Money::inr(0), "", "invalid_argument");
        check(Money::inr(-5), "", "invalid_argument");
        check(Money::new(Currency::parse("USD").unwrap(), 500), "", "currency_unsupported");
    }

    #[test]
    fn an_offer_is_taken_in_once() {
        assert_eq!(OfferPrice::list(Some(&listed()), listing(5)), Ok(vec![]));
        assert_eq!(OfferPrice::list(None, listing(0)), Err(PriceError::OutOfRange));
    }
}
