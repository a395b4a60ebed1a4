//! A place where stock lies: a seller's own, or the platform's, which every seller may use.

use haat_kernel::{Timestamp, id::derived};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

use crate::ids::{SellerId, WarehouseId};

/// The key under which all warehouses are found, the oldest first.
pub const ALL: &str = "all";
/// The key under which a seller's warehouses are found, the oldest first; the empty value has the platform's.
pub const SELLER: &str = "seller";

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub state: String,
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub phone: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warehouse {
    pub display_name: String,
    pub address: Option<Address>,
    /// None: the platform's.
    pub seller: Option<SellerId>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WarehouseEvent {
    Created { warehouse: Warehouse },
}

impl Warehouse {
    /// Where the stock of a seller lies who named no warehouse.
    pub fn first_of(seller: SellerId, at: Timestamp) -> Self {
        Warehouse { display_name: "Main warehouse".into(), address: None, seller: Some(seller), at }
    }

    /// The id of the warehouse that is made for a seller who has none: always the same, so that it is made once.
    pub fn first_id(seller: &SellerId) -> WarehouseId {
        derived(&["first_warehouse", seller.as_str()])
    }

    pub fn is_open_to(&self, seller: &SellerId) -> bool {
        self.seller.as_ref().is_none_or(|owner| owner == seller)
    }
}

impl Aggregate for Warehouse {
    const KIND: &'static str = "warehouse";
    const SCHEMA: u32 = 1;
    type Event = WarehouseEvent;

    fn create(event: &WarehouseEvent) -> Option<Self> {
        let WarehouseEvent::Created { warehouse } = event;
        Some(warehouse.clone())
    }

    fn apply(&mut self, event: &WarehouseEvent) {
        let WarehouseEvent::Created { warehouse } = event;
        self.clone_from(warehouse);
    }

    fn keys(&self) -> Vec<Key> {
        let sort = format!("{:020}", self.at.as_microsecond());
        let seller = self.seller.as_ref().map_or("", SellerId::as_str);
        vec![Key::plain(ALL, "", sort.clone()), Key::plain(SELLER, seller, sort)]
    }
}
