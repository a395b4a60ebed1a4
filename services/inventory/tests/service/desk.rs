//! Everybody who calls the service: sellers and operators through the gateway, the checkout, and the catalog that follows
//! its feed.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use haat_contracts::feed::{SubscribeRequest, feed_client::FeedClient};
use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::{common, inventory as pb};
use haat_inventory::ids::OfferId;
use haat_kernel::{CorrelationId, Ctx, Error, Idempotency, Principal, Result, Timestamp, id::derived};
use haat_rpc as rpc;
use haat_testkit::Cluster;
use prost::Message;

use crate::catalog::{self, seller};

/// Runs `test` against a service that has just started.
pub fn simulate<F: Future<Output = ()> + 'static>(test: impl FnOnce(Desk) -> F + 'static) {
    let services = [haat_inventory::definition(), catalog::definition()];
    let cluster = Cluster::new(7, &services, &[], BTreeMap::new()).unwrap();
    let mut sim =
        turmoil::Builder::new().simulation_duration(Duration::from_secs(60)).tick_duration(Duration::from_millis(5)).build();
    for service in services {
        sim.host(service.name, cluster.host(service));
    }
    sim.client("desk", async move {
        let desk = Desk::open(&cluster).map_err(|error| error.to_string())?;
        desk.until_ready().await;
        test(desk).await;
        Ok(())
    });
    sim.run().unwrap();
}

pub struct Desk {
    gateway: InventoryClient<rpc::Channel>,
    checkout: InventoryClient<rpc::Channel>,
    feed: FeedClient<rpc::Channel>,
}

fn principal(who: &str) -> Principal {
    let seller_id = match who {
        "seller" => Some(seller().to_string()),
        "other" => Some(derived::<haat_inventory::ids::SellerId>(&["other"]).to_string()),
        _ => None,
    };
    let role = if seller_id.is_some() { "seller" } else { who };
    Principal { seller_id, ..Principal::user(who, &[role]) }
}

fn ctx(principal: Principal) -> Ctx {
    Ctx::new(principal, CorrelationId::parse("service-test").unwrap(), Timestamp::UNIX_EPOCH)
}

fn as_(who: &str) -> Ctx {
    ctx(principal(who))
}

fn checkout() -> Ctx {
    ctx(Principal::service("checkout"))
}

impl Desk {
    fn open(cluster: &Cluster) -> Result<Self> {
        let channel = |name: &str| cluster.environment(name)?.channel("inventory", cluster.endpoints());
        Ok(Desk {
            gateway: InventoryClient::new(channel("gateway")?),
            checkout: InventoryClient::new(channel("checkout")?),
            feed: FeedClient::new(channel("catalog")?),
        })
    }

    async fn until_ready(&self) {
        while self.list("operator", 1, "").await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn create_warehouse(&self, who: &str) -> String {
        let mut client = self.gateway.clone();
        let address = Some(common::PostalAddress { city: "Delhi".into(), country: "IN".into(), ..Default::default() });
        let request = pb::CreateWarehouseRequest { display_name: "North".into(), address };
        rpc::send(&as_(who), request, |request| client.create_warehouse(request)).await.unwrap().id
    }

    async fn list(&self, who: &str, page_size: i32, token: &str) -> Result<pb::ListWarehousesResponse> {
        let mut client = self.gateway.clone();
        let request = pb::ListWarehousesRequest { page_size, page_token: token.to_owned() };
        rpc::send(&as_(who), request, |request| client.list_warehouses(request)).await
    }

    /// As the seller.
    pub async fn warehouses(&self, page_size: i32, token: &str) -> pb::ListWarehousesResponse {
        self.list("seller", page_size, token).await.unwrap()
    }

    pub async fn all_warehouses(&self) -> Vec<pb::Warehouse> {
        self.list("operator", 100, "").await.unwrap().warehouses
    }

    pub async fn stock_as(&self, who: &str, offer: &OfferId) -> Result<pb::Stock> {
        let mut client = self.gateway.clone();
        let request = pb::GetStockRequest { offer: offer.to_string() };
        rpc::send(&as_(who), request, |request| client.get_stock(request)).await
    }

    pub async fn stock(&self, offer: &OfferId) -> pb::Stock {
        self.stock_as("seller", offer).await.unwrap()
    }

    pub async fn receive(&self, offer: &OfferId, warehouse: &str, quantity: i64) -> Result<pb::Stock> {
        self.receive_with(&as_("seller"), offer, warehouse, quantity).await
    }

    pub async fn receive_under(&self, key: &str, offer: &OfferId, warehouse: &str, quantity: i64) -> Result<pb::Stock> {
        let mut ctx = as_("seller");
        ctx.idempotency = Some(Idempotency { scope: "seller".into(), key: key.to_owned(), request_hash: 0 });
        self.receive_with(&ctx, offer, warehouse, quantity).await
    }

    async fn receive_with(&self, ctx: &Ctx, offer: &OfferId, warehouse: &str, quantity: i64) -> Result<pb::Stock> {
        let mut client = self.gateway.clone();
        let request = pb::ReceiveStockRequest { offer: offer.to_string(), warehouse_id: warehouse.to_owned(), quantity };
        rpc::send(ctx, request, |request| client.receive_stock(request)).await
    }

    pub async fn adjust(&self, offer: &OfferId, warehouse: &str, delta: i64) -> Result<pb::Stock> {
        let mut client = self.gateway.clone();
        let (offer, warehouse_id, reason) = (offer.to_string(), warehouse.to_owned(), "count".to_owned());
        let request = pb::AdjustStockRequest { offer, warehouse_id, delta, reason };
        rpc::send(&as_("seller"), request, |request| client.adjust_stock(request)).await
    }

    pub async fn reserve(&self, id: &str, wanted: &[(&OfferId, i64)], expires_in_seconds: i64) -> Result<pb::Reservation> {
        let mut client = self.checkout.clone();
        let line = |(offer, quantity): &(&OfferId, i64)| pb::reserve_request::Line {
            offer_id: offer.to_string(),
            quantity: *quantity,
            seller_id: seller().to_string(),
        };
        let lines = wanted.iter().map(line).collect();
        let request = pb::ReserveRequest { reservation_id: id.to_owned(), lines, expires_in_seconds };
        rpc::send(&checkout(), request, |request| client.reserve(request)).await
    }

    pub async fn allocate(&self, id: &str) -> Result<pb::Reservation> {
        let mut client = self.checkout.clone();
        let request = pb::AllocateRequest { reservation_id: id.to_owned() };
        rpc::send(&checkout(), request, |request| client.allocate(request)).await
    }

    pub async fn release(&self, id: &str) -> Result<()> {
        let mut client = self.checkout.clone();
        let request = pb::ReleaseRequest { reservation_id: id.to_owned(), seller_id: String::new() };
        rpc::send(&checkout(), request, |request| client.release(request)).await
    }

    /// As an operator.
    pub async fn reservation(&self, id: &str) -> Result<pb::Reservation> {
        let mut client = self.gateway.clone();
        let request = pb::GetReservationRequest { reservation: id.to_owned() };
        rpc::send(&as_("operator"), request, |request| client.get_reservation(request)).await
    }

    pub async fn withdraw(&self, who: &str, id: &str, reason: &str) -> Result<pb::Reservation> {
        let mut client = self.gateway.clone();
        let request = pb::ReleaseReservationRequest { reservation: id.to_owned(), reason: reason.to_owned() };
        rpc::send(&as_(who), request, |request| client.release_reservation(request)).await
    }

    pub async fn available(&self, offer: &OfferId) -> i64 {
        let mut client = self.checkout.clone();
        let request = pb::GetAvailabilityRequest { offer_ids: vec![offer.to_string()] };
        let answer = rpc::send(&checkout(), request, |request| client.get_availability(request)).await.unwrap();
        answer.available[offer.as_str()]
    }

    /// What the feed says last of an offer.
    pub async fn last_available(&self, offer: &OfferId) -> Option<i64> {
        let mut client = self.feed.clone();
        let ctx = ctx(Principal::service("catalog"));
        let mut batches = rpc::send(&ctx, SubscribeRequest::default(), |request| client.subscribe(request)).await.unwrap();
        let mut last = None;
        // A feed has no end: what it has is all there once it is silent.
        while let Ok(batch) = tokio::time::timeout(Duration::from_secs(1), batches.message()).await {
            for event in batch.map_err(Error::internal).unwrap().map(|batch| batch.events).unwrap_or_default() {
                let changed = pb::StockChanged::decode(event.body.as_slice()).unwrap();
                last = if changed.offer_id == offer.as_str() { Some(changed.available) } else { last };
            }
        }
        last
    }
}
