//! How a cart is changed: decide tentatively, ask the market what it costs then, and commit if nobody was faster; who lost
//! the race decides anew. The answer, totals included, is in the same commit, so that a repeat gets the same.

use haat_contracts::checkout as pb;
use haat_kernel::{Ctx, Error, Kind, Result};
use haat_store::{Load, Tx, Versioned};

use crate::api::Api;
use crate::cart::{Cart, CartError, CartEvent, Decision, problems};
use crate::market::Market;
use crate::wire;

/// So often one may lose the race for a cart.
pub const RACES_MAX: usize = 8;
/// Somebody else changed the cart meanwhile.
pub const RACED: &str = "cart_changed";

pub fn raced() -> Error {
    Error::new(Kind::Aborted, RACED, "The cart is being changed by somebody else; try again.").with_retry_after(1)
}

/// Fails when the cart is not the one that was decided on.
pub fn ensure_unchanged(tx: &Tx, cart: &Versioned<Cart>) -> Result<()> {
    if tx.version::<Cart>(&cart.id) == cart.version { Ok(()) } else { Err(raced()) }
}

impl Api {
    /// The cart, if the caller may have to do with it.
    pub(crate) async fn admitted(&self, ctx: &Ctx, id: &str) -> Result<Versioned<Cart>> {
        let id = wire::cart_id(id)?;
        let user = wire::user(ctx)?;
        let cart = self.store.load::<Cart>(id.as_str()).await?;
        Ok(cart.filter(|cart| cart.admits(user.as_ref())).ok_or_else(|| CartError::NotFound(id.to_string()))?)
    }

    /// `decide` is asked about the cart, `settle` about what it would then cost; it may add events of its own.
    pub(crate) async fn edit(
        &self,
        ctx: &Ctx,
        id: &str,
        decide: impl Fn(&Versioned<Cart>) -> Decision + Send + Sync,
        settle: impl Fn(&Cart, &Market) -> Decision + Send + Sync,
    ) -> Result<pb::Cart> {
        for _ in 0..RACES_MAX {
            let cart = self.admitted(ctx, id).await?;
            let mut events = cart.claim(wire::user(ctx)?.as_ref());
            events.extend(decide(&cart)?);
            let tentative = cart.after(&events);
            let market = self.market(ctx, &tentative).await?;
            events.extend(settle(&tentative, &market)?);
            let version = cart.version + u64::try_from(events.len()).unwrap_or(0);
            let reply = self.view(&cart.id, version, &cart.after(&events), &market);
            match self.commit(ctx, cart, events, reply).await {
                Err(error) if error.code == RACED => {}
                outcome => return outcome,
            }
        }
        Err(raced())
    }

    /// An open cart with what stands in the way of buying it.
    pub(crate) fn view(&self, id: &str, version: u64, cart: &Cart, market: &Market) -> pb::Cart {
        let problems = problems(cart, market, &self.delivery);
        wire::cart::cart(wire::cart::View { id, version, cart, market, problems })
    }

    async fn commit(&self, ctx: &Ctx, cart: Versioned<Cart>, events: Vec<CartEvent>, reply: pb::Cart) -> Result<pb::Cart> {
        let load = Load::new().one::<Cart>(&cart.id);
        let work = move |tx: &mut Tx| -> Result<pb::Cart> {
            ensure_unchanged(tx, &cart)?;
            tx.record::<Cart>(&cart.id, events)?;
            tx.reply(&reply);
            Ok(reply)
        };
        self.store.transact(ctx, load, work).await
    }
}
