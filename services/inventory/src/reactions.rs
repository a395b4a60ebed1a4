//! What happens by itself: the catalog's new offers get their stock, a reservation's time runs out, movements are published.

use async_trait::async_trait;
use haat_contracts::catalog::OffersCreated;
use haat_kernel::{Ctx, Error, Result, Timestamp};
use haat_service::{FeedEvent, OnTimer, PublicEvent, Publisher, Reaction};
use haat_store::{Aggregate, DueTimer, Load, Store, StoredEvent, Tx};

use crate::ids::{OfferId, ReservationId, SellerId, WarehouseId};
use crate::reservation::Reservation;
use crate::stock::{PIECES_MAX, Stock, StockEvent};
use crate::warehouse::{Warehouse, WarehouseEvent};
use crate::{directory, holding, wire};

/// Opens the stock of new offers, with the pieces that their seller says to have.
pub struct OpenStock {
    pub store: Store,
}

#[async_trait]
impl Reaction for OpenStock {
    async fn react(&self, ctx: Ctx, event: FeedEvent) -> Result<()> {
        let Some(created) = event.read::<OffersCreated>()? else { return Ok(()) };
        let opening = Opening::read(&created)?;
        let warehouse = directory::first_of(&self.store, &opening.seller).await?;
        let offers = opening.offers.iter().map(|(offer, _)| offer);
        let load = Load::new().one::<Warehouse>(&warehouse).all::<Stock>(offers);
        let now = ctx.now;
        self.store.transact(&ctx, load, move |tx| opening.take_in(tx, &warehouse, now)).await
    }
}

/// New offers of one seller with their pieces.
struct Opening {
    seller: SellerId,
    offers: Vec<(OfferId, i64)>,
}

impl Opening {
    fn read(created: &OffersCreated) -> Result<Self> {
        let offers = created.offers.iter().map(|offer| {
            let id = OfferId::parse(&offer.offer_id).map_err(Error::internal)?;
            Ok((id, offer.initial_stock.clamp(0, PIECES_MAX)))
        });
        let seller = SellerId::parse(&created.seller_id).map_err(Error::internal)?;
        Ok(Opening { seller, offers: offers.collect::<Result<_>>()? })
    }

    fn take_in(&self, tx: &mut Tx, warehouse: &WarehouseId, now: Timestamp) -> Result<()> {
        let has_pieces = self.offers.iter().any(|(_, quantity)| *quantity > 0);
        if has_pieces && tx.get::<Warehouse>(warehouse).is_none() {
            let first = Warehouse::first_of(self.seller.clone(), now);
            tx.record::<Warehouse>(warehouse, vec![WarehouseEvent::Created { warehouse: first }])?;
        }
        for (offer, quantity) in &self.offers {
            let stock = tx.get::<Stock>(offer);
            let receive = |stock: &Stock| stock.receive_opening(warehouse.clone(), *quantity);
            tx.record::<Stock>(offer, Stock::decide(stock.as_deref(), &self.seller, receive)?)?;
        }
        Ok(())
    }
}

/// Gives back what an expired reservation holds.
pub struct Expire {
    pub store: Store,
}

#[async_trait]
impl OnTimer for Expire {
    async fn on_timer(&self, ctx: Ctx, timer: DueTimer) -> Result<()> {
        let id = ReservationId::parse("id", &timer.id)?;
        let Some(reservation) = self.store.load::<Reservation>(id.as_str()).await? else { return Ok(()) };
        let offers = reservation.offers();
        let now = ctx.now.max(timer.due);
        self.store.transact(&ctx, holding::load(&id, &offers), move |tx| holding::expire(tx, &id, now, &offers)).await
    }
}

/// Tells the catalog how many pieces of an offer are available.
pub struct PublishStock;

#[async_trait]
impl Publisher for PublishStock {
    async fn publish(&self, event: &StoredEvent) -> Result<Option<PublicEvent>> {
        if event.kind != Stock::KIND {
            return Ok(None);
        }
        let movement: StockEvent = serde_json::from_slice(&event.body).map_err(Error::internal)?;
        Ok(wire::stock_changed(&event.id, &movement).map(|changed| PublicEvent::of(&changed)))
    }
}
