//! The seller's own orders: lists by state, and one order with its lines, where it goes, and what happened to it.

use haat_contracts::common::PostalAddress;
use haat_contracts::convert;
use haat_contracts::orders::order::{HistoryEntry, State as OrderState};
use haat_contracts::orders::{ListOrdersRequest, ListOrdersResponse, Order};
use haat_kernel::Kind;
use haat_web::axum::extract::{Path, State};
use haat_web::ui::{self, Column, Field, Icon, Look, Moment, Pager, Tab, Tone};
use haat_web::{Errors, Form, Page, Query, Result, SeeOther, Visit, see_other};
use maud::{Markup, html};
use serde::{Deserialize, Serialize};

use crate::calls::Calls;
use crate::parts;
use crate::product::shown;
use crate::staff::Staff;

const PAGE_SIZE: i32 = 25;
const TABS: [(&str, &str); 3] = [("", "all"), ("placed", "to-fulfil"), ("canceled", "order-canceled")];

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Wanted {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    state: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    page: String,
}

impl Wanted {
    fn request(&self) -> ListOrdersRequest {
        let state = match self.state.as_str() {
            "placed" => OrderState::Placed,
            "canceled" => OrderState::Canceled,
            _ => OrderState::Unspecified,
        };
        ListOrdersRequest { page_size: PAGE_SIZE, page_token: self.page.clone(), state: state.into() }
    }

    fn path(&self, visit: &Visit) -> String {
        let query = serde_html_form::to_string(self).unwrap_or_default();
        let path = visit.path("/orders");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    fn on_page(&self, token: &str) -> Self {
        Wanted { page: token.to_owned(), ..self.clone() }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Canceling {
    key: String,
    reason: String,
}

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff, Query(wanted): Query<Wanted>) -> Result<Page> {
    let ctx = visit.ctx();
    let found = match calls.orders(&ctx, wanted.request()).await {
        // A token of another list: the beginning.
        Err(error) if error.kind == Kind::InvalidArgument && !wanted.page.is_empty() => {
            calls.orders(&ctx, wanted.on_page("").request()).await?
        }
        found => found?,
    };
    let tab = |(state, label): (&str, &str)| Tab {
        label: visit.t(label),
        href: Wanted { state: state.to_owned(), page: String::new() }.path(&visit),
        is_current: wanted.state == state,
    };
    let content = html! {
        (ui::tabs(&visit.t("state"), &TABS.map(tab)))
        (list(&visit, &wanted, &found))
    };
    Ok(parts::page(&visit.t("orders"), &html! {}, &content))
}

fn list(visit: &Visit, wanted: &Wanted, found: &ListOrdersResponse) -> Markup {
    let pager = Pager {
        first: (!wanted.page.is_empty()).then(|| wanted.on_page("").path(visit)),
        next: (!found.next_page_token.is_empty()).then(|| wanted.on_page(&found.next_page_token).path(visit)),
        position: String::new(),
    };
    let nothing = if wanted.state == "placed" { "nothing-to-fulfil" } else { "no-orders-yet" };
    html! {
        @if found.orders.is_empty() && found.next_page_token.is_empty() {
            div.card { p { (ui::icon(Icon::Bag)) " " (visit.t(nothing)) } }
        } @else {
            (ui::table(&visit.t("orders"), &columns(visit), &as_rows(visit, &found.orders)))
        }
        (ui::pagination(visit, &pager))
    }
}

pub fn columns(visit: &Visit) -> [Column; 5] {
    [
        Column::text(visit.t("order")),
        Column::text(visit.t("placed-at")),
        Column::text(visit.t("goods")),
        Column::text(visit.t("state")),
        Column::number(visit.t("total")),
    ]
}

pub fn as_rows(visit: &Visit, orders: &[Order]) -> Vec<Vec<Markup>> {
    let row = |order: &Order| {
        vec![
            html! { a href=(path(visit, &order.id)) { (short(&order.id)) } },
            parts::time(visit, order.created_at.as_ref().and_then(|at| convert::time("createdAt", at).ok())),
            html! { (goods(visit, order)) },
            parts::order_state(visit, order.state()),
            html! { (parts::money(visit, order.total.as_ref())) },
        ]
    };
    orders.iter().map(row).collect()
}

fn path(visit: &Visit, order: &str) -> String {
    visit.path(&format!("/orders/{order}"))
}

/// The end of an id tells orders of a seller apart.
fn short(id: &str) -> String {
    let start = id.char_indices().rev().nth(7).map_or(0, |(start, _)| start);
    id[start..].to_uppercase()
}

/// The first line, and how many more there are.
fn goods(visit: &Visit, order: &Order) -> String {
    let Some(first) = order.lines.first() else { return String::new() };
    let first_line = format!("{} × {}", first.quantity, first.title);
    match order.lines.len() - 1 {
        0 => first_line,
        more => visit.t_with("and-more", &[("first", first_line.into()), ("count", more.into())]),
    }
}

pub async fn order(State(calls): State<Calls>, Staff(visit): Staff, Path(id): Path<String>) -> Result<Page> {
    let order = calls.order(&visit.ctx(), &id).await?;
    Ok(order_page(&visit, &order, &Canceling::default(), &Errors::default()))
}

pub async fn cancel(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(id): Path<String>,
    Form(form): Form<Canceling>,
) -> Result<SeeOther> {
    match calls.cancel_order(&visit.ctx_keyed(&form.key), &id, &form.reason).await {
        Ok(_) => Ok(see_other(&path(&visit, &id)).notice("order-was-canceled")),
        Err(error) => {
            let errors = Errors::of(error)?;
            let order = calls.order(&visit.ctx(), &id).await?;
            Err(shown(order_page(&visit, &order, &form, &errors)))
        }
    }
}

fn order_page(visit: &Visit, order: &Order, filled: &Canceling, errors: &Errors) -> Page {
    let number = if order.group_number.is_empty() { short(&order.id) } else { order.group_number.clone() };
    let title = visit.t_with("order-title", &[("number", number.into())]);
    let trail = [(visit.t("orders"), visit.path("/orders")), (title.clone(), String::new())];
    let trail: Vec<(&str, &str)> = trail.iter().map(|(label, href)| (label.as_str(), href.as_str())).collect();
    let placed = order.created_at.as_ref().and_then(|at| convert::time("createdAt", at).ok());
    let content = html! {
        div.stack {
            p.row { (parts::order_state(visit, order.state())) (parts::payment_status(visit, order.payment_status())) (parts::time(visit, placed)) }
            @if !order.cancel_reason.is_empty() {
                (ui::notice(Tone::Info, &html! { (visit.t("cancel-reason")) ": " (order.cancel_reason) }))
            }
        }
        (parts::section(&visit.t("goods"), &lines(visit, order)))
        section.columns {
            (parts::section(&visit.t("sums"), &sums(visit, order)))
            (parts::section(&visit.t("ship-to"), &address(visit, order.shipping_address.as_ref())))
        }
        (parts::section(&visit.t("history"), &history(visit, &order.history)))
        @if order.state() == OrderState::Placed { (cancel_form(visit, order, filled, errors)) }
    };
    parts::page_below(&ui::breadcrumbs(visit, &trail), &title, &html! {}, &content)
}

fn lines(visit: &Visit, order: &Order) -> Markup {
    let columns = [
        Column::text(visit.t("product")),
        Column::number(visit.t("quantity")),
        Column::number(visit.t("unit-price")),
        Column::number(visit.t("discount")),
        Column::number(visit.t("total")),
    ];
    let row = |line: &haat_contracts::orders::order::Line| {
        vec![
            html! {
                a href=(visit.path(&format!("/products/{}", line.product_id))) { (line.title) }
                br;
                code.soft.small { (line.sku) }
            },
            html! { (line.quantity) },
            html! { (parts::money(visit, line.unit_price.as_ref())) },
            html! { (parts::money(visit, line.discount.as_ref())) },
            html! { (parts::money(visit, line.total.as_ref())) },
        ]
    };
    let rows: Vec<Vec<Markup>> = order.lines.iter().map(row).collect();
    ui::table(&visit.t("goods"), &columns, &rows)
}

fn sums(visit: &Visit, order: &Order) -> Markup {
    let sum = |amount| html! { (parts::money(visit, amount)) };
    ui::definition_list(&[
        (&visit.t("subtotal"), sum(order.subtotal.as_ref())),
        (&visit.t("discount"), sum(order.discount.as_ref())),
        (&visit.t("shipping"), sum(order.shipping.as_ref())),
        (&visit.t("tax"), sum(order.tax.as_ref())),
        (&visit.t("total"), html! { strong { (parts::money(visit, order.total.as_ref())) } }),
        (&visit.t("tax-included"), sum(order.tax_included.as_ref())),
        (&visit.t("refunded"), sum(order.refunded.as_ref())),
    ])
}

fn address(visit: &Visit, address: Option<&PostalAddress>) -> Markup {
    let Some(address) = address else { return html! { p.soft { (visit.t("no-address")) } } };
    let city = format!("{} {}", address.city, address.postal_code);
    let lines = [&address.name, &address.line1, &address.line2, &city, &address.state, &address.country];
    html! {
        address {
            @for line in lines.into_iter().filter(|line| !line.trim().is_empty()) { (line) br; }
            @if !address.phone.is_empty() { (visit.t("phone")) ": " (address.phone) }
        }
    }
}

fn history(visit: &Visit, entries: &[HistoryEntry]) -> Markup {
    let moment = |entry: &HistoryEntry| {
        let at = entry.at.as_ref().and_then(|at| convert::time("at", at).ok());
        let id = format!("event-{}", entry.event.replace(['.', '_'], "-"));
        let by = entry.by.as_ref().map(|by| by.kind.clone()).unwrap_or_default();
        let who = format!("by-{by}");
        Moment {
            title: if visit.knows(&id) { visit.t(&id) } else { entry.event.clone() },
            time: at.map(|at| visit.date_time(at)).unwrap_or_default(),
            machine: at.map(|at| at.to_string()).unwrap_or_default(),
            text: if visit.knows(&who) { visit.t(&who) } else { by },
            tone: if entry.event == "order.canceled" { Tone::Warn } else { Tone::Good },
            has_happened: true,
        }
    };
    ui::timeline(&entries.iter().map(moment).collect::<Vec<_>>())
}

fn cancel_form(visit: &Visit, order: &Order, filled: &Canceling, errors: &Errors) -> Markup {
    let action = format!("{}/cancel", path(visit, &order.id));
    let form = parts::acting_form(
        visit,
        &action,
        &html! {
            p { (visit.t("cancel-order-text")) }
            (ui::error_summary(visit, errors))
            (Field::text("reason", &visit.t("reason")).value(&filled.reason).hint(&visit.t("cancel-reason-hint")).required().errors(errors))
            div.row { (ui::submit(Look::Danger, &visit.t("cancel-order"))) }
        },
    );
    html! { section { @if errors.is_empty() { (ui::disclosure(&visit.t("cancel-order"), &form)) } @else { (form) } } }
}
