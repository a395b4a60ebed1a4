//! Whether the books balance: what each service says of its own at this moment, the last verdict over all of them, and a
//! check now.

use haat_contracts::operations::books::Verdict;
use haat_contracts::operations::instance_report::Books as OwnBooks;
use haat_contracts::operations::{self as pb, Books, InstanceReport};
use haat_web::axum::extract::State;
use haat_web::ui::{self, Look, Tone};
use haat_web::{Head, Page, Result, Visit};
use maud::{Markup, html};

use super::{Console, parts};

pub async fn page(State(console): State<Console>, visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let books = haat_rpc::send(&visit.ctx(), pb::GetBooksRequest {}, |r| client.get_books(r)).await?;
    let services = haat_rpc::send(&visit.ctx(), pb::ListServicesRequest {}, |r| client.list_services(r)).await?.services;
    let instances: Vec<InstanceReport> = services.into_iter().flat_map(|service| service.instances).collect();
    let title = visit.t("nav-books");
    let body = html! {
        div.page-head {
            h1 { (title) }
            a.button.quiet href=(visit.path("/books")) { (visit.t("refresh")) }
            (ui::link_button(Look::Primary, &visit.path("/act/check-books?id=books"), &visit.t("act-check-books")))
        }
        p { (visit.t("books-text")) }
        @if books.is_checking { (ui::notice(Tone::Info, &html! { (visit.t("books-checking")) })) }
        (verdict(&visit, &books))
        (lines(&visit, "books-wrong-lines", &books.wrong))
        (lines(&visit, "books-moving-lines", &books.moving))
        (lines(&visit, "books-parked-lines", &books.parked))
        (counted(&visit, &books))
        (own(&visit, &instances))
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn verdict(visit: &Visit, books: &Books) -> Markup {
    let (tone, id) = match books.verdict() {
        Verdict::Balanced => (Tone::Good, "books-balanced"),
        Verdict::Wrong => (Tone::Bad, "books-wrong"),
        Verdict::Undecided => (Tone::Warn, "books-undecided"),
        Verdict::Unspecified => (Tone::Neutral, "books-unknown"),
    };
    html! {
        (ui::notice(tone, &html! { strong { (visit.t(id)) } }))
        (ui::definition_list(&[
            (&visit.t("checked-at"), parts::when(visit, books.checked_at.as_ref())),
            (&visit.t("balanced-at"), parts::when(visit, books.balanced_at.as_ref())),
        ]))
    }
}

fn lines(visit: &Visit, heading: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() { section { h2 { (visit.t(heading)) } ul { @for line in lines { li { (line) } } } } }
    }
}

fn counted(visit: &Visit, books: &Books) -> Markup {
    let columns = [ui::Column::text(visit.t("what")), ui::Column::number(visit.t("count"))];
    let rows: Vec<Vec<Markup>> =
        books.counted.iter().map(|(what, count)| vec![html! { (what) }, html! { (visit.number(*count)) }]).collect();
    html! { @if !rows.is_empty() { section { h2 { (visit.t("counted")) } (ui::table(&visit.t("counted"), &columns, &rows)) } } }
}

/// What services say of their own books.
fn own(visit: &Visit, instances: &[InstanceReport]) -> Markup {
    let kept = || instances.iter().filter_map(|one| Some((one, one.books.as_ref()?)));
    let columns = [
        ui::Column::text(visit.t("service")),
        ui::Column::text(visit.t("state")),
        ui::Column::number(visit.t("books-behind")),
        ui::Column::text(visit.t("books-held")),
        ui::Column::text(visit.t("books-swept")),
        ui::Column::number(visit.t("books-states")),
    ];
    let rows: Vec<Vec<Markup>> = kept().map(|(one, books)| row(visit, one, books)).collect();
    let wrong: Vec<String> =
        kept().flat_map(|(one, books)| books.lines.iter().map(|line| format!("{}: {line}", one.service))).collect();
    html! {
        section { h2 { (visit.t("books-own")) } p { (visit.t("books-own-text")) } (ui::table(&visit.t("books-own"), &columns, &rows)) }
        (lines(visit, "books-wrong-lines", &wrong))
    }
}

fn row(visit: &Visit, instance: &InstanceReport, books: &OwnBooks) -> Vec<Markup> {
    let state = match (books.violations, &books.swept_at) {
        (0, Some(_)) => ui::badge(Tone::Good, &visit.t("books-hold")),
        (0, None) => ui::badge(Tone::Neutral, &visit.t("books-unswept")),
        _ => ui::badge(Tone::Bad, &visit.t_with("books-broken", &[("count", books.violations.into())])),
    };
    vec![
        html! { a href=(visit.path(&format!("/services/{}", instance.service))) { (instance.service) } },
        state,
        html! { (visit.number(books.behind)) },
        parts::when(visit, books.held_at.as_ref()),
        parts::when(visit, books.swept_at.as_ref()),
        html! { (visit.number(books.states)) },
    ]
}
