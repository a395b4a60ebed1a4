//! Incidents: when what was not well, and since when it is well again.

use haat_contracts::operations::{self as pb, Incident};
use haat_web::axum::extract::State;
use haat_web::ui::{self, Column, Icon, Moment, Pager, Tone};
use haat_web::{Head, Page, Query, Result, Visit};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Console, parts};

const PAGE: i32 = 20;

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: String,
}

pub async fn page(State(console): State<Console>, visit: Visit, Query(wanted): Query<Wanted>) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let request = pb::ListIncidentsRequest { page_size: PAGE, page_token: wanted.page.clone() };
    let found = haat_rpc::send(&visit.ctx(), request, |r| client.list_incidents(r)).await?;
    let title = visit.t("nav-incidents");
    let here = visit.path("/incidents");
    let pager = Pager {
        first: (!wanted.page.is_empty()).then(|| here.clone()),
        next: (!found.next_page_token.is_empty()).then(|| format!("{here}?page={}", found.next_page_token)),
        position: String::new(),
    };
    let body = html! {
        @if found.incidents.is_empty() { (ui::empty_state(Icon::Check, &visit.t("no-incidents"), &visit.t("no-incidents-text"), &html! {})) }
        @else {
            h1 { (title) }
            @for incident in &found.incidents { (one(&visit, incident)) }
            (ui::pagination(&visit, &pager))
        }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn one(visit: &Visit, incident: &Incident) -> Markup {
    let moment = |entry: &pb::incident::Entry| Moment {
        title: if entry.text == "over" { visit.t("incident-over") } else { entry.text.clone() },
        time: parts::time(entry.at.as_ref()).map(|at| visit.date_time(at)).unwrap_or_default(),
        machine: parts::time(entry.at.as_ref()).map(|at| at.to_string()).unwrap_or_default(),
        tone: if entry.text == "over" { Tone::Good } else { Tone::Bad },
        has_happened: true,
        ..Moment::default()
    };
    let moments: Vec<Moment> = incident.timeline.iter().map(moment).collect();
    html! {
        section.card {
            h2 { (incident.service) ": " (kind(visit, &incident.kind)) " " (badge(visit, incident)) }
            (ui::timeline(&moments))
        }
    }
}

fn kind(visit: &Visit, kind: &str) -> String {
    let id = format!("incident-{kind}");
    if visit.knows(&id) { visit.t(&id) } else { kind.to_owned() }
}

fn badge(visit: &Visit, incident: &Incident) -> Markup {
    match incident.closed_at {
        None => ui::badge(Tone::Bad, &visit.t("incident-open")),
        Some(_) => ui::badge(Tone::Good, &visit.t("incident-over")),
    }
}

pub fn table(visit: &Visit, incidents: &[Incident]) -> Markup {
    let columns = [
        Column::text(visit.t("service")),
        Column::text(visit.t("what")),
        Column::text(visit.t("state")),
        Column::text(visit.t("since")),
        Column::text(visit.t("lasted")),
    ];
    let row = |incident: &Incident| {
        let until = incident.closed_at.map_or(visit.now().as_second(), |at| at.seconds);
        vec![
            html! { a href=(visit.path(&format!("/services/{}", incident.service))) { (incident.service) } },
            html! { (kind(visit, &incident.kind)) ": " (incident.detail) },
            badge(visit, incident),
            parts::when(visit, incident.opened_at.as_ref()),
            html! { (parts::span(until - incident.opened_at.map_or(until, |at| at.seconds))) },
        ]
    };
    let rows: Vec<Vec<Markup>> = incidents.iter().map(row).collect();
    ui::table(&visit.t("nav-incidents"), &columns, &rows)
}
