//! Everything that is measured, in order. A scenario runs as a closed load, and then as an open one at half the rate.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures::future::try_join_all;

use crate::Result;
use crate::client::{Client, Version};
use crate::flash_sale::{self, FlashSale};
use crate::load::Worker;
use crate::market::{Market, sign_in};
use crate::measure::{Load, Measured, idle_share, measure, rest};
use crate::overload::{self, Overload};
use crate::pages::{self, Opened};
use crate::platform::Platform;
use crate::reservations::{self, Reservations};
use crate::usage::{Memory, memory};
use crate::workers::{Adder, Buyer, Reader, Turns, new_cart};

pub const CACHED_HTTP1: &str = "cached-http1";
pub const CACHED_HTTP2: &str = "cached-http2";
pub const PRODUCT: &str = "product";
pub const SEARCH: &str = "search";
pub const ADD_ITEM: &str = "add-item";
pub const CHECKOUT: &str = "checkout";
pub const FLASH_SALE: &str = "flash-sale";
pub const RESERVATIONS: &str = "reservations";
pub const PAGES: &str = "pages";
pub const OVERLOAD: &str = "overload";
pub const NAMES: [&str; 10] =
    [CACHED_HTTP1, CACHED_HTTP2, PRODUCT, SEARCH, PAGES, ADD_ITEM, CHECKOUT, FLASH_SALE, RESERVATIONS, OVERLOAD];

const READERS: usize = 16;
const STREAMS: usize = 32;
const CONNECTIONS: usize = 2;
const PRODUCTS_READ: usize = 500;
const CARTS: usize = 512;
const BUYERS: [usize; 3] = [1, 8, 32];
const SALE_BUYERS: usize = 400;
const PIECES_RESERVED: u64 = 3_000;

pub struct Results {
    pub ready_after: Duration,
    pub ready_cpu: Duration,
    pub demo_after: Duration,
    /// Of one core.
    pub idle_share: f64,
    /// Once the demo catalogue is loaded, and at the end.
    pub memory: [BTreeMap<String, Memory>; 2],
    pub measured: Vec<(&'static str, Measured)>,
    pub pages: Vec<Opened>,
    pub flash_sale: Option<FlashSale>,
    pub reservations: Option<Reservations>,
    pub overloads: Vec<Overload>,
}

impl Results {
    pub fn find(&self, name: &str, matches: impl Fn(&Measured) -> bool) -> Option<&Measured> {
        self.measured.iter().find(|(its, measured)| *its == name && matches(measured)).map(|(_, measured)| measured)
    }

    /// In MiB, over all processes.
    pub fn resident(&self) -> [f64; 2] {
        self.sums(|memory| memory.resident)
    }

    pub fn proportional(&self) -> [f64; 2] {
        self.sums(|memory| memory.proportional)
    }

    fn sums(&self, part: impl Fn(&Memory) -> u64) -> [f64; 2] {
        const MEBIBYTE: f64 = (1 << 20) as f64;
        self.memory.each_ref().map(|processes| processes.values().map(&part).sum::<u64>() as f64 / MEBIBYTE)
    }
}

struct Bench<'p> {
    platform: &'p Platform,
    market: Market,
    time: Duration,
    measured: Vec<(&'static str, Measured)>,
}

pub async fn run(platform: &Platform, products: u32, time: Duration, wants: &dyn Fn(&str) -> bool) -> Result<Results> {
    let market = Market::open(platform, products).await?;
    let (memory_before, idle_share) = (memory(&platform.pids()?)?, idle_share(platform).await?);
    let mut bench = Bench { platform, market, time, measured: Vec::new() };
    if wants(CACHED_HTTP1) {
        bench.cached(CACHED_HTTP1, Version::Http1, READERS, READERS).await?;
    }
    if wants(CACHED_HTTP2) {
        bench.cached(CACHED_HTTP2, Version::Http2, CONNECTIONS, STREAMS).await?;
    }
    if wants(PRODUCT) {
        bench.product().await?;
    }
    if wants(SEARCH) {
        bench.search().await?;
    }
    let pages = if wants(PAGES) { pages::run(platform, &bench.market).await? } else { Vec::new() };
    if wants(ADD_ITEM) {
        bench.add_item().await?;
    }
    if wants(CHECKOUT) {
        bench.checkout().await?;
    }
    let flash_sale = if wants(FLASH_SALE) { Some(flash_sale::run(platform, SALE_BUYERS).await?) } else { None };
    let reservations = if wants(RESERVATIONS) { Some(reservations::run(platform, PIECES_RESERVED).await?) } else { None };
    let overloads = if wants(OVERLOAD) { bench.overloads().await? } else { Vec::new() };
    rest(platform).await?;
    Ok(Results {
        ready_after: platform.ready_after,
        ready_cpu: platform.ready_cpu,
        demo_after: bench.market.demo_after,
        idle_share,
        memory: [memory_before, memory(&platform.pids()?)?],
        measured: bench.measured,
        pages,
        flash_sale,
        reservations,
        overloads,
    })
}

impl Bench<'_> {
    async fn cached(&mut self, name: &'static str, version: Version, connections: usize, count: usize) -> Result<()> {
        let clients = Client::connect_many(&self.platform.target, version, connections, count).await?;
        self.read(name, clients, self.product_paths(1)).await
    }

    async fn product(&mut self) -> Result<()> {
        let mut clients = self.clients(READERS).await?;
        self.sign_in(&mut clients).await?;
        self.read(PRODUCT, clients, self.product_paths(PRODUCTS_READ)).await
    }

    /// Answers to somebody with a token never come from the cache.
    async fn sign_in(&self, clients: &mut [Client]) -> Result<()> {
        let accounts = self.platform.accounts().ok_or("there are no demo accounts")?;
        let token = sign_in(&mut clients[0], &accounts.buyer).await?;
        clients.iter_mut().try_for_each(|client| client.sign_in(&token))
    }

    async fn search(&mut self) -> Result<()> {
        let clients = self.clients(READERS).await?;
        self.read(SEARCH, clients, self.market.searches.clone()).await
    }

    async fn add_item(&mut self) -> Result<()> {
        let mut clients = self.clients(READERS).await?;
        let carts = clients.iter_mut().map(|client| carts(client, CARTS / READERS));
        let carts: Rc<[String]> = try_join_all(carts).await?.into_iter().flatten().collect();
        let (offers, turns) = (self.market.offers.clone(), Turns::default());
        let adder = |client| Adder { client, carts: carts.clone(), offers: offers.clone(), turns: turns.clone() };
        self.closed_then_open(ADD_ITEM, clients.into_iter().map(adder).collect()).await
    }

    /// The open load at half of what the most buyers at once achieved.
    async fn checkout(&mut self) -> Result<()> {
        let (offers, turns) = (self.market.offers.clone(), Turns::default());
        let buyer = |client| Buyer { client, offers: offers.clone(), turns: turns.clone() };
        let most = BUYERS.into_iter().max().unwrap_or_default();
        let mut buyers: Vec<Buyer> = self.clients(most).await?.into_iter().map(buyer).collect();
        let mut per_second = 0.0;
        for count in BUYERS {
            per_second = self.measure(CHECKOUT, &mut buyers[..count], Load::Closed).await?;
        }
        self.measure(CHECKOUT, &mut buyers, Load::Open(per_second / 2.0)).await.map(drop)
    }

    async fn overloads(&self) -> Result<Vec<Overload>> {
        let (turns, paths) = (Turns::default(), self.market.searches.clone());
        let mut clients = self.clients(overload::CROWD).await?;
        self.sign_in(&mut clients).await?;
        let reader = |client| Reader { client, paths: paths.clone(), turns: turns.clone() };
        let readers = clients.into_iter().map(reader).collect();
        let searches = overload::run(self.platform, SEARCH, readers, self.time, true).await?;
        let (turns, offers) = (Turns::default(), self.market.offers.clone());
        let buyer = |client| Buyer { client, offers: offers.clone(), turns: turns.clone() };
        let buyers = self.clients(overload::CROWD).await?.into_iter().map(buyer).collect();
        let checkouts = overload::run(self.platform, CHECKOUT, buyers, self.time, false).await?;
        Ok(vec![searches, checkouts])
    }

    async fn read(&mut self, name: &'static str, clients: Vec<Client>, paths: Rc<[String]>) -> Result<()> {
        let turns = Turns::default();
        let reader = |client| Reader { client, paths: paths.clone(), turns: turns.clone() };
        self.closed_then_open(name, clients.into_iter().map(reader).collect()).await
    }

    async fn closed_then_open<W: Worker>(&mut self, name: &'static str, mut workers: Vec<W>) -> Result<()> {
        let per_second = self.measure(name, &mut workers, Load::Closed).await?;
        self.measure(name, &mut workers, Load::Open(per_second / 2.0)).await.map(drop)
    }

    /// Answers the rate that was achieved.
    async fn measure<W: Worker>(&mut self, name: &'static str, workers: &mut [W], load: Load) -> Result<f64> {
        println!("{name}, {load}, {} workers …", workers.len());
        let measured = measure(self.platform, workers, load, self.time).await?;
        let per_second = measured.per_second;
        self.measured.push((name, measured));
        Ok(per_second)
    }

    async fn clients(&self, count: usize) -> Result<Vec<Client>> {
        Client::connect_many(&self.platform.target, Version::Http1, count, count).await
    }

    fn product_paths(&self, count: usize) -> Rc<[String]> {
        self.market.products.iter().take(count).map(|id| format!("/v1/products/{id}")).collect()
    }
}

async fn carts(client: &mut Client, count: usize) -> Result<Vec<String>> {
    let mut carts = Vec::with_capacity(count);
    for _ in 0..count {
        carts.push(new_cart(client).await?);
    }
    Ok(carts)
}
