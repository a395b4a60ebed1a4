//! The cart: what is in it by seller, what stands in the way of buying it, and what it costs.

use std::collections::BTreeMap;

use haat_contracts::catalog::Product;
use haat_contracts::checkout::Cart;
use haat_contracts::checkout::cart::{Item, Problem, SellerPart};
use haat_contracts::checkout::checkout::State as CheckoutState;
use haat_kernel::Error;
use haat_web::axum::extract::{Path, State};
use haat_web::{Failure, Form, Head, Page, Result, SeeOther, Visit, see_other, ui};
use maud::{Markup, html};
use serde::Deserialize;

use crate::goods::{self, Picture};
use crate::sellers::Names;
use crate::{Front, Shop, basket, parts, pictures, promotions};

const QUANTITY_MAX: i32 = 99;
/// Lines whose pictures are asked for; more are drawn from their titles.
const PICTURES_MAX: usize = 24;

#[derive(Deserialize)]
pub struct Addition {
    offer: String,
    #[serde(default = "one")]
    quantity: i32,
    key: String,
}

fn one() -> i32 {
    1
}

pub async fn add(State(front): State<Front>, visit: Visit, Form(form): Form<Addition>) -> Result<SeeOther> {
    match basket::add(&front.shop, &visit, &form.offer, form.quantity, &form.key).await {
        Ok(cart) => {
            basket::remember(&visit, &cart);
            Ok(see_other("/cart").notice("cart-added"))
        }
        Err(error) if error.code == "checkout_in_progress" => Ok(see_other("/cart")),
        Err(error) => Err(refused(&visit, error)),
    }
}

/// A refusal in the visitor's words, with the way back to the cart.
fn refused(visit: &Visit, error: Error) -> Failure {
    let id = format!("cart-{}", error.code.replace('_', "-"));
    if !visit.knows(&id) {
        return error.into();
    }
    let way_on = ui::link_button(ui::Look::Primary, "/cart", &visit.t("to-cart"));
    let title = visit.t("cart-refused");
    let body = ui::empty_state(ui::Icon::Cart, &title, &visit.t(&id), &way_on);
    let status = haat_web::axum::http::StatusCode::from_u16(error.kind.http_status()).unwrap_or_default();
    Failure::Shown(Box::new(Page::new(Head::titled(title).private(), body).with_status(status)))
}

#[derive(Deserialize)]
pub struct Quantity {
    quantity: i32,
}

pub async fn set_quantity(
    State(front): State<Front>,
    visit: Visit,
    Path(offer): Path<String>,
    Form(form): Form<Quantity>,
) -> Result<SeeOther> {
    let Some(id) = basket::id(&visit) else { return Ok(see_other("/cart")) };
    match front.shop.set_quantity(&visit.ctx(), id, &offer, form.quantity.clamp(0, QUANTITY_MAX)).await {
        Ok(cart) => {
            basket::remember(&visit, &cart);
            Ok(see_other("/cart").notice(if form.quantity <= 0 { "cart-removed" } else { "cart-updated" }))
        }
        // Removed in another window.
        Err(error) if error.code == "item_not_found" => Ok(see_other("/cart")),
        Err(error) => Err(refused(&visit, error)),
    }
}

#[derive(Deserialize)]
pub struct Coupon {
    #[serde(default)]
    code: String,
}

pub async fn apply_coupon(State(front): State<Front>, visit: Visit, Form(form): Form<Coupon>) -> Result<SeeOther> {
    let Some(id) = basket::id(&visit) else { return Ok(see_other("/cart")) };
    let code = form.code.trim();
    match front.shop.apply_coupon(&visit.ctx(), id, code).await {
        Ok(_) => Ok(see_other("/cart").notice("coupon-applied")),
        Err(error) if !error.kind.is_transient() && error.code != "checkout_in_progress" => {
            let cart = basket::open(&front.shop, &visit).await?.unwrap_or_default();
            let refusal = Refusal { code, why: coupon_refusal(&visit, &error) };
            Err(Failure::Shown(Box::new(shown(&front, &visit, &cart, Some(&refusal)).await)))
        }
        Err(error) => Err(refused(&visit, error)),
    }
}

fn coupon_refusal(visit: &Visit, error: &Error) -> String {
    visit.t_with("coupon-refused", &[("detail", error.detail.as_str().into())])
}

pub async fn remove_coupon(State(front): State<Front>, visit: Visit, Form(_): Form<Coupon>) -> Result<SeeOther> {
    let Some(id) = basket::id(&visit) else { return Ok(see_other("/cart")) };
    front.shop.remove_coupon(&visit.ctx(), id).await.map_err(|error| refused(&visit, error))?;
    Ok(see_other("/cart").notice("coupon-removed"))
}

/// A coupon that was asked for and does not count.
struct Refusal<'a> {
    code: &'a str,
    why: String,
}

pub async fn page(State(front): State<Front>, visit: Visit) -> Result<Page> {
    let Some(cart) = basket::open(&front.shop, &visit).await? else { return Ok(empty(&visit)) };
    if !cart.checkout_id.is_empty() {
        let checkout = front.shop.checkout(&visit.ctx(), &cart.checkout_id).await?;
        return match checkout.state() {
            CheckoutState::Completed => {
                basket::forget(&visit);
                Ok(empty(&visit))
            }
            _ => Err(Failure::Elsewhere(format!("/checkout/{}", cart.checkout_id))),
        };
    }
    Ok(shown(&front, &visit, &cart, None).await)
}

fn empty(visit: &Visit) -> Page {
    let title = visit.t("cart-empty");
    let actions = html! {
        (ui::link_button(ui::Look::Primary, "/search", &visit.t("home-shop-all")))
        @if visit.user().is_some() { (ui::link_button(ui::Look::Secondary, "/account/orders", &visit.t("my-orders"))) }
    };
    Page::new(
        Head::titled(visit.t("cart")).private(),
        ui::empty_state(ui::Icon::Cart, &title, &visit.t("cart-empty-text"), &actions),
    )
}

async fn shown(front: &Front, visit: &Visit, cart: &Cart, refusal: Option<&Refusal<'_>>) -> Page {
    if cart.items.is_empty() {
        return empty(visit);
    }
    let pictures = pictures_of(&front.shop, visit, &cart.items).await;
    let names = names(front, visit, cart).await;
    let promotions = front.promotions(visit).await;
    let blocked = cart.problems.iter().any(|problem| problem.code != "price_changed");
    let body = html! {
        h1 { (visit.t("cart")) }
        @for problem in cart.problems.iter().filter(|problem| problem.offer_id.is_empty()) {
            (ui::notice(ui::Tone::Warn, &html! { (problem_text(visit, problem)) }))
        }
        div.cart {
            div.cart-lines {
                @for (seller, items) in by_seller(cart) {
                    section.cart-seller {
                        h2 { (ui::icon(ui::Icon::Store)) (names.of(visit, seller)) }
                        ul { @for item in items { li { (line(visit, cart, item, &pictures)) } } }
                        @if let Some(part) = part_of(cart, seller).filter(|_| cart.shipping_address.is_some()) {
                            p.cart-delivery { (ui::icon(ui::Icon::Truck)) (visit.t("delivery")) ": " strong { (parts::delivery(visit, part.shipping.as_ref())) } }
                        }
                    }
                }
            }
            aside.summary aria-labelledby="summary" {
                h2 id="summary" { (visit.t("summary")) }
                (coupon(visit, cart, refusal))
                (promotions::offered(visit, cart, &promotions))
                (parts::sums(visit, &sums(cart)))
                @if blocked { p.small { (visit.t("cart-blocked")) } }
                a.button.primary.wide href="/checkout" { (visit.t("to-checkout")) }
                p.small.secure { (ui::icon(ui::Icon::Lock)) (visit.t("checkout-secure")) }
            }
        }
    };
    Page::new(Head::titled(visit.t("cart")).private(), body)
}

pub fn sums(cart: &Cart) -> parts::Sums<'_> {
    parts::Sums {
        subtotal: cart.subtotal.as_ref(),
        discounts: &cart.discounts,
        discount: cart.discount.as_ref(),
        shipping: cart.shipping.as_ref().filter(|_| cart.shipping_address.is_some()),
        tax: cart.tax.as_ref(),
        tax_included: cart.tax_included.as_ref(),
        total: cart.total.as_ref(),
        refunded: None,
    }
}

pub fn by_seller(cart: &Cart) -> BTreeMap<&str, Vec<&Item>> {
    let mut groups: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    for item in &cart.items {
        groups.entry(item.seller_id.as_str()).or_default().push(item);
    }
    groups
}

/// What the sellers of a cart are called.
pub async fn names(front: &Front, visit: &Visit, cart: &Cart) -> Names {
    front.sellers.names(&front.shop, visit, cart.items.iter().map(|item| item.seller_id.as_str())).await
}

/// What a seller's part of it costs.
pub fn part_of<'a>(cart: &'a Cart, seller: &str) -> Option<&'a SellerPart> {
    cart.sellers.iter().find(|part| part.seller_id == seller)
}

/// The pictures of lines by offer. A product that cannot be read has a drawn one.
pub async fn pictures_of(shop: &Shop, visit: &Visit, items: &[Item]) -> BTreeMap<String, Picture> {
    let ctx = visit.ctx();
    let asked = items.iter().take(PICTURES_MAX).map(|item| shop.product(&ctx, &item.product_id));
    let mut products = futures::future::join_all(asked).await.into_iter();
    let of = |item: &Item| (item.offer_id.clone(), picture_of(item, products.next().and_then(|product| product.ok()).as_ref()));
    items.iter().map(of).collect()
}

fn picture_of(item: &Item, product: Option<&Product>) -> Picture {
    let Some(product) = product else { return drawn(&item.title, &item.product_id) };
    let variant = product.variants.iter().find(|variant| variant.sku == item.sku);
    goods::pictures(product).swap_remove(goods::picture_of(product, variant))
}

/// From the title alone.
pub fn drawn(title: &str, product: &str) -> Picture {
    Picture { path: pictures::path_for(title, "", "", product), alt: String::new() }
}

fn line(visit: &Visit, cart: &Cart, item: &Item, pictures: &BTreeMap<String, Picture>) -> Markup {
    let problems = cart.problems.iter().filter(|problem| problem.offer_id == item.offer_id);
    let picture = pictures.get(&item.offer_id).cloned().unwrap_or_else(|| drawn(&item.title, &item.product_id));
    html! {
        article.line {
            div.line-picture { (parts::decoration(&picture.path)) }
            div.line-text {
                h3 { a href={ (parts::product_path(&item.product_id)) "?sku=" (crate::wanted::encoded(&item.sku)) } { (item.title) } }
                p.line-unit { (visit.t_with("each", &[("price", parts::price_or_dash(visit, item.unit_price.as_ref()).into())])) }
                @for problem in problems { p.line-problem role="status" { (ui::icon(ui::Icon::Alert)) (problem_text(visit, problem)) } }
            }
            div.line-actions {
                (quantity_form(visit, item))
                (remove_form(visit, item))
            }
            p.line-total { (parts::price_or_dash(visit, item.total.as_ref())) }
        }
    }
}

fn quantity_form(visit: &Visit, item: &Item) -> Markup {
    let id = format!("quantity-{}", item.offer_id);
    html! {
        form.quantity-form method="post" action={ "/cart/items/" (item.offer_id) } {
            (visit.csrf_field())
            label.visually-hidden for=(id) { (visit.t_with("quantity-of", &[("title", item.title.as_str().into())])) }
            input id=(id) type="number" name="quantity" min="0" max=(QUANTITY_MAX) value=(item.quantity) inputmode="numeric" required;
            button.button.secondary.small-button type="submit" { (visit.t("update")) }
        }
    }
}

fn remove_form(visit: &Visit, item: &Item) -> Markup {
    html! {
        form.inline method="post" action={ "/cart/items/" (item.offer_id) } {
            (visit.csrf_field())
            button.text-button type="submit" name="quantity" value="0" {
                (ui::icon(ui::Icon::Trash)) (visit.t("remove")) span.visually-hidden { ": " (item.title) }
            }
        }
    }
}

fn coupon(visit: &Visit, cart: &Cart, refusal: Option<&Refusal<'_>>) -> Markup {
    html! {
        @if cart.coupon_code.is_empty() || refusal.is_some() {
            form.coupon-form method="post" action="/cart/coupon" {
                (visit.csrf_field())
                label for="code" { (visit.t("coupon-code")) }
                @if let Some(refusal) = refusal { p.error id="code-error" role="alert" { (ui::icon(ui::Icon::Alert)) (refusal.why) } }
                div.joined {
                    input id="code" name="code" maxlength="32" required autocomplete="off" value=(refusal.map_or("", |refusal| refusal.code))
                        aria-invalid=[refusal.map(|_| "true")] aria-describedby=[refusal.map(|_| "code-error")];
                    button.button.secondary type="submit" { (visit.t("apply")) }
                }
            }
        } @else {
            div.coupon-applied {
                span { (ui::icon(ui::Icon::Tag)) (visit.t_with("coupon-named", &[("code", cart.coupon_code.as_str().into())])) }
                form.inline method="post" action="/cart/coupon/remove" { (visit.csrf_field()) button.text-button type="submit" { (visit.t("remove")) } }
            }
        }
    }
}

/// What is wrong and what to do about it.
pub fn problem_text(visit: &Visit, problem: &Problem) -> String {
    let id = format!("problem-{}", problem.code.replace('_', "-"));
    if visit.knows(&id) { visit.t_with(&id, &[("detail", problem.detail.as_str().into())]) } else { problem.detail.clone() }
}
