//! A day on the market: shelves are filled, so scarcely that buyers compete; buyers come; and in the evening the books are
//! read.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::catalog::{LoadDemoRequest, SearchProductsRequest};
use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::inventory::{AdjustStockRequest, GetStockRequest};
use haat_kernel::{CorrelationId, Ctx, Entropy, Error, Principal, Result, id_type};
use haat_service::Environment;
use haat_testkit::Cluster;
use tokio::time::{Instant, sleep};

use super::buyer::{Buyer, End};
use super::{BUYERS, GATEWAY, Outcome, books};

id_type!(
    /// A seller of the simulation.
    SellerId,
    "seller"
);

const PRODUCTS: i32 = 4;
const OFFERS: usize = 4;
/// Pieces of each offer: fewer than the buyers want together.
const PIECES: i64 = 8;
const OPENING_MAX: Duration = Duration::from_secs(60);

pub async fn market_day(cluster: Cluster, seed: u64, outcome: Arc<Mutex<Outcome>>) -> turmoil::Result {
    let entropy = Entropy::seeded(seed);
    let offers = open(&cluster).await.map_err(|error| error.to_string())?;
    let buyers = (0..BUYERS).map(|number| {
        let entropy = Entropy::seeded(entropy.u64());
        let buyer = Buyer { name: format!("buyer-{number}"), entropy, offers: offers.clone() };
        haat_kernel::spawn("buyer", buyer.shop())
    });
    for ended in join_all(buyers).await {
        let ended = ended.map_err(|error| error.to_string())??;
        let mut outcome = outcome.lock().map_err(|error| error.to_string())?;
        match ended {
            End::Completed => outcome.completed += 1,
            End::Failed => outcome.failed += 1,
            End::Canceled => (outcome.completed, outcome.canceled) = (outcome.completed + 1, outcome.canceled + 1),
        }
    }
    Ok(books::close(&cluster).await?)
}

/// Fills the shelves. Before the storm, as the gateway would: with the principal of a seller.
async fn open(cluster: &Cluster) -> Result<Vec<String>> {
    let until = Instant::now() + OPENING_MAX;
    loop {
        match try_open(cluster).await {
            Err(error) if error.kind.is_transient() && Instant::now() < until => sleep(Duration::from_millis(200)).await,
            outcome => return outcome,
        }
    }
}

async fn try_open(cluster: &Cluster) -> Result<Vec<String>> {
    let sellers: Vec<SellerId> = ["one", "two"].map(|name| haat_kernel::id::derived(&[name])).to_vec();
    let supervisor = cluster.environment("supervisor")?;
    let mut catalog = CatalogClient::new(supervisor.channel("catalog", cluster.endpoints())?);
    let seller_ids = sellers.iter().map(|id| id.as_str().to_owned()).collect();
    let request = LoadDemoRequest { products: PRODUCTS, seed: 1, seller_ids };
    haat_rpc::send(&ctx(&supervisor, Principal::service("supervisor")), request, |r| catalog.load_demo(r)).await?;

    let gateway = cluster.environment(GATEWAY)?;
    let mut catalog = CatalogClient::new(gateway.channel("catalog", cluster.endpoints())?);
    let guest = ctx(&gateway, Principal::anonymous());
    let found = haat_rpc::send(&guest, SearchProductsRequest::default(), |r| catalog.search_products(r)).await?;
    let offers = found.products.into_iter().flat_map(|product| product.variants).flat_map(|variant| variant.offers);
    let offers: Vec<_> = offers.filter(|offer| offer.available).take(OFFERS).collect();
    if offers.len() < OFFERS {
        return Err(Error::unavailable("the shelves are not filled yet"));
    }
    let mut inventory = InventoryClient::new(gateway.channel("inventory", cluster.endpoints())?);
    for offer in &offers {
        let seller = Principal { seller_id: Some(offer.seller_id.clone()), ..Principal::user("user_seller", &["seller"]) };
        let ctx = ctx(&gateway, seller);
        let stock = haat_rpc::send(&ctx, GetStockRequest { offer: offer.id.clone() }, |r| inventory.get_stock(r)).await?;
        let warehouse_id = stock.by_warehouse.first().map(|place| place.warehouse_id.clone()).unwrap_or_default();
        let delta = PIECES - stock.on_hand;
        if delta != 0 {
            let request = AdjustStockRequest { offer: offer.id.clone(), warehouse_id, delta, reason: "counted".to_owned() };
            haat_rpc::send(&ctx, request, |r| inventory.adjust_stock(r)).await?;
        }
    }
    Ok(offers.into_iter().map(|offer| offer.id).collect())
}

fn ctx(environment: &Environment, principal: Principal) -> Ctx {
    let id = CorrelationId::parse(&environment.entropy.hex(8));
    let now = environment.clock.now();
    id.map_or_else(|| Ctx::internal("street", "open", now), |id| Ctx::new(principal, id, now))
}
