//! What operators have done: who, when, what, why, and what came of it.

use haat_contracts::operations::{self as pb, Action};
use haat_web::axum::extract::State;
use haat_web::ui::{self, Column, Icon, Pager, Tone};
use haat_web::{Head, Page, Query, Result, Visit};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Console, parts};

const PAGE: i32 = 50;

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    page: String,
}

pub async fn page(State(console): State<Console>, visit: Visit, Query(wanted): Query<Wanted>) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let request = pb::ListActionsRequest { page_size: PAGE, page_token: wanted.page.clone() };
    let found = haat_rpc::send(&visit.ctx(), request, |r| client.list_actions(r)).await?;
    let (title, here) = (visit.t("nav-audit"), visit.path("/audit"));
    let pager = Pager {
        first: (!wanted.page.is_empty()).then(|| here.clone()),
        next: (!found.next_page_token.is_empty()).then(|| format!("{here}?page={}", found.next_page_token)),
        position: String::new(),
    };
    let body = html! {
        @if found.actions.is_empty() { (ui::empty_state(Icon::Shield, &visit.t("no-actions"), &visit.t("no-actions-text"), &html! {})) }
        @else { h1 { (title) } (table(&visit, &found.actions)) (ui::pagination(&visit, &pager)) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn table(visit: &Visit, actions: &[Action]) -> Markup {
    let columns = ["when", "who", "what", "reason", "outcome", "request"].map(|id| Column::text(visit.t(id)));
    let rows: Vec<Vec<Markup>> = actions.iter().map(|action| row(visit, action)).collect();
    ui::table(&visit.t("nav-audit"), &columns, &rows)
}

fn row(visit: &Visit, action: &Action) -> Vec<Markup> {
    let what = format!("act-{}", action.what.replace('_', "-"));
    let outcome = match action.outcome.as_str() {
        "" => ui::badge(Tone::Warn, &visit.t("no-outcome")),
        text if action.has_failed => html! { (ui::badge(Tone::Bad, &visit.t("failed"))) " " (text) },
        text => html! { (ui::badge(Tone::Good, &visit.t("succeeded"))) " " (text) },
    };
    vec![
        parts::when(visit, action.at.as_ref()),
        parts::search_link(visit, &action.operator),
        html! { (if visit.knows(&what) { visit.t(&what) } else { action.what.clone() }) ": " (action.target) },
        html! { (action.reason) },
        outcome,
        html! { a href=(visit.path(&format!("/requests/{}", action.correlation_id))) { (parts::short_id(&action.correlation_id)) } },
    ]
}
