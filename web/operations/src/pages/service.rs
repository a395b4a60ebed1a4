//! One service: its instances, why it is as it is, what it serves and whom it calls.

use haat_contracts::operations::{self as pb, CallStats, InstanceReport, Service};
use haat_web::axum::extract::{Path, State};
use haat_web::ui::{self, Column, Tone, chart};
use haat_web::{Failure, Head, Page, Result, Visit};
use maud::{Markup, html};

use super::{Console, overview, parts};

/// The window of an instance's calls.
const WINDOW_S: f64 = 300.0;

pub async fn page(State(console): State<Console>, visit: Visit, Path(name): Path<String>) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let answer = haat_rpc::send(&visit.ctx(), pb::ListServicesRequest {}, |r| client.list_services(r)).await?;
    let service = answer.services.into_iter().find(|service| service.name == name).ok_or(Failure::NotFound)?;
    let body = html! {
        (ui::breadcrumbs(&visit, &[(&visit.t("nav-overview"), &visit.path("/")), (&name, "")]))
        div.page-head { h1 { (name) } (parts::state_badge(&visit, parts::state_of(&service))) }
        (facts(&visit, &service))
        @for instance in &service.instances { (one(&visit, instance)) }
    };
    Ok(Page::new(Head::titled(name).private(), body))
}

fn facts(visit: &Visit, service: &Service) -> Markup {
    let objective = service.objective.unwrap_or_default();
    ui::definition_list(&[
        (&visit.t("team"), html! { (service.team) }),
        (&visit.t("objective"), html! { (parts::percent(objective.availability_target)) " " (visit.t("of-an-hour")) }),
        (&visit.t("availability"), html! { (parts::percent(objective.availability)) }),
        (&visit.t("error-budget"), overview::budget(visit, &objective)),
    ])
}

fn one(visit: &Visit, instance: &InstanceReport) -> Markup {
    html! {
        section.stack {
            h2 { (visit.t("instance")) " " (instance.instance) }
            @for reason in &instance.reasons { (ui::notice(Tone::Warn, &html! { (reason) })) }
            (instance_facts(visit, instance))
            (charts(visit, instance))
            (calls(visit, &visit.t("calls-served"), instance, true))
            (calls(visit, &visit.t("calls-made"), instance, false))
            (neighbours(visit, instance))
        }
    }
}

fn instance_facts(visit: &Visit, instance: &InstanceReport) -> Markup {
    let certificate = instance.certificate.clone().unwrap_or_default();
    let connections = instance.connections.unwrap_or_default();
    ui::definition_list(&[
        (&visit.t("state"), parts::state_badge(visit, instance.state())),
        (&visit.t("version"), html! { (instance.version) }),
        (&visit.t("started"), parts::when(visit, instance.started_at.as_ref())),
        (&visit.t("identity"), html! { code { (certificate.spiffe_id) } }),
        (
            &visit.t("certificate"),
            html! { code { (certificate.serial) } " · " (visit.t("until")) " " (parts::when(visit, certificate.not_after.as_ref())) },
        ),
        (
            &visit.t("connections"),
            html! {
                (visit.t_with("mutual-tls-text", &[
                    ("mutual", connections.mutual_tls.into()), ("plain", connections.plain.into()), ("newcomers", connections.server_tls.into()),
                ]))
            },
        ),
        (
            &visit.t("log"),
            html! { (visit.t_with("log-text", &[("events", instance.events.into()), ("partitions", instance.partitions.into())])) },
        ),
    ])
}

fn charts(visit: &Visit, instance: &InstanceReport) -> Markup {
    let series = |name: &str, value: fn(&pb::Point) -> f64| chart::Series {
        name: visit.t(name),
        points: instance
            .points
            .iter()
            .map(|point| {
                let label = parts::time(point.at.as_ref()).map(|at| overview::clock(visit, at)).unwrap_or_default();
                chart::Point::new(label, value(point))
            })
            .collect(),
    };
    html! {
        @if instance.points.len() > 1 {
            (chart::line(visit, &visit.t("latency-over-time"), &[series("latency-p50", |p| p.p50_ms), series("latency-p99", |p| p.p99_ms)], &parts::millis))
        }
    }
}

fn calls(visit: &Visit, title: &str, instance: &InstanceReport, is_served: bool) -> Markup {
    let columns = [
        Column::text(visit.t("call")),
        Column::number(visit.t("rate")),
        Column::number(visit.t("errors")),
        Column::number(visit.t("latency-p50")),
        Column::number(visit.t("latency-p99")),
    ];
    let row = |call: &CallStats| {
        vec![
            html! { (call.call.rsplit_once('.').map_or(call.call.as_str(), |(_, name)| name)) },
            html! { (parts::rate(call.count, WINDOW_S)) },
            html! { @if call.errors > 0 { (ui::badge(Tone::Bad, &call.errors.to_string())) } @else { "0" } },
            html! { (parts::millis(call.p50_ms)) },
            html! { (parts::millis(call.p99_ms)) },
        ]
    };
    let rows: Vec<Vec<Markup>> = instance.calls.iter().filter(|call| call.is_served == is_served).map(row).collect();
    html! {
        h3 { (title) }
        @if rows.is_empty() { p { (visit.t("no-requests")) } } @else { (ui::table(title, &columns, &rows)) }
    }
}

fn neighbours(visit: &Visit, instance: &InstanceReport) -> Markup {
    let columns = [Column::text(visit.t("neighbour")), Column::text(visit.t("breaker")), Column::number(visit.t("feed-lag"))];
    let lag = |name: &str| instance.feeds.iter().find(|feed| feed.source == name).map(|feed| feed.events.to_string());
    let rows: Vec<Vec<Markup>> = instance
        .breakers
        .iter()
        .map(|breaker| {
            vec![
                html! { (breaker.neighbour) },
                breaker_badge(visit, &breaker.state),
                html! { (lag(&breaker.neighbour).unwrap_or_else(|| "–".to_owned())) },
            ]
        })
        .collect();
    html! { @if !rows.is_empty() { h3 { (visit.t("neighbours")) } (ui::table(&visit.t("neighbours"), &columns, &rows)) } }
}

pub fn breaker_badge(visit: &Visit, state: &str) -> Markup {
    match state {
        "closed" => ui::badge(Tone::Good, &visit.t("breaker-closed")),
        "open" => ui::badge(Tone::Bad, &visit.t("breaker-open")),
        "half_open" => ui::badge(Tone::Warn, &visit.t("breaker-half-open")),
        _ => html! { "–" },
    }
}
