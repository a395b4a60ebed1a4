//! The ids that stock is kept under. All are TypeIDs but a reservation's, which is whatever its caller chose.

use std::sync::Arc;

use haat_kernel::{Error, Result, id_type};
use serde::{Deserialize, Serialize};

id_type!(
    /// A seller's offer of a variant; made by the catalog.
    OfferId,
    "offer"
);
id_type!(
    /// A seller.
    SellerId,
    "seller"
);
id_type!(
    /// A warehouse.
    WarehouseId,
    "warehouse"
);

/// Opaque, 1 to 64 characters, chosen by the caller so that a repeated call means the same reservation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReservationId(Arc<str>);

impl ReservationId {
    pub fn parse(field: &str, text: &str) -> Result<Self> {
        match text.chars().count() {
            1..=64 => Ok(ReservationId(text.into())),
            _ => Err(Error::invalid(field, "must have 1 to 64 characters")),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
