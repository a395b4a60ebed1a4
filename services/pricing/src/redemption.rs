//! One checkout's redemption of a coupon: held, then redeemed, or given back once, whatever is repeated or comes late.
//! Beside it, how many redemptions of a coupon one buyer has.

use haat_kernel::{Fault, Kind};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

use crate::coupon::Refusal;
use crate::ids::{BuyerKey, CheckoutId, CouponCode};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Held,
    Redeemed,
    GivenBack,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RedemptionEvent {
    Held {
        buyer: BuyerKey,
    },
    Redeemed,
    GivenBack,
    /// It was given back before it was held, and will never be.
    Barred,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedemptionError {
    #[error("The checkout does not hold this coupon.")]
    NotHeld,
    #[error("The coupon was taken this moment; try again.")]
    Changed,
}

impl Fault for RedemptionError {
    fn kind(&self) -> Kind {
        match self {
            RedemptionError::NotHeld => Kind::FailedPrecondition,
            RedemptionError::Changed => Kind::Aborted,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            RedemptionError::NotHeld => "coupon_not_held",
            RedemptionError::Changed => "redemption_changed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redemption {
    pub status: Status,
    /// None for one that never was.
    pub buyer: Option<BuyerKey>,
}

impl Redemption {
    pub fn id(code: &CouponCode, checkout: &CheckoutId) -> String {
        format!("{}/{checkout}", code.as_str())
    }

    /// The answer to a repeated hold.
    pub fn repeat(&self) -> Result<(), Refusal> {
        match self.status {
            Status::Held | Status::Redeemed => Ok(()),
            Status::GivenBack => Err(Refusal::GivenBack),
        }
    }

    pub fn redeem(redemption: Option<&Redemption>) -> Result<Vec<RedemptionEvent>, RedemptionError> {
        match redemption.map(|redemption| redemption.status) {
            Some(Status::Held) => Ok(vec![RedemptionEvent::Redeemed]),
            Some(Status::Redeemed) => Ok(vec![]),
            Some(Status::GivenBack) | None => Err(RedemptionError::NotHeld),
        }
    }

    /// Also of a redeemed one: an order that is canceled as a whole gives its coupon back.
    pub fn give_back(redemption: Option<&Redemption>) -> Vec<RedemptionEvent> {
        match redemption.map(|redemption| redemption.status) {
            Some(Status::Held | Status::Redeemed) => vec![RedemptionEvent::GivenBack],
            Some(Status::GivenBack) => vec![],
            None => vec![RedemptionEvent::Barred],
        }
    }
}

impl Aggregate for Redemption {
    const KIND: &'static str = "redemption";
    const SCHEMA: u32 = 1;
    type Event = RedemptionEvent;

    fn create(event: &RedemptionEvent) -> Option<Self> {
        match event {
            RedemptionEvent::Held { buyer } => Some(Redemption { status: Status::Held, buyer: Some(buyer.clone()) }),
            RedemptionEvent::Barred => Some(Redemption { status: Status::GivenBack, buyer: None }),
            RedemptionEvent::Redeemed | RedemptionEvent::GivenBack => None,
        }
    }

    fn apply(&mut self, event: &RedemptionEvent) {
        match event {
            RedemptionEvent::Held { .. } | RedemptionEvent::Barred => {}
            RedemptionEvent::Redeemed => self.status = Status::Redeemed,
            RedemptionEvent::GivenBack => self.status = Status::GivenBack,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum UsageEvent {
    Taken { checkout: CheckoutId },
    GivenBack { checkout: CheckoutId },
}

/// How many redemptions of a coupon one buyer has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub redemptions: i64,
}

impl Usage {
    pub fn id(code: &CouponCode, buyer: &BuyerKey) -> String {
        format!("{}/{buyer}", code.as_str())
    }
}

impl Aggregate for Usage {
    const KIND: &'static str = "coupon_usage";
    const SCHEMA: u32 = 1;
    type Event = UsageEvent;

    fn create(event: &UsageEvent) -> Option<Self> {
        matches!(event, UsageEvent::Taken { .. }).then_some(Usage { redemptions: 1 })
    }

    fn apply(&mut self, event: &UsageEvent) {
        match event {
            UsageEvent::Taken { .. } => self.redemptions += 1,
            UsageEvent::GivenBack { .. } => self.redemptions -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;

    use super::*;

    #[derive(Clone, Copy, Debug)]
    enum When {
        Hold,
        Redeem,
        GiveBack,
    }

    use When::{GiveBack, Hold, Redeem};

    fn after(redemption: Option<Redemption>, when: When) -> Result<Option<Redemption>, &'static str> {
        let events = match (when, &redemption) {
            (Hold, None) => vec![RedemptionEvent::Held { buyer: derived(&["buyer"]) }],
            (Hold, Some(redemption)) => redemption.repeat().map(|()| vec![]).map_err(|refusal| refusal.code())?,
            (Redeem, redemption) => Redemption::redeem(redemption.as_ref()).map_err(|error| error.code())?,
            (GiveBack, redemption) => Redemption::give_back(redemption.as_ref()),
        };
        Ok(events.iter().fold(redemption, |redemption, event| match redemption {
            None => Redemption::create(event),
            Some(mut redemption) => {
                redemption.apply(event);
                Some(redemption)
            }
        }))
    }

    #[track_caller]
    fn check(given: &[When], when: When, expected: Result<Status, &str>) {
        let redemption = given.iter().fold(None, |redemption, when| after(redemption, *when).unwrap());
        let found = after(redemption, when).map(|redemption| redemption.unwrap().status);
        assert_eq!(found, expected, "given {given:?}, when {when:?}");
    }

    #[test]
    fn it_is_held_then_redeemed_or_given_back() {
        check(&[], Hold, Ok(Status::Held));
        check(&[Hold], Hold, Ok(Status::Held));
        check(&[Hold], Redeem, Ok(Status::Redeemed));
        check(&[Hold, Redeem], Redeem, Ok(Status::Redeemed));
        check(&[Hold, Redeem], Hold, Ok(Status::Redeemed));
        check(&[Hold], GiveBack, Ok(Status::GivenBack));
        check(&[Hold, Redeem], GiveBack, Ok(Status::GivenBack));
        check(&[Hold, GiveBack], GiveBack, Ok(Status::GivenBack));
    }

    #[test]
    fn what_was_given_back_stays_so() {
        check(&[], GiveBack, Ok(Status::GivenBack));
        check(&[GiveBack], Hold, Err("coupon_invalid"));
        check(&[Hold, GiveBack], Hold, Err("coupon_invalid"));
        check(&[Hold, GiveBack], Redeem, Err("coupon_not_held"));
        check(&[], Redeem, Err("coupon_not_held"));
    }
}
