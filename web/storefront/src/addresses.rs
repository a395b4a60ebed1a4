//! The address book of a signed-in buyer: the addresses that they keep, one of them the default.

use haat_contracts::users::{AddAddressRequest, SavedAddress, UpdateAddressRequest};
use haat_web::axum::extract::{Path, State};
use haat_web::axum::http::StatusCode;
use haat_web::{Errors, Failure, Form, Head, Page, Result, SeeOther, Visit, see_other, ui};
use maud::{Markup, html};
use serde::Deserialize;

use crate::account::tabs;
use crate::address_form::{self, Delivery, named, summary};
use crate::{Front, parts};

const PATH: &str = "/account/addresses";

pub async fn page(State(front): State<Front>, visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    let book = front.shop.address_book(&visit.ctx()).await?.addresses;
    let title = visit.t("addresses");
    let body = html! {
        h1 { (title) }
        (tabs(&visit, PATH))
        @if book.is_empty() { p { (visit.t("no-addresses")) } }
        ul.address-book { @for saved in &book { li.panel { (entry(&visit, saved)) } } }
        p { (ui::link_button(ui::Look::Primary, "/account/addresses/new", &visit.t("add-address"))) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn entry(visit: &Visit, saved: &SavedAddress) -> Markup {
    let path = |act: &str| format!("{PATH}/{}{act}", saved.id);
    let whose = saved.postal_address.as_ref().map(|address| format!("{}, {}", address.name, address.line1)).unwrap_or_default();
    html! {
        @if saved.is_default { p { (ui::badge(ui::Tone::Info, &visit.t("default-address"))) } }
        @if let Some(address) = &saved.postal_address { (parts::address(address)) }
        div.row {
            a.button.secondary href=(path("")) { (visit.t("edit")) span.visually-hidden { ": " (whose) } }
            @if !saved.is_default {
                (button(visit, &path("/default"), &visit.t("make-default"), &whose))
            }
            (button(visit, &path("/remove"), &visit.t("remove"), &whose))
        }
    }
}

fn button(visit: &Visit, action: &str, label: &str, whose: &str) -> Markup {
    html! {
        form.inline method="post" action=(action) {
            (visit.csrf_field())
            button.button.quiet type="submit" { (label) span.visually-hidden { ": " (whose) } }
        }
    }
}

pub async fn new(visit: Visit) -> Result<Page> {
    visit.demand_user()?;
    Ok(form(&visit, "new", &Delivery::default(), &Errors::default()))
}

pub async fn add(State(front): State<Front>, visit: Visit, Form(filled): Form<Delivery>) -> Result<SeeOther> {
    visit.demand_user()?;
    let message = AddAddressRequest { postal_address: Some(filled.address()), is_default: !filled.keep.is_empty() };
    match front.shop.add_address(&visit.ctx(), message).await {
        Ok(_) => Ok(see_other(PATH).notice("address-kept")),
        Err(error) if error.code == "address_book_full" => {
            Err(again(&visit, "new", &filled, &Errors::summary(visit.t("address-book-full"))))
        }
        Err(error) => Err(again(&visit, "new", &filled, &named(&visit, Errors::of(error)?))),
    }
}

pub async fn edit(State(front): State<Front>, visit: Visit, Path(id): Path<String>) -> Result<Page> {
    visit.demand_user()?;
    let book = front.shop.address_book(&visit.ctx()).await?.addresses;
    let saved = book.into_iter().find(|saved| saved.id == id).ok_or(Failure::NotFound)?;
    let mut filled = Delivery::of("", &saved.postal_address.unwrap_or_default());
    filled.keep = if saved.is_default { "on".to_owned() } else { String::new() };
    Ok(form(&visit, &id, &filled, &Errors::default()))
}

pub async fn update(
    State(front): State<Front>,
    visit: Visit,
    Path(id): Path<String>,
    Form(filled): Form<Delivery>,
) -> Result<SeeOther> {
    visit.demand_user()?;
    let (postal_address, is_default) = (Some(filled.address()), !filled.keep.is_empty());
    match front.shop.update_address(&visit.ctx(), UpdateAddressRequest { address: id.clone(), postal_address, is_default }).await
    {
        Ok(_) => Ok(see_other(PATH).notice("address-kept")),
        Err(error) => Err(again(&visit, &id, &filled, &named(&visit, Errors::of(error)?))),
    }
}

/// A form that is one button.
#[derive(Deserialize)]
pub struct Pressed {}

pub async fn make_default(
    State(front): State<Front>,
    visit: Visit,
    Path(id): Path<String>,
    Form(_): Form<Pressed>,
) -> Result<SeeOther> {
    visit.demand_user()?;
    let message = UpdateAddressRequest { address: id, postal_address: None, is_default: true };
    front.shop.update_address(&visit.ctx(), message).await?;
    Ok(see_other(PATH).notice("address-kept"))
}

pub async fn remove(
    State(front): State<Front>,
    visit: Visit,
    Path(id): Path<String>,
    Form(_): Form<Pressed>,
) -> Result<SeeOther> {
    visit.demand_user()?;
    match front.shop.remove_address(&visit.ctx(), &id).await {
        // Removed in another window.
        Err(error) if error.code != "address_not_found" => Err(error.into()),
        _ => Ok(see_other(PATH).notice("address-removed")),
    }
}

/// `id`: `new`, or that of an address.
fn form(visit: &Visit, id: &str, filled: &Delivery, errors: &Errors) -> Page {
    let title = visit.t(if id == "new" { "add-address" } else { "edit-address" });
    let body = html! {
        div.narrow-page {
            h1 { (title) }
            (summary(visit, errors))
            form.panel.stack method="post" action={ (PATH) "/" (id) } {
                (visit.csrf_field())
                (address_form::fields(visit, filled, errors))
                (ui::Field::check("keep", &visit.t("use-as-default")).value(&filled.keep))
                div.row {
                    (ui::submit(ui::Look::Primary, &visit.t("save")))
                    (ui::link_button(ui::Look::Quiet, PATH, &visit.t("do-not-save")))
                }
            }
        }
    };
    Page::new(Head::titled(title).private(), body)
}

fn again(visit: &Visit, id: &str, filled: &Delivery, errors: &Errors) -> Failure {
    Failure::Shown(Box::new(form(visit, id, filled, errors).with_status(StatusCode::UNPROCESSABLE_ENTITY)))
}
