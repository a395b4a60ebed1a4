//! The seller as buyers see them: their public name.

use haat_kernel::Kind;
use haat_web::axum::extract::State;
use haat_web::ui::{self, Field, Look};
use haat_web::{Errors, Form, Page, Result, SeeOther, Visit, see_other};
use maud::html;
use serde::Deserialize;

use crate::calls::Calls;
use crate::parts;
use crate::product::shown;
use crate::staff::{Staff, own_seller};

const NAME_CHARS_MAX: &str = "100";

/// As the call names it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Filled {
    key: String,
    display_name: String,
}

pub async fn page(State(calls): State<Calls>, Staff(visit): Staff) -> Result<Page> {
    let display_name = match calls.seller(&visit.ctx(), own_seller(&visit)).await {
        // One who has no name yet gives one here.
        Err(error) if error.kind == Kind::NotFound => String::new(),
        seller => seller?.display_name,
    };
    Ok(shop_page(&visit, &Filled { display_name, ..Filled::default() }, &Errors::default()))
}

pub async fn rename(State(calls): State<Calls>, Staff(visit): Staff, Form(filled): Form<Filled>) -> Result<SeeOther> {
    match calls.rename_seller(&visit.ctx_keyed(&filled.key), own_seller(&visit), &filled.display_name).await {
        Ok(_) => Ok(see_other(&visit.path("/shop")).notice("shop-named")),
        Err(error) if error.code == "seller_name_taken" => {
            let mut errors = Errors::default();
            errors.add("displayName", visit.t("shop-name-taken"));
            Err(shown(shop_page(&visit, &filled, &errors)))
        }
        Err(error) => Err(shown(shop_page(&visit, &filled, &Errors::of(error)?))),
    }
}

fn shop_page(visit: &Visit, filled: &Filled, errors: &Errors) -> Page {
    let label = visit.t("shop-name");
    let form = html! {
        (ui::error_summary(visit, errors))
        (Field::text("displayName", &label).value(&filled.display_name).hint(&visit.t("shop-name-hint")).errors(errors).required()
            .autocomplete("organization").with("maxlength", NAME_CHARS_MAX))
        div.row { (ui::submit(Look::Primary, &visit.t("save"))) }
    };
    let form = parts::acting_form(visit, &visit.path("/shop"), &form);
    parts::page(&visit.t("your-shop"), &html! {}, &parts::section(&visit.t("shop-seen"), &form))
}
