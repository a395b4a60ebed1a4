//! What was bought: the group of orders of one checkout, how far each has come, and canceling one. A guest proves who they
//! are with the e-mail address of the order, once; it is remembered until the browser closes.

use std::time::Duration;

use haat_contracts::orders::{Order, OrderGroup};
use haat_kernel::Kind;
use haat_web::axum::extract::{Path, State};
use haat_web::axum::http::StatusCode;
use haat_web::axum::response::Response;
use haat_web::{Errors, Failure, Form, Fragment, Head, Page, Result, SeeOther, Visit, fragments, see_other, ui};
use maud::html;
use serde::Deserialize;
use tokio::time::sleep;

use crate::order_parts::{cancel_path, orders, overview};
use crate::{Front, Shop, basket};

const ASK_EVERY: Duration = Duration::from_secs(2);
/// A page that is left open follows for a quarter of an hour; then it shows the last state until it is loaded again.
const ASKS_MAX: usize = 450;

/// The group, or the form with which a guest proves themselves.
async fn found(shop: &Shop, visit: &Visit, id: &str) -> Result<OrderGroup> {
    match shop.order_group(&visit.ctx(), id, basket::guest_email(visit)).await {
        Err(error) if error.kind == Kind::NotFound && visit.user().is_none() => {
            Err(Failure::Shown(Box::new(proof(visit, id, "", &Errors::default()))))
        }
        group => Ok(group?),
    }
}

pub async fn page(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Page> {
    let group = found(&front.shop, &visit, &id).await?;
    let names = front.names(&visit, &group.orders).await;
    let title = visit.t_with("order-number", &[("number", group.number.as_str().into())]);
    let body = html! {
        (overview(&visit, &group, &title))
        div data-live={ "/orders/" (id) "/live" } { (orders(&visit, &group, &names)) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

/// How it stands, then every change: who comes back after a while has missed some.
pub async fn live(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Response> {
    found(&front.shop, &visit, &id).await?;
    let start = (front, visit, id, None, 0_usize);
    let stream = futures::stream::unfold(start, |(front, visit, id, last, asked)| async move {
        for asked in asked..ASKS_MAX {
            if asked > 0 {
                sleep(ASK_EVERY).await;
            }
            let group = front.shop.order_group(&visit.ctx(), &id, basket::guest_email(&visit)).await;
            if let Ok(group) = group
                && last.as_ref() != Some(&group.orders)
            {
                let names = front.names(&visit, &group.orders).await;
                let fragment = Fragment::Html(orders(&visit, &group, &names));
                return Some((fragment, (front, visit, id, Some(group.orders), asked + 1)));
            }
        }
        None
    });
    Ok(fragments(stream))
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Lookup {
    group: String,
    email: String,
}

/// For guests who come back with a number from a mail.
pub async fn lookup_page(visit: Visit) -> Page {
    proof(&visit, "", basket::guest_email(&visit), &Errors::default())
}

pub async fn lookup(State(front): State<Front>, visit: Visit, Form(form): Form<Lookup>) -> Result<SeeOther> {
    let (group, email) = (form.group.trim(), form.email.trim());
    match front.shop.order_group(&visit.ctx(), group, email).await {
        Ok(found) => {
            basket::remember_guest(&visit, email);
            Ok(see_other(&format!("/orders/{}", found.id)))
        }
        Err(error) if error.kind == Kind::NotFound || error.kind == Kind::InvalidArgument => {
            let errors = Errors::summary(visit.t("order-not-found"));
            let page = proof(&visit, group, email, &errors).with_status(StatusCode::UNPROCESSABLE_ENTITY);
            Err(Failure::Shown(Box::new(page)))
        }
        Err(error) => Err(error.into()),
    }
}

fn proof(visit: &Visit, group: &str, email: &str, errors: &Errors) -> Page {
    let title = visit.t("find-order");
    let body = html! {
        div.narrow-page {
            h1 { (title) }
            p { (visit.t("find-order-text")) }
            (ui::error_summary(visit, errors))
            form.panel.stack method="post" action="/orders" {
                (visit.csrf_field())
                (ui::Field::text("group", &visit.t("order-id")).value(group).hint(&visit.t("order-id-hint")).required().with("maxlength", "64"))
                (ui::Field::email("email", &visit.t("email")).value(email).required().autocomplete("email"))
                (ui::submit(ui::Look::Primary, &visit.t("show-order")))
            }
            @if visit.user().is_none() {
                p.small { (visit.t("have-account")) " " a href=(visit.sign_in()) { (visit.t("sign-in")) } }
            }
        }
    };
    Page::new(Head::titled(title).private(), body)
}

const REASONS: [&str; 5] = ["changed-mind", "ordered-by-mistake", "found-cheaper", "too-slow", "other"];

pub async fn cancel_page(State(front): State<Front>, visit: Visit, Path((group, order)): Path<(String, String)>) -> Result<Page> {
    let group = found(&front.shop, &visit, &group).await?;
    let order = group.orders.iter().find(|own| own.id == order).ok_or(Failure::NotFound)?;
    Ok(cancel_form(&visit, &group, order, &Errors::default()))
}

fn cancel_form(visit: &Visit, group: &OrderGroup, order: &Order, errors: &Errors) -> Page {
    let labels = REASONS.map(|reason| (reason, visit.t(&format!("reason-{reason}"))));
    let reasons = labels.each_ref().map(|(value, label)| (*value, label.as_str()));
    let title = visit.t("cancel-title");
    let body = html! {
        div.narrow-page {
            h1 { (title) }
            (ui::error_summary(visit, errors))
            div.panel {
                ul.brief { @for line in &order.lines { li { span { (line.quantity) " × " (line.title) } span { (crate::parts::price_or_dash(visit, line.total.as_ref())) } } } }
                p { (visit.t_with("cancel-text", &[("amount", crate::parts::price_or_dash(visit, order.total.as_ref()).into())])) }
            }
            form.panel.stack method="post" action=(cancel_path(group, order)) {
                (visit.csrf_field())
                (visit.key_field())
                (ui::Field::choice("reason", &visit.t("cancel-why"), &reasons).value(REASONS[0]))
                div.actions {
                    (ui::submit(ui::Look::Danger, &visit.t("cancel-order")))
                    (ui::link_button(ui::Look::Secondary, &format!("/orders/{}", group.id), &visit.t("keep-order")))
                }
            }
        }
    };
    Page::new(Head::titled(title).private(), body)
}

#[derive(Deserialize)]
pub struct Cancellation {
    #[serde(default)]
    reason: String,
    key: String,
}

pub async fn cancel(
    State(front): State<Front>,
    visit: Visit,
    Path((group, order)): Path<(String, String)>,
    Form(form): Form<Cancellation>,
) -> Result<SeeOther> {
    let reason = REASONS.iter().find(|known| **known == form.reason).unwrap_or(&REASONS[0]).replace('-', " ");
    let email = basket::guest_email(&visit);
    match front.shop.cancel_order(&visit.ctx_keyed(&form.key), &order, &reason, email).await {
        Ok(_) => Ok(see_other(&format!("/orders/{group}")).notice("order-canceled")),
        Err(error) if error.code == "order_not_cancelable" => {
            let group = found(&front.shop, &visit, &group).await?;
            let order = group.orders.iter().find(|own| own.id == order).ok_or(Failure::NotFound)?;
            let page = cancel_form(&visit, &group, order, &Errors::summary(visit.t("not-cancelable")));
            Err(Failure::Shown(Box::new(page.with_status(StatusCode::CONFLICT))))
        }
        Err(error) => Err(error.into()),
    }
}
