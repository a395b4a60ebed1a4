//! The calls about sellers: everybody reads their names, their own staff changes them.

use haat_contracts::users as pb;
use haat_contracts::users::sellers_server;
use haat_kernel::{Ctx, Error, Result};
use haat_rpc as rpc;
use haat_store::Store;
use tonic::{Request, Response, Status};

use crate::person::{DisplayName, SellerId};
use crate::seller::{Seller, SellerError, SellerEvent};
use crate::wire;

pub struct SellersApi {
    pub store: Store,
}

#[tonic::async_trait]
impl sellers_server::Sellers for SellersApi {
    async fn get_seller(&self, request: Request<pb::GetSellerRequest>) -> Result<Response<pb::Seller>, Status> {
        rpc::call(request, |_, request| async move {
            let id = wire::seller_in_path(&request.seller)?;
            let seller = self.store.load::<Seller>(id.as_str()).await?;
            seller.map(|seller| wire::seller(id.as_str(), &seller)).ok_or_else(|| Error::not_found("seller", id.as_str()))
        })
        .await
    }

    async fn batch_get_sellers(
        &self,
        request: Request<pb::BatchGetSellersRequest>,
    ) -> Result<Response<pb::BatchGetSellersResponse>, Status> {
        rpc::call(request, |_, request| async move {
            let mut sellers = Vec::with_capacity(request.seller_ids.len());
            for id in wire::seller_ids(&request.seller_ids)? {
                let seller = self.store.load::<Seller>(id.as_str()).await?;
                sellers.extend(seller.map(|seller| wire::seller(id.as_str(), &seller)));
            }
            Ok(pb::BatchGetSellersResponse { sellers })
        })
        .await
    }

    async fn update_seller(&self, request: Request<pb::UpdateSellerRequest>) -> Result<Response<pb::Seller>, Status> {
        rpc::call(request, |ctx, request| async move {
            let (id, name) = (wire::seller_in_path(&request.seller)?, DisplayName::parse(&request.display_name)?);
            if ctx.principal.seller_id.as_deref() != Some(id.as_str()) {
                return Err(Error::permission_denied("This is another seller."));
            }
            self.name(&ctx, id, move |seller| Seller::rename(seller, name)).await
        })
        .await
    }

    async fn ensure_seller(&self, request: Request<pb::EnsureSellerRequest>) -> Result<Response<pb::Seller>, Status> {
        rpc::call(request, |ctx, request| async move {
            let (id, name) = (wire::seller_in_path(&request.seller)?, DisplayName::parse(&request.display_name)?);
            self.name(&ctx, id, move |seller| Seller::ensure(seller, name)).await
        })
        .await
    }
}

impl SellersApi {
    async fn name(
        &self,
        ctx: &Ctx,
        id: SellerId,
        decide: impl FnOnce(Option<&Seller>) -> Vec<SellerEvent> + Send + 'static,
    ) -> Result<pb::Seller> {
        let answered = id.clone();
        let reply = move |seller: &Seller| wire::seller(answered.as_str(), seller);
        let decide = move |seller: Option<&Seller>| Ok::<_, Error>(decide(seller));
        self.store.answer(ctx, id.as_str(), decide, reply).await.map_err(name_taken)
    }
}

/// The unique key is the only thing of a seller that can exist already.
fn name_taken(error: Error) -> Error {
    if error.code == haat_store::ALREADY_EXISTS { SellerError::NameTaken.into() } else { error }
}
