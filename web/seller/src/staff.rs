//! Who comes in: the staff of a seller. Everybody else is sent to sign in, or told how to come to sell here.

use haat_web::axum::extract::FromRequestParts;
use haat_web::{Failure, Head, Page, Visit, ui};
use http::StatusCode;
use http::request::Parts;
use maud::html;

/// A visit of somebody who acts for a seller, as far as their token says; the services look again.
pub struct Staff(pub Visit);

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let visit = Visit::from_request_parts(parts, state).await?;
        let is_staff = visit.demand_user()?.seller_id.is_some();
        if is_staff { Ok(Staff(visit)) } else { Err(Failure::Shown(Box::new(no_seller(&visit)))) }
    }
}

/// For whom they act; nobody, for those who are no staff.
pub fn own_seller(visit: &Visit) -> &str {
    visit.user().and_then(|user| user.seller_id.as_deref()).unwrap_or_default()
}

fn no_seller(visit: &Visit) -> Page {
    let title = visit.t("no-seller-title");
    let who = visit.user().and_then(|user| user.email.clone()).unwrap_or_default();
    let action = html! {
        (ui::post_button(visit, ui::Look::Primary, &visit.path("/sign-out"), &visit.t("sign-in-otherwise"), &html! {}))
        (ui::link_button(ui::Look::Secondary, "/", &visit.t("to-the-shop")))
    };
    let text = visit.t_with("no-seller-text", &[("email", who.into())]);
    let body = ui::empty_state(ui::Icon::Store, &title, &text, &action);
    Page::new(Head::titled(title).private(), body).with_status(StatusCode::FORBIDDEN)
}
