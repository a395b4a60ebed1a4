//! The steps of a checkout, forward and back, in their order, and which step undoes which.

use serde::{Deserialize, Serialize};

use super::Terms;

/// In the order in which they are made. Up to `Authorize` everything is prepared and the money asked for; between
/// the authorization and `Capture` lies all that can still fail; from `ConfirmOrders` on there is only forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    ReserveStock,
    HoldCoupon,
    PlaceOrders,
    AuthorizePayment,
    AllocateStock,
    CapturePayment,
    ConfirmOrders,
    RedeemCoupon,
    /// Closes the cart and ends the checkout, in one commit.
    CloseCart,
    CancelPayment,
    AbandonOrders,
    ReleaseCoupon,
    ReleaseStock,
    /// Gives the cart back and ends the checkout, in one commit.
    ReopenCart,
}

use Step::*;

const FORWARD: [Step; 9] = [
    ReserveStock,
    HoldCoupon,
    PlaceOrders,
    AuthorizePayment,
    AllocateStock,
    CapturePayment,
    ConfirmOrders,
    RedeemCoupon,
    CloseCart,
];

/// Money first: what a buyer must not wait for.
const BACK: [Step; 5] = [CancelPayment, AbandonOrders, ReleaseCoupon, ReleaseStock, ReopenCart];

impl Step {
    pub const FIRST: Step = ReserveStock;

    /// The name in keys, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            ReserveStock => "reserve_stock",
            HoldCoupon => "hold_coupon",
            PlaceOrders => "place_orders",
            AuthorizePayment => "authorize_payment",
            AllocateStock => "allocate_stock",
            CapturePayment => "capture_payment",
            ConfirmOrders => "confirm_orders",
            RedeemCoupon => "redeem_coupon",
            CloseCart => "close_cart",
            CancelPayment => "cancel_payment",
            AbandonOrders => "abandon_orders",
            ReleaseCoupon => "release_coupon",
            ReleaseStock => "release_stock",
            ReopenCart => "reopen_cart",
        }
    }

    /// The next step forward that these terms need; after the last one, itself.
    pub fn after(self, terms: &Terms) -> Step {
        FORWARD.into_iter().find(|step| *step > self && step.is_needed(terms)).unwrap_or(self)
    }

    /// The first step back for a checkout that had come to `reached`, which may have taken effect.
    pub fn back_from(reached: Step, terms: &Terms) -> Step {
        Step::back(reached, terms, 0)
    }

    /// The next step back after this one; after the last one, itself.
    pub fn before(self, reached: Step, terms: &Terms) -> Step {
        let position = BACK.iter().position(|step| *step == self).unwrap_or(BACK.len());
        Step::back(reached, terms, position + 1)
    }

    /// Whether a neighbour's refusal of this step fails the checkout. Once the money is taken, nothing does.
    pub fn may_be_refused(self) -> bool {
        self <= CapturePayment
    }

    /// Whether the checkout may fail without knowing what became of this step. Not of a capture: its outcome decides
    /// which way to go, and is asked for until it is known.
    pub fn may_be_given_up(self) -> bool {
        self < CapturePayment
    }

    fn back(reached: Step, terms: &Terms, from: usize) -> Step {
        let is_wanted = |step: &Step| step.undoes().is_none_or(|undone| undone <= reached) && step.is_needed(terms);
        BACK.into_iter().skip(from).find(is_wanted).unwrap_or(ReopenCart)
    }

    /// The earliest step whose effect this one takes back.
    fn undoes(self) -> Option<Step> {
        match self {
            CancelPayment => Some(AuthorizePayment),
            AbandonOrders => Some(PlaceOrders),
            ReleaseCoupon => Some(HoldCoupon),
            ReleaseStock => Some(ReserveStock),
            _ => None,
        }
    }

    fn is_needed(self, terms: &Terms) -> bool {
        match self {
            HoldCoupon | RedeemCoupon | ReleaseCoupon => terms.coupon.is_some(),
            _ => true,
        }
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
