//! A checkout under way: what it is doing, what the buyer must do, what went wrong, and on to the orders when it is done.
//! Without scripts the page asks again by itself.

use std::time::Duration;

use haat_contracts::checkout::Checkout;
use haat_contracts::checkout::checkout::State as CheckoutState;
use haat_web::axum::extract::{Path, State};
use haat_web::axum::http::header::REFRESH;
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::{Fragment, Head, Page, Result, Visit, fragments, see_other, ui};
use maud::{Markup, html};
use tokio::time::sleep;

use crate::address::steps;
use crate::{Front, Shop, basket};

const ASK_EVERY: Duration = Duration::from_millis(700);
/// Then the page, which asks again by itself, opens another stream.
const ASKS_MAX: usize = 400;
const RELOAD_EVERY_S: &str = "4";

pub async fn page(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Response> {
    let checkout = front.shop.checkout(&visit.ctx(), &id).await?;
    if checkout.state() == CheckoutState::Completed {
        return Ok(completed(&visit, &checkout).into_response());
    }
    let is_over = checkout.state() == CheckoutState::Failed;
    let live = (!is_over).then(|| format!("/checkout/{id}/live"));
    let body = html! {
        (steps(&visit, 2))
        div.progress-page data-live=[live] { (shown(&visit, &checkout)) }
    };
    let page = Page::new(Head::titled(visit.t("checkout")).private(), body);
    Ok(if is_over { page.into_response() } else { ([(REFRESH, RELOAD_EVERY_S)], page).into_response() })
}

fn completed(visit: &Visit, checkout: &Checkout) -> haat_web::SeeOther {
    if basket::id(visit) == Some(checkout.cart_id.as_str()) {
        basket::forget(visit);
    }
    see_other(&format!("/orders/{}", checkout.order_group_id)).notice("order-placed")
}

/// The state whenever it changes, until the checkout has ended.
pub async fn live(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Response> {
    front.shop.checkout(&visit.ctx(), &id).await?;
    let start = (front.shop, visit, id, CheckoutState::Unspecified, 0_usize);
    let stream = futures::stream::unfold(start, |(shop, visit, id, last, asked)| async move {
        for asked in asked..ASKS_MAX {
            if let Some((state, fragment)) = news(&shop, &visit, &id, last).await {
                let asked = if is_end(state) { ASKS_MAX } else { asked };
                return Some((fragment, (shop, visit, id, state, asked)));
            }
            sleep(ASK_EVERY).await;
        }
        None
    });
    Ok(fragments(stream))
}

/// None where nothing is new, or nobody answers just now.
async fn news(shop: &Shop, visit: &Visit, id: &str, last: CheckoutState) -> Option<(CheckoutState, Fragment)> {
    let checkout = shop.checkout(&visit.ctx(), id).await.ok()?;
    let state = checkout.state();
    if state == last {
        return None;
    }
    let path = format!("/checkout/{id}");
    // The page itself says how it ended: it sets the cookies.
    Some((state, if is_end(state) { Fragment::Goto(path) } else { Fragment::Html(shown(visit, &checkout)) }))
}

fn is_end(state: CheckoutState) -> bool {
    matches!(state, CheckoutState::Completed | CheckoutState::Failed)
}

fn shown(visit: &Visit, checkout: &Checkout) -> Markup {
    let t = |id: &str| visit.t(id);
    let reload = html! { a.button.secondary href={ "/checkout/" (checkout.id) } { (t("look-again")) } };
    match checkout.state() {
        CheckoutState::RequiresAction => {
            let url = checkout.next_action.as_ref().map(|action| action.url.as_str()).unwrap_or_default();
            let action = html! {
                @if is_web_address(url) {
                    a.button.primary href=(url) target="_blank" rel="noopener noreferrer" { (t("confirm-at-bank")) (ui::icon(ui::Icon::External)) }
                }
                (reload)
            };
            ui::empty_state(ui::Icon::Shield, &t("action-title"), &t("action-text"), &action)
        }
        CheckoutState::Failed => failed(visit, checkout),
        _ => html! {
            (ui::empty_state(ui::Icon::Clock, &t("processing-title"), &t("processing-text"), &reload))
            div.progress-bar aria-hidden="true" { span {} }
        },
    }
}

/// Anything else would be run rather than visited.
fn is_web_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn failed(visit: &Visit, checkout: &Checkout) -> Markup {
    let failure = checkout.failure.clone().unwrap_or_default();
    let id = format!("failed-{}", failure.code.replace('_', "-"));
    let text = if visit.knows(&id) { visit.t(&id) } else { visit.t("failed-other") };
    let actions = html! {
        @if failure.code == "payment_declined" { (ui::link_button(ui::Look::Primary, "/checkout/payment", &visit.t("pay-otherwise"))) }
        @else { (ui::link_button(ui::Look::Primary, "/cart", &visit.t("to-cart"))) }
        @if failure.code == "payment_declined" { (ui::link_button(ui::Look::Secondary, "/cart", &visit.t("to-cart"))) }
    };
    html! {
        (ui::empty_state(ui::Icon::Alert, &visit.t("failed-title"), &text, &actions))
        @if !failure.detail.is_empty() { p.progress-detail { (failure.detail) } }
        p.progress-detail { (visit.t("failed-nothing-charged")) }
    }
}
