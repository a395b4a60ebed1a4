//! Whether the books balance: the last verdict, when they last did, and a check now.

use haat_contracts::operations::books::Verdict;
use haat_contracts::operations::{self as pb, Books};
use haat_web::axum::extract::State;
use haat_web::ui::{self, Look, Tone};
use haat_web::{Head, Page, Result, Visit};
use maud::{Markup, html};

use super::{Console, parts};

pub async fn page(State(console): State<Console>, visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let books = haat_rpc::send(&visit.ctx(), pb::GetBooksRequest {}, |r| client.get_books(r)).await?;
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
