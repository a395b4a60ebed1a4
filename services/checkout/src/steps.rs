//! Makes the calls that a checkout asks for. A refusal that the checkout may fail for turns it back; everything else that
//! goes wrong is tried again, or parked. The last step of either way is a commit of our own, on checkout and cart together.

use std::sync::Arc;

use async_trait::async_trait;
use haat_kernel::{Ctx, Error, Result, sabotage};
use haat_saga::{Decision, Next, Perform, Saga, decide};
use haat_store::{Aggregate, Load, Store, Tx};

use crate::cart::Cart;
use crate::checkout::{Checkout, CheckoutEvent, PaymentState, Step, Terms};
use crate::neighbours::Neighbours;

pub struct Steps {
    pub store: Store,
    pub neighbours: Arc<dyn Neighbours>,
}

/// What a step came to.
enum Outcome {
    Done,
    /// The payment says how far it is.
    Payment(PaymentState),
    /// It was a commit of our own, which has recorded it already.
    Recorded,
}

#[async_trait]
impl Perform<Checkout> for Steps {
    async fn perform(&self, ctx: &Ctx, id: &str, saga: &Checkout, step: &Step) -> Result<Decision<Checkout>> {
        let (step, now) = (*step, ctx.now);
        let mut ctx = ctx.clone();
        if let Some(key) = ctx.idempotency.as_mut().filter(|_| sabotage::is("saga-key-unstable")) {
            key.key = format!("{}/{now}", key.key);
        }
        let ctx = &ctx;
        match self.make(ctx, id, &saga.terms, step).await {
            Ok(Outcome::Done) => decide(move |saga: &Checkout| Ok(saga.did(step))),
            Ok(Outcome::Payment(payment)) => decide(move |saga: &Checkout| Ok(saga.payment_answered(step, &payment, now))),
            Ok(Outcome::Recorded) => decide(|_: &Checkout| Ok(vec![])),
            Err(error) => {
                let failure = saga.verdict(step, &error).ok_or(error)?;
                decide(move |saga: &Checkout| Ok(saga.turn_back(step, failure)))
            }
        }
    }
}

impl Steps {
    async fn make(&self, ctx: &Ctx, id: &str, terms: &Terms, step: Step) -> Result<Outcome> {
        let neighbours = &self.neighbours;
        match step {
            Step::CancelPayment if sabotage::is("forget-void") => {}
            Step::ReleaseCoupon if sabotage::is("forget-release-coupon") => {}
            Step::ReleaseStock if sabotage::is("forget-release-stock") => {}
            Step::ReserveStock => neighbours.reserve_stock(ctx, terms).await?,
            Step::HoldCoupon => neighbours.hold_coupon(ctx, terms).await?,
            Step::PlaceOrders => neighbours.place_orders(ctx, terms).await?,
            Step::AuthorizePayment => return neighbours.authorize_payment(ctx, terms).await.map(Outcome::Payment),
            Step::AllocateStock => neighbours.allocate_stock(ctx, terms).await?,
            Step::CapturePayment => return neighbours.capture_payment(ctx, terms).await.map(Outcome::Payment),
            Step::ConfirmOrders => neighbours.confirm_orders(ctx, terms).await?,
            Step::RedeemCoupon => neighbours.redeem_coupon(ctx, terms).await?,
            Step::CancelPayment => neighbours.cancel_payment(ctx, terms).await?,
            Step::AbandonOrders => neighbours.abandon_orders(ctx, terms).await?,
            Step::ReleaseCoupon => neighbours.release_coupon(ctx, terms).await?,
            Step::ReleaseStock => neighbours.release_stock(ctx, terms).await?,
            Step::CloseCart | Step::ReopenCart => return self.end(ctx, id, terms, step).await.map(|()| Outcome::Recorded),
        }
        Ok(Outcome::Done)
    }

    /// Ends the checkout, and closes or reopens its cart in the same commit.
    async fn end(&self, ctx: &Ctx, id: &str, terms: &Terms, step: Step) -> Result<()> {
        let load = Load::new().one::<Checkout>(id).one::<Cart>(&terms.cart);
        let (id, terms, now) = (id.to_owned(), terms.clone(), ctx.now);
        let work = move |tx: &mut Tx| -> Result<()> {
            let checkout = tx.get::<Checkout>(&id).ok_or_else(|| Error::not_found(Checkout::KIND, &id))?;
            if checkout.next() != Next::Call(step) {
                return Ok(());
            }
            tx.record::<Checkout>(&id, checkout.end(step, now))?;
            // A cart that is gone by now needs neither.
            let Some(cart) = tx.get::<Cart>(&terms.cart) else { return Ok(()) };
            let events = match step {
                Step::CloseCart => cart.checked_out(&terms.ids.checkout),
                _ => cart.checkout_failed(&terms.ids.checkout, now),
            };
            tx.record::<Cart>(&terms.cart, events)
        };
        self.store.transact(&ctx.aside(), load, work).await
    }
}

/// Records facts about a checkout's payment, when there are any.
pub async fn record(
    store: &Store,
    ctx: &Ctx,
    id: &str,
    decide: impl FnOnce(&Checkout) -> Vec<CheckoutEvent> + Send + 'static,
) -> Result<()> {
    let decide = move |checkout: Option<&Checkout>| checkout.map(decide).ok_or_else(|| Error::not_found(Checkout::KIND, ""));
    store.update(ctx, id, decide).await.map(drop)
}
