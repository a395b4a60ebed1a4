//! What the books between services are judged by, read from their stores.

use std::collections::BTreeMap;

use haat_checkout::checkout::Checkout;
use haat_inventory::reservation::Reservation;
use haat_kernel::Result;
use haat_orders::cancellation::Cancellation;
use haat_orders::group::OrderGroup;
use haat_orders::order::Order;
use haat_payments::payment::Payment;
use haat_store::{Aggregate, Page, SetAside, Store};

use super::Stores;

const PARKED_MAX: usize = 1_000;

/// By id.
type All<A> = BTreeMap<String, A>;

#[derive(Default)]
pub struct Facts {
    pub payments: All<Payment>,
    pub reservations: All<Reservation>,
    pub checkouts: All<Checkout>,
    pub groups: All<OrderGroup>,
    pub orders: All<Order>,
    pub cancellations: All<Cancellation>,
    /// Set aside and parked, with the service that could not take it.
    pub set_aside: Vec<(String, SetAside)>,
    /// How many events of a feed a reader has not taken into account: reader, source, events.
    pub lags: Vec<(String, String, u64)>,
}

impl Facts {
    pub async fn read(stores: &Stores) -> Result<Self> {
        let mut facts = Facts {
            payments: all(stores, "payments").await?,
            reservations: all(stores, "inventory").await?,
            checkouts: all(stores, "checkout").await?,
            groups: all(stores, "orders").await?,
            orders: all(stores, "orders").await?,
            cancellations: all(stores, "orders").await?,
            ..Facts::default()
        };
        for (name, store) in stores {
            let parked = store.parked(&Page::first(PARKED_MAX)).await?;
            facts.set_aside.extend(parked.items.into_iter().map(|aside| (name.clone(), (*aside.state).clone())));
        }
        for (source, service) in &haat_contracts::policy::policies().services {
            for reader in &service.subscribers {
                let (Some(from), Some(to)) = (stores.get(source), stores.get(reader)) else { continue };
                facts.lags.push((reader.clone(), source.clone(), lag(from, to, source).await?));
            }
        }
        Ok(facts)
    }
}

async fn lag(from: &Store, to: &Store, source: &str) -> Result<u64> {
    Ok(to.cursors(source).await?.lag(&from.head().await?))
}

async fn all<A: Aggregate>(stores: &Stores, service: &str) -> Result<All<A>> {
    let mut found = All::new();
    if let Some(store) = stores.get(service) {
        store.for_each::<A>(|item| drop(found.insert(item.id.clone(), (*item.state).clone()))).await?;
    }
    Ok(found)
}
