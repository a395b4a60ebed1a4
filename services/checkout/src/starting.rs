//! How a checkout starts: the terms are fixed by a quote of this moment, cart and checkout are committed together, and the
//! caller waits a while for the outcome. A repeat under the same idempotency key finds the same checkout, also after a crash.

use std::collections::BTreeMap;
use std::time::Duration;

use haat_contracts::checkout as pb;
use haat_kernel::id::derived;
use haat_kernel::{Ctx, Error, Id, Result};
use haat_saga::watch;
use haat_store::{Load, Tx, Versioned};
use tokio::time::{Instant, timeout_at};

use crate::api::Api;
use crate::cart::{Cart, CartEvent, Status};
use crate::checkout::{Checkout, CheckoutEvent, Ids, Instrument, Terms};
use crate::editing::{RACED, RACES_MAX, ensure_unchanged, raced};
use crate::ids::{CartId, CheckoutId, OrderId, SellerId};
use crate::market::Quote;
use crate::wire;

/// How long the caller waits for the outcome.
const WAIT: Duration = Duration::from_secs(10);
/// Left of the call's own time for the answer to travel.
const MARGIN: Duration = Duration::from_millis(500);

impl Api {
    pub(crate) async fn start(&self, ctx: &Ctx, request: pb::StartCheckoutRequest) -> Result<pb::Checkout> {
        let until = Instant::now() + WAIT;
        let until = ctx.deadline.map_or(until, |deadline| until.min(deadline - MARGIN));
        let id = self.begin(ctx, request).await?;
        // The driver mostly reaches the end. Watching meanwhile would mean a look at every commit of every other checkout.
        let _ = timeout_at(until, self.runner.wake(id.as_str())).await;
        let is_enough = |checkout: &Checkout| checkout.is_ended() || checkout.action_url().is_some();
        let checkout = watch(&self.store, id.as_str(), until, is_enough).await?;
        Ok(wire::checkout::checkout(&checkout))
    }

    /// The checkout that this call is about: a new one, or the one that it began or completed before.
    async fn begin(&self, ctx: &Ctx, request: pb::StartCheckoutRequest) -> Result<CheckoutId> {
        let instrument = wire::instrument(request.payment)?;
        let expected = wire::expected_total(request.expected_total.as_ref())?;
        let attempt = self.checkout_id(ctx, &request.cart);
        for _ in 0..RACES_MAX {
            let cart = self.admitted(ctx, &request.cart).await?;
            if let Status::Closed { checkout } = &cart.status {
                return Ok(checkout.clone());
            }
            if self.store.load::<Checkout>(attempt.as_str()).await?.is_some() {
                return Ok(attempt);
            }
            let mut events = cart.claim(wire::user(ctx)?.as_ref());
            let buyer = cart.after(&events);
            buyer.ensure_ready(&self.delivery)?;
            let market = self.market(ctx, &buyer).await?;
            events.extend(buyer.start_checkout(attempt.clone(), &market, &self.delivery, expected)?);
            let terms = self.terms(ctx, (&cart.id, &buyer), &market.quote, attempt.clone(), instrument.clone())?;
            match self.commit_start(ctx, cart, events, terms).await {
                Err(error) if error.code == RACED => {}
                outcome => return outcome.map(|()| attempt),
            }
        }
        Err(raced())
    }

    /// The same for a repeat under the same key.
    fn checkout_id(&self, ctx: &Ctx, cart: &str) -> CheckoutId {
        match &ctx.idempotency {
            Some(key) => derived(&[CheckoutId::PREFIX, cart, &key.scope, &key.key]),
            None => self.entropy.id(ctx.now),
        }
    }

    fn terms(
        &self,
        ctx: &Ctx,
        (id, cart): (&str, &Cart),
        quote: &Quote,
        checkout: CheckoutId,
        instrument: Option<Instrument>,
    ) -> Result<Terms> {
        let is_paid = !quote.totals.total.is_zero();
        if is_paid && instrument.is_none() {
            return Err(Error::invalid("payment.token", "is required"));
        }
        let (entropy, now) = (&self.entropy, ctx.now);
        let ids = Ids { checkout, group: entropy.id(now), payment: entropy.id(now), reservation: entropy.id(now) };
        let orders: BTreeMap<SellerId, OrderId> =
            quote.sellers.iter().map(|seller| (seller.seller.clone(), entropy.id(now))).collect();
        let instrument = instrument.filter(|_| is_paid);
        let id = CartId::parse(id).map_err(Error::internal)?;
        let terms = Terms::new((id, cart), quote, ids, orders, instrument, ctx.correlation_id.as_str(), now);
        terms.ok_or_else(|| Error::internal("a quote does not cover its cart"))
    }

    /// Aside from the call's own reply, which is known only when the checkout has come further.
    async fn commit_start(&self, ctx: &Ctx, cart: Versioned<Cart>, events: Vec<CartEvent>, terms: Terms) -> Result<()> {
        let id = terms.ids.checkout.clone();
        let load = Load::new().one::<Cart>(&cart.id).one::<Checkout>(&id);
        let started = vec![CheckoutEvent::Started { terms: Box::new(terms) }];
        let work = move |tx: &mut Tx| -> Result<()> {
            ensure_unchanged(tx, &cart)?;
            tx.record::<Cart>(&cart.id, events)?;
            tx.record::<Checkout>(&id, started)
        };
        self.store.transact(&ctx.aside(), load, work).await
    }
}
