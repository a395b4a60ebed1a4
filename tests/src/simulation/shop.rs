//! A day on the market: shelves are filled, so scarcely that buyers compete; buyers come; and in the evening the books are
//! read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::catalog::{LoadDemoRequest, SearchProductsRequest};
use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::inventory::{AdjustStockRequest, GetStockRequest};
use haat_contracts::pricing::CreateCouponRequest;
use haat_contracts::pricing::pricing_client::PricingClient;
use haat_kernel::{Entropy, Error, Principal, Result, id_type};
use haat_service::Environment;
use haat_testkit::Cluster;
use tokio::time::{Instant, sleep};

use super::buyer::{Buyer, End};
use super::history::{Coupon, Shelf};
use super::staff::{Offer, Staff, ctx};
use super::world::{Day, STORM_ENDS, World};
use super::{GATEWAY, Outcome, books};

id_type!(
    /// A seller of the simulation.
    SellerId,
    "seller"
);

const PRODUCTS: i32 = 4;
const COUPON: &str = "DIWALI";
const OPENING_MAX: Duration = Duration::from_secs(60);

pub async fn market_day(world: World, outcome: Arc<Mutex<Outcome>>) -> turmoil::Result {
    world.trace.note(format!("{:?}", world.day));
    let offers = open(&world).await.map_err(|error| error.to_string())?;
    let shelves = offers.iter().map(|offer| (offer.id.clone(), Shelf::of(world.day.pieces))).collect();
    world.histories.open(shelves, BTreeMap::from([(COUPON.to_owned(), Coupon::limited_to(world.day.redemptions))]));
    let staff = |name| Staff::new(&world, &offers, name).map_err(|error| error.to_string());
    let (seller, operator, holder, forger) = (staff("seller")?, staff("operator")?, staff("holder")?, staff("forger")?);
    let staff = [
        haat_kernel::spawn("seller", seller.sell()),
        haat_kernel::spawn("operator", operator.refund()),
        haat_kernel::spawn("holder", holder.hold()),
        haat_kernel::spawn("forger", forger.forge()),
    ];
    // Whoever comes, comes in the storm.
    let doors = random(&world.entropy("doors"), STORM_ENDS.saturating_sub(world.day.rush) / 2);
    let buyers = (0..world.day.buyers).map(|number| haat_kernel::spawn("buyer", buyer(&world, doors, &offers, number).shop()));
    for ended in join_all(buyers).await {
        let ended = ended.map_err(|error| error.to_string())??;
        let mut outcome = outcome.lock().map_err(|error| error.to_string())?;
        match ended {
            End::Completed => outcome.completed += 1,
            End::Failed => outcome.failed += 1,
            End::Canceled => (outcome.completed, outcome.canceled) = (outcome.completed + 1, outcome.canceled + 1),
            End::WalkedAway => outcome.walked_away += 1,
        }
    }
    for ended in join_all(staff).await {
        ended.map_err(|error| error.to_string())??;
    }
    let checked = books::close(&world).await?;
    let mut outcome = outcome.lock().map_err(|error| error.to_string())?;
    (outcome.checked, outcome.is_flash_sale) = (checked, world.day.is_flash_sale());
    Ok(())
}

fn buyer(world: &World, doors: Duration, offers: &[Offer], number: usize) -> Buyer {
    let name = format!("buyer-{number}");
    let entropy = world.entropy(&name);
    // Signing in costs a password hash, which is slow on purpose.
    let token = (number == 0 && entropy.below(2) == 0).then(String::new);
    let offers = offers.iter().map(|offer| offer.id.clone()).collect();
    let comes_after = doors + random(&entropy, world.day.rush);
    Buyer { name, world: world.clone(), entropy, comes_after, offers, coupon: COUPON.to_owned(), token }
}

fn random(entropy: &Entropy, most: Duration) -> Duration {
    Duration::from_millis(entropy.below(u64::try_from(most.as_millis()).unwrap_or(0)))
}

/// Fills the shelves. Before the storm, as the gateway would: with the principal of a seller.
async fn open(world: &World) -> Result<Vec<Offer>> {
    let until = Instant::now() + OPENING_MAX;
    loop {
        match try_open(&world.cluster, world.day).await {
            Err(error) if error.kind.is_transient() && Instant::now() < until => sleep(Duration::from_millis(200)).await,
            outcome => return outcome,
        }
    }
}

async fn try_open(cluster: &Cluster, day: &Day) -> Result<Vec<Offer>> {
    let sellers: Vec<SellerId> = ["one", "two"].map(|name| haat_kernel::id::derived(&[name])).to_vec();
    let supervisor = cluster.guise("supervisor")?;
    let mut catalog = CatalogClient::new(supervisor.channel("catalog", cluster.endpoints())?);
    let seller_ids = sellers.iter().map(|id| id.as_str().to_owned()).collect();
    let request = LoadDemoRequest { products: PRODUCTS, seed: 1, seller_ids };
    haat_rpc::send(&ctx(&supervisor, Principal::service("supervisor")), request, |r| catalog.load_demo(r)).await?;

    let gateway = cluster.guise(GATEWAY)?;
    let mut catalog = CatalogClient::new(gateway.channel("catalog", cluster.endpoints())?);
    let guest = ctx(&gateway, Principal::anonymous());
    let found = haat_rpc::send(&guest, SearchProductsRequest::default(), |r| catalog.search_products(r)).await?;
    let offers = found.products.into_iter().flat_map(|product| product.variants).flat_map(|variant| variant.offers);
    let mut offers: Vec<_> = offers.filter(|offer| offer.available).collect();
    // A search index merges its segments when it likes, and ties follow.
    offers.sort_by(|one, other| one.id.cmp(&other.id));
    offers.truncate(day.offers);
    if offers.len() < day.offers {
        return Err(Error::unavailable("the shelves are not filled yet"));
    }
    let mut found = Vec::new();
    let mut inventory = InventoryClient::new(gateway.channel("inventory", cluster.endpoints())?);
    for offer in offers {
        let seller = Principal { seller_id: Some(offer.seller_id.clone()), ..Principal::user("user_seller", &["seller"]) };
        let ctx = ctx(&gateway, seller);
        let stock = haat_rpc::send(&ctx, GetStockRequest { offer: offer.id.clone() }, |r| inventory.get_stock(r)).await?;
        let warehouse_id = stock.by_warehouse.first().map(|place| place.warehouse_id.clone()).unwrap_or_default();
        let delta = day.pieces - stock.on_hand;
        if delta != 0 {
            let warehouse_id = warehouse_id.clone();
            let request = AdjustStockRequest { offer: offer.id.clone(), warehouse_id, delta, reason: "counted".to_owned() };
            haat_rpc::send(&ctx, request, |r| inventory.adjust_stock(r)).await?;
        }
        found.push(Offer { id: offer.id, seller: offer.seller_id, warehouse: warehouse_id });
    }
    make_coupon(cluster, &gateway, day.redemptions).await?;
    Ok(found)
}

async fn make_coupon(cluster: &Cluster, gateway: &Environment, redemptions: usize) -> Result<()> {
    let mut pricing = PricingClient::new(gateway.channel("pricing", cluster.endpoints())?);
    let max_redemptions = i64::try_from(redemptions).ok();
    let request = CreateCouponRequest { code: COUPON.to_owned(), percent_off: Some(10), max_redemptions, ..Default::default() };
    let operator = ctx(gateway, Principal::user("user_operator", &["operator:admin", "operator:catalog", "operator"]));
    match haat_rpc::send(&operator, request, |r| pricing.create_coupon(r)).await {
        Err(error) if error.code == "coupon_exists" => Ok(()),
        outcome => outcome.map(drop),
    }
}
