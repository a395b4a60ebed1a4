//! Everything about one id: what all services recorded, in the order in which it happened, and what can be done about it.

use std::collections::BTreeSet;

use haat_contracts::operations::{self as pb, RecordedEvent};
use haat_kernel::Timestamp;
use haat_web::axum::extract::State;
use haat_web::ui::{self, Field, Look, Tone};
use haat_web::{Head, Page, Query, Result, Visit};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Console, parts};

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    text: String,
}

/// What can be done about an id with this prefix, by its name in `act`.
const ACTIONS: [(&str, &[&str]); 3] =
    [("order_", &["cancel-order"]), ("payment_", &["sync-payment", "refund"]), ("reservation_", &["release-reservation"])];

pub async fn page(State(console): State<Console>, visit: Visit, Query(wanted): Query<Wanted>) -> Result<Page> {
    visit.demand_user()?;
    let title = visit.t("nav-search");
    let text = wanted.text.trim();
    let found = match text {
        "" => None,
        text => {
            let mut client = console.operations.clone();
            let request = pb::SearchRequest { text: text.to_owned() };
            Some(haat_rpc::send(&visit.ctx(), request, |r| client.search(r)).await?)
        }
    };
    let body = html! {
        h1 { (title) }
        form.stack-small method="get" action=(visit.path("/search")) {
            (Field::search("text", &visit.t("any-id")).value(text).hint(&visit.t("any-id-hint")))
            div { (ui::submit(Look::Primary, &visit.t("search"))) }
        }
        @if let Some(found) = &found { (results(&visit, text, found)) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn results(visit: &Visit, text: &str, found: &pb::SearchResponse) -> Markup {
    html! {
        @if !found.unreachable.is_empty() {
            (ui::notice(Tone::Warn, &html! { (visit.t("not-asked")) " " (found.unreachable.join(", ")) }))
        }
        @if found.events.is_empty() { (ui::notice(Tone::Info, &html! { (visit.t("nothing-found")) })) }
        @else {
            (things(visit, text, &found.events))
            section {
                h2 { (visit.t("timeline")) }
                @if found.is_partial { p.soft { (visit.t("partial")) } }
                @let begin = found.events.first().and_then(|event| parts::time(event.at.as_ref())).unwrap_or_default();
                ol.timeline { @for event in &found.events { (moment(visit, event, begin)) } }
            }
        }
    }
}

/// What the events are about, each with what can be done.
fn things(visit: &Visit, text: &str, events: &[RecordedEvent]) -> Markup {
    let distinct: BTreeSet<(&str, &str, &str)> =
        events.iter().map(|event| (event.service.as_str(), event.kind.as_str(), event.id.as_str())).collect();
    let columns = [
        ui::Column::text(visit.t("thing")),
        ui::Column::text(visit.t("service")),
        ui::Column::text(visit.t("last-event")),
        ui::Column::text(visit.t("actions")),
    ];
    let row = |(service, kind, id): &(&str, &str, &str)| {
        let last = events.iter().rev().find(|event| event.service == *service && event.kind == *kind && event.id == *id);
        vec![
            html! { (kind.replace('_', " ")) " " @if *id == text { code { (id) } } @else { (parts::search_link(visit, id)) } },
            html! { (service) },
            html! { @if let Some(last) = last { (last.r#type.replace('_', " ")) } },
            actions(visit, kind, id),
        ]
    };
    let rows: Vec<Vec<Markup>> = distinct.iter().map(row).collect();
    html! { section { h2 { (visit.t("things")) } (ui::table(&visit.t("things"), &columns, &rows)) } }
}

fn actions(visit: &Visit, kind: &str, id: &str) -> Markup {
    let known = ACTIONS.iter().find(|(prefix, _)| id.starts_with(prefix) && prefix.trim_end_matches('_') == kind);
    html! {
        @for what in known.map_or(&[][..], |(_, actions)| actions) {
            a.button.quiet href=(visit.path(&format!("/act/{what}?id={id}"))) { (visit.t(&format!("act-{what}"))) } " "
        }
    }
}

fn moment(visit: &Visit, event: &RecordedEvent, begin: Timestamp) -> Markup {
    let after = parts::time(event.at.as_ref()).unwrap_or(begin).duration_since(begin).as_secs_f64();
    html! {
        li.info {
            p.timeline-title { (event.service) ": " (event.kind.replace('_', " ")) " " strong { (event.r#type.replace('_', " ")) } }
            (parts::when(visit, event.at.as_ref())) span.soft.small { " · +" (parts::seconds(after)) }
            p.soft.small {
                (visit.t("by")) " " (event.principal) " · "
                a href=(visit.path(&format!("/requests/{}", event.correlation_id))) { (parts::short_id(&event.correlation_id)) }
            }
            (ui::disclosure(&visit.t("details"), &html! { pre { code { (event.body) } } }))
        }
    }
}
