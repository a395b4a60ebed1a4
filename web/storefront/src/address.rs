//! Where to send what is bought, and how to reach who buys: the first step of the checkout.

use haat_contracts::checkout::{Cart, UpdateCartRequest};
use haat_contracts::common::PostalAddress;
use haat_web::axum::extract::State;
use haat_web::{Errors, Failure, Form, Head, Page, Result, SeeOther, Visit, see_other, ui};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{Front, Shop, basket, cart, parts};

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
    email: String,
    name: String,
    line1: String,
    line2: String,
    city: String,
    state: String,
    #[serde(rename = "postalCode")]
    postal_code: String,
    phone: String,
}

impl Delivery {
    fn of(email: &str, address: &PostalAddress) -> Self {
        Delivery {
            email: email.to_owned(),
            name: address.name.clone(),
            line1: address.line1.clone(),
            line2: address.line2.clone(),
            city: address.city.clone(),
            state: address.state.clone(),
            postal_code: address.postal_code.clone(),
            phone: address.phone.clone(),
        }
    }

    fn address(&self) -> PostalAddress {
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

/// The cart that can be checked out; else where the visitor is sent.
pub async fn ready_cart(shop: &Shop, visit: &Visit) -> Result<Cart> {
    let cart = basket::open(shop, visit).await?;
    let cart = cart.filter(|cart| !cart.items.is_empty()).ok_or_else(|| Failure::Elsewhere("/cart".to_owned()))?;
    if cart.checkout_id.is_empty() { Ok(cart) } else { Err(Failure::Elsewhere(format!("/checkout/{}", cart.checkout_id))) }
}

pub async fn page(State(front): State<Front>, visit: Visit) -> Result<Page> {
    let cart = ready_cart(&front.shop, &visit).await?;
    let filled = match &cart.shipping_address {
        Some(address) => Delivery::of(&cart.email, address),
        None => last_used(&front.shop, &visit).await.unwrap_or_else(|| beginning(&visit, &cart)),
    };
    Ok(shown(&visit, &cart, &filled, &Errors::default()))
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
                }
                return Ok(see_other("/checkout/payment"));
            }
            Err(error) => errors = named(&visit, Errors::of(error)?),
        }
    }
    let page = shown(&visit, &cart, &form, &errors).with_status(haat_web::axum::http::StatusCode::UNPROCESSABLE_ENTITY);
    Err(Failure::Shown(Box::new(page)))
}

fn missing(visit: &Visit, form: &Delivery) -> Errors {
    let mut errors = Errors::default();
    if visit.user().is_none() && form.email.trim().is_empty() {
        errors.add("email", visit.t("email-required"));
    }
    errors
}

/// The call's names of fields are not the form's; and the commonest mistakes in the visitor's words.
fn named(visit: &Visit, errors: Errors) -> Errors {
    let mut named = Errors::default();
    named.summary.clone_from(&errors.summary);
    let mut has_fields = false;
    for (field, text) in errors.fields() {
        let field = field.strip_prefix("shippingAddress.").unwrap_or(field);
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

fn shown(visit: &Visit, cart: &Cart, filled: &Delivery, errors: &Errors) -> Page {
    let t = |id: &str| visit.t(id);
    let choose = t("choose-state");
    let mut states = vec![("", choose.as_str())];
    states.extend(STATES.map(|state| (state, state)));
    // What was typed elsewhere, such as `DL`, is kept.
    if !filled.state.is_empty() && !STATES.contains(&filled.state.as_str()) {
        states.push((&filled.state, &filled.state));
    }
    let body = html! {
        h1 { (t("checkout")) }
        (steps(visit, 0))
        (summary(visit, errors))
        div.cart {
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
                (ui::submit(ui::Look::Primary, &t("to-payment")))
            }
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

/// What is wrong, each with the way to its field; the words say which.
fn summary(visit: &Visit, errors: &Errors) -> Markup {
    if errors.is_empty() {
        return html! {};
    }
    let content = html! {
        p { strong { (errors.summary.clone().unwrap_or_else(|| visit.t("form-has-errors"))) } }
        ul { @for (field, text) in errors.fields() { li { a href={ "#field-" (field) } { (text) } } } }
    };
    ui::notice(ui::Tone::Bad, &content)
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
