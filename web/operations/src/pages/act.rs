//! Acting: first a page that says what will happen and asks why, then the act itself, once, under the operator's name. What
//! is done through other contracts is noted in the audit before and after.

use haat_contracts::common::Money;
use haat_contracts::inventory::{GetReservationRequest, ReleaseReservationRequest};
use haat_contracts::operations::{self as pb, RecordActionRequest, StuckRequest};
use haat_contracts::orders::CancelOrderRequest;
use haat_contracts::payments::{GetPaymentRequest, RefundPaymentRequest, SyncPaymentRequest};
use haat_kernel::{Ctx, Error};
use haat_web::axum::extract::{Path, State};
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::ui::{self, Field, Look};
use haat_web::{Errors, Failure, Form, Head, Page, Query, Result, Visit, see_other};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use super::Console;

const REASON_CHARS_MAX: &str = "400";

/// To what it is to be done.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wanted {
    #[serde(default)]
    pub service: String,
    #[serde(default)]
    pub kind: String,
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub reason: String,
    /// Of a refund, in rupees: `1299.00`.
    #[serde(default)]
    pub amount: String,
    #[serde(default)]
    pub key: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Retry,
    Resolve,
    CancelOrder,
    Refund,
    SyncPayment,
    ReleaseReservation,
    CheckBooks,
}

impl Act {
    fn of(name: &str) -> Result<Self> {
        let all =
            [Act::Retry, Act::Resolve, Act::CancelOrder, Act::Refund, Act::SyncPayment, Act::ReleaseReservation, Act::CheckBooks];
        all.into_iter().find(|act| act.name() == name).ok_or(Failure::NotFound)
    }

    fn name(self) -> &'static str {
        match self {
            Act::Retry => "retry",
            Act::Resolve => "resolve",
            Act::CancelOrder => "cancel-order",
            Act::Refund => "refund",
            Act::SyncPayment => "sync-payment",
            Act::ReleaseReservation => "release-reservation",
            Act::CheckBooks => "check-books",
        }
    }

    fn look(self) -> Look {
        match self {
            Act::Retry | Act::SyncPayment | Act::CheckBooks => Look::Primary,
            Act::Resolve | Act::CancelOrder | Act::Refund | Act::ReleaseReservation => Look::Danger,
        }
    }

    /// Where the operator goes on.
    fn next(self, visit: &Visit, wanted: &Wanted) -> String {
        match self {
            Act::Retry | Act::Resolve => visit.path("/stuck"),
            Act::CheckBooks => visit.path("/books"),
            Act::CancelOrder | Act::Refund | Act::SyncPayment | Act::ReleaseReservation => {
                format!("{}?text={}", visit.path("/search"), wanted.id)
            }
        }
    }
}

/// The page that asks for confirmation.
pub fn path(visit: &Visit, what: &str, wanted: &Wanted) -> String {
    let Wanted { service, kind, id, .. } = wanted;
    let escaped = id.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace(' ', "%20");
    visit.path(&format!("/act/{what}?service={service}&kind={kind}&id={escaped}"))
}

pub async fn confirm(
    State(console): State<Console>,
    visit: Visit,
    Path(what): Path<String>,
    Query(mut wanted): Query<Wanted>,
) -> Result<Page> {
    visit.demand_user()?;
    let act = Act::of(&what)?;
    let mut left = None;
    if act == Act::Refund {
        let mut client = console.payments.clone();
        let request = GetPaymentRequest { payment: wanted.id.clone() };
        let payment = haat_rpc::send(&visit.ctx(), request, |r| client.get_payment(r)).await?;
        let amount = |money: Option<&Money>| money.map_or(0, |money| money.amount);
        let rest = amount(payment.captured.as_ref()) - amount(payment.refunded.as_ref());
        wanted.amount = format!("{}.{:02}", rest / 100, rest % 100);
        left = Some(visit.money(&Money { currency_code: "INR".to_owned(), amount: rest }));
    }
    if act == Act::ReleaseReservation {
        let mut client = console.inventory.clone();
        let request = GetReservationRequest { reservation: wanted.id.clone() };
        let reservation = haat_rpc::send(&visit.ctx(), request, |r| client.get_reservation(r)).await?;
        let state = visit.t(&format!("reservation-{}", reservation.state().as_str_name().to_lowercase().replace('_', "-")));
        left = Some(visit.t_with("reservation-holds", &[("pieces", reservation.pieces.into()), ("state", state.into())]));
    }
    Ok(page(&visit, act, &wanted, left.as_deref(), &Errors::default()))
}

/// `left`: what there is to be given back, where that was asked.
fn page(visit: &Visit, act: Act, wanted: &Wanted, left: Option<&str>, errors: &Errors) -> Page {
    let title = visit.t(&format!("act-{}", act.name()));
    let body = html! {
        h1 { (title) }
        (ui::error_summary(visit, errors))
        div.split {
        form.stack method="post" action=(visit.path(&format!("/act/{}", act.name()))) {
            (visit.csrf_field())
            (visit.key_field())
            @for (name, value) in [("service", &wanted.service), ("kind", &wanted.kind), ("id", &wanted.id)] {
                input type="hidden" name=(name) value=(value);
            }
            @if act == Act::Refund { (amount_field(visit, wanted, left, errors)) }
            (Field::area("reason", &visit.t("why"), 3).value(&wanted.reason).hint(&visit.t("why-hint")).errors(errors)
                .required().with("maxlength", REASON_CHARS_MAX))
            div.row {
                (ui::submit(act.look(), &title))
                (ui::link_button(Look::Quiet, &act.next(visit, wanted), &visit.t("do-nothing")))
            }
        }
        aside.card {
            p { (visit.t(&format!("act-{}-text", act.name()))) }
            (ui::definition_list(&[(&visit.t("to-what"), html! { (target(wanted)) })]))
            @if let Some(left) = left.filter(|_| act == Act::ReleaseReservation) { p { (left) } }
        }
        }
    };
    Page::new(Head::titled(title).private(), body)
}

fn amount_field(visit: &Visit, wanted: &Wanted, left: Option<&str>, errors: &Errors) -> Markup {
    let hint = left.map(|left| visit.t_with("refund-left", &[("left", left.into())])).unwrap_or_default();
    html! { (Field::decimal("amount", &visit.t("amount")).value(&wanted.amount).hint(&hint).errors(errors).required()) }
}

fn target(wanted: &Wanted) -> String {
    [wanted.service.as_str(), wanted.kind.as_str(), wanted.id.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

pub async fn perform(
    State(console): State<Console>,
    visit: Visit,
    Path(what): Path<String>,
    Form(wanted): Form<Wanted>,
) -> Result<Response> {
    visit.demand_user()?;
    let act = Act::of(&what)?;
    if wanted.reason.trim().is_empty() {
        let mut errors = Errors::default();
        errors.add("reason", visit.t("why-missing"));
        return Err(Failure::Shown(Box::new(page(&visit, act, &wanted, None, &errors))));
    }
    match do_it(&console, &visit, act, &wanted).await {
        Ok(()) => Ok(see_other(&act.next(&visit, &wanted)).notice("act-done").into_response()),
        Err(error) => Err(Failure::Shown(Box::new(page(&visit, act, &wanted, None, &Errors::of(error)?)))),
    }
}

async fn do_it(console: &Console, visit: &Visit, act: Act, wanted: &Wanted) -> Result<(), Error> {
    let ctx = visit.ctx_keyed(&wanted.key);
    let Wanted { service, kind, id, reason, .. } = wanted.clone();
    let mut operations = console.operations.clone();
    match act {
        Act::Retry => {
            let request = StuckRequest { service, kind, id, reason };
            haat_rpc::send(&ctx, request, |r| operations.retry_stuck_work(r)).await.map(drop)
        }
        Act::Resolve => {
            let request = StuckRequest { service, kind, id, reason };
            haat_rpc::send(&ctx, request, |r| operations.resolve_stuck_work(r)).await.map(drop)
        }
        Act::CheckBooks => haat_rpc::send(&ctx, pb::CheckBooksRequest { reason }, |r| operations.check_books(r)).await.map(drop),
        Act::CancelOrder => {
            let mut orders = console.orders.clone();
            let request = CancelOrderRequest { order: id, reason, ..Default::default() };
            audited(console, visit, act, wanted, haat_rpc::send(&ctx, request, |r| orders.cancel_order(r))).await
        }
        Act::SyncPayment => {
            let mut payments = console.payments.clone();
            let request = SyncPaymentRequest { payment: id };
            audited(console, visit, act, wanted, haat_rpc::send(&ctx, request, |r| payments.sync_payment(r))).await
        }
        Act::ReleaseReservation => {
            let mut inventory = console.inventory.clone();
            let request = ReleaseReservationRequest { reservation: id, reason };
            audited(console, visit, act, wanted, haat_rpc::send(&ctx, request, |r| inventory.release_reservation(r))).await
        }
        Act::Refund => {
            let mut payments = console.payments.clone();
            let amount = Some(Money { currency_code: "INR".to_owned(), amount: paise(&wanted.amount)? });
            let request = RefundPaymentRequest { payment: id, amount, reason };
            audited(console, visit, act, wanted, haat_rpc::send(&ctx, request, |r| payments.refund_payment(r))).await
        }
    }
}

/// Notes the act, does it, and notes what came of it.
async fn audited<T>(
    console: &Console,
    visit: &Visit,
    act: Act,
    wanted: &Wanted,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<(), Error> {
    let ctx = visit.ctx();
    let note = RecordActionRequest {
        id: wanted.key.clone(),
        what: act.name().replace('-', "_"),
        target: target(wanted),
        reason: wanted.reason.clone(),
        ..Default::default()
    };
    record(console, &ctx, note.clone()).await?;
    let outcome = work.await;
    let (text, has_failed) = match &outcome {
        Ok(_) => ("done".to_owned(), false),
        Err(error) => (error.detail.clone(), true),
    };
    // It is done: a note that fails stays visible as one without an outcome.
    if let Err(error) = record(console, &ctx, RecordActionRequest { outcome: text, has_failed, ..note }).await {
        tracing::warn!(%error, "the outcome of an action could not be noted");
    }
    outcome.map(drop)
}

async fn record(console: &Console, ctx: &Ctx, note: RecordActionRequest) -> Result<(), Error> {
    let mut operations = console.operations.clone();
    haat_rpc::send(ctx, note, |r| operations.record_action(r)).await.map(drop)
}

/// `1299.5` → 129950.
fn paise(text: &str) -> Result<i64, Error> {
    let wrong = || Error::invalid("amount", "is an amount in rupees, such as 1299.00");
    let (rupees, paise) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let is_plain = |part: &str| (1..=12).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !is_plain(rupees) || !is_plain(paise) || paise.len() > 2 {
        return Err(wrong());
    }
    let paise: i64 = format!("{paise:0<2}").parse().map_err(|_| wrong())?;
    Ok(rupees.parse::<i64>().map_err(|_| wrong())? * 100 + paise)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_to_the_paisa_or_refused() {
        assert_eq!(paise("1299.00").unwrap(), 129_900);
        assert_eq!(paise(" 5.5 ").unwrap(), 550);
        assert_eq!(paise("7").unwrap(), 700);
        for wrong in ["", "-5", "1.234", "1,000", "x", "1.", ".5", "1e3"] {
            assert!(paise(wrong).is_err(), "{wrong}");
        }
    }
}
