//! What moves a reservation and the stocks behind it together, in one transaction: all of its offers, or none. After each
//! step the stocks hold exactly what the reservations say.

use std::sync::Arc;

use haat_kernel::{Result, Timestamp, sabotage};
use haat_store::{Load, Tx};

use crate::ids::{OfferId, ReservationId, SellerId};
use crate::reservation::{Demand, Line, Reservation, ReservationError, ReservationEvent, Shortage};
use crate::stock::{Stock, StockError, StockEvent};

/// What every step reads and writes.
pub fn load<'a>(id: &ReservationId, offers: impl IntoIterator<Item = &'a OfferId>) -> Load {
    Load::new().one::<Reservation>(id.as_str()).all::<Stock>(offers)
}

/// Holds everything that `demand` names. A repeated request finds the reservation that it made. An offer whose stock is not
/// known yet has no pieces.
pub fn reserve(tx: &mut Tx, id: &ReservationId, demand: &Demand, expires: Timestamp) -> Result<Arc<Reservation>> {
    if let Some(reservation) = tx.get::<Reservation>(id.as_str()) {
        reservation.repeat(demand)?;
        return Ok(reservation);
    }
    let lines = source(tx, demand)?;
    tx.record::<Reservation>(id.as_str(), vec![ReservationEvent::Held { lines, expires }])?;
    let reservation = get(tx, id)?;
    for (offer, picks) in reservation.picks(None) {
        change(tx, &offer, |stock| stock.reserve(id.clone(), picks))?;
    }
    Ok(reservation)
}

/// What is held now belongs to orders. `offers` are those that the transaction loaded.
pub fn allocate(tx: &mut Tx, id: &ReservationId, offers: &[OfferId]) -> Result<Arc<Reservation>> {
    let reservation = current(tx, id, offers)?.ok_or(ReservationError::NotFound)?;
    let events = reservation.allocate()?;
    if !events.is_empty() {
        for (offer, picks) in reservation.picks(None) {
            change(tx, &offer, |stock| stock.allocate(id.clone(), picks))?;
        }
    }
    tx.record::<Reservation>(id.as_str(), events)?;
    Ok(get(tx, id)?)
}

/// Gives back everything, or the lines of one seller. One that does not exist will never be. `offers` are those that the
/// transaction loaded.
pub fn release(tx: &mut Tx, id: &ReservationId, seller: Option<SellerId>, offers: &[OfferId]) -> Result<()> {
    let Some(reservation) = current(tx, id, offers)? else {
        if sabotage::is("no-tombstone") {
            return Ok(());
        }
        return tx.record::<Reservation>(id.as_str(), vec![ReservationEvent::Barred]);
    };
    let events = reservation.release(seller.clone());
    give_back(tx, id, &reservation, seller.as_ref(), events)
}

/// Gives back what a checkout holds, by an operator's word. `offers` are those that the transaction loaded.
pub fn withdraw(tx: &mut Tx, id: &ReservationId, reason: &str, offers: &[OfferId]) -> Result<Arc<Reservation>> {
    let reservation = current(tx, id, offers)?.ok_or(ReservationError::NotFound)?;
    give_back(tx, id, &reservation, None, reservation.withdraw(reason)?)?;
    Ok(get(tx, id)?)
}

/// Gives back everything when its time is over. `offers` are those that the transaction loaded.
pub fn expire(tx: &mut Tx, id: &ReservationId, now: Timestamp, offers: &[OfferId]) -> Result<()> {
    let Some(reservation) = current(tx, id, offers)? else { return Ok(()) };
    let events = reservation.expire(now);
    give_back(tx, id, &reservation, None, events)
}

fn give_back(
    tx: &mut Tx,
    id: &ReservationId,
    reservation: &Reservation,
    seller: Option<&SellerId>,
    events: Vec<ReservationEvent>,
) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    for (offer, picks) in reservation.picks(seller) {
        change(tx, &offer, |stock| stock.release(id.clone(), picks, reservation.claim()))?;
    }
    tx.record::<Reservation>(id.as_str(), events)
}

fn source(tx: &Tx, demand: &Demand) -> Result<Vec<Line>, ReservationError> {
    let mut lines = Vec::new();
    let mut shortages = Vec::new();
    for (offer, wanted) in demand {
        let stock = tx.get::<Stock>(offer);
        let Some(picks) = stock.as_ref().and_then(|stock| stock.source(wanted.quantity)) else {
            let available = stock.map_or(0, |stock| stock.available());
            shortages.push(Shortage { offer: offer.clone(), requested: wanted.quantity, available });
            continue;
        };
        lines.extend(picks.into_iter().map(|pick| Line {
            offer: offer.clone(),
            seller: wanted.seller.clone(),
            warehouse: pick.warehouse,
            quantity: pick.quantity,
        }));
    }
    if shortages.is_empty() { Ok(lines) } else { Err(ReservationError::OutOfStock(shortages)) }
}

fn change(tx: &mut Tx, offer: &OfferId, decide: impl FnOnce(&Stock) -> Result<Vec<StockEvent>, StockError>) -> Result<()> {
    let stock = tx.get::<Stock>(offer).ok_or(StockError::NotHeld)?;
    tx.record::<Stock>(offer, decide(&stock)?)
}

/// The reservation as the transaction sees it. Fails when it came into being after its offers were looked up: its stocks
/// are then not part of the transaction.
fn current(tx: &Tx, id: &ReservationId, offers: &[OfferId]) -> Result<Option<Arc<Reservation>>, ReservationError> {
    match tx.get::<Reservation>(id.as_str()) {
        Some(reservation) if reservation.offers() != offers => Err(ReservationError::Changed),
        reservation => Ok(reservation),
    }
}

fn get(tx: &Tx, id: &ReservationId) -> Result<Arc<Reservation>, ReservationError> {
    tx.get::<Reservation>(id.as_str()).ok_or(ReservationError::NotFound)
}
