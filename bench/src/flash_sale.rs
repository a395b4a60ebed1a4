//! Many buyers, each with a cart that is ready, check out at the same moment; there are pieces for a quarter of them.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::try_join_all;

use crate::Result;
use crate::client::{Client, Version};
use crate::market::sell;
use crate::measure::{Load, Measured, measure_cold};
use crate::platform::Platform;
use crate::tally::Calls;
use crate::workers::{Rusher, Turns, ready_cart};

const AT_ONCE: usize = 32;
const BUYERS_PER_PIECE: usize = 4;
const TIME_MAX: Duration = Duration::from_secs(60);

pub struct FlashSale {
    pub buyers: usize,
    pub pieces: u64,
    pub bought: u64,
    pub too_late: u64,
    pub measured: Measured,
}

pub async fn run(platform: &Platform, buyers: usize) -> Result<FlashSale> {
    let pieces = u64::try_from(buyers / BUYERS_PER_PIECE)?;
    let offer = sell(platform, pieces).await?.offer;
    let mut clients = Client::connect_many(&platform.target, Version::Http1, AT_ONCE, AT_ONCE).await?;
    let filling = clients.iter_mut().map(|client| fill(client, &offer, buyers.div_ceil(AT_ONCE)));
    let carts: Rc<[String]> = try_join_all(filling).await?.into_iter().flatten().take(buyers).collect();
    let (turns, bought, too_late) = (Turns::default(), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let rusher = |client| Rusher {
        client,
        carts: carts.clone(),
        turns: turns.clone(),
        bought: bought.clone(),
        too_late: too_late.clone(),
    };
    let mut rushers: Vec<Rusher> = clients.into_iter().map(rusher).collect();
    let measured = measure_cold(platform, &mut rushers, Load::Closed, TIME_MAX).await?;
    Ok(FlashSale { buyers, pieces, bought: bought.get(), too_late: too_late.get(), measured })
}

async fn fill(client: &mut Client, offer: &str, count: usize) -> Result<Vec<String>> {
    let mut carts = Vec::with_capacity(count);
    for _ in 0..count {
        carts.push(ready_cart(client, offer, &mut Calls::default()).await?);
    }
    Ok(carts)
}
