//! A coupon: what it takes off, for whom, and how often. Always: what is held and redeemed is never more than the limit.
//! The state counts; which checkout holds one stands in a redemption of its own, so that a coupon of a million redemptions is
//! as small as a new one.

use haat_kernel::{Currency, Fault, Kind, Money, MoneyError, Timestamp, sabotage};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

use crate::ids::CheckoutId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Benefit {
    /// 1 to 100.
    Percent(u32),
    /// Positive.
    Amount(Money),
}

impl Benefit {
    /// What it takes off `subtotal`: never more than that.
    pub fn off(&self, subtotal: Money) -> Result<Money, MoneyError> {
        let off = match self {
            Benefit::Percent(percent) => subtotal.share(percent * 100)?,
            Benefit::Amount(amount) => *amount,
        };
        Ok(Money { minor: off.minor.clamp(0, subtotal.minor.max(0)), ..off })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    pub benefit: Benefit,
    pub minimum_subtotal: Option<Money>,
    /// In all; at least 1.
    pub redemptions_max: Option<i64>,
    /// At least 1.
    pub redemptions_per_buyer_max: Option<i64>,
    pub starts: Option<Timestamp>,
    /// No longer good from then on.
    pub ends: Option<Timestamp>,
    /// Whether everybody may be told of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_advertised: bool,
}

/// The key under which advertised coupons are found, by their codes.
pub const ADVERTISED: &str = "advertised";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CouponEvent {
    Created { terms: Terms },
    Taken { checkout: CheckoutId },
    GivenBack { checkout: CheckoutId },
}

/// Why a coupon does not count, in words for the buyer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("There is no such coupon.")]
    Unknown,
    #[error("This coupon is not valid yet.")]
    NotStarted,
    #[error("This coupon has ended.")]
    Ended,
    #[error("This coupon needs a subtotal of at least {minimum}.")]
    BelowMinimum { minimum: Money },
    #[error("This coupon is used up.")]
    UsedUp,
    #[error("You have used this coupon as often as you may.")]
    UsedUpForBuyer,
    #[error("This checkout has given the coupon back.")]
    GivenBack,
}

impl Fault for Refusal {
    fn kind(&self) -> Kind {
        Kind::FailedPrecondition
    }

    fn code(&self) -> &'static str {
        "coupon_invalid"
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("There is already a coupon with this code.")]
pub struct CouponExists;

impl Fault for CouponExists {
    fn kind(&self) -> Kind {
        Kind::AlreadyExists
    }

    fn code(&self) -> &'static str {
        "coupon_exists"
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    pub terms: Terms,
    /// Held and redeemed.
    pub redemptions: i64,
}

impl Coupon {
    pub fn make(known: Option<&Coupon>, terms: Terms) -> Result<Vec<CouponEvent>, CouponExists> {
        match known {
            Some(_) => Err(CouponExists),
            None => Ok(vec![CouponEvent::Created { terms }]),
        }
    }

    /// Whether it counts for a subtotal, now, for someone who has `by_buyer` redemptions of it.
    pub fn check(&self, subtotal: Money, by_buyer: i64, now: Timestamp) -> Result<(), Refusal> {
        let terms = &self.terms;
        if terms.starts.is_some_and(|starts| now < starts) {
            return Err(Refusal::NotStarted);
        }
        if terms.ends.is_some_and(|ends| now >= ends) {
            return Err(Refusal::Ended);
        }
        if self.terms.redemptions_max.is_some_and(|max| self.redemptions >= max) {
            return Err(Refusal::UsedUp);
        }
        if terms.redemptions_per_buyer_max.is_some_and(|max| by_buyer >= max) {
            return Err(Refusal::UsedUpForBuyer);
        }
        match terms.minimum_subtotal {
            Some(minimum) if subtotal.minor < minimum.minor => Err(Refusal::BelowMinimum { minimum }),
            _ => Ok(()),
        }
    }

    /// Whether somebody new can use it now, if they buy enough.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        matches!(self.check(Money::zero(Currency::INR), 0, now), Ok(()) | Err(Refusal::BelowMinimum { .. }))
    }

    /// Counts one redemption for a checkout.
    pub fn take(
        &self,
        checkout: CheckoutId,
        subtotal: Money,
        by_buyer: i64,
        now: Timestamp,
    ) -> Result<Vec<CouponEvent>, Refusal> {
        if !sabotage::is("coupon-check-outside") {
            self.check(subtotal, by_buyer, now)?;
        }
        Ok(vec![CouponEvent::Taken { checkout }])
    }
}

impl Aggregate for Coupon {
    const KIND: &'static str = "coupon";
    const SCHEMA: u32 = 1;
    type Event = CouponEvent;

    fn create(event: &CouponEvent) -> Option<Self> {
        match event {
            CouponEvent::Created { terms } => Some(Coupon { terms: terms.clone(), redemptions: 0 }),
            _ => None,
        }
    }

    fn apply(&mut self, event: &CouponEvent) {
        match event {
            CouponEvent::Created { .. } => {}
            CouponEvent::Taken { .. } => self.redemptions += 1,
            CouponEvent::GivenBack { .. } => self.redemptions -= 1,
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.terms.is_advertised { vec![Key::plain(ADVERTISED, "", "")] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn coupon(redemptions: i64) -> Coupon {
        let terms = Terms {
            benefit: Benefit::Percent(10),
            minimum_subtotal: Some(Money::inr(50_000)),
            redemptions_max: Some(3),
            redemptions_per_buyer_max: Some(1),
            starts: Some(at(100)),
            ends: Some(at(200)),
            is_advertised: false,
        };
        Coupon { terms, redemptions }
    }

    #[test]
    fn it_counts_within_its_terms() {
        let check = |redemptions, subtotal, by_buyer, second, expected: Result<(), Refusal>| {
            assert_eq!(coupon(redemptions).check(Money::inr(subtotal), by_buyer, at(second)), expected, "at {second}");
        };
        check(2, 50_000, 0, 100, Ok(()));
        check(2, 50_000, 0, 199, Ok(()));
        check(2, 50_000, 0, 99, Err(Refusal::NotStarted));
        check(2, 50_000, 0, 200, Err(Refusal::Ended));
        check(3, 50_000, 0, 150, Err(Refusal::UsedUp));
        check(2, 50_000, 1, 150, Err(Refusal::UsedUpForBuyer));
        check(2, 49_999, 0, 150, Err(Refusal::BelowMinimum { minimum: Money::inr(50_000) }));
    }

    #[test]
    fn it_is_advertised_while_somebody_can_use_it() {
        let is_usable = |redemptions, second| coupon(redemptions).is_usable(at(second));
        assert!(is_usable(2, 100) && !is_usable(3, 100) && !is_usable(2, 99) && !is_usable(2, 200));
        let mut advertised = coupon(0);
        assert!(advertised.keys().is_empty());
        advertised.terms.is_advertised = true;
        assert_eq!(advertised.keys().len(), 1);
    }

    #[test]
    fn it_takes_off_no_more_than_there_is() {
        let off = |benefit: Benefit, minor| benefit.off(Money::inr(minor)).unwrap().minor;
        assert_eq!(off(Benefit::Percent(10), 129_905), 12_991);
        assert_eq!(off(Benefit::Percent(100), 129_905), 129_905);
        assert_eq!(off(Benefit::Amount(Money::inr(10_000)), 129_905), 10_000);
        assert_eq!(off(Benefit::Amount(Money::inr(10_000)), 9_999), 9_999);
        assert_eq!(off(Benefit::Amount(Money::inr(10_000)), 0), 0);
    }

    #[test]
    fn a_code_is_given_once() {
        let terms = coupon(0).terms;
        assert_eq!(Coupon::make(Some(&coupon(0)), terms.clone()), Err(CouponExists));
        let made = Coupon::make(None, terms).unwrap();
        assert_eq!(Coupon::create(&made[0]), Some(coupon(0)));
    }
}
