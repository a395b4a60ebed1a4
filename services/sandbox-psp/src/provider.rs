//! What the provider does: every change of a charge is one commit, together with the webhooks that tell of it.

use std::sync::Arc;
use std::time::Duration;

use haat_kernel::id::derived;
use haat_kernel::time::plus_millis;
use haat_kernel::{Clock, Ctx, Entropy, Error, Id, Result, Timestamp};
use haat_store::page::READ_MAX;
use haat_store::{Load, Page, Store};

use crate::charge::{ALL, Charge, ChargeError, ChargeEvent, ChargeId, OpenCharge, REFERENCE, Terms, Verdict, attempt_of};
use crate::config::Delays;
use crate::delivery::Delivery;
use crate::outbox::Outbox;
use crate::request::Listing;
use crate::sender::Sender;

/// Charges that one reference may have, all but the last of them declined or voided.
const ATTEMPTS_MAX: usize = 50;

pub struct Provider {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub sender: Sender,
    pub public_url: String,
    pub webhook_url: Option<String>,
    pub delays: Delays,
}

/// A charge that was asked for.
pub struct Found {
    pub id: ChargeId,
    pub charge: OpenCharge,
}

impl Provider {
    /// None when a flaky token made the request fail.
    pub async fn authorize(&self, terms: Terms, key: &str) -> Result<Option<Found>> {
        let earlier = self.attempts(&terms.reference).await?;
        let attempt = attempt_of(&earlier, key);
        if attempt >= ATTEMPTS_MAX {
            return Err(ChargeError::TooManyOperations.into());
        }
        let id = charge_id(&terms.reference, attempt);
        let now = self.clock.now();
        let settles_at = later(now, self.delays.settle);
        let key = key.to_owned();
        let charge = self.change(&id, move |charge| charge.authorize(terms, &key, now, settles_at)).await?;
        Ok(charge.opened().cloned().map(|charge| Found { id, charge }))
    }

    pub async fn capture(&self, id: &ChargeId, amount: Option<i64>, key: &str) -> Result<Found> {
        let key = key.to_owned();
        self.change_opened(id, move |charge| charge.capture(amount, &key)).await
    }

    pub async fn refund(&self, id: &ChargeId, amount: i64, key: &str) -> Result<Found> {
        let (key, now) = (key.to_owned(), self.clock.now());
        let refund_id = self.entropy.id(now);
        self.change_opened(id, move |charge| charge.refund(amount, &key, refund_id, now)).await
    }

    pub async fn void(&self, id: &ChargeId, key: &str) -> Result<Found> {
        let key = key.to_owned();
        self.change_opened(id, move |charge| charge.void(&key)).await
    }

    /// The buyer's answer on the page.
    pub async fn answer(&self, id: &ChargeId, verdict: Verdict) -> Result<Found> {
        self.change_opened(id, move |charge| charge.answer(verdict)).await
    }

    /// Decides a pending charge whose time has come.
    pub async fn settle(&self, id: &ChargeId) -> Result<()> {
        self.change(id, Charge::settle).await.map(drop)
    }

    pub async fn find(&self, id: &ChargeId) -> Result<Found> {
        let charge = self.store.load::<Charge>(id.as_str()).await?;
        found(id, charge.as_deref())
    }

    /// The newest first, and where the list goes on, if it does.
    pub async fn list(&self, listing: Listing) -> Result<(Vec<Found>, Option<String>)> {
        let (key, value) = listing.reference.as_deref().map_or((ALL, ""), |reference| (REFERENCE, reference));
        let mut charges = Vec::new();
        let mut next = listing.after;
        loop {
            let size = READ_MAX.min(listing.limit - charges.len());
            let page = Page { size, token: next, descending: true };
            let read = self.store.list::<Charge>(key, value, &page).await?;
            let ids = read.items.iter().filter_map(|item| Some((ChargeId::parse(&item.id).ok()?, &**item)));
            charges.extend(ids.filter_map(|(id, charge)| found(&id, Some(charge)).ok()));
            next = read.next_token;
            if next.is_empty() || charges.len() >= listing.limit {
                return Ok((charges, Some(next).filter(|next| !next.is_empty())));
            }
        }
    }

    /// Sends a delivery and records what came of it.
    pub async fn send(&self, id: &str) -> Result<()> {
        let Some(delivery) = self.store.load::<Delivery>(id).await?.filter(|delivery| delivery.is_waiting()) else {
            return Ok(());
        };
        let was_taken = self.sender.send(&delivery.message).await;
        let now = self.clock.now();
        let first_wait_ms = millis(self.delays.first_retry);
        let decide = move |delivery: Option<&Delivery>| {
            Ok::<_, Error>(delivery.map(|delivery| delivery.attempted(was_taken, now, first_wait_ms)).unwrap_or_default())
        };
        self.store.update(&Ctx::internal("sandbox-psp", id, now), id, decide).await.map(drop)
    }

    /// The charges of a reference, the oldest first.
    async fn attempts(&self, reference: &str) -> Result<Vec<OpenCharge>> {
        let mut attempts = Vec::new();
        while let Some(charge) = self.store.load::<Charge>(charge_id(reference, attempts.len()).as_str()).await? {
            match charge.opened() {
                Some(open) => attempts.push(open.clone()),
                None => break,
            }
        }
        Ok(attempts)
    }

    async fn change_opened(
        &self,
        id: &ChargeId,
        decide: impl FnOnce(&Charge) -> Result<Vec<ChargeEvent>, ChargeError> + Send + 'static,
    ) -> Result<Found> {
        let charge = self.change(id, decide).await?;
        found(id, Some(&charge))
    }

    async fn change(
        &self,
        id: &ChargeId,
        decide: impl FnOnce(&Charge) -> Result<Vec<ChargeEvent>, ChargeError> + Send + 'static,
    ) -> Result<Arc<Charge>> {
        let outbox = self.outbox();
        let ctx = Ctx::internal("sandbox-psp", id.as_str(), outbox.now);
        let load = Load::new().one::<Charge>(id).all::<Delivery>(&outbox.ids);
        let id = id.clone();
        let work = move |tx: &mut haat_store::Tx| {
            let events = decide(tx.get::<Charge>(&id).as_deref().unwrap_or(&Charge::default()))?;
            tx.record::<Charge>(&id, events.clone())?;
            let charge = tx.get::<Charge>(&id).ok_or(ChargeError::NotFound)?;
            if let Some(open) = charge.opened() {
                for (delivery, queued) in outbox.deliveries(&id, open, &events) {
                    tx.record::<Delivery>(&delivery, vec![queued])?;
                }
            }
            Ok::<_, Error>(charge)
        };
        self.store.transact(&ctx, load, work).await
    }

    fn outbox(&self) -> Outbox {
        let now = self.clock.now();
        Outbox {
            ids: Outbox::ids(&self.entropy, now),
            now,
            public_url: self.public_url.clone(),
            webhook_url: self.webhook_url.clone(),
            delays: self.delays,
        }
    }
}

/// The same for every request about the same attempt, so that concurrent ones meet at one charge.
fn charge_id(reference: &str, attempt: usize) -> ChargeId {
    derived(&[ChargeId::PREFIX, reference, &attempt.to_string()])
}

fn found(id: &ChargeId, charge: Option<&Charge>) -> Result<Found> {
    let charge = charge.and_then(Charge::opened).ok_or(ChargeError::NotFound)?;
    Ok(Found { id: id.clone(), charge: charge.clone() })
}

fn later(now: Timestamp, wait: Duration) -> Timestamp {
    plus_millis(now, millis(wait))
}

fn millis(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
}
