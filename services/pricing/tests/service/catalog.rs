//! The catalog, played: it knows two offers of two sellers from the start, and announces the first one's a little later.

use std::time::Duration;

use async_trait::async_trait;
use haat_contracts::catalog::catalog_server::{Catalog, CatalogServer};
use haat_contracts::{api::HttpBody, catalog as pb};
use haat_kernel::{Ctx, Money, Result, id::derived};
use haat_pricing::ids::{OfferId, SellerId};
use haat_rpc as rpc;
use haat_service::{Definition, Platform, PublicEvent, Publisher, Wiring};
use haat_store::{Aggregate, Store, StoredEvent};
use serde::{Deserialize, Serialize};
use tonic::{Request, Response, Status, Streaming};

/// When the offers are announced.
pub const ANNOUNCED: Duration = Duration::from_secs(3);
/// Of each offer, at first.
pub const PRICE: i64 = 30_000;

/// The offer with the same number is theirs.
pub fn sellers() -> [SellerId; 2] {
    [derived(&["seller"]), derived(&["other"])]
}

pub fn offers() -> [OfferId; 2] {
    [derived(&["kurta"]), derived(&["lamp"])]
}

pub fn definition() -> Definition {
    Definition::new("catalog", wire_up)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let announce = announce(platform.store.clone(), Ctx::internal("catalog", "announce", platform.clock.now()));
    Ok(Wiring::new().aggregate::<Announcement>().serve(CatalogServer::new(Played)).publish(Announce).task("announce", announce))
}

async fn announce(store: Store, ctx: Ctx) -> Result<()> {
    tokio::time::sleep(ANNOUNCED).await;
    let made = |known: Option<&Announcement>| Ok::<_, haat_kernel::Error>(known.map_or(vec![Announcement::Made], |_| vec![]));
    store.update::<Announcement, _>(&ctx, "offers", made).await?;
    std::future::pending().await
}

/// Its own event: there is nothing to remember.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Announcement {
    Made,
}

impl Aggregate for Announcement {
    const KIND: &'static str = "announcement";
    const SCHEMA: u32 = 1;
    type Event = Announcement;

    fn create(event: &Announcement) -> Option<Self> {
        Some(event.clone())
    }

    fn apply(&mut self, _: &Announcement) {}
}

struct Announce;

#[async_trait]
impl Publisher for Announce {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        if event.kind != Announcement::KIND {
            return Ok(None);
        }
        let [seller, _] = sellers();
        let [kurta, _] = offers();
        let offer = pb::offers_created::NewOffer {
            offer_id: kurta.to_string(),
            price: Some(Money::inr(PRICE).into()),
            ..Default::default()
        };
        let created = pb::OffersCreated { seller_id: seller.to_string(), offers: vec![offer], ..Default::default() };
        Ok(Some(PublicEvent::of(&created)))
    }
}

struct Played;

#[tonic::async_trait]
impl Catalog for Played {
    async fn resolve_offers(
        &self,
        request: Request<pb::ResolveOffersRequest>,
    ) -> Result<Response<pb::ResolveOffersResponse>, Status> {
        rpc::call(request, |_, request| async move {
            let known = offers().into_iter().zip(sellers());
            let asked = known.filter(|(offer, _)| request.offer_ids.iter().any(|id| id == offer.as_str()));
            let resolved = asked.map(|(offer, seller)| pb::ResolvedOffer {
                offer_id: offer.to_string(),
                seller_id: seller.to_string(),
                price: Some(Money::inr(PRICE).into()),
                ..Default::default()
            });
            Ok(pb::ResolveOffersResponse { offers: resolved.collect() })
        })
        .await
    }

    async fn search_products(
        &self,
        _: Request<pb::SearchProductsRequest>,
    ) -> Result<Response<pb::SearchProductsResponse>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn suggest_products(
        &self,
        _: Request<pb::SuggestProductsRequest>,
    ) -> Result<Response<pb::SuggestProductsResponse>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn get_product(&self, _: Request<pb::GetProductRequest>) -> Result<Response<pb::Product>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn list_products(&self, _: Request<pb::ListProductsRequest>) -> Result<Response<pb::ListProductsResponse>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn create_product(&self, _: Request<pb::CreateProductRequest>) -> Result<Response<pb::Product>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn update_product(&self, _: Request<pb::UpdateProductRequest>) -> Result<Response<pb::Product>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn publish_product(&self, _: Request<pb::PublishProductRequest>) -> Result<Response<pb::Product>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn archive_product(&self, _: Request<pb::ArchiveProductRequest>) -> Result<Response<pb::Product>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn create_offer(&self, _: Request<pb::CreateOfferRequest>) -> Result<Response<pb::Product>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn import_products(&self, _: Request<Streaming<HttpBody>>) -> Result<Response<pb::ImportReport>, Status> {
        Err(Status::unimplemented("played"))
    }

    async fn load_demo(&self, _: Request<pb::LoadDemoRequest>) -> Result<Response<pb::LoadDemoResponse>, Status> {
        Err(Status::unimplemented("played"))
    }
}
