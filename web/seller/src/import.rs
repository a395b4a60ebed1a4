//! Products from a file: the form, and what became of the file, line by line. The answer to the upload is the report itself.
//! The form carries no key: sending it once more changes nothing, because the same file never does.

use haat_contracts::catalog::ImportReport;
use haat_contracts::catalog::import_report::RowError;
use haat_web::axum::extract::{Multipart, State};
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::ui::{self, Column, Field, Look, Stat, Tone};
use haat_web::{Errors, Page, Result, Visit};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use maud::{Markup, html};

use crate::calls::Calls;
use crate::parts;
use crate::product::shown;
use crate::staff::Staff;
use crate::upload::{self, Refused};

/// Shows how far a file is on its way.
const SCRIPT: &str = include_str!("../scripts/import.js");

pub async fn page(Staff(visit): Staff) -> Page {
    import_page(&visit, &Errors::default())
}

pub async fn script() -> Response {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], SCRIPT).into_response()
}

pub async fn import(State(calls): State<Calls>, Staff(visit): Staff, headers: HeaderMap, mut form: Multipart) -> Result<Page> {
    match upload::import(&calls, &visit, &headers, &mut form).await {
        Ok(report) => Ok(report_page(&visit, &report)),
        Err(Refused::Form(errors)) => Err(shown(import_page(&visit, &errors))),
        Err(Refused::Failure(failure)) => Err(*failure),
    }
}

fn import_page(visit: &Visit, errors: &Errors) -> Page {
    let content = html! {
        p.soft { (visit.t("import-text")) }
        (ui::error_summary(visit, errors))
        section.card { (form(visit, errors)) }
        (parts::section(&visit.t("import-rules"), &html! {
            ul {
                li { (visit.t("import-rule-shopify")) }
                li { (visit.t("import-rule-json")) }
                li { (visit.t("import-rule-again")) }
                li { (visit.t("import-rule-stock")) }
            }
        }))
    };
    parts::page(&visit.t("import-title"), &html! {}, &content)
}

/// The proof comes before the file: nothing of a file is read without it.
fn form(visit: &Visit, errors: &Errors) -> Markup {
    html! {
        form.stack method="post" enctype="multipart/form-data" action=(visit.path("/import")) data-import
            data-sending=(visit.t("import-sending")) data-working=(visit.t("import-working")) {
            (visit.csrf_field())
            (Field::file("file", &visit.t("file")).hint(&visit.t("file-hint")).with("accept", ".csv,.jsonl,.ndjson,text/csv").required().errors(errors))
            div data-progress hidden {
                progress max="100" value="0" aria-label=(visit.t("import-title")) {}
                p role="status" {}
            }
            div.row { (ui::submit(Look::Primary, &visit.t("import"))) }
        }
        script type="module" src=(visit.path("/import.js")) {}
    }
}

fn report_page(visit: &Visit, report: &ImportReport) -> Page {
    let failed = report.products_failed;
    let (tone, told) = if failed == 0 { (Tone::Good, "import-done") } else { (Tone::Warn, "import-done-with-errors") };
    let content = html! {
        (ui::notice(tone, &html! { (visit.t_with(told, &[("rows", report.rows.into()), ("failed", failed.into())])) }))
        (counts(visit, report))
        @if !report.errors.is_empty() { (row_errors(visit, &report.errors)) }
        section.row {
            (ui::link_button(Look::Primary, &visit.path("/products"), &visit.t("to-products")))
            (ui::link_button(Look::Secondary, &visit.path("/import"), &visit.t("import-another")))
        }
    };
    parts::page(&visit.t("import-result"), &html! {}, &content)
}

fn counts(visit: &Visit, report: &ImportReport) -> Markup {
    let stat = |label: &str, count: i64, tone| Stat {
        label: visit.t(label),
        value: visit.number(count.unsigned_abs()),
        tone,
        ..Stat::default()
    };
    let bad = if report.products_failed > 0 { Tone::Bad } else { Tone::Neutral };
    ui::stats(&[
        stat("rows-read", report.rows, Tone::Neutral),
        stat("products-created", report.products_created, Tone::Good),
        stat("products-updated", report.products_updated, Tone::Neutral),
        stat("products-unchanged", report.products_unchanged, Tone::Neutral),
        stat("products-failed", report.products_failed, bad),
    ])
}

fn row_errors(visit: &Visit, errors: &[RowError]) -> Markup {
    let columns = [
        Column::number(visit.t("line")),
        Column::text(visit.t("handle")),
        Column::text(visit.t("field")),
        Column::text(visit.t("what-is-wrong")),
    ];
    let row = |error: &RowError| {
        vec![html! { (error.line) }, html! { (error.handle) }, html! { code { (error.field) } }, html! { (error.description) }]
    };
    let rows: Vec<Vec<Markup>> = errors.iter().map(row).collect();
    parts::section(&visit.t("import-errors"), &ui::table(&visit.t("import-errors"), &columns, &rows))
}
