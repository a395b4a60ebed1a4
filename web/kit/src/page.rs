//! A page as a handler gives it: what stands in its head, and its main part. The application's layout puts it into its
//! frame on the way out.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::Markup;

#[derive(Clone, Debug)]
pub struct Page {
    pub head: Head,
    pub body: Markup,
    pub status: StatusCode,
}

/// What browsers and search engines read of a page.
#[derive(Clone, Debug, Default)]
pub struct Head {
    pub title: String,
    pub description: String,
    /// The one address of what several addresses show: a path.
    pub canonical: Option<String>,
    /// Structured data (schema.org).
    pub json_ld: Option<serde_json::Value>,
    /// True for pages that search engines are to leave out.
    pub is_private: bool,
    /// Scripts beside those of every page: names below `assets`.
    pub scripts: Vec<&'static str>,
    /// Style sheets of the application's own: their paths.
    pub styles: Vec<String>,
    /// The picture for those who pass the page on: a path.
    pub image: Option<String>,
    /// After so many seconds a browser without scripts asks for the page again; with scripts the page follows by itself.
    pub reload_s: Option<u32>,
}

impl Head {
    pub fn titled(title: impl Into<String>) -> Self {
        Head { title: title.into(), ..Head::default() }
    }

    #[must_use]
    pub fn described(self, description: impl Into<String>) -> Self {
        Head { description: description.into(), ..self }
    }

    #[must_use]
    pub fn at(self, canonical: impl Into<String>) -> Self {
        Head { canonical: Some(canonical.into()), ..self }
    }

    #[must_use]
    pub fn with_data(self, json_ld: serde_json::Value) -> Self {
        Head { json_ld: Some(json_ld), ..self }
    }

    #[must_use]
    pub fn reloading(self, seconds: u32) -> Self {
        Head { reload_s: Some(seconds), ..self }
    }

    #[must_use]
    pub fn private(self) -> Self {
        Head { is_private: true, ..self }
    }
}

impl Page {
    pub fn new(head: Head, body: Markup) -> Self {
        Page { head, body, status: StatusCode::OK }
    }

    /// A page with a title and nothing else to say in its head.
    pub fn titled(title: impl Into<String>, body: Markup) -> Self {
        Page::new(Head::titled(title), body)
    }

    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Page { status, ..self }
    }
}

/// The page travels beside an empty body until `site` lays it out.
impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        response
    }
}
