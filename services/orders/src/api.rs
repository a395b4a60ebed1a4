//! The calls of the contract.

use haat_contracts::orders::{self as pb, orders_server::Orders};
use haat_kernel::{Error, Result};
use haat_rpc as rpc;
use haat_store::Page;
use tonic::{Request, Response, Status};

use crate::access::Reader;
use crate::canceling::Canceling;
use crate::cancellation::Cancellation;
use crate::group::Group;
use crate::ids::OrderGroupId;
use crate::order::{OF_BUYER, OF_SELLER, Order};
use crate::placing::Groups;
use crate::wire;

type Reply<T> = Result<Response<T>, Status>;

pub struct Api {
    pub groups: Groups,
    pub canceling: Canceling,
}

#[tonic::async_trait]
impl Orders for Api {
    async fn get_order_group(&self, request: Request<pb::GetOrderGroupRequest>) -> Reply<pb::OrderGroup> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::group_id(&request.group)?;
            let reader = Reader { principal: &ctx.principal, email: &request.email };
            let group = self.groups.find(&id).await?.filter(|group| reader.sees_group(group));
            self.answer(&group.ok_or_else(|| wire::no_such_group(&id))?).await
        })
        .await
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Reply<pb::Order> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::order_id(&request.order)?;
            let reader = Reader { principal: &ctx.principal, email: &request.email };
            let order = self.groups.store.load::<Order>(id.as_str()).await?.filter(|order| reader.sees_order(order));
            let order = order.ok_or_else(|| wire::no_such_order(&id))?;
            // Whoever sees an order may know where it goes: its seller has to send it there.
            let group = self.groups.find(&order.terms.group).await?;
            Ok(wire::order_of(&order, group.as_ref()))
        })
        .await
    }

    async fn list_orders(&self, request: Request<pb::ListOrdersRequest>) -> Reply<pb::ListOrdersResponse> {
        rpc::call(request, |ctx, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token).descending();
            let (key, value) = match &ctx.principal.seller_id {
                Some(seller) => (OF_SELLER, seller.as_str()),
                None => (OF_BUYER, ctx.principal.user_id().unwrap_or_default()),
            };
            let wanted = request.state();
            let is_wanted = |order: &Order| wire::is_in(order, wanted);
            let orders = self.groups.store.select(key, value, &page, is_wanted).await?;
            Ok(pb::ListOrdersResponse {
                orders: orders.items.iter().map(|order| wire::order(order)).collect(),
                next_page_token: orders.next_token,
            })
        })
        .await
    }

    async fn cancel_order(&self, request: Request<pb::CancelOrderRequest>) -> Reply<pb::Order> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::order_id(&request.order)?;
            let reason = wire::reason(&request.reason)?;
            let reader = Reader { principal: &ctx.principal, email: &request.email };
            let order = self.groups.store.load::<Order>(id.as_str()).await?.filter(|order| reader.sees_order(order));
            let order = order.ok_or_else(|| wire::no_such_order(&id))?;
            if !reader.may_cancel(&order) {
                return Err(Error::permission_denied("Only support may cancel orders for others."));
            }
            self.canceling.cancel(&ctx, &order.terms, reason).await
        })
        .await
    }

    async fn list_parked_cancellations(
        &self,
        request: Request<pb::ListParkedCancellationsRequest>,
    ) -> Reply<pb::ListParkedCancellationsResponse> {
        rpc::call(request, |_, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token);
            let parked = self.groups.store.list::<Cancellation>("parked", "all", &page).await?;
            Ok(pb::ListParkedCancellationsResponse {
                cancellations: parked.items.iter().map(|cancellation| wire::cancellation(cancellation)).collect(),
                next_page_token: parked.next_token,
            })
        })
        .await
    }

    async fn retry_cancellation(&self, request: Request<pb::RetryCancellationRequest>) -> Reply<pb::ParkedCancellation> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::order_id(&request.order)?;
            self.canceling.retry(&ctx, &id).await.map(|cancellation| wire::cancellation(&cancellation))
        })
        .await
    }

    async fn place_orders(&self, request: Request<pb::PlaceOrdersRequest>) -> Reply<pb::OrderGroup> {
        rpc::call(request, |ctx, request| async move {
            let (group, orders) = wire::new_group(request)?;
            let id = group.group.clone();
            self.groups.place(&ctx, group, orders).await?;
            self.answer_with(&id).await
        })
        .await
    }

    async fn confirm_orders(&self, request: Request<pb::ConfirmOrdersRequest>) -> Reply<pb::OrderGroup> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::id("orderGroupId", &request.order_group_id, OrderGroupId::parse)?;
            self.groups.confirm(&ctx, &id).await?;
            self.answer_with(&id).await
        })
        .await
    }

    async fn abandon_orders(&self, request: Request<pb::AbandonOrdersRequest>) -> Reply<pb::AbandonOrdersResponse> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::id("orderGroupId", &request.order_group_id, OrderGroupId::parse)?;
            self.groups.abandon(&ctx, &id, &wire::reason(&request.reason)?).await?;
            Ok(pb::AbandonOrdersResponse {})
        })
        .await
    }
}

impl Api {
    async fn answer_with(&self, id: &OrderGroupId) -> Result<pb::OrderGroup> {
        let group = self.groups.find(id).await?.ok_or_else(|| wire::no_such_group(id))?;
        self.answer(&group).await
    }

    async fn answer(&self, group: &Group) -> Result<pb::OrderGroup> {
        let orders = self.groups.orders(group).await?;
        wire::group(group, orders.iter().map(|order| &**order))
    }
}
