//! The calls to other services, and what their answers mean here. Both are repeatable by their contracts, so they go
//! without an idempotency key: every answer is the present one, and what was refused once may succeed after a repair.

use haat_contracts::inventory::{ReleaseRequest, inventory_client::InventoryClient};
use haat_contracts::payments::{Payment, RefundOrderRequest, payment, payments_client::PaymentsClient};
use haat_kernel::{Ctx, Error, Kind, Result};
use haat_rpc as rpc;

use crate::cancellation::Undoing;

#[derive(Clone)]
pub struct Neighbours {
    pub inventory: InventoryClient<rpc::Channel>,
    pub payments: PaymentsClient<rpc::Channel>,
}

impl Neighbours {
    /// Gives back the stock of one seller's order.
    pub async fn release_stock(&self, ctx: &Ctx, undoing: &Undoing) -> Result<()> {
        let mut inventory = self.inventory.clone();
        let request = ReleaseRequest { reservation_id: undoing.reservation.clone(), seller_id: undoing.seller.to_string() };
        rpc::send(&ctx.aside(), request, |request| async move { inventory.release(request).await }).await
    }

    /// Gives back the money of one order. Fails until it is certain that the buyer has it, or that it was never taken.
    pub async fn return_money(&self, ctx: &Ctx, undoing: &Undoing) -> Result<()> {
        let mut payments = self.payments.clone();
        let request = RefundOrderRequest {
            payment_id: undoing.payment.to_string(),
            order_id: undoing.order.to_string(),
            reason: undoing.reason.clone(),
        };
        let payment = rpc::send(&ctx.aside(), request, |request| async move { payments.refund_order(request).await }).await?;
        check_returned(&payment, undoing.order.as_str())
    }
}

fn check_returned(payment: &Payment, order: &str) -> Result<()> {
    let is_nothing_held = matches!(payment.state(), payment::State::Voided | payment::State::Failed);
    let mut refunds = payment.refunds.iter().filter(|refund| refund.order_id == order);
    match refunds.next_back().map(|refund| refund.state.as_str()) {
        _ if is_nothing_held => Ok(()),
        Some("PENDING") => Err(Error::unavailable("the refund is on its way")),
        Some("FAILED") => Err(Error::new(Kind::FailedPrecondition, "refund_failed", "The provider refused the refund.")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use haat_contracts::payments::payment::{Refund, State};

    use super::*;

    #[test]
    fn money_is_returned_when_the_buyer_has_it_or_nothing_was_taken() {
        for (state, refunds, outcome) in [
            (State::Captured, vec!["SUCCEEDED"], "ok"),
            (State::Captured, vec!["FAILED", "SUCCEEDED"], "ok"),
            (State::Captured, vec![], "ok"),
            (State::Captured, vec!["PENDING"], "service_unavailable"),
            (State::Authorized, vec!["PENDING"], "service_unavailable"),
            (State::Captured, vec!["FAILED"], "refund_failed"),
            (State::Voided, vec!["FAILED"], "ok"),
            (State::Failed, vec![], "ok"),
        ] {
            let refund = |state: &&str| Refund { order_id: "order_1".into(), state: (*state).into(), ..Refund::default() };
            let mut payment = Payment { refunds: refunds.iter().map(refund).collect(), ..Payment::default() };
            payment.set_state(state);
            let returned = check_returned(&payment, "order_1").map_or_else(|error| error.code, |()| "ok".to_owned());
            assert_eq!(returned, outcome, "{state:?} {refunds:?}");
        }
    }
}
