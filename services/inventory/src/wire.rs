//! All translation between the contract and the domain: ids, quantities and addresses that come in, what goes out, and which
//! private events become public ones.

use std::collections::BTreeMap;

use haat_contracts::{common, convert, inventory as pb};
use haat_kernel::{Error, Result, Timestamp, time::plus_seconds};

use crate::ids::{OfferId, ReservationId, SellerId, WarehouseId};
use crate::reservation::{Demand, Reservation, ReservationError, Status, Wanted};
use crate::stock::{Shelf, Stock, StockEvent};
use crate::warehouse::{Address, Warehouse};

/// The most pieces in one movement.
const QUANTITY_MAX: i64 = 10_000_000;
/// The most lines of a reservation, and offers of a question.
const LINES_MAX: usize = 200;
const EXPIRES_IN_S_DEFAULT: i64 = 15 * 60;
const EXPIRES_IN_S_MAX: i64 = 24 * 60 * 60;

/// The offer of a path. What is no id cannot name anything.
pub fn offer_in_path(text: &str) -> Result<OfferId> {
    OfferId::parse(text).map_err(|_| Error::not_found("stock", text))
}

/// The reservation of a path.
pub fn reservation_in_path(text: &str) -> Result<ReservationId> {
    ReservationId::parse("reservation", text).map_err(|_| ReservationError::NotFound.into())
}

pub fn offer_ids(field: &str, texts: &[String]) -> Result<Vec<OfferId>> {
    if texts.len() > LINES_MAX {
        return Err(Error::invalid(field, format!("must have at most {LINES_MAX} entries")));
    }
    texts.iter().map(|text| OfferId::parse(text).map_err(|error| error.in_field(field))).collect()
}

pub fn warehouse_id(text: &str) -> Result<WarehouseId> {
    if text.is_empty() {
        return Err(Error::invalid("warehouseId", "is required"));
    }
    WarehouseId::parse(text).map_err(|_| Error::not_found("warehouse", text))
}

pub fn reservation_id(text: &str) -> Result<ReservationId> {
    ReservationId::parse("reservationId", text)
}

/// None for the empty text.
pub fn seller_id(field: &str, text: &str) -> Result<Option<SellerId>> {
    let parse = |text| SellerId::parse(text).map_err(|error| error.in_field(field));
    Some(text).filter(|text| !text.is_empty()).map(parse).transpose()
}

pub fn quantity(field: &str, quantity: i64) -> Result<i64> {
    match quantity {
        1..=QUANTITY_MAX => Ok(quantity),
        _ => Err(Error::invalid(field, format!("must be 1 to {QUANTITY_MAX}"))),
    }
}

pub fn delta(delta: i64) -> Result<i64> {
    let is_in_range = delta != 0 && (-QUANTITY_MAX..=QUANTITY_MAX).contains(&delta);
    is_in_range
        .then_some(delta)
        .ok_or_else(|| Error::invalid("delta", format!("must be -{QUANTITY_MAX} to {QUANTITY_MAX}, not 0")))
}

/// Text of at most `max` characters, without what surrounds it.
pub fn text(field: &str, text: &str, max: usize) -> Result<String> {
    let text = text.trim();
    match text.chars().count() <= max {
        true => Ok(text.to_owned()),
        false => Err(Error::invalid(field, format!("must have at most {max} characters"))),
    }
}

/// Two lines of the same offer add up.
pub fn demand(lines: &[pb::reserve_request::Line]) -> Result<Demand> {
    if lines.is_empty() || lines.len() > LINES_MAX {
        return Err(Error::invalid("lines", format!("must have 1 to {LINES_MAX} entries")));
    }
    let mut demand = Demand::new();
    for (index, line) in lines.iter().enumerate() {
        let field = |name: &str| format!("lines[{index}].{name}");
        let offer = OfferId::parse(&line.offer_id).map_err(|error| error.in_field(&field("offerId")))?;
        let seller = SellerId::parse(&line.seller_id).map_err(|error| error.in_field(&field("sellerId")))?;
        let quantity = quantity(&field("quantity"), line.quantity)?;
        demand.entry(offer).or_insert(Wanted { quantity: 0, seller }).quantity += quantity;
    }
    Ok(demand)
}

/// When a reservation made now expires.
pub fn expires(now: Timestamp, in_seconds: i64) -> Result<Timestamp> {
    match in_seconds {
        0 => Ok(plus_seconds(now, EXPIRES_IN_S_DEFAULT)),
        1..=EXPIRES_IN_S_MAX => Ok(plus_seconds(now, in_seconds)),
        _ => Err(Error::invalid("expiresInSeconds", format!("must be 1 to {EXPIRES_IN_S_MAX}"))),
    }
}

pub fn address(address: Option<common::PostalAddress>) -> Result<Option<Address>> {
    let Some(given) = address else { return Ok(None) };
    let line = |name: &str, value: &str| text(&format!("address.{name}"), value, 200);
    Ok(Some(Address {
        name: line("name", &given.name)?,
        line1: line("line1", &given.line1)?,
        line2: line("line2", &given.line2)?,
        city: line("city", &given.city)?,
        state: line("state", &given.state)?,
        postal_code: line("postalCode", &given.postal_code)?,
        country: line("country", &given.country)?,
        phone: line("phone", &given.phone)?,
    }))
}

pub fn warehouse(id: &str, warehouse: &Warehouse) -> pb::Warehouse {
    pb::Warehouse {
        id: id.to_owned(),
        display_name: warehouse.display_name.clone(),
        address: Some(postal_address(warehouse.address.clone().unwrap_or_default())),
        seller_id: warehouse.seller.as_ref().map(SellerId::to_string).unwrap_or_default(),
    }
}

fn postal_address(address: Address) -> common::PostalAddress {
    common::PostalAddress {
        name: address.name,
        line1: address.line1,
        line2: address.line2,
        city: address.city,
        state: address.state,
        postal_code: address.postal_code,
        country: address.country,
        phone: address.phone,
    }
}

pub fn stock(offer: &OfferId, stock: &Stock) -> pb::Stock {
    let Shelf { on_hand, reserved, allocated } = stock.total();
    let by_warehouse = stock.shelves.iter().map(|(warehouse, shelf)| pb::stock::WarehouseStock {
        warehouse_id: warehouse.to_string(),
        on_hand: shelf.on_hand,
        reserved: shelf.reserved,
        allocated: shelf.allocated,
    });
    pb::Stock {
        offer_id: offer.to_string(),
        on_hand,
        reserved,
        allocated,
        available: stock.available(),
        by_warehouse: by_warehouse.collect(),
    }
}

pub fn reservation(id: &ReservationId, reservation: &Reservation) -> pb::Reservation {
    let state = match reservation.status {
        Status::Held => pb::reservation::State::Held,
        Status::Allocated => pb::reservation::State::Allocated,
        Status::Released => pb::reservation::State::Released,
        Status::Expired => pb::reservation::State::Expired,
    };
    let expires = reservation.expires.filter(|_| reservation.status == Status::Held);
    pb::Reservation {
        id: id.as_str().to_owned(),
        state: state.into(),
        expires_at: expires.map(convert::timestamp),
        pieces: reservation.pieces(),
    }
}

pub fn availability(available: BTreeMap<OfferId, i64>) -> pb::GetAvailabilityResponse {
    pb::GetAvailabilityResponse { available: available.into_iter().map(|(offer, n)| (offer.to_string(), n)).collect() }
}

/// What others learn of a movement: how many pieces are available now, where that changed.
pub fn stock_changed(offer: &str, event: &StockEvent) -> Option<pb::StockChanged> {
    event.available().map(|available| pb::StockChanged { offer_id: offer.to_owned(), available })
}
