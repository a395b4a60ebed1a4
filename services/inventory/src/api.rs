//! The calls of the contract: read the request, ask the aggregates, answer.
//! A seller touches only the stock of their own offers, in their own or the platform's warehouses; operators read all of it.

use std::collections::BTreeMap;

use haat_contracts::inventory::{self as pb, inventory_server};
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_rpc as rpc;
use haat_store::{Page, Store, Tx};
use tonic::{Request, Response, Status};

use crate::ids::{OfferId, ReservationId, SellerId, WarehouseId};
use crate::neighbours::Neighbours;
use crate::reservation::{Reservation, ReservationError};
use crate::stock::{Stock, StockError, StockEvent};
use crate::warehouse::{Warehouse, WarehouseEvent};
use crate::{directory, holding, wire};

pub struct Api {
    pub store: Store,
    pub entropy: Entropy,
    pub neighbours: Neighbours,
}

#[tonic::async_trait]
impl inventory_server::Inventory for Api {
    async fn list_warehouses(
        &self,
        request: Request<pb::ListWarehousesRequest>,
    ) -> Result<Response<pb::ListWarehousesResponse>, Status> {
        rpc::call(request, |ctx, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token);
            let found = if ctx.principal.is_operator() {
                directory::all(&self.store, &page).await?
            } else {
                directory::visible_to(&self.store, &own_seller(&ctx)?, &page).await?
            };
            let warehouses = found.items.iter().map(|warehouse| wire::warehouse(&warehouse.id, warehouse)).collect();
            Ok(pb::ListWarehousesResponse { warehouses, next_page_token: found.next_token })
        })
        .await
    }

    async fn create_warehouse(&self, request: Request<pb::CreateWarehouseRequest>) -> Result<Response<pb::Warehouse>, Status> {
        rpc::call(request, |ctx, request| async move {
            let display_name = wire::text("displayName", &request.display_name, 100)?;
            if display_name.is_empty() {
                return Err(Error::invalid("displayName", "is required"));
            }
            let seller = if ctx.principal.seller_id.is_some() { Some(own_seller(&ctx)?) } else { None };
            let warehouse = Warehouse { display_name, address: wire::address(request.address)?, seller, at: ctx.now };
            let id: WarehouseId = self.entropy.id(ctx.now);
            let created = vec![WarehouseEvent::Created { warehouse }];
            let name = id.clone();
            let reply = move |warehouse: &Warehouse| wire::warehouse(name.as_str(), warehouse);
            self.store.answer(&ctx, id.as_str(), |_| Ok::<_, Error>(created), reply).await
        })
        .await
    }

    async fn get_stock(&self, request: Request<pb::GetStockRequest>) -> Result<Response<pb::Stock>, Status> {
        rpc::call(request, |ctx, request| async move {
            let offer = wire::offer_in_path(&request.offer)?;
            let seller = self.seller_of(&ctx, &offer).await?;
            if !ctx.principal.is_operator() {
                require_own(&ctx, &seller)?;
            }
            let stock = self.store.load::<Stock>(offer.as_str()).await?;
            Ok(stock.map_or_else(|| wire::stock(&offer, &Stock::new(seller)), |stock| wire::stock(&offer, &stock)))
        })
        .await
    }

    async fn receive_stock(&self, request: Request<pb::ReceiveStockRequest>) -> Result<Response<pb::Stock>, Status> {
        rpc::call(request, |ctx, request| async move {
            let offer = wire::offer_in_path(&request.offer)?;
            let quantity = wire::quantity("quantity", request.quantity)?;
            let seller = self.own_offer(&ctx, &offer).await?;
            let warehouse = self.open_warehouse(&seller, &request.warehouse_id).await?;
            self.change(&ctx, offer, seller, move |stock| stock.receive(warehouse, quantity)).await
        })
        .await
    }

    async fn adjust_stock(&self, request: Request<pb::AdjustStockRequest>) -> Result<Response<pb::Stock>, Status> {
        rpc::call(request, |ctx, request| async move {
            let offer = wire::offer_in_path(&request.offer)?;
            let delta = wire::delta(request.delta)?;
            let reason = wire::text("reason", &request.reason, 200)?;
            let seller = self.own_offer(&ctx, &offer).await?;
            let warehouse = self.open_warehouse(&seller, &request.warehouse_id).await?;
            self.change(&ctx, offer, seller, move |stock| stock.adjust(warehouse, delta, reason)).await
        })
        .await
    }

    async fn reserve(&self, request: Request<pb::ReserveRequest>) -> Result<Response<pb::Reservation>, Status> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::reservation_id(&request.reservation_id)?;
            let demand = wire::demand(&request.lines)?;
            let expires = wire::expires(ctx.now, request.expires_in_seconds)?;
            let load = holding::load(&id, demand.keys());
            let work = move |tx: &mut Tx| -> Result<pb::Reservation> {
                let reply = wire::reservation(&id, &*holding::reserve(tx, &id, &demand, expires)?);
                tx.reply(&reply);
                Ok(reply)
            };
            self.store.transact(&ctx, load, work).await
        })
        .await
    }

    async fn allocate(&self, request: Request<pb::AllocateRequest>) -> Result<Response<pb::Reservation>, Status> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::reservation_id(&request.reservation_id)?;
            let offers = self.offers_of(&id).await?;
            let load = holding::load(&id, &offers);
            let work = move |tx: &mut Tx| -> Result<pb::Reservation> {
                let reply = wire::reservation(&id, &*holding::allocate(tx, &id, &offers)?);
                tx.reply(&reply);
                Ok(reply)
            };
            self.store.transact(&ctx, load, work).await
        })
        .await
    }

    async fn release(&self, request: Request<pb::ReleaseRequest>) -> Result<Response<()>, Status> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::reservation_id(&request.reservation_id)?;
            let seller = wire::seller_id("sellerId", &request.seller_id)?;
            let offers = self.offers_of(&id).await?;
            let load = holding::load(&id, &offers);
            let work = move |tx: &mut Tx| -> Result<()> {
                tx.reply(&());
                holding::release(tx, &id, seller, &offers)
            };
            self.store.transact(&ctx, load, work).await
        })
        .await
    }

    async fn get_reservation(&self, request: Request<pb::GetReservationRequest>) -> Result<Response<pb::Reservation>, Status> {
        rpc::call(request, |_, request| async move {
            let id = wire::reservation_in_path(&request.reservation)?;
            let reservation = self.store.load::<Reservation>(id.as_str()).await?.ok_or(ReservationError::NotFound)?;
            Ok(wire::reservation(&id, &reservation))
        })
        .await
    }

    async fn release_reservation(
        &self,
        request: Request<pb::ReleaseReservationRequest>,
    ) -> Result<Response<pb::Reservation>, Status> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::reservation_in_path(&request.reservation)?;
            let offers = self.offers_of(&id).await?;
            let load = holding::load(&id, &offers);
            let work = move |tx: &mut Tx| -> Result<pb::Reservation> {
                let reply = wire::reservation(&id, &*holding::withdraw(tx, &id, &request.reason, &offers)?);
                tx.reply(&reply);
                Ok(reply)
            };
            self.store.transact(&ctx, load, work).await
        })
        .await
    }

    async fn get_availability(
        &self,
        request: Request<pb::GetAvailabilityRequest>,
    ) -> Result<Response<pb::GetAvailabilityResponse>, Status> {
        rpc::call(request, |_, request| async move {
            let mut available = BTreeMap::new();
            for offer in wire::offer_ids("offerIds", &request.offer_ids)? {
                let stock = self.store.load::<Stock>(offer.as_str()).await?;
                available.insert(offer, stock.map_or(0, |stock| stock.available()));
            }
            Ok(wire::availability(available))
        })
        .await
    }
}

impl Api {
    /// Decides on an offer's stock, which is opened when the offer's own event has not arrived yet.
    async fn change(
        &self,
        ctx: &Ctx,
        offer: OfferId,
        seller: SellerId,
        decide: impl FnOnce(&Stock) -> Result<Vec<StockEvent>, StockError> + Send + 'static,
    ) -> Result<pb::Stock> {
        let id = offer.to_string();
        let decide = move |stock: Option<&Stock>| Stock::decide(stock, &seller, decide);
        self.store.answer(ctx, &id, decide, move |stock| wire::stock(&offer, stock)).await
    }

    /// Whose offer it is, by our own stock or by the catalog.
    async fn seller_of(&self, ctx: &Ctx, offer: &OfferId) -> Result<SellerId> {
        if let Some(stock) = self.store.load::<Stock>(offer.as_str()).await? {
            return Ok(stock.seller.clone());
        }
        self.neighbours.seller_of(ctx, offer).await?.ok_or_else(|| Error::not_found("stock", offer.as_str()))
    }

    async fn own_offer(&self, ctx: &Ctx, offer: &OfferId) -> Result<SellerId> {
        let seller = self.seller_of(ctx, offer).await?;
        require_own(ctx, &seller)?;
        Ok(seller)
    }

    async fn open_warehouse(&self, seller: &SellerId, id: &str) -> Result<WarehouseId> {
        let id = wire::warehouse_id(id)?;
        let warehouse = self.store.load::<Warehouse>(id.as_str()).await?;
        let is_open = warehouse.is_some_and(|warehouse| warehouse.is_open_to(seller));
        if is_open { Ok(id) } else { Err(Error::not_found("warehouse", id.as_str())) }
    }

    /// The offers of a reservation as it is now; none when there is no such reservation yet.
    async fn offers_of(&self, id: &ReservationId) -> Result<Vec<OfferId>> {
        let reservation = self.store.load::<Reservation>(id.as_str()).await?;
        Ok(reservation.map(|reservation| reservation.offers()).unwrap_or_default())
    }
}

fn own_seller(ctx: &Ctx) -> Result<SellerId> {
    let id = ctx.principal.seller_id.as_deref().and_then(|id| SellerId::parse(id).ok());
    id.ok_or_else(|| Error::permission_denied("Only the staff of a seller can do this."))
}

fn require_own(ctx: &Ctx, seller: &SellerId) -> Result<()> {
    let is_own = own_seller(ctx)? == *seller;
    if is_own { Ok(()) } else { Err(Error::permission_denied("This offer belongs to another seller.")) }
}
