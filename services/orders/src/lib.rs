//! Orders: what buyers placed, as groups with one order per seller, and what becomes of them.
//!
//! It owns order groups, orders and cancellations. It calls inventory (a canceled order's stock goes back) and payments
//! (its money goes back), and reacts to payments. Always: a group and its orders change together; they are placed once,
//! or abandoned for good, even before they were known; amounts add up from lines to orders to groups; a canceled order
//! has its stock and its money returned, or stands in the operators' queue.
//!
//! Reading order: `ids`, `sums`, `order`, `group`, `placing`, `cancellation`, `canceling`, `neighbours`, `access`, `wire`,
//! `publishing`, `reactions`, `api`, `books`.

mod access;
mod api;
mod books;
mod canceling;
pub mod cancellation;
pub mod group;
pub mod ids;
mod neighbours;
pub mod order;
mod placing;
mod publishing;
mod reactions;
pub mod sums;
mod wire;

use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::orders::orders_server::OrdersServer;
use haat_contracts::payments::payments_client::PaymentsClient;
use haat_kernel::Result;
use haat_saga::Runner;
use haat_service::{Definition, Platform, Wiring};

use crate::api::Api;
use crate::canceling::{Canceling, Performer};
use crate::cancellation::Cancellation;
use crate::group::OrderGroup;
use crate::neighbours::Neighbours;
use crate::order::Order;
use crate::placing::Groups;
use crate::publishing::OrderPublisher;
use crate::reactions::Payments;

pub fn definition() -> Definition {
    Definition::new("orders", wire_up).keeping(books::books)
}

fn wire_up(platform: &Platform) -> Result<Wiring> {
    let neighbours = Neighbours {
        inventory: InventoryClient::new(platform.channel("inventory")?),
        payments: PaymentsClient::new(platform.channel("payments")?),
    };
    let groups = Groups { store: platform.store.clone() };
    let runner = Runner::new(platform, Performer(neighbours));
    let canceling = Canceling { store: platform.store.clone(), runner: runner.clone() };
    Ok(Wiring::new()
        .aggregate::<OrderGroup>()
        .aggregate::<Order>()
        .aggregate::<Cancellation>()
        .serve(OrdersServer::new(Api { groups: groups.clone(), canceling }))
        .publish(OrderPublisher(groups.clone()))
        .react("payments", Payments(groups))
        .stuck(runner.clone())
        .task("cancellation.report", runner.clone().report())
        .on_timer::<Cancellation>(runner))
}
