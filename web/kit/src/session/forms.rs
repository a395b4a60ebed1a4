//! The pages and forms of a session.

use haat_contracts::users::{CreateSessionRequest, CreateUserRequest, DeleteCurrentSessionRequest};
use haat_kernel::Error;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;

use super::{begin, forget};
use crate::cookies::{Cookie, LANGUAGE, THEME};
use crate::failure::{Failure, Result};
use crate::form::{Errors, Form, Query};
use crate::language::Language;
use crate::page::{Head, Page};
use crate::redirect::{SeeOther, local, see_other};
use crate::ui::{self, Field, Look};
use crate::visit::{Theme, Visit};

#[derive(Default, Deserialize)]
pub(super) struct Way {
    /// Where the visitor came from and goes back to.
    #[serde(default, rename = "return")]
    back: String,
}

#[derive(Default, Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    display_name: String,
    #[serde(default, rename = "return")]
    back: String,
}

pub(super) async fn sign_in_page(visit: Visit, Query(way): Query<Way>) -> Page {
    let filled = Credentials { back: way.back, ..Credentials::default() };
    sign_in_form(&visit, &filled, &Errors::default())
}

pub(super) async fn sign_in(visit: Visit, Form(form): Form<Credentials>) -> Result<SeeOther> {
    match open(&visit, &form).await {
        Ok(()) => Ok(see_other(&back(&visit, &form.back)).notice("signed-in")),
        Err(error) => Err(refused(error, &visit, |errors| sign_in_form(&visit, &form, errors))),
    }
}

pub(super) async fn register_page(visit: Visit, Query(way): Query<Way>) -> Page {
    let filled = Credentials { back: way.back, ..Credentials::default() };
    register_form(&visit, &filled, &Errors::default())
}

pub(super) async fn register(visit: Visit, Form(form): Form<Credentials>) -> Result<SeeOther> {
    let request =
        CreateUserRequest { email: form.email.clone(), password: form.password.clone(), display_name: form.display_name.clone() };
    let mut users = visit.0.kit.users.clone();
    let made = haat_rpc::send(&visit.guest_ctx(), request, |request| users.create_user(request)).await;
    let opened = match made {
        Ok(_) => open(&visit, &form).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(()) => Ok(see_other(&back(&visit, &form.back)).notice("registered")),
        Err(error) => Err(refused(error, &visit, |errors| register_form(&visit, &form, errors))),
    }
}

pub(super) async fn sign_out(visit: Visit, Form(_): Form<Way>) -> Result<SeeOther> {
    if visit.user().is_some() {
        let mut users = visit.0.kit.users.clone();
        let ended = haat_rpc::send(&visit.ctx(), DeleteCurrentSessionRequest {}, |r| users.delete_current_session(r)).await;
        if let Err(error) = ended {
            // Here the session is forgotten in any case.
            tracing::warn!(%error, "a session could not be ended at its service");
        }
    }
    forget(&visit);
    Ok(see_other(&visit.path("/")).notice("signed-out"))
}

#[derive(Deserialize)]
pub(super) struct Choice<T> {
    choice: T,
    #[serde(default, rename = "return")]
    back: String,
}

pub(super) async fn choose_language(visit: Visit, Form(form): Form<Choice<Language>>) -> SeeOther {
    visit.set_cookie(Cookie::lasting(LANGUAGE, form.choice.tag()));
    see_other(&back(&visit, &form.back))
}

pub(super) async fn choose_theme(visit: Visit, Form(form): Form<Choice<Theme>>) -> SeeOther {
    visit.set_cookie(Cookie::lasting(THEME, form.choice.name()));
    see_other(&back(&visit, &form.back))
}

async fn open(visit: &Visit, form: &Credentials) -> haat_kernel::Result<()> {
    let device = visit.0.device.clone();
    let request = CreateSessionRequest { email: form.email.clone(), password: form.password.clone(), device };
    let mut users = visit.0.kit.users.clone();
    let session = haat_rpc::send(&visit.guest_ctx(), request, |request| users.create_session(request)).await?;
    begin(visit, &session).await
}

fn back(visit: &Visit, path: &str) -> String {
    if path.is_empty() { visit.path("/") } else { local(path).to_owned() }
}

/// The form again, with what was wrong; never with the password.
fn refused(error: Error, visit: &Visit, form: impl FnOnce(&Errors) -> Page) -> Failure {
    let is_wrong_password = error.code == "invalid_credentials";
    let errors = if is_wrong_password { Ok(Errors::summary(visit.t("sign-in-wrong"))) } else { Errors::of(error) };
    match errors {
        Ok(errors) => Failure::Shown(Box::new(form(&errors).with_status(StatusCode::UNPROCESSABLE_ENTITY))),
        Err(failure) => failure,
    }
}

fn sign_in_form(visit: &Visit, filled: &Credentials, errors: &Errors) -> Page {
    let title = visit.t("sign-in-title");
    let fields = html! {
        (Field::email("email", &visit.t("email")).value(&filled.email).autocomplete("username").required().errors(errors))
        (Field::password("password", &visit.t("password")).autocomplete("current-password").required().errors(errors))
    };
    let other = html! {
        @if visit.can_register() {
            p.aside-link { (visit.t("no-account-yet")) " " a href=(other_page(visit, "/register", &filled.back)) { (visit.t("register")) } }
        }
    };
    let body = card(visit, &title, "/sign-in", &visit.t("sign-in"), filled, errors, &fields, &other);
    Page::new(Head::titled(title).private(), body)
}

fn register_form(visit: &Visit, filled: &Credentials, errors: &Errors) -> Page {
    let title = visit.t("register-title");
    let fields = html! {
        (Field::text("display_name", &visit.t("your-name")).value(&filled.display_name).autocomplete("name").required()
            .error(errors.field("displayName").or_else(|| errors.field("display_name"))))
        (Field::email("email", &visit.t("email")).value(&filled.email).autocomplete("username").required().errors(errors))
        (Field::password("password", &visit.t("password")).hint(&visit.t("password-hint")).autocomplete("new-password").required()
            .errors(errors))
    };
    let other = html! {
        p.aside-link { (visit.t("have-account")) " " a href=(other_page(visit, "/sign-in", &filled.back)) { (visit.t("sign-in")) } }
    };
    let body = card(visit, &title, "/register", &visit.t("register"), filled, errors, &fields, &other);
    Page::new(Head::titled(title).private(), body)
}

fn other_page(visit: &Visit, path: &str, back: &str) -> String {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("return", back).finish();
    if back.is_empty() { visit.path(path) } else { format!("{}?{query}", visit.path(path)) }
}

#[expect(clippy::too_many_arguments, reason = "the parts of two forms that differ in each of them")]
fn card(
    visit: &Visit,
    title: &str,
    action: &str,
    submit: &str,
    filled: &Credentials,
    errors: &Errors,
    fields: &Markup,
    other: &Markup,
) -> Markup {
    html! {
        div.narrow.card {
            h1 { (title) }
            (ui::error_summary(visit, errors))
            form.stack method="post" action=(visit.path(action)) {
                (visit.csrf_field())
                input type="hidden" name="return" value=(filled.back);
                (fields)
                (ui::submit(Look::Primary, submit))
            }
            (other)
        }
    }
}
