//! The calls to other services: the catalog knows an offer before its event has arrived here.

use haat_contracts::catalog::{ResolveOffersRequest, ResolvedOffer, catalog_client::CatalogClient};
use haat_kernel::{Ctx, Result};
use haat_rpc as rpc;

use crate::ids::OfferId;

#[derive(Clone)]
pub struct Neighbours {
    pub catalog: CatalogClient<rpc::Channel>,
}

impl Neighbours {
    /// What is unknown is left out.
    pub async fn resolve(&self, ctx: &Ctx, offers: &[OfferId]) -> Result<Vec<ResolvedOffer>> {
        let mut catalog = self.catalog.clone();
        let request = ResolveOffersRequest { offer_ids: offers.iter().map(OfferId::to_string).collect(), skus: vec![] };
        let response = rpc::send(&ctx.aside(), request, |request| async move { catalog.resolve_offers(request).await }).await?;
        Ok(response.offers)
    }
}
