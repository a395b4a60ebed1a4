//! What goes wrong, as a page in the application's own layout. The error's detail is public by its contract; what is
//! internal stays in the log.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use haat_kernel::{Error, Kind};
use http::StatusCode;
use maud::{Markup, html};

use crate::cookies::{Cookie, SESSION};
use crate::page::{Head, Page};
use crate::redirect::see_other;
use crate::ui;
use crate::ui::Icon;
use crate::visit::Visit;

/// What a handler answers.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

#[derive(Clone, Debug)]
pub enum Failure {
    /// A call failed.
    Error(Box<Error>),
    /// Nothing is here.
    NotFound,
    /// The form did not come from a page of ours, or its page is too old.
    Forged,
    /// The form cannot be read, or is too large.
    Malformed(&'static str),
    /// The visitor is sent to another path instead.
    Elsewhere(String),
    /// A page of the handler's own: a form once more, with what is wrong.
    Shown(Box<Page>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Error(Box::new(error))
    }
}

impl Failure {
    pub fn status(&self) -> StatusCode {
        match self {
            Failure::Error(error) => StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Failure::NotFound => StatusCode::NOT_FOUND,
            Failure::Forged => StatusCode::FORBIDDEN,
            Failure::Malformed(_) => StatusCode::BAD_REQUEST,
            Failure::Elsewhere(_) => StatusCode::SEE_OTHER,
            Failure::Shown(page) => page.status,
        }
    }

    /// The answer to a visitor, with words in their language.
    pub(crate) fn answer(&self, visit: &Visit) -> Response {
        match self {
            Failure::Elsewhere(path) => see_other(path).into_response(),
            Failure::Shown(page) => page.as_ref().clone().into_response(),
            Failure::Error(error) if error.kind == Kind::Unauthenticated => {
                // The token no longer holds; the next request tries to renew it.
                visit.set_cookie(Cookie::gone(SESSION));
                see_other(&visit.sign_in()).into_response()
            }
            _ => self.page(visit).into_response(),
        }
    }

    fn page(&self, visit: &Visit) -> Page {
        let words = self.words();
        let title = visit.t(&format!("failure-{words}-title"));
        let text = match self {
            Failure::Error(error) if words == "refused" => error.detail.clone(),
            Failure::Error(error) if words == "unavailable" && !error.detail.is_empty() => {
                format!("{} {}", visit.t("failure-unavailable-text"), error.detail)
            }
            Failure::Malformed(why) => (*why).to_owned(),
            _ => visit.t(&format!("failure-{words}-text")),
        };
        let body = html! {
            (ui::empty_state(self.icon(), &title, &text, &self.way_on(visit)))
            p.failure-reference { (visit.t("failure-reference")) " " code { (visit.correlation_id()) } }
        };
        Page::new(Head::titled(title).private(), body).with_status(self.status())
    }

    fn words(&self) -> &'static str {
        match self {
            Failure::NotFound => "not-found",
            Failure::Forged => "forged",
            Failure::Malformed(_) => "malformed",
            Failure::Elsewhere(_) | Failure::Shown(_) => "refused",
            Failure::Error(error) => match error.kind {
                Kind::NotFound => "not-found",
                Kind::PermissionDenied => "not-allowed",
                Kind::Unavailable | Kind::DeadlineExceeded => "unavailable",
                Kind::Internal | Kind::Unimplemented => "internal",
                _ => "refused",
            },
        }
    }

    fn icon(&self) -> Icon {
        match self.words() {
            "not-found" => Icon::Search,
            "not-allowed" | "forged" => Icon::Lock,
            "unavailable" => Icon::Clock,
            _ => Icon::Alert,
        }
    }

    fn way_on(&self, visit: &Visit) -> Markup {
        let is_again = self.status().is_server_error() && visit.method() == http::Method::GET;
        html! {
            @if is_again { (ui::link_button(ui::Look::Primary, visit.path_and_query(), &visit.t("try-again"))) }
            (ui::link_button(ui::Look::Secondary, &visit.path("/"), &visit.t("to-the-start")))
        }
    }
}

/// Travels beside an empty body until `site` shows it.
impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        response.extensions_mut().insert(self);
        response
    }
}
