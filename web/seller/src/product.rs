//! One product: what it is, its variants, whether buyers see it. New ones begin as drafts; what the catalog finds wrong is
//! shown at its field.

mod form;

use haat_contracts::catalog::product::State as ProductState;
use haat_contracts::catalog::{Product, UpdateProductRequest, Variant};
use haat_kernel::{Ctx, Error};
use haat_web::axum::extract::{Path, State};
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::ui::{self, Column, Look};
use haat_web::{Errors, Failure, Form, Page, Result, SeeOther, Visit, see_other};
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use crate::calls::Calls;
use crate::parts;
use crate::product::form::{Fields, Filled};
use crate::products;
use crate::staff::{Staff, own_seller};

/// A form that is one button.
#[derive(Default, Deserialize)]
pub struct Acting {
    #[serde(default)]
    pub key: String,
}

pub async fn new(Staff(visit): Staff) -> Page {
    new_page(&visit, &Filled::blank(), &Errors::default())
}

/// The form with more rows for variants: nothing is made yet.
pub async fn more_rows(Staff(visit): Staff, Form(fields): Form<Fields>) -> Page {
    new_page(&visit, &Filled::read(&fields).with_more_rows(), &Errors::default())
}

pub async fn create(State(calls): State<Calls>, Staff(visit): Staff, Form(fields): Form<Fields>) -> Result<SeeOther> {
    let filled = Filled::read(&fields);
    let shown_again = |errors: &Errors| shown(new_page(&visit, &filled, errors));
    let request = filled.create_request(&visit).map_err(|errors| shown_again(&errors))?;
    match calls.create_product(&visit.ctx_keyed(&filled.key), request).await {
        Ok(product) => Ok(see_other(&products::path(&visit, &product.id)).notice("product-created")),
        Err(error) => Err(shown_again(&Errors::of(error)?)),
    }
}

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff, Path(id): Path<String>) -> Result<Page> {
    let product = sold_product(&calls, &visit, &id).await?;
    let is_own = product.seller_id == own_seller(&visit);
    Ok(if is_own { edit_page(&visit, &product, &Filled::of(&product), &Errors::default()) } else { sold_page(&visit, &product) })
}

pub async fn update(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Result<Response> {
    let product = sold_product(&calls, &visit, &id).await?;
    if product.seller_id != own_seller(&visit) {
        return Err(Failure::NotFound);
    }
    let filled = Filled::read(&fields);
    let shown_again = |errors: &Errors| shown(edit_page(&visit, &product, &filled, errors));
    if filled.wants_more_rows {
        return Ok(edit_page(&visit, &product, &filled.clone().with_more_rows(), &Errors::default()).into_response());
    }
    let request = filled.update_request(&visit, &product).map_err(|errors| shown_again(&errors))?;
    match send_update(&calls, &visit.ctx_keyed(&filled.key), request).await {
        Ok(_) => Ok(see_other(&products::path(&visit, &id)).notice("product-saved").into_response()),
        Err(error) => Err(shown_again(&Errors::of(error)?)),
    }
}

/// That somebody else was faster is the form's matter too.
async fn send_update(calls: &Calls, ctx: &Ctx, request: UpdateProductRequest) -> haat_kernel::Result<Product> {
    let outcome = calls.update_product(ctx, request).await;
    outcome.map_err(|error| match error.code.as_str() {
        "etag_mismatch" => Error { kind: haat_kernel::Kind::FailedPrecondition, ..error },
        _ => error,
    })
}

pub async fn publish(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(id): Path<String>,
    Form(form): Form<Acting>,
) -> Result<SeeOther> {
    calls.publish_product(&visit.ctx_keyed(&form.key), &id).await?;
    Ok(see_other(&products::path(&visit, &id)).notice("product-published"))
}

pub async fn archive(
    State(calls): State<Calls>,
    Staff(visit): Staff,
    Path(id): Path<String>,
    Form(form): Form<Acting>,
) -> Result<SeeOther> {
    calls.archive_product(&visit.ctx_keyed(&form.key), &id).await?;
    Ok(see_other(&products::path(&visit, &id)).notice("product-archived"))
}

/// A product that the seller made, or sells beside others, as far as it is theirs. A published product of another seller can be
/// read by everybody, and has nothing to be done here.
pub async fn sold_product(calls: &Calls, visit: &Visit, id: &str) -> Result<Product> {
    let product = products::as_own(visit, calls.product(&visit.ctx(), id).await?);
    if product.variants.is_empty() { Err(Failure::NotFound) } else { Ok(product) }
}

/// A page once more, with what was wrong.
pub fn shown(page: Page) -> Failure {
    Failure::Shown(Box::new(page.with_status(StatusCode::UNPROCESSABLE_ENTITY)))
}

fn new_page(visit: &Visit, filled: &Filled, errors: &Errors) -> Page {
    let title = visit.t("new-product");
    let content = html! {
        (form::mistakes(visit, errors))
        (parts::acting_form(visit, &visit.path("/products"), &html! {
            (form::fields(visit, filled, errors, &visit.path("/products/new")))
            div.row { (ui::submit(Look::Primary, &visit.t("create-draft"))) }
        }))
    };
    parts::page_below(&trail(visit, &title), &title, &html! {}, &content)
}

fn edit_page(visit: &Visit, product: &Product, filled: &Filled, errors: &Errors) -> Page {
    let path = products::path(visit, &product.id);
    let content = html! {
        p.row { (parts::product_state(visit, product.state())) (parts::availability(visit, product)) }
        (form::mistakes(visit, errors))
        (parts::section(&visit.t("prices-and-stock"), &html! { p.soft { (visit.t("choose-variant")) } (variants(visit, product)) }))
        section {
            (parts::acting_form(visit, &path, &html! {
                input type="hidden" name="etag" value=(filled.etag);
                (form::fields(visit, filled, errors, &path))
                div.row { (ui::submit(Look::Primary, &visit.t("save"))) }
            }))
        }
    };
    parts::page_below(&trail(visit, &product.title), &product.title, &actions(visit, product, &path), &content)
}

/// Of another seller's product: one's own prices and stock.
fn sold_page(visit: &Visit, product: &Product) -> Page {
    let actions = ui::link_button(Look::Quiet, &format!("/products/{}", product.id), &visit.t("see-in-shop"));
    let content = html! {
        div.stack {
            p.row { (parts::product_state(visit, product.state())) (parts::availability(visit, product)) }
            (ui::notice(ui::Tone::Info, &html! { (visit.t("sold-beside-others")) }))
        }
        (parts::section(&visit.t("prices-and-stock"), &html! { p.soft { (visit.t("choose-variant")) } (variants(visit, product)) }))
    };
    parts::page_below(&trail(visit, &product.title), &product.title, &actions, &content)
}

fn trail(visit: &Visit, title: &str) -> Markup {
    ui::breadcrumbs(visit, &[(&visit.t("products"), &visit.path("/products")), (title, "")])
}

fn actions(visit: &Visit, product: &Product, path: &str) -> Markup {
    let state = product.state();
    html! {
        @if state == ProductState::Published {
            (ui::link_button(Look::Quiet, &format!("/products/{}", product.id), &visit.t("see-in-shop")))
        } @else {
            (parts::acting_button(visit, Look::Primary, &format!("{path}/publish"), &visit.t("publish")))
        }
        @if state != ProductState::Archived {
            (parts::acting_button(visit, Look::Secondary, &format!("{path}/archive"), &visit.t("archive")))
        }
    }
}

/// Each variant with the way to its price and stock.
fn variants(visit: &Visit, product: &Product) -> Markup {
    let columns = [Column::text(visit.t("variant")), Column::number(visit.t("price")), Column::text(visit.t("availability"))];
    let rows: Vec<Vec<Markup>> = product.variants.iter().map(|variant| row(visit, product, variant)).collect();
    ui::table(&visit.t("prices-and-stock"), &columns, &rows)
}

fn row(visit: &Visit, product: &Product, variant: &Variant) -> Vec<Markup> {
    let offer = variant.offers.first();
    let one = Product { variants: vec![variant.clone()], ..Product::default() };
    let name = variant_name(visit, variant);
    let path = products::path(visit, &product.id);
    vec![
        html! {
            @if let Some(offer) = offer { a href=(format!("{path}/offers/{}", offer.id)) { (name) } } @else { (name) }
            br;
            code.soft.small { (variant.sku) }
        },
        html! { (parts::money(visit, offer.and_then(|offer| offer.price.as_ref()))) },
        parts::availability(visit, &one),
    ]
}

/// What buyers choose it by.
pub fn variant_name(visit: &Visit, variant: &Variant) -> String {
    let options = variant.options.values().map(String::as_str).collect::<Vec<_>>().join(" / ");
    match (variant.title.as_str(), options.as_str()) {
        ("", "") => visit.t("only-variant"),
        ("", options) => options.to_owned(),
        (title, _) => title.to_owned(),
    }
}
