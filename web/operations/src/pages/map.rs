//! Who calls whom at this moment: how often, how fast, and what does not get through.

use std::collections::BTreeMap;

use haat_contracts::operations::instance_report::State as Condition;
use haat_contracts::operations::{self as pb, Service};
use haat_contracts::policy::policies;
use haat_web::axum::extract::State;
use haat_web::axum::response::Response;
use haat_web::ui::chart::{self, Edge, Node};
use haat_web::ui::{self, Column, Tone};
use haat_web::{Head, Page, Result, Visit, fragments};
use maud::{Markup, html};

use super::{Console, parts, service};

/// The window of the figures.
const WINDOW_S: f64 = 300.0;

/// Where each service stands: column and row. Others come below.
const PLACES: [(&str, usize, usize); 13] = [
    ("storefront", 0, 0),
    ("seller-console", 0, 1),
    ("operations", 0, 2),
    ("gateway", 1, 1),
    ("authority", 1, 3),
    ("checkout", 2, 0),
    ("catalog", 2, 1),
    ("orders", 2, 2),
    ("users", 2, 3),
    ("pricing", 3, 0),
    ("inventory", 3, 1),
    ("payments", 3, 2),
    ("notifications", 3, 3),
];

pub async fn page(State(console): State<Console>, visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    let content = content(&console, &visit).await?;
    let title = visit.t("nav-map");
    let body = html! {
        div.page-head { h1 { (title) } a.button.quiet href=(visit.path("/map")) { (visit.t("refresh")) } }
        p { (visit.t("map-text")) }
        div.stack data-live=(visit.path("/live/map")) { (content) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

pub async fn live(State(console): State<Console>, visit: Visit) -> Result<Response> {
    visit.demand_user()?;
    Ok(fragments(parts::pictures(move || {
        let (console, visit) = (console.clone(), visit.clone());
        async move { content(&console, &visit).await }
    })))
}

/// All calls from one service to another.
#[derive(Default)]
struct Way {
    count: u64,
    errors: u64,
    p99_ms: f64,
    breaker: String,
}

type Ways = BTreeMap<(String, String), Way>;

async fn content(console: &Console, visit: &Visit) -> Result<Markup> {
    let mut client = console.operations.clone();
    let services = haat_rpc::send(&visit.ctx(), pb::ListServicesRequest {}, |r| client.list_services(r)).await?.services;
    let ways = ways(&services);
    let nodes: Vec<Node> = services.iter().enumerate().map(|(index, service)| node(visit, index, service)).collect();
    Ok(html! {
        (chart::map(visit, &visit.t("nav-map"), &nodes, &edges(&services, &ways)))
        section { h2 { (visit.t("calls")) } (table(visit, &ways)) }
    })
}

fn ways(services: &[Service]) -> Ways {
    let mut ways = Ways::new();
    for instance in services.iter().flat_map(|service| &service.instances) {
        for call in instance.calls.iter().filter(|call| !call.is_served) {
            let Some(known) = policies().calls.get(&call.call) else { continue };
            let way = ways.entry((instance.service.clone(), known.service.clone())).or_default();
            way.count += call.count;
            way.errors += call.errors;
            way.p99_ms = way.p99_ms.max(call.p99_ms);
        }
        for breaker in instance.breakers.iter().filter(|breaker| breaker.neighbour != instance.service) {
            let way = ways.entry((instance.service.clone(), breaker.neighbour.clone())).or_default();
            way.breaker.clone_from(&breaker.state);
        }
    }
    // A way that nobody went and that is open says nothing.
    ways.retain(|_, way| way.count > 0 || way.breaker == "open");
    ways
}

fn node(visit: &Visit, index: usize, service: &Service) -> Node {
    let (column, row) = PLACES
        .iter()
        .find(|(name, ..)| *name == service.name)
        .map_or((index % 4, 4 + index / 4), |(_, column, row)| (*column, *row));
    let (tone, state) = match parts::state_of(service) {
        Condition::Running => (Tone::Good, "state-running"),
        Condition::Degraded => (Tone::Warn, "state-degraded"),
        Condition::Draining => (Tone::Info, "state-draining"),
        Condition::Down => (Tone::Bad, "state-down"),
        Condition::Unspecified => (Tone::Neutral, "state-unknown"),
    };
    let served: u64 =
        service.instances.iter().flat_map(|one| &one.calls).filter(|call| call.is_served).map(|call| call.count).sum();
    Node {
        id: service.name.clone(),
        label: service.name.clone(),
        note: format!("{} · {}", visit.t(state), parts::rate(served, WINDOW_S)),
        tone,
        href: Some(visit.path(&format!("/services/{}", service.name))),
        column,
        row,
    }
}

fn edges(services: &[Service], ways: &Ways) -> Vec<Edge> {
    let call = |((from, to), way): (&(String, String), &Way)| Edge {
        from: from.clone(),
        to: to.clone(),
        label: format!("{}, p99 {}, {} errors", parts::rate(way.count, WINDOW_S), parts::millis(way.p99_ms), way.errors),
        tone: tone(way),
        is_dotted: false,
    };
    let feeds = services.iter().flat_map(|service| &service.instances).flat_map(|instance| {
        instance.feeds.iter().map(|feed| Edge {
            from: feed.source.clone(),
            to: instance.service.clone(),
            label: format!("feed, {} events behind", feed.events),
            tone: Tone::Neutral,
            is_dotted: true,
        })
    });
    ways.iter().map(call).chain(feeds).collect()
}

fn tone(way: &Way) -> Tone {
    match () {
        () if way.breaker == "open" => Tone::Bad,
        () if way.errors > 0 || way.breaker == "half_open" => Tone::Warn,
        () => Tone::Good,
    }
}

fn table(visit: &Visit, ways: &Ways) -> Markup {
    let columns = [
        Column::text(visit.t("from")),
        Column::text(visit.t("to")),
        Column::number(visit.t("rate")),
        Column::number(visit.t("latency-p99")),
        Column::number(visit.t("errors")),
        Column::text(visit.t("breaker")),
    ];
    let row = |((from, to), way): (&(String, String), &Way)| {
        vec![
            html! { (from) },
            html! { (to) },
            html! { (parts::rate(way.count, WINDOW_S)) },
            html! { (parts::millis(way.p99_ms)) },
            html! { (way.errors) },
            service::breaker_badge(visit, &way.breaker),
        ]
    };
    let rows: Vec<Vec<Markup>> = ways.iter().map(row).collect();
    ui::table(&visit.t("calls"), &columns, &rows)
}
