//! What waits for a person, in all services, and what can be done about each.

use haat_contracts::operations::{self as pb, StuckWork};
use haat_web::axum::extract::State;
use haat_web::ui::{self, Column, Icon, Tone};
use haat_web::{Head, Page, Result, Visit};
use maud::{Markup, html};

use super::act::{self, Wanted};
use super::{Console, parts};

pub async fn page(State(console): State<Console>, visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let found = haat_rpc::send(&visit.ctx(), pb::ListStuckWorkRequest {}, |r| client.list_stuck_work(r)).await?;
    let title = visit.t("nav-stuck");
    let body = html! {
        @if !found.unreachable.is_empty() {
            (ui::notice(Tone::Warn, &html! { (visit.t("not-asked")) " " (found.unreachable.join(", ")) }))
        }
        @if found.work.is_empty() {
            (ui::empty_state(Icon::Check, &visit.t("nothing-stuck"), &visit.t("nothing-stuck-text"), &html! {
                a.button.secondary href=(visit.path("/stuck")) { (visit.t("refresh")) }
            }))
        } @else {
            div.page-head { h1 { (title) } a.button.quiet href=(visit.path("/stuck")) { (visit.t("refresh")) } }
            (table(&visit, &found.work))
        }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn table(visit: &Visit, work: &[StuckWork]) -> Markup {
    let columns = [
        Column::text(visit.t("what")),
        Column::text(visit.t("service")),
        Column::text(visit.t("reason")),
        Column::number(visit.t("attempts")),
        Column::text(visit.t("since")),
        Column::text(visit.t("actions")),
    ];
    let rows: Vec<Vec<Markup>> = work.iter().map(|item| row(visit, item)).collect();
    ui::table(&visit.t("nav-stuck"), &columns, &rows)
}

fn row(visit: &Visit, item: &StuckWork) -> Vec<Markup> {
    vec![
        html! { p { (item.kind.replace('_', " ")) ": " (item.title) } (parts::search_link(visit, &item.id)) },
        html! { a href=(visit.path(&format!("/services/{}", item.service))) { (item.service) } },
        html! { p { (item.reason) } },
        html! { (item.attempts) },
        parts::when(visit, item.since.as_ref()),
        html! {
            a.button.secondary href=(act::path(visit, "retry", &wanted(item))) { (visit.t("act-retry")) } " "
            @if item.can_resolve { a.button.quiet href=(act::path(visit, "resolve", &wanted(item))) { (visit.t("act-resolve")) } }
        },
    ]
}

fn wanted(item: &StuckWork) -> Wanted {
    Wanted { service: item.service.clone(), kind: item.kind.clone(), id: item.id.clone(), ..Wanted::default() }
}
