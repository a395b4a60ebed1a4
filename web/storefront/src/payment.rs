//! Paying: the cart once more, by seller, and the card to pay with. The form carries a key, so that a double click, a reload
//! and the back button buy once; when the outcome is not known, the cart says whether a checkout runs.

use std::time::Duration;

use haat_contracts::checkout::cart::SellerPart;
use haat_contracts::checkout::{Cart, PaymentInstrument, StartCheckoutRequest};
use haat_contracts::common::Money;
use haat_kernel::{Ctx, Error, Kind};
use haat_web::axum::extract::State;
use haat_web::axum::http::StatusCode;
use haat_web::{Errors, Failure, Form, Head, Page, Result, SeeOther, Visit, see_other, ui};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::time::{Instant, sleep};

use crate::address::{brief_lines, ready_cart, steps};
use crate::sellers::Names;
use crate::{Front, Shop, basket, cart, parts};

/// The cards of the sandbox: what each is good for is said beside it.
const CARDS: [&str; 8] = [
    "tok_ok",
    "tok_requires_action",
    "tok_declined",
    "tok_insufficient_funds",
    "tok_timeout_then_ok",
    "tok_timeout_then_declined",
    "tok_duplicate_webhook",
    "tok_flaky",
];
/// The visitor sees the checkout's own page sooner than the call would wait for the outcome.
const ANSWER_WITHIN: Duration = Duration::from_millis(2_500);
/// How often, and how far apart, one looks for the checkout that another click has begun.
const LOOKS: usize = 6;
const LOOK_EVERY: Duration = Duration::from_millis(400);

#[derive(Deserialize)]
pub struct Payment {
    token: String,
    key: String,
    /// The total that the visitor saw, in minor units.
    total: i64,
    currency: String,
}

pub async fn page(State(front): State<Front>, visit: Visit) -> Result<Page> {
    let cart = ready_cart(&front.shop, &visit).await?;
    if cart.shipping_address.is_none() || (visit.user().is_none() && cart.email.is_empty()) {
        return Err(Failure::Elsewhere("/checkout".to_owned()));
    }
    let names = cart::names(&front, &visit, &cart).await;
    Ok(shown(&visit, &cart, &names, CARDS[0], &visit.key_field(), &Errors::default()))
}

pub async fn pay(State(front): State<Front>, visit: Visit, Form(form): Form<Payment>) -> Result<SeeOther> {
    let Some(id) = basket::id(&visit) else { return Ok(see_other("/cart")) };
    let mut ctx = visit.ctx_keyed(&form.key);
    ctx.deadline = Some(Instant::now() + ANSWER_WITHIN);
    let message = StartCheckoutRequest {
        cart: id.to_owned(),
        payment: Some(PaymentInstrument { method: "card".to_owned(), token: form.token.clone() }),
        expected_total: Some(Money { currency_code: form.currency.clone(), amount: form.total }),
    };
    match front.shop.start_checkout(&ctx, message).await {
        Ok(checkout) => Ok(see_other(&format!("/checkout/{}", checkout.id))),
        Err(error) => match begun(&front.shop, &visit, id, &error).await {
            Some(checkout) => Ok(see_other(&format!("/checkout/{checkout}"))),
            None => Err(refused(&front, &visit, &form, error).await),
        },
    }
}

/// The checkout that this form, or the same form sent a moment earlier, has begun.
async fn begun(shop: &Shop, visit: &Visit, cart: &str, error: &Error) -> Option<String> {
    let may_run = error.kind.is_transient() || error.code == "checkout_in_progress" || error.code == "idempotency_in_progress";
    if !may_run {
        return None;
    }
    for _ in 0..LOOKS {
        let ctx: Ctx = visit.ctx();
        if let Ok(cart) = shop.cart(&ctx, cart).await
            && !cart.checkout_id.is_empty()
        {
            return Some(cart.checkout_id);
        }
        sleep(LOOK_EVERY).await;
    }
    None
}

/// The page once more, with the same key: nothing was bought, and whatever comes of the first attempt is not bought twice.
async fn refused(front: &Front, visit: &Visit, form: &Payment, error: Error) -> Failure {
    if error.code == "address_required" || error.code == "email_required" || error.code == "unserviceable_address" {
        return Failure::Elsewhere("/checkout".to_owned());
    }
    if error.kind == Kind::NotFound || error.code == "cart_empty" {
        return Failure::Elsewhere("/cart".to_owned());
    }
    let cart = match ready_cart(&front.shop, visit).await {
        Ok(cart) => cart,
        Err(failure) => return failure,
    };
    let id = format!("pay-{}", error.code.replace('_', "-"));
    let text = if visit.knows(&id) {
        visit.t(&id)
    } else if error.kind.is_transient() {
        visit.t("pay-unavailable")
    } else {
        error.detail.clone()
    };
    let status = StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::CONFLICT);
    // Other terms need another key; the same attempt keeps its own.
    let key = if error.kind.is_transient() {
        html! { input type="hidden" name="key" value=(form.key); }
    } else {
        visit.key_field()
    };
    let names = cart::names(front, visit, &cart).await;
    Failure::Shown(Box::new(shown(visit, &cart, &names, &form.token, &key, &Errors::summary(text)).with_status(status)))
}

fn shown(visit: &Visit, cart: &Cart, names: &Names, chosen: &str, key: &Markup, errors: &Errors) -> Page {
    let t = |id: &str| visit.t(id);
    let total = cart.total.clone().unwrap_or_default();
    let body = html! {
        h1 { (t("checkout")) }
        (steps(visit, 1))
        (ui::error_summary(visit, errors))
        @for problem in &cart.problems {
            (ui::notice(ui::Tone::Warn, &html! { (cart::problem_text(visit, problem)) " " a href="/cart" { (t("change-cart")) } }))
        }
        div.cart {
            div.stack {
                section.panel {
                    h2 { (t("delivery-to")) }
                    @if let Some(address) = &cart.shipping_address { (parts::address(address)) }
                    p.small { a href="/checkout" { (t("change-address")) } }
                }
                (deliveries(visit, cart, names))
                form.panel.stack method="post" action="/checkout/pay" data-once {
                    (visit.csrf_field())
                    (key)
                    input type="hidden" name="total" value=(total.amount);
                    input type="hidden" name="currency" value=(total.currency_code);
                    fieldset.cards-to-pay {
                        legend { h2 { (t("pay-by-card")) } }
                        p.small { (t("sandbox-note")) }
                        @for token in CARDS { (card(visit, token, token == chosen)) }
                    }
                    button.button.primary.wide type="submit" { (ui::icon(ui::Icon::Lock)) (visit.t_with("pay-amount", &[("amount", parts::price(visit, &total).into())])) }
                }
            }
            aside.summary aria-labelledby="summary" {
                h2 id="summary" { (t("summary")) }
                (brief_lines(visit, cart))
                (parts::sums(visit, &cart::sums(cart)))
                p.small { a href="/cart" { (t("change-cart")) } }
            }
        }
    };
    Page::new(Head::titled(t("step-payment")).private(), body)
}

fn card(visit: &Visit, token: &str, is_chosen: bool) -> Markup {
    let message = format!("card-{}", token.trim_start_matches("tok_").replace('_', "-"));
    html! {
        label.pay-card {
            input type="radio" name="token" value=(token) checked[is_chosen] required;
            span.pay-card-text { strong { (visit.t(&message)) } span { (visit.t(&format!("{message}-text"))) } }
        }
    }
}

/// One order for each seller: each sends its own parcel, at its own charge.
fn deliveries(visit: &Visit, cart: &Cart, names: &Names) -> Markup {
    let groups = cart::by_seller(cart);
    let count = groups.len();
    html! {
        section.panel {
            h2 { (visit.t_with("parcels", &[("count", count.into())])) }
            @if count > 1 { p.small { (visit.t("parcels-why")) } }
            ul.parcels {
                @for (seller, items) in &groups {
                    li {
                        h3 { (ui::icon(ui::Icon::Truck)) (names.of(visit, seller)) }
                        ul.brief { @for item in items { li { span { (item.quantity) " × " (item.title) } span { (parts::price_or_dash(visit, item.total.as_ref())) } } } }
                        @if let Some(part) = cart::part_of(cart, seller) { (parcel_sums(visit, part)) }
                    }
                }
            }
        }
    }
}

fn parcel_sums(visit: &Visit, part: &SellerPart) -> Markup {
    html! {
        p.delivery-choice { (visit.t("standard-delivery")) ": " strong { (parts::delivery(visit, part.shipping.as_ref())) } }
        @if !parts::is_zero(part.discount.as_ref()) {
            p.small { (visit.t("discount")) ": −" (parts::price_or_dash(visit, part.discount.as_ref())) }
        }
        p.small { (visit.t("parcel-total")) " " strong { (parts::price_or_dash(visit, part.total.as_ref())) } }
    }
}
