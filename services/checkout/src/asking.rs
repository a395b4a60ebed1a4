//! Asks the market about a cart. Only pricing has to answer; without the catalog or the inventory a cart still has a total,
//! and what they would have warned of, the checkout finds out.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use haat_kernel::{Ctx, Result};
use tokio::time::timeout;

use crate::api::Api;
use crate::cart::Cart;
use crate::contact::Email;
use crate::ids::{OfferId, UserId};
use crate::market::{Market, Offer, Quote};
use crate::neighbours::QuoteRequest;

/// How long to wait for advice that can be done without.
const ADVICE_TIMEOUT: Duration = Duration::from_millis(800);

impl Api {
    pub(crate) async fn market(&self, ctx: &Ctx, cart: &Cart) -> Result<Market> {
        if cart.lines.is_empty() {
            return Ok(Market { quote: self.quote_nothing(ctx, cart).await?, ..Market::empty() });
        }
        let offers: Vec<OfferId> = cart.lines.iter().map(|line| line.offer.clone()).collect();
        let request = quote_request(cart, &BTreeSet::new());
        let (quote, known, available) = tokio::join!(
            self.neighbours.quote(ctx, &request),
            advice("catalog", self.neighbours.resolve(ctx, &offers, &[])),
            advice("inventory", self.neighbours.availability(ctx, &offers)),
        );
        let withdrawn = known.map(|known| withdrawn(&offers, &known)).unwrap_or_default();
        let quote =
            if withdrawn.is_empty() { quote? } else { self.neighbours.quote(ctx, &quote_request(cart, &withdrawn)).await? };
        Ok(Market { quote, available: available.unwrap_or_default(), withdrawn })
    }

    /// An empty cart costs nothing; whether its coupon exists, pricing knows.
    async fn quote_nothing(&self, ctx: &Ctx, cart: &Cart) -> Result<Quote> {
        match cart.coupon {
            None => Ok(Quote::empty()),
            Some(_) => self.neighbours.quote(ctx, &quote_request(cart, &BTreeSet::new())).await,
        }
    }
}

/// What is answered in time; a failure is only logged.
async fn advice<T>(from: &'static str, answer: impl Future<Output = Result<T>>) -> Option<T> {
    match timeout(ADVICE_TIMEOUT, answer).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::warn!(from, %error, "a cart does without a neighbour's advice");
            None
        }
        Err(_) => {
            tracing::warn!(from, "a cart does without a neighbour's advice: it took too long");
            None
        }
    }
}

fn withdrawn(offers: &[OfferId], known: &[Offer]) -> BTreeSet<OfferId> {
    let is_sold = |offer: &OfferId| known.iter().any(|known| known.id == *offer && known.is_sellable);
    offers.iter().filter(|offer| !is_sold(offer)).cloned().collect()
}

fn quote_request(cart: &Cart, without: &BTreeSet<OfferId>) -> QuoteRequest {
    let lines = cart.lines.iter().filter(|line| !without.contains(&line.offer));
    let buyer = cart.owner.as_ref().map(UserId::as_str).or(cart.email.as_ref().map(Email::as_str));
    QuoteRequest {
        lines: lines.map(|line| (line.offer.clone(), line.quantity)).collect(),
        coupon: cart.coupon.clone(),
        buyer: buyer.unwrap_or_default().to_owned(),
        has_address: cart.address.is_some(),
    }
}
