//! A checkout under way: what it is doing, what the buyer must do, what went wrong, and on to the orders when it is done.
//! Without scripts the page asks again by itself.

use std::time::Duration;

use haat_contracts::checkout::Checkout;
use haat_contracts::checkout::checkout::State as CheckoutState;
use haat_web::axum::extract::{Path, State};
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::{Fragment, Head, Page, Result, Visit, fragments, see_other, ui};
use maud::{Markup, html};
use tokio::time::sleep;

use crate::address::steps;
use crate::{Front, Shop, basket};

const ASK_EVERY: Duration = Duration::from_millis(700);
/// Then the page, which asks again by itself, opens another stream.
const ASKS_MAX: usize = 400;
const RELOAD_EVERY_S: u32 = 4;

pub async fn page(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Response> {
    let checkout = known(&front.shop, &visit, &id).await?;
    if checkout.state() == CheckoutState::Completed {
        return Ok(completed(&visit, &checkout).into_response());
    }
    let is_over = checkout.state() == CheckoutState::Failed;
    let live = (!is_over).then(|| format!("/checkout/{id}/live"));
    let body = html! {
        (steps(&visit, 2))
        div.progress-page data-live=[live] { (shown(&visit, &checkout)) }
    };
    let head = Head::titled(visit.t("checkout")).private();
    let head = if is_over { head } else { head.reloading(RELOAD_EVERY_S) };
    Ok(Page::new(head, body).into_response())
}

/// While nobody can say how far it is, it is under way: the page goes on asking, and comes to the order by itself.
async fn known(shop: &Shop, visit: &Visit, id: &str) -> Result<Checkout> {
    match shop.checkout(&visit.ctx(), id).await {
        Err(error) if error.kind.is_transient() => {
            tracing::warn!(%error, checkout = id, "a visitor waits while the checkout cannot be asked");
            Ok(Checkout { id: id.to_owned(), state: CheckoutState::Processing.into(), ..Checkout::default() })
        }
        checkout => Ok(checkout?),
    }
}

fn completed(visit: &Visit, checkout: &Checkout) -> haat_web::SeeOther {
    if basket::id(visit) == Some(checkout.cart_id.as_str()) {
        basket::forget(visit);
    }
    see_other(&format!("/orders/{}", checkout.order_group_id)).notice("order-placed")
}

/// The state whenever it changes, until the checkout has ended.
pub async fn live(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Response> {
    known(&front.shop, &visit, &id).await?;
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
