//! What moves a coupon, a redemption of it and its buyer's count together, in one transaction: the counts are always the
//! redemptions that are held or redeemed.

use std::sync::Arc;

use haat_kernel::{Ctx, Error, Money, Result, Timestamp};
use haat_store::{Load, Store, Tx};

use crate::coupon::{Coupon, CouponEvent, Refusal};
use crate::ids::{BuyerKey, CheckoutId, CouponCode};
use crate::redemption::{Redemption, RedemptionError, RedemptionEvent, Usage, UsageEvent};

/// A wish to redeem a coupon.
pub struct Hold {
    pub code: CouponCode,
    pub checkout: CheckoutId,
    pub buyer: BuyerKey,
    pub subtotal: Money,
}

impl Hold {
    /// Counts one redemption, or fails with the reason why not. A repeated hold counts once.
    pub async fn take(self, store: &Store, ctx: &Ctx) -> Result<()> {
        let load = load(&self.code, &self.checkout, Some(&self.buyer));
        let now = ctx.now;
        let work = move |tx: &mut Tx| -> Result<()> {
            tx.reply(&());
            self.hold(tx, now)
        };
        store.transact(ctx, load, work).await
    }

    fn hold(self, tx: &mut Tx, now: Timestamp) -> Result<()> {
        let Hold { code, checkout, buyer, subtotal } = self;
        let id = Redemption::id(&code, &checkout);
        if let Some(redemption) = tx.get::<Redemption>(&id) {
            return redemption.repeat().map_err(Error::from);
        }
        let coupon = tx.get::<Coupon>(code.as_str()).ok_or(Refusal::Unknown)?;
        let usage = Usage::id(&code, &buyer);
        let by_buyer = tx.get::<Usage>(&usage).map_or(0, |usage| usage.redemptions);
        tx.record::<Coupon>(code.as_str(), coupon.take(checkout.clone(), subtotal, by_buyer, now)?)?;
        tx.record::<Usage>(usage, vec![UsageEvent::Taken { checkout }])?;
        tx.record::<Redemption>(id, vec![RedemptionEvent::Held { buyer }])
    }
}

/// Makes a held redemption final.
pub async fn redeem(store: &Store, ctx: &Ctx, code: &CouponCode, checkout: &CheckoutId) -> Result<()> {
    let id = Redemption::id(code, checkout);
    store.answer::<Redemption, _, ()>(ctx, &id, Redemption::redeem, |_| ()).await
}

/// Gives a redemption back, held or redeemed. One that does not exist will never be.
pub async fn give_back(store: &Store, ctx: &Ctx, code: &CouponCode, checkout: &CheckoutId) -> Result<()> {
    let found = store.load::<Redemption>(&Redemption::id(code, checkout)).await?;
    let buyer = found.and_then(|redemption| redemption.buyer.clone());
    let load = load(code, checkout, buyer.as_ref());
    let (code, checkout) = (code.clone(), checkout.clone());
    let work = move |tx: &mut Tx| -> Result<()> {
        tx.reply(&());
        count_back(tx, &code, &checkout, buyer)
    };
    store.transact(ctx, load, work).await
}

/// `buyer` is who the transaction loaded.
fn count_back(tx: &mut Tx, code: &CouponCode, checkout: &CheckoutId, buyer: Option<BuyerKey>) -> Result<()> {
    let id = Redemption::id(code, checkout);
    let redemption: Option<Arc<Redemption>> = tx.get(&id);
    if redemption.as_ref().and_then(|redemption| redemption.buyer.clone()) != buyer {
        return Err(RedemptionError::Changed.into());
    }
    let events = Redemption::give_back(redemption.as_deref());
    if events.contains(&RedemptionEvent::GivenBack) {
        tx.record::<Coupon>(code.as_str(), vec![CouponEvent::GivenBack { checkout: checkout.clone() }])?;
        if let Some(buyer) = buyer {
            tx.record::<Usage>(Usage::id(code, &buyer), vec![UsageEvent::GivenBack { checkout: checkout.clone() }])?;
        }
    }
    tx.record::<Redemption>(id, events)
}

fn load(code: &CouponCode, checkout: &CheckoutId, buyer: Option<&BuyerKey>) -> Load {
    Load::new()
        .one::<Coupon>(code.as_str())
        .one::<Redemption>(Redemption::id(code, checkout))
        .all::<Usage>(buyer.map(|buyer| Usage::id(code, buyer)))
}
