//! How the platform is, at one look: figures, every service, what is not well, and how connections are secured.

use haat_contracts::operations::instance_report::State;
use haat_contracts::operations::{self as pb, InstanceReport, Service};
use haat_web::axum::extract::State as Held;
use haat_web::axum::response::Response;
use haat_web::ui::{self, Column, Stat, Tone, chart};
use haat_web::{Head, Page, Result, Visit, fragments};
use maud::{Markup, html};

use super::{Console, incidents, parts};

const GATEWAY: &str = "gateway";
const INCIDENTS_SHOWN: i32 = 5;
/// A certificate that ends within this time is worth a word: it should have been renewed.
const CERTIFICATE_SOON_S: i64 = 15 * 60;

pub async fn page(Held(console): Held<Console>, visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    let content = content(&console, &visit).await?;
    let title = visit.t("overview-title");
    let body = html! {
        div.page-head {
            h1 { (title) }
            a.button.quiet href=(visit.path("/")) { (visit.t("refresh")) }
        }
        div.stack data-live=(visit.path("/live/overview")) { (content) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

pub async fn live(Held(console): Held<Console>, visit: Visit) -> Result<Response> {
    visit.demand_user()?;
    Ok(fragments(parts::pictures(move || {
        let (console, visit) = (console.clone(), visit.clone());
        async move { content(&console, &visit).await }
    })))
}

async fn content(console: &Console, visit: &Visit) -> Result<Markup> {
    let mut client = console.operations.clone();
    let answer = haat_rpc::send(&visit.ctx(), pb::ListServicesRequest {}, |r| client.list_services(r)).await?;
    let request = pb::ListIncidentsRequest { page_size: INCIDENTS_SHOWN, ..Default::default() };
    let recent = haat_rpc::send(&visit.ctx(), request, |r| client.list_incidents(r)).await?.incidents;
    let stuck: u32 = answer.services.iter().flat_map(|service| &service.instances).map(|instance| instance.stuck).sum();
    Ok(html! {
        (ui::stats(&figures(visit, &answer.services, stuck)))
        (traffic(visit, &answer.services))
        section { h2 { (visit.t("services")) } (services(visit, &answer.services)) }
        section {
            h2 { (visit.t("nav-incidents")) }
            @if recent.is_empty() { p { (visit.t("no-incidents")) } } @else { (incidents::table(visit, &recent)) }
        }
        section { h2 { (visit.t("security")) } (security(visit, &answer.services)) }
        p.soft.small { (visit.t("as-of")) " " (parts::when(visit, answer.at.as_ref())) }
    })
}

fn figures(visit: &Visit, services: &[Service], stuck: u32) -> Vec<Stat> {
    let objective =
        services.iter().find(|service| service.name == GATEWAY).and_then(|service| service.objective).unwrap_or_default();
    let running = services.iter().filter(|service| parts::state_of(service) == State::Running).count();
    let version = services.iter().flat_map(|service| &service.instances).map(|one| one.version.as_str()).max().unwrap_or("–");
    let is_well = running == services.len();
    let stat =
        |id: &str, value: String, note: String, tone: Tone| Stat { label: visit.t(id), value, note, tone, ..Stat::default() };
    let mut list = vec![
        stat("availability", parts::percent(objective.availability), visit.t("last-hour"), tone_of_budget(objective.budget_left)),
        stat("latency-p99", parts::millis(objective.p99_ms), visit.t("last-five-minutes"), Tone::Neutral),
        stat(
            "services-active",
            format!("{running} / {}", services.len()),
            String::new(),
            if is_well { Tone::Good } else { Tone::Bad },
        ),
        stat("requests", visit.number(objective.requests), visit.t("last-hour"), Tone::Neutral),
        stat(
            "error-rate",
            parts::percent(1.0 - objective.availability),
            visit.number(objective.errors),
            tone_of_budget(objective.budget_left),
        ),
        stat("version", version.to_owned(), String::new(), Tone::Neutral),
    ];
    let tone = if stuck == 0 { Tone::Good } else { Tone::Warn };
    list.push(Stat { href: Some(visit.path("/stuck")), ..stat("nav-stuck", stuck.to_string(), String::new(), tone) });
    list
}

pub fn tone_of_budget(left: f64) -> Tone {
    match left {
        left if left < 0.0 => Tone::Bad,
        left if left < 0.5 => Tone::Warn,
        _ => Tone::Good,
    }
}

/// The requests of the last hour, minute by minute.
#[expect(clippy::cast_precision_loss, reason = "counts of minutes are far below 2^52")]
fn traffic(visit: &Visit, services: &[Service]) -> Markup {
    let gateway = services.iter().find(|service| service.name == GATEWAY);
    let points: &[pb::Point] = gateway.and_then(|service| service.instances.first()).map_or(&[], |instance| &instance.points);
    let minutes = |value: fn(&pb::Point) -> u64| -> Vec<chart::Point> {
        let minute = |steps: &[pb::Point]| {
            let label =
                steps.last().and_then(|last| parts::time(last.at.as_ref())).map(|at| clock(visit, at)).unwrap_or_default();
            chart::Point::new(label, steps.iter().map(value).sum::<u64>() as f64)
        };
        points.chunks(6).map(minute).collect()
    };
    let served = chart::Series { name: visit.t("requests"), points: minutes(|point| point.count) };
    let failed = chart::Series { name: visit.t("errors"), points: minutes(|point| point.errors) };
    html! {
        @if points.len() > 1 {
            section { (chart::line(visit, &visit.t("requests-per-minute"), &[served, failed], &|value| format!("{value:.0}"))) }
        }
    }
}

/// The time of day, as the visitor's dates end.
pub fn clock(visit: &Visit, at: haat_kernel::Timestamp) -> String {
    visit.date_time(at).rsplit(", ").next().unwrap_or_default().to_owned()
}

fn services(visit: &Visit, services: &[Service]) -> Markup {
    let columns = [
        Column::text(visit.t("service")),
        Column::text(visit.t("state")),
        Column::number(visit.t("instances")),
        Column::text(visit.t("version")),
        Column::text(visit.t("uptime")),
        Column::number(visit.t("requests")),
        Column::number(visit.t("latency-p99")),
        Column::text(visit.t("error-budget")),
        Column::text(visit.t("team")),
    ];
    let rows: Vec<Vec<Markup>> = services.iter().map(|service| row(visit, service)).collect();
    ui::table(&visit.t("services"), &columns, &rows)
}

fn row(visit: &Visit, service: &Service) -> Vec<Markup> {
    let objective = service.objective.unwrap_or_default();
    let (first, state) = (service.instances.first(), parts::state_of(service));
    let up = match state {
        State::Down => "–".to_owned(),
        _ => parts::ago(visit, first.and_then(|one| one.started_at.as_ref())),
    };
    vec![
        html! { a href=(visit.path(&format!("/services/{}", service.name))) { (service.name) } },
        html! { (parts::state_badge(visit, state)) },
        html! { (service.instances.len()) },
        html! { (first.map(|one| one.version.as_str()).filter(|version| !version.is_empty()).unwrap_or("–")) },
        html! { (up) },
        html! { (visit.number(objective.requests)) },
        html! { (parts::millis(objective.p99_ms)) },
        html! { (budget(visit, &objective)) },
        html! { (service.team) },
    ]
}

/// What is left of the errors that the objective allows.
pub fn budget(visit: &Visit, objective: &pb::Objective) -> Markup {
    let left = objective.budget_left;
    html! {
        @if objective.requests == 0 { (visit.t("no-requests")) }
        @else if left < 0.0 { (ui::badge(Tone::Bad, &visit.t("budget-spent"))) }
        @else { meter min="0" max="1" low="0.25" value=(format!("{left:.3}")) {} " " (parts::percent(left)) }
    }
}

fn security(visit: &Visit, services: &[Service]) -> Markup {
    let instances = || services.iter().flat_map(|service| &service.instances);
    let sum = |of: fn(&pb::instance_report::Connections) -> u64| {
        instances().filter_map(|one| one.connections.as_ref()).map(of).sum::<u64>()
    };
    let (mutual, server, plain) = (sum(|one| one.mutual_tls), sum(|one| one.server_tls), sum(|one| one.plain));
    let covered = if mutual + plain == 0 { 1.0 } else { ratio(mutual, mutual + plain) };
    let soonest = instances().filter(|one| one.certificate.is_some()).min_by_key(|one| expiry(one));
    let is_soon = soonest.is_some_and(|one| expiry(one) < visit.now().as_second() + CERTIFICATE_SOON_S);
    ui::definition_list(&[
        (
            &visit.t("mutual-tls"),
            html! {
                (ui::badge(if plain == 0 { Tone::Good } else { Tone::Bad }, &parts::percent(covered))) " "
                (visit.t_with("mutual-tls-text", &[("mutual", mutual.into()), ("plain", plain.into()), ("newcomers", server.into())]))
            },
        ),
        (
            &visit.t("certificates"),
            html! {
                @if let Some(one) = soonest {
                    @if is_soon { (ui::badge(Tone::Warn, &visit.t("ends-soon"))) " " }
                    (visit.t("next-to-end")) " " (one.service) ", "
                    (parts::span(expiry(one) - visit.now().as_second())) " " (visit.t("left"))
                }
            },
        ),
    ])
}

#[expect(clippy::cast_precision_loss, reason = "counts of connections are far below 2^52")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn expiry(instance: &InstanceReport) -> i64 {
    instance.certificate.as_ref().and_then(|certificate| certificate.not_after).map_or(i64::MAX, |at| at.seconds)
}
