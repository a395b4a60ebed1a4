//! Where to send what is bought, and how to reach who buys: the first step of the checkout.

use haat_contracts::checkout::{Cart, UpdateCartRequest};
use haat_contracts::users::{AddAddressRequest, SavedAddress};
use haat_web::axum::extract::State;
use haat_web::{Errors, Failure, Form, Head, Page, Query, Result, SeeOther, Visit, see_other, ui};
use maud::{Markup, html};
use serde::Deserialize;

use crate::address_form::{Delivery, named, summary};
use crate::{Front, Shop, address_form, basket, cart, parts};

/// The cart that can be checked out; else where the visitor is sent.
pub async fn ready_cart(shop: &Shop, visit: &Visit) -> Result<Cart> {
    let cart = basket::open(shop, visit).await?;
    let cart = cart.filter(|cart| !cart.items.is_empty()).ok_or_else(|| Failure::Elsewhere("/cart".to_owned()))?;
    if cart.checkout_id.is_empty() { Ok(cart) } else { Err(Failure::Elsewhere(format!("/checkout/{}", cart.checkout_id))) }
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Way {
    /// Another address than those of the book is wanted.
    other: String,
}

pub async fn page(State(front): State<Front>, visit: Visit, Query(way): Query<Way>) -> Result<Page> {
    let cart = ready_cart(&front.shop, &visit).await?;
    let book = book(&front.shop, &visit).await;
    let filled = match &cart.shipping_address {
        Some(address) => Delivery::of(&cart.email, address),
        None if book.is_empty() => last_used(&front.shop, &visit).await.unwrap_or_else(|| beginning(&visit, &cart)),
        None => beginning(&visit, &cart),
    };
    let book = if way.other.is_empty() { book } else { Vec::new() };
    Ok(shown(&visit, &cart, &book, &filled, &Errors::default()))
}

/// The addresses that a signed-in buyer keeps. One can type an address when nobody knows them.
async fn book(shop: &Shop, visit: &Visit) -> Vec<SavedAddress> {
    if visit.user().is_none() {
        return Vec::new();
    }
    shop.address_book(&visit.ctx()).await.map(|book| book.addresses).unwrap_or_else(|error| {
        tracing::warn!(%error, "the checkout does without the address book");
        Vec::new()
    })
}

#[derive(Deserialize)]
pub struct Choice {
    address: String,
}

/// One of the address book.
pub async fn choose(State(front): State<Front>, visit: Visit, Form(form): Form<Choice>) -> Result<SeeOther> {
    let cart = ready_cart(&front.shop, &visit).await?;
    let chosen = book(&front.shop, &visit).await.into_iter().find(|saved| saved.id == form.address);
    // Removed in another window.
    let Some(chosen) = chosen else { return Ok(see_other("/checkout")) };
    let shipping_address = chosen.postal_address;
    let message = UpdateCartRequest { cart: cart.id.clone(), shipping_address, ..UpdateCartRequest::default() };
    front.shop.update_cart(&visit.ctx(), message).await?;
    Ok(see_other("/checkout/payment"))
}

fn beginning(visit: &Visit, cart: &Cart) -> Delivery {
    let name = visit.user().map(|user| user.display_name.clone()).unwrap_or_default();
    let email = if cart.email.is_empty() { basket::guest_email(visit).to_owned() } else { cart.email.clone() };
    Delivery { email, name, ..Delivery::default() }
}

/// Where the last order of a signed-in buyer went.
async fn last_used(shop: &Shop, visit: &Visit) -> Option<Delivery> {
    visit.user()?;
    let orders = shop.orders(&visit.ctx(), 1, "").await.ok()?;
    let group = shop.order_group(&visit.ctx(), &orders.orders.first()?.order_group_id, "").await.ok()?;
    Some(Delivery::of(&group.email, group.shipping_address.as_ref()?))
}

pub async fn save(State(front): State<Front>, visit: Visit, Form(form): Form<Delivery>) -> Result<SeeOther> {
    let cart = ready_cart(&front.shop, &visit).await?;
    let mut errors = missing(&visit, &form);
    if errors.is_empty() {
        let email = (!form.email.is_empty()).then(|| form.email.clone());
        let message = UpdateCartRequest {
            cart: cart.id.clone(),
            email,
            shipping_address: Some(form.address()),
            ..UpdateCartRequest::default()
        };
        match front.shop.update_cart(&visit.ctx(), message).await {
            Ok(_) => {
                if visit.user().is_none() {
                    basket::remember_guest(&visit, form.email.trim());
                } else if !form.keep.is_empty() {
                    keep(&front.shop, &visit, &form).await;
                }
                return Ok(see_other("/checkout/payment"));
            }
            Err(error) => errors = named(&visit, Errors::of(error)?),
        }
    }
    let page = shown(&visit, &cart, &[], &form, &errors).with_status(haat_web::axum::http::StatusCode::UNPROCESSABLE_ENTITY);
    Err(Failure::Shown(Box::new(page)))
}

/// The order does not hang on it.
async fn keep(shop: &Shop, visit: &Visit, form: &Delivery) {
    let message = AddAddressRequest { postal_address: Some(form.address()), is_default: false };
    if let Err(error) = shop.add_address(&visit.ctx(), message).await {
        tracing::warn!(%error, "an address could not be kept");
    }
}

fn missing(visit: &Visit, form: &Delivery) -> Errors {
    let mut errors = Errors::default();
    if visit.user().is_none() && form.email.trim().is_empty() {
        errors.add("email", visit.t("email-required"));
    }
    errors
}

fn shown(visit: &Visit, cart: &Cart, book: &[SavedAddress], filled: &Delivery, errors: &Errors) -> Page {
    let t = |id: &str| visit.t(id);
    let body = html! {
        h1 { (t("checkout")) }
        (steps(visit, 0))
        (summary(visit, errors))
        div.cart {
            @if book.is_empty() { (typed(visit, filled, errors)) } @else { (from_book(visit, cart, book)) }
            aside.summary aria-labelledby="summary" {
                h2 id="summary" { (t("summary")) }
                (brief_lines(visit, cart))
                (parts::sums(visit, &cart::sums(cart)))
                p.small { a href="/cart" { (t("change-cart")) } }
            }
        }
    };
    Page::new(Head::titled(t("checkout")).private(), body)
}

fn typed(visit: &Visit, filled: &Delivery, errors: &Errors) -> Markup {
    let t = |id: &str| visit.t(id);
    html! {
        form.stack method="post" action="/checkout/address" {
            (visit.csrf_field())
            fieldset.panel.form-part {
                legend { (t("contact")) }
                @if let Some(user) = visit.user() {
                    p { (visit.t_with("signed-in-as", &[("email", user.email.clone().unwrap_or_default().into())])) }
                } @else {
                    (ui::Field::email("email", &t("email")).value(&filled.email).hint(&t("email-why")).errors(errors).required().autocomplete("email"))
                    p.small { (t("have-account")) " " a href="/sign-in?return=%2Fcheckout" { (t("sign-in")) } }
                }
            }
            fieldset.panel.form-part {
                legend { (t("delivery-address")) }
                (address_form::fields(visit, filled, errors))
                @if visit.user().is_some() { (ui::Field::check("keep", &t("keep-address")).value(&filled.keep)) }
            }
            (ui::submit(ui::Look::Primary, &t("to-payment")))
        }
    }
}

/// The one that the cart goes to is chosen, else the default.
fn from_book(visit: &Visit, cart: &Cart, book: &[SavedAddress]) -> Markup {
    let going_to = book.iter().find(|saved| cart.shipping_address.is_some() && saved.postal_address == cart.shipping_address);
    let chosen = going_to.or(book.first()).map(|saved| saved.id.as_str());
    html! {
        form.stack method="post" action="/checkout/address/saved" {
            (visit.csrf_field())
            div.panel {
                fieldset.cards-to-pay {
                    legend { h2 { (visit.t("delivery-address")) } }
                    p.small { (visit.t("choose-address")) }
                    @for saved in book {
                        label.pay-card {
                            input type="radio" name="address" value=(saved.id) checked[chosen == Some(saved.id.as_str())] required;
                            @if let Some(address) = &saved.postal_address { (parts::address(address)) }
                            @if saved.is_default { (ui::badge(ui::Tone::Info, &visit.t("default-address"))) }
                        }
                    }
                }
            }
            (ui::submit(ui::Look::Primary, &visit.t("to-payment")))
            p.row {
                a href="/checkout?other=1" { (visit.t("another-address")) }
                a href="/account/addresses" { (visit.t("change-addresses")) }
            }
        }
    }
}

pub fn steps(visit: &Visit, current: usize) -> Markup {
    let labels = [visit.t("step-address"), visit.t("step-payment"), visit.t("step-done-order")];
    ui::steps(visit, &labels.each_ref().map(String::as_str), current)
}

/// What is in the cart, in few words.
pub fn brief_lines(visit: &Visit, cart: &Cart) -> Markup {
    html! {
        ul.brief {
            @for item in &cart.items {
                li { span { (item.quantity) " × " (item.title) } span { (parts::price_or_dash(visit, item.total.as_ref())) } }
            }
        }
    }
}
