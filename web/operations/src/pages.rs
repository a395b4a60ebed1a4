//! The console at /ops: pages over the contracts, as the operator who is signed in. They ask the gateway like anybody else,
//! so that nobody sees or does here what the API would refuse.

mod act;
mod audit;
mod books;
mod incidents;
mod map;
mod overview;
mod parts;
mod requests;
mod search;
mod service;
mod stuck;

use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::operations::operations_client::OperationsClient;
use haat_contracts::orders::orders_client::OrdersClient;
use haat_contracts::payments::payments_client::PaymentsClient;
use haat_contracts::web::pages_server::{Pages, PagesServer};
use haat_kernel::Result;
use haat_rpc::Channel;
use haat_service::Platform;
use haat_web::axum::Router;
use haat_web::axum::routing::get;
use haat_web::ui::{self, ConsoleLink, Icon};
use haat_web::{App, MessageFiles, Page, Visit};
use maud::{Markup, html};

const MESSAGES: MessageFiles = MessageFiles { en: include_str!("../messages/en.ftl"), hi: include_str!("../messages/hi.ftl") };

/// The ways of the console to the contracts, all through the gateway. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Console {
    pub operations: OperationsClient<Channel>,
    pub orders: OrdersClient<Channel>,
    pub payments: PaymentsClient<Channel>,
    pub inventory: InventoryClient<Channel>,
}

pub(crate) fn serve(platform: &Platform) -> Result<PagesServer<impl Pages>> {
    haat_web::serve(platform, app(&platform.channel("gateway")?))
}

/// The application; `gateway` is its way to all services.
pub(crate) fn app(gateway: &Channel) -> App {
    let console = Console {
        operations: OperationsClient::new(gateway.clone()),
        orders: OrdersClient::new(gateway.clone()),
        payments: PaymentsClient::new(gateway.clone()),
        inventory: InventoryClient::new(gateway.clone()),
    };
    let router = Router::new()
        .route("/", get(overview::page))
        .route("/live/overview", get(overview::live))
        .route("/services/{name}", get(service::page))
        .route("/map", get(map::page))
        .route("/live/map", get(map::live))
        .route("/requests", get(requests::list))
        .route("/requests/{id}", get(requests::one))
        .route("/search", get(search::page))
        .route("/stuck", get(stuck::page))
        .route("/books", get(books::page))
        .route("/incidents", get(incidents::page))
        .route("/audit", get(audit::page))
        .route("/act/{what}", get(act::confirm).post(act::perform))
        .with_state(console);
    App::new("/ops", router, MESSAGES, layout)
}

fn layout(visit: &Visit, page: &Page) -> Markup {
    let link = |icon, label: &str, path: &str| ConsoleLink { icon, label: visit.t(label), href: visit.path(path) };
    let seeing = vec![
        link(Icon::Home, "nav-overview", "/"),
        link(Icon::Server, "nav-map", "/map"),
        link(Icon::Bell, "nav-incidents", "/incidents"),
        link(Icon::List, "nav-requests", "/requests"),
    ];
    let doing = vec![
        link(Icon::Search, "nav-search", "/search"),
        link(Icon::Alert, "nav-stuck", "/stuck"),
        link(Icon::Rupee, "nav-books", "/books"),
        link(Icon::Shield, "nav-audit", "/audit"),
    ];
    let is_in = visit.user().is_some();
    let groups = vec![(visit.t("nav-seeing"), seeing), (visit.t("nav-doing"), doing)];
    let groups = if is_in { groups } else { Vec::new() };
    let page = Page { body: html! { div.stack { (page.body) } }, ..page.clone() };
    ui::console(visit, &page, &ui::Console { name: visit.t("console-name"), groups, ..ui::Console::default() })
}

#[cfg(test)]
mod tests;
