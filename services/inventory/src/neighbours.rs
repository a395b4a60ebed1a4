//! The calls to other services: the catalog knows whose an offer is before its event has arrived here.

use haat_contracts::catalog::{ResolveOffersRequest, catalog_client::CatalogClient};
use haat_kernel::{Ctx, Error, Result};
use haat_rpc as rpc;

use crate::ids::{OfferId, SellerId};

#[derive(Clone)]
pub struct Neighbours {
    pub catalog: CatalogClient<rpc::Channel>,
}

impl Neighbours {
    /// None when there is no such offer.
    pub async fn seller_of(&self, ctx: &Ctx, offer: &OfferId) -> Result<Option<SellerId>> {
        let mut catalog = self.catalog.clone();
        let request = ResolveOffersRequest { offer_ids: vec![offer.to_string()], skus: vec![] };
        let response = rpc::send(&ctx.aside(), request, |request| async move { catalog.resolve_offers(request).await }).await?;
        let found = response.offers.into_iter().find(|found| found.offer_id == offer.as_str());
        found.map(|found| SellerId::parse(&found.seller_id).map_err(Error::internal)).transpose()
    }
}
