//! The seller's account in the platform's ledger: what was sold, what went back, what they are owed; also as a file.

use haat_contracts::payments::get_seller_statement_request::Step;
use haat_contracts::payments::seller_statement::Period;
use haat_contracts::payments::{GetSellerStatementRequest, SellerStatement};
use haat_web::axum::extract::State;
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::ui::chart::{self, Point, Series};
use haat_web::ui::{self, Column, Field, Look, Stat};
use haat_web::{Errors, Page, Query, Result, Visit};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::calls::Calls;
use crate::overview::rupees;
use crate::parts;
use crate::product::shown;
use crate::staff::Staff;

/// More would be a chart that nobody can read.
const CHARTED_MAX: usize = 100;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Wanted {
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    to: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    step: String,
}

impl Wanted {
    fn request(&self) -> GetSellerStatementRequest {
        let step = if self.step == "month" { Step::Month } else { Step::Day };
        GetSellerStatementRequest { from: self.from.clone(), to: self.to.clone(), step: step.into() }
    }
}

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff, Query(wanted): Query<Wanted>) -> Result<Page> {
    let content = match calls.statement(&visit.ctx(), wanted.request()).await {
        Ok(statement) => {
            let wanted = Wanted { from: statement.from.clone(), to: statement.to.clone(), ..wanted };
            html! {
                div.stack { (form(&visit, &wanted, &Errors::default())) (figures(&visit, &statement)) }
                (shown_statement(&visit, &wanted, &statement))
            }
        }
        Err(error) => {
            let errors = Errors::of(error)?;
            return Err(shown(statement_page(&visit, &form(&visit, &wanted, &errors))));
        }
    };
    Ok(statement_page(&visit, &content))
}

fn statement_page(visit: &Visit, content: &Markup) -> Page {
    parts::page(&visit.t("statements"), &html! {}, content)
}

/// Comma-separated, in rupees. Every field is a day or a number of ours, so that no spreadsheet can take one for a formula.
pub async fn file(State(calls): State<Calls>, Staff(visit): Staff, Query(wanted): Query<Wanted>) -> Result<Response> {
    let statement = calls.statement(&visit.ctx(), wanted.request()).await?;
    let name = format!("attachment; filename=\"statement-{}-{}.csv\"", statement.from, statement.to);
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, name)], as_csv(&statement)).into_response())
}

fn as_csv(statement: &SellerStatement) -> String {
    let line = |period: &Period| {
        let [sold, refunded, balance] =
            [&period.sold, &period.refunded, &period.balance].map(|amount| parts::plain(amount.as_ref()));
        format!("{},{},{sold},{},{refunded},{balance}\r\n", period.from, period.sales, period.refunds)
    };
    let lines: String = statement.periods.iter().map(line).collect();
    format!("from,sales,sold_inr,refunds,refunded_inr,balance_inr\r\n{lines}")
}

fn form(visit: &Visit, wanted: &Wanted, errors: &Errors) -> Markup {
    let (day, month) = (visit.t("by-day"), visit.t("by-month"));
    html! {
        (ui::error_summary(visit, errors))
        form.inline action=(visit.path("/statement")) method="get" {
            (Field::date("from", &visit.t("from")).value(&wanted.from).errors(errors))
            (Field::date("to", &visit.t("to")).value(&wanted.to).errors(errors))
            (Field::select("step", &visit.t("group-by"), &[("day", &day), ("month", &month)]).value(&wanted.step))
            (ui::submit(Look::Secondary, &visit.t("show")))
        }
    }
}

fn shown_statement(visit: &Visit, wanted: &Wanted, statement: &SellerStatement) -> Markup {
    let query = serde_html_form::to_string(wanted).unwrap_or_default();
    html! {
        @if statement.periods.len() <= CHARTED_MAX { section { (balances(visit, statement)) } }
        section.stack-small {
            (periods(visit, &wanted.step, statement))
            p.soft.small { (visit.t("statement-hint")) }
        }
        section { (ui::link_button(Look::Secondary, &format!("{}?{query}", visit.path("/statement.csv")), &visit.t("download-csv"))) }
    }
}

fn figures(visit: &Visit, statement: &SellerStatement) -> Markup {
    let stat = |label: &str, value: String, note: String| Stat { label: visit.t(label), value, note, ..Stat::default() };
    let count = |id: &str, count: i64| visit.t_with(id, &[("count", count.into())]);
    let money = |amount| parts::money(visit, amount);
    let on = |day: &str| parts::day(visit, day);
    ui::stats(&[
        stat("opening-balance", money(statement.opening_balance.as_ref()), on(&statement.from)),
        stat("sold", money(statement.sold.as_ref()), count("count-sales", statement.sales)),
        stat("refunded", money(statement.refunded.as_ref()), count("count-refunds", statement.refunds)),
        stat("closing-balance", money(statement.closing_balance.as_ref()), on(&statement.to)),
    ])
}

fn balances(visit: &Visit, statement: &SellerStatement) -> Markup {
    let point = |period: &Period| Point::new(parts::short_day(visit, &period.from), rupees(period.balance.as_ref()));
    let series = Series { name: visit.t("balance"), points: statement.periods.iter().map(point).collect() };
    chart::line(visit, &visit.t("balance"), &[series], &|value| format!("₹{value:.2}"))
}

fn periods(visit: &Visit, step: &str, statement: &SellerStatement) -> Markup {
    let columns = [
        Column::text(visit.t(if step == "month" { "by-month" } else { "by-day" })),
        Column::number(visit.t("sales")),
        Column::number(visit.t("sold")),
        Column::number(visit.t("refunds")),
        Column::number(visit.t("refunded")),
        Column::number(visit.t("balance")),
    ];
    let row = |period: &Period| {
        let money = |amount| html! { (parts::money(visit, amount)) };
        vec![
            html! { (parts::day(visit, &period.from)) },
            html! { (period.sales) },
            money(period.sold.as_ref()),
            html! { (period.refunds) },
            money(period.refunded.as_ref()),
            money(period.balance.as_ref()),
        ]
    };
    let eventful = statement.periods.iter().rev().filter(|period| period.sales + period.refunds > 0);
    let rows: Vec<Vec<Markup>> = eventful.map(row).collect();
    html! {
        @if rows.is_empty() { p.soft { (visit.t("nothing-booked")) } } @else { (ui::table(&visit.t("bookings"), &columns, &rows)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use haat_contracts::common::Money;

    #[test]
    fn the_file_has_a_line_for_each_period() {
        let inr = |amount| Some(Money { currency_code: "INR".into(), amount });
        let period = Period {
            from: "2026-11-21".into(),
            sales: 2,
            sold: inr(129_900),
            refunds: 1,
            refunded: inr(50),
            balance: inr(-129_850),
        };
        let statement = SellerStatement { periods: vec![period], ..SellerStatement::default() };
        let lines = "from,sales,sold_inr,refunds,refunded_inr,balance_inr\r\n2026-11-21,2,1299.00,1,0.50,-1298.50\r\n";
        assert_eq!(as_csv(&statement), lines);
    }
}
