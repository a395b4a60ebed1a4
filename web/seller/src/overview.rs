//! How the seller's business stands: today, the last 30 days, what is to be done, what is new. A part whose service is away
//! says so; the others are there all the same.

use haat_contracts::catalog::{ListProductsRequest, ListProductsResponse, Product};
use haat_contracts::convert;
use haat_contracts::orders::order::State as OrderState;
use haat_contracts::orders::{ListOrdersRequest, ListOrdersResponse};
use haat_contracts::payments::seller_statement::Period;
use haat_contracts::payments::{GetSellerStatementRequest, SellerStatement};
use haat_kernel::{Error, Kind};
use haat_web::axum::extract::State;
use haat_web::ui::chart::{self, Point, Series};
use haat_web::ui::{self, Column, Icon, Look, Stat, Tone};
use haat_web::{Page, Result, Visit};
use maud::{Markup, html};

use crate::calls::Calls;
use crate::orders::{as_rows, columns};
use crate::parts;
use crate::products;
use crate::staff::Staff;

const SHOWN: usize = 5;
/// Orders to fulfil are counted up to here.
const COUNTED: i32 = 100;

type Answer<T> = haat_kernel::Result<T>;

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff) -> Result<Page> {
    let ctx = visit.ctx();
    let placed = ListOrdersRequest { state: OrderState::Placed.into(), page_size: COUNTED, ..Default::default() };
    let newest = ListOrdersRequest { page_size: 5, ..Default::default() };
    let low = ListProductsRequest { low_stock: true, page_size: 5, ..Default::default() };
    let (statement, placed, newest, low) = futures::join!(
        calls.statement(&ctx, GetSellerStatementRequest::default()),
        calls.orders(&ctx, placed),
        calls.orders(&ctx, newest),
        calls.products(&ctx, low),
    );
    signed_in(&statement)?;
    let actions = html! {
        (ui::link_button(Look::Secondary, &visit.path("/import"), &visit.t("import")))
        (ui::link_button(Look::Primary, &visit.path("/products/new"), &visit.t("new-product")))
    };
    let content = html! {
        (figures(&visit, &statement, &placed))
        (charts(&visit, &statement))
        (orders(&visit, "to-fulfil", &placed, "nothing-to-fulfil", "/orders?state=placed"))
        (parts::section(&visit.t("low-stock"), &low_stock(&visit, &low)))
        (orders(&visit, "what-is-new", &newest, "no-orders-yet", "/orders"))
    };
    Ok(parts::page(&visit.t("overview"), &actions, &content))
}

/// A session that has ended is not a part that is away.
fn signed_in<T>(answer: &Answer<T>) -> Result<()> {
    match answer {
        Err(error) if matches!(error.kind, Kind::Unauthenticated | Kind::PermissionDenied) => Err(error.clone().into()),
        _ => Ok(()),
    }
}

fn away(visit: &Visit, error: &Error) -> Markup {
    tracing::warn!(%error, "a part of the overview is missing");
    ui::notice(Tone::Warn, &html! { (visit.t("part-away")) })
}

fn figures(visit: &Visit, statement: &Answer<SellerStatement>, placed: &Answer<ListOrdersResponse>) -> Markup {
    let statement = match statement {
        Ok(statement) => statement,
        Err(error) => return away(visit, error),
    };
    let today = statement.periods.last().cloned().unwrap_or_default();
    let in_all = |text: String| visit.t_with("in-30-days", &[("what", text.into())]);
    let count = |number: i64| visit.number(number.unsigned_abs());
    let (waiting, tone) = placed.as_ref().map_or_else(|_| ("–".to_owned(), Tone::Neutral), waiting);
    ui::stats(&[
        Stat {
            label: visit.t("orders-today"),
            value: count(today.sales),
            note: in_all(count(statement.sales)),
            picture: Some(chart::sparkline(&visit.t("orders-per-day"), &values(statement, |period| count_of(period.sales)))),
            ..Stat::default()
        },
        Stat {
            label: visit.t("sales-today"),
            value: parts::money(visit, today.sold.as_ref()),
            note: in_all(parts::money(visit, statement.sold.as_ref())),
            picture: Some(chart::sparkline(&visit.t("sales-per-day"), &values(statement, |period| rupees(period.sold.as_ref())))),
            ..Stat::default()
        },
        Stat {
            label: visit.t("to-fulfil"),
            value: waiting,
            tone,
            href: Some(visit.path("/orders?state=placed")),
            ..Stat::default()
        },
        Stat {
            label: visit.t("balance"),
            value: parts::money(visit, statement.closing_balance.as_ref()),
            note: visit.t("balance-note"),
            href: Some(visit.path("/statement")),
            ..Stat::default()
        },
    ])
}

fn waiting(placed: &ListOrdersResponse) -> (String, Tone) {
    let more = if placed.next_page_token.is_empty() { "" } else { "+" };
    let tone = if placed.orders.is_empty() { Tone::Good } else { Tone::Warn };
    (format!("{}{more}", placed.orders.len()), tone)
}

fn charts(visit: &Visit, statement: &Answer<SellerStatement>) -> Markup {
    let Ok(statement) = statement else { return html! {} };
    let series = |name: String, value: fn(&Period) -> f64| Series {
        name,
        points: statement.periods.iter().map(|period| Point::new(parts::short_day(visit, &period.from), value(period))).collect(),
    };
    let sold = series(visit.t("sold"), |period| rupees(period.sold.as_ref()));
    let refunded = series(visit.t("refunded"), |period| rupees(period.refunded.as_ref()));
    let sales = series(visit.t("orders"), |period| count_of(period.sales));
    html! {
        section.columns {
            (chart::bars(visit, &visit.t("sales-per-day"), &[sold, refunded], &|value| format!("₹{value:.2}")))
            (chart::line(visit, &visit.t("orders-per-day"), &[sales], &|value| format!("{value:.0}")))
        }
    }
}

fn values(statement: &SellerStatement, value: fn(&Period) -> f64) -> Vec<f64> {
    statement.periods.iter().map(value).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
pub fn rupees(amount: Option<&haat_contracts::common::Money>) -> f64 {
    convert::money(amount).minor as f64 / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
fn count_of(count: i64) -> f64 {
    count as f64
}

/// The first of a list of orders; `title` names it.
fn orders(visit: &Visit, title: &str, answer: &Answer<ListOrdersResponse>, nothing: &str, all: &str) -> Markup {
    let title = visit.t(title);
    let content = match answer {
        Err(error) => away(visit, error),
        Ok(found) if found.orders.is_empty() => html! { p.soft { (visit.t(nothing)) } },
        Ok(found) => {
            let first = found.orders.get(..SHOWN).unwrap_or(&found.orders);
            html! {
                (ui::table(&title, &columns(visit), &as_rows(visit, first)))
                p { a href=(visit.path(all)) { (visit.t("see-all")) span.visually-hidden { ": " (title) } } }
            }
        }
    };
    parts::section(&title, &content)
}

fn low_stock(visit: &Visit, answer: &Answer<ListProductsResponse>) -> Markup {
    let found = match answer {
        Ok(found) => found,
        Err(error) => return away(visit, error),
    };
    let columns = [Column::text(visit.t("product")), Column::text(visit.t("availability"))];
    let row = |product: &Product| {
        let product = products::as_own(visit, product.clone());
        vec![products::link(visit, &product), parts::availability(visit, &product)]
    };
    let rows: Vec<Vec<Markup>> = found.products.iter().map(row).collect();
    html! {
        @if rows.is_empty() { p.soft { (ui::icon(Icon::Check)) " " (visit.t("nothing-low")) } }
        @else {
            (ui::table(&visit.t("low-stock"), &columns, &rows))
            p { a href=(visit.path("/products?state=low")) { (visit.t("see-all")) } }
        }
    }
}
