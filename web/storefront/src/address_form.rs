//! The form of a postal address, at the checkout and in the address book: its fields, what was filled in, and what is wrong with
//! it in the visitor's words.

use haat_contracts::common::PostalAddress;
use haat_web::{Errors, Visit, ui};
use maud::{Markup, html};
use serde::Deserialize;

/// The states and territories of India: as people write them.
const STATES: [&str; 36] = [
    "Andaman and Nicobar Islands",
    "Andhra Pradesh",
    "Arunachal Pradesh",
    "Assam",
    "Bihar",
    "Chandigarh",
    "Chhattisgarh",
    "Dadra and Nagar Haveli and Daman and Diu",
    "Delhi",
    "Goa",
    "Gujarat",
    "Haryana",
    "Himachal Pradesh",
    "Jammu and Kashmir",
    "Jharkhand",
    "Karnataka",
    "Kerala",
    "Ladakh",
    "Lakshadweep",
    "Madhya Pradesh",
    "Maharashtra",
    "Manipur",
    "Meghalaya",
    "Mizoram",
    "Nagaland",
    "Odisha",
    "Puducherry",
    "Punjab",
    "Rajasthan",
    "Sikkim",
    "Tamil Nadu",
    "Telangana",
    "Tripura",
    "Uttar Pradesh",
    "Uttarakhand",
    "West Bengal",
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Delivery {
    pub email: String,
    pub name: String,
    pub line1: String,
    pub line2: String,
    pub city: String,
    pub state: String,
    #[serde(rename = "postalCode")]
    pub postal_code: String,
    pub phone: String,
    /// Whether it goes into the address book, or is the default there.
    pub keep: String,
}

impl Delivery {
    pub fn of(email: &str, address: &PostalAddress) -> Self {
        Delivery {
            email: email.to_owned(),
            name: address.name.clone(),
            line1: address.line1.clone(),
            line2: address.line2.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            postal_code: address.postal_code.clone(),
            phone: address.phone.clone(),
            keep: String::new(),
        }
    }

    pub fn address(&self) -> PostalAddress {
        PostalAddress {
            name: self.name.clone(),
            line1: self.line1.clone(),
            line2: self.line2.clone(),
            city: self.city.clone(),
            state: self.state.clone(),
            postal_code: self.postal_code.clone(),
            country: "IN".to_owned(),
            phone: self.phone.clone(),
        }
    }
}

pub fn fields(visit: &Visit, filled: &Delivery, errors: &Errors) -> Markup {
    let t = |id: &str| visit.t(id);
    let choose = t("choose-state");
    let mut states = vec![("", choose.as_str())];
    states.extend(STATES.map(|state| (state, state)));
    // What was typed elsewhere, such as `DL`, is kept.
    if !filled.state.is_empty() && !STATES.contains(&filled.state.as_str()) {
        states.push((&filled.state, &filled.state));
    }
    html! {
        (ui::Field::text("name", &t("full-name")).value(&filled.name).errors(errors).required().autocomplete("name").with("maxlength", "200"))
        (ui::Field::text("line1", &t("address-line1")).value(&filled.line1).errors(errors).required().autocomplete("address-line1").with("maxlength", "200"))
        (ui::Field::text("line2", &t("address-line2")).value(&filled.line2).errors(errors).autocomplete("address-line2").with("maxlength", "200"))
        div.two {
            (ui::Field::text("postalCode", &t("pin-code")).value(&filled.postal_code).errors(errors).required().autocomplete("postal-code").with("inputmode", "numeric").with("maxlength", "16"))
            (ui::Field::text("city", &t("city")).value(&filled.city).errors(errors).required().autocomplete("address-level2").with("maxlength", "200"))
        }
        (ui::Field::select("state", &t("state"), &states).value(&filled.state).errors(errors).required().autocomplete("address-level1"))
        (ui::Field::phone("phone", &t("phone")).value(&filled.phone).hint(&t("phone-why")).errors(errors).autocomplete("tel").with("maxlength", "20"))
    }
}

/// The call's names of fields are not the form's; and the commonest mistakes in the visitor's words.
pub fn named(visit: &Visit, errors: Errors) -> Errors {
    let mut named = Errors::default();
    named.summary.clone_from(&errors.summary);
    let mut has_fields = false;
    for (field, text) in errors.fields() {
        let field = ["shippingAddress.", "postalAddress."].iter().find_map(|prefix| field.strip_prefix(prefix)).unwrap_or(field);
        let id = format!("wrong-{}", field.to_lowercase());
        let text = if visit.knows(&id) { visit.t(&id) } else { text.to_owned() };
        named.add(field, text);
        has_fields = true;
    }
    if has_fields {
        named.summary = None;
    }
    named
}

/// What is wrong, each with the way to its field; the words say which.
pub fn summary(visit: &Visit, errors: &Errors) -> Markup {
    if errors.is_empty() {
        return html! {};
    }
    let content = html! {
        p { strong { (errors.summary.clone().unwrap_or_else(|| visit.t("form-has-errors"))) } }
        ul { @for (field, text) in errors.fields() { li { a href={ "#field-" (field) } { (text) } } } }
    };
    ui::notice(ui::Tone::Bad, &content)
}
