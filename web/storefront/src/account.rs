//! The account of a signed-in buyer: who they are, and what they ordered.

use haat_contracts::orders::Order;
use haat_web::axum::extract::State;
use haat_web::{Head, Page, Query, Result, Visit, ui};
use maud::{Markup, html};
use serde::Deserialize;

use crate::order_parts::state_badge;
use crate::sellers::Names;
use crate::{Front, cart, parts, wanted};

const RECENT: i32 = 3;
const PAGE_SIZE: i32 = 10;
/// Pictures of one order in a list.
const PICTURES: usize = 4;

pub async fn page(State(front): State<Front>, visit: Visit) -> Result<Page> {
    let user = visit.demand_user()?.clone();
    let recent = front.shop.orders(&visit.ctx(), RECENT, "").await?;
    let names = front.names(&visit, &recent.orders).await;
    let (name, email) = (visit.t("your-name"), visit.t("email"));
    let body = html! {
        h1 { (visit.t_with("hello", &[("name", user.display_name.as_str().into())])) }
        (tabs(&visit, "/account"))
        div.account {
            section.panel {
                h2 { (visit.t("profile")) }
                (ui::definition_list(&[
                    (name.as_str(), html! { (user.display_name) }),
                    (email.as_str(), html! { (user.email.clone().unwrap_or_default()) }),
                ]))
                (ui::post_button(&visit, ui::Look::Secondary, "/sign-out", &visit.t("sign-out"), &html! {}))
            }
            section.account-orders {
                div.shelf-head {
                    h2 { (visit.t("recent-orders")) }
                    @if !recent.orders.is_empty() { a.more href="/account/orders" { (visit.t("see-all")) (ui::icon(ui::Icon::ArrowRight)) } }
                }
                @if recent.orders.is_empty() { p { (visit.t("no-orders-text")) " " a href="/search" { (visit.t("home-shop-all")) } } }
                @else { (list(&visit, &recent.orders, &names)) }
            }
        }
    };
    Ok(Page::new(Head::titled(visit.t("my-account")).private(), body))
}

pub fn tabs(visit: &Visit, current: &str) -> Markup {
    let tab = |label: &str, href: &str| ui::Tab { label: visit.t(label), href: href.to_owned(), is_current: href == current };
    ui::tabs(
        &visit.t("my-account"),
        &[
            tab("profile", "/account"),
            tab("my-orders", "/account/orders"),
            tab("addresses", "/account/addresses"),
            tab("sessions", "/account/sessions"),
        ],
    )
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Paged {
    pub page: String,
}

pub async fn orders(State(front): State<Front>, visit: Visit, Query(paged): Query<Paged>) -> Result<Page> {
    visit.demand_user()?;
    let found = front.shop.orders(&visit.ctx(), PAGE_SIZE, &paged.page).await?;
    let title = visit.t("my-orders");
    if found.orders.is_empty() && paged.page.is_empty() {
        let action = ui::link_button(ui::Look::Primary, "/search", &visit.t("home-shop-all"));
        let body = ui::empty_state(ui::Icon::Box, &visit.t("no-orders"), &visit.t("no-orders-text"), &action);
        return Ok(Page::new(Head::titled(title).private(), body));
    }
    let names = front.names(&visit, &found.orders).await;
    let pager = ui::Pager {
        first: (!paged.page.is_empty()).then(|| "/account/orders".to_owned()),
        next: (!found.next_page_token.is_empty())
            .then(|| format!("/account/orders?page={}", wanted::encoded(&found.next_page_token))),
        position: String::new(),
    };
    let body = html! {
        h1 { (title) }
        (tabs(&visit, "/account/orders"))
        h2.visually-hidden { (title) }
        (list(&visit, &found.orders, &names))
        (ui::pagination(&visit, &pager))
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn list(visit: &Visit, orders: &[Order], names: &Names) -> Markup {
    html! { ul.order-list { @for order in orders { li { (item(visit, order, names)) } } } }
}

fn item(visit: &Visit, order: &Order, names: &Names) -> Markup {
    let pieces: i64 = order.lines.iter().map(|line| i64::from(line.quantity)).sum();
    let date = parts::time(order.created_at.as_ref()).map(|at| visit.date(at)).unwrap_or_default();
    let title = order.lines.first().map(|line| line.title.as_str()).unwrap_or_default();
    html! {
        article.order-item {
            div.order-item-pictures aria-hidden="true" {
                @for line in order.lines.iter().take(PICTURES) { (parts::decoration(&cart::drawn(&line.title, &line.product_id).path)) }
            }
            div.order-item-text {
                h3 { a href={ "/orders/" (order.order_group_id) } { (title) @if order.lines.len() > 1 { " " (visit.t_with("and-more", &[("count", (order.lines.len() - 1).into())])) } } }
                p.small { (date) " · " (visit.t_with("pieces", &[("count", pieces.into())])) " · " (names.of(visit, &order.seller_id)) }
            }
            div.order-item-state { (state_badge(visit, order)) strong { (parts::price_or_dash(visit, order.total.as_ref())) } }
        }
    }
}
