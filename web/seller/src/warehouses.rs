//! Where the seller's stock lies: a list, and a form for a new place.

use haat_contracts::common::PostalAddress;
use haat_contracts::inventory::{CreateWarehouseRequest, Warehouse};
use haat_web::axum::extract::State;
use haat_web::ui::{self, Column, Field, Look};
use haat_web::{Errors, Form, Page, Result, SeeOther, Visit, see_other};
use maud::{Markup, html};
use serde::Deserialize;

use crate::calls::Calls;
use crate::parts;
use crate::product::shown;
use crate::staff::Staff;

/// As the call names them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Filled {
    key: String,
    display_name: String,
    line1: String,
    line2: String,
    city: String,
    state: String,
    postal_code: String,
    phone: String,
}

impl Filled {
    fn request(&self) -> CreateWarehouseRequest {
        let filled = self.clone();
        let address = PostalAddress {
            name: filled.display_name.clone(),
            line1: filled.line1,
            line2: filled.line2,
            city: filled.city,
            state: filled.state,
            postal_code: filled.postal_code,
            country: "IN".to_owned(),
            phone: filled.phone,
        };
        CreateWarehouseRequest { display_name: filled.display_name, address: Some(address) }
    }
}

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff) -> Result<Page> {
    let warehouses = calls.warehouses(&visit.ctx()).await?;
    Ok(warehouses_page(&visit, &warehouses, &Filled::default(), &Errors::default()))
}

pub async fn create(State(calls): State<Calls>, Staff(visit): Staff, Form(filled): Form<Filled>) -> Result<SeeOther> {
    match calls.create_warehouse(&visit.ctx_keyed(&filled.key), filled.request()).await {
        Ok(_) => Ok(see_other(&visit.path("/warehouses")).notice("warehouse-created")),
        Err(error) => {
            let errors = Errors::of(error)?;
            let warehouses = calls.warehouses(&visit.ctx()).await?;
            Err(shown(warehouses_page(&visit, &warehouses, &filled, &errors)))
        }
    }
}

fn warehouses_page(visit: &Visit, warehouses: &[Warehouse], filled: &Filled, errors: &Errors) -> Page {
    let columns = [Column::text(visit.t("warehouse")), Column::text(visit.t("address")), Column::text(visit.t("whose"))];
    let row = |warehouse: &Warehouse| {
        let whose = if warehouse.seller_id.is_empty() { "platforms" } else { "your-own" };
        vec![html! { (warehouse.display_name) }, html! { (place(warehouse)) }, html! { (visit.t(whose)) }]
    };
    let rows: Vec<Vec<Markup>> = warehouses.iter().map(row).collect();
    let content = html! {
        @if rows.is_empty() { p.soft { (visit.t("no-warehouse")) } } @else { (ui::table(&visit.t("warehouses"), &columns, &rows)) }
        (parts::section(&visit.t("new-warehouse"), &form(visit, filled, errors)))
    };
    parts::page(&visit.t("warehouses"), &html! {}, &content)
}

fn place(warehouse: &Warehouse) -> String {
    let address = warehouse.address.clone().unwrap_or_default();
    let parts = [address.line1, address.line2, address.city, address.postal_code];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "–".to_owned() } else { parts.join(", ") }
}

fn form(visit: &Visit, filled: &Filled, errors: &Errors) -> Markup {
    let field = |name: &'static str, label: &str, value: &str| {
        let error = errors.field(name).or_else(|| errors.field(name_in_address(name)));
        html! { (Field::text(name, &visit.t(label)).value(value).error(error)) }
    };
    let name_error = errors.field("displayName").or_else(|| errors.field("address.name"));
    parts::acting_form(
        visit,
        &visit.path("/warehouses"),
        &html! {
            (ui::error_summary(visit, errors))
            (Field::text("displayName", &visit.t("name")).value(&filled.display_name).required().error(name_error))
            div.field-row {
                (field("line1", "address-line1", &filled.line1))
                (field("line2", "address-line2", &filled.line2))
                (field("city", "city", &filled.city))
                (field("state", "state-of-india", &filled.state))
                (field("postalCode", "postal-code", &filled.postal_code))
                (field("phone", "phone", &filled.phone))
            }
            div.row { (ui::submit(Look::Primary, &visit.t("create-warehouse"))) }
        },
    )
}

/// Inventory names a field of the address by its path.
fn name_in_address(name: &str) -> &'static str {
    match name {
        "line1" => "address.line1",
        "line2" => "address.line2",
        "city" => "address.city",
        "state" => "address.state",
        "postalCode" => "address.postalCode",
        _ => "address.phone",
    }
}
