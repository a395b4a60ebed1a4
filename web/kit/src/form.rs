//! What visitors send: forms, checked to be ours before anything reads them, and the query of an address. `Errors` leads
//! what a service found wrong back to the fields.

use axum::extract::{FromRequest, FromRequestParts, Request};
use haat_kernel::{Error, Kind};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::csrf;
use crate::failure::Failure;
use crate::visit::Visit;

const FORM_BYTES_MAX: usize = 256 << 10;

/// The fields of a POST. Only a form of a page of ours comes this far.
#[derive(Clone, Debug)]
pub struct Form<T>(pub T);

/// The query of the address; what is missing or unreadable is a 400.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    csrf: String,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let visit = Visit::of(request.extensions())?;
        let headers = request.headers().clone();
        let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !content_type.starts_with("application/x-www-form-urlencoded") {
            return Err(Failure::Malformed("This is no form."));
        }
        let body = Limited::new(request.into_body(), FORM_BYTES_MAX).collect().await;
        let bytes = body.map_err(|_| Failure::Malformed("The form is too large, or broke off."))?.to_bytes();
        let proof: Proof = serde_html_form::from_bytes(&bytes).map_err(|_| Failure::Forged)?;
        if !csrf::is_ours(&headers, &visit.origin(), visit.csrf_cookie(), &proof.csrf) {
            return Err(Failure::Forged);
        }
        let fields = serde_html_form::from_bytes(&bytes);
        fields.map(Form).map_err(|error| Error::invalid("form", error.to_string()).into())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let query = parts.uri.query().unwrap_or_default();
        let read = serde_html_form::from_str(query);
        read.map(Query).map_err(|error| Error::invalid("query", error.to_string()).into())
    }
}

/// What is wrong in which field, for the form to show; the form is shown again with what was filled in.
#[derive(Clone, Debug, Default)]
pub struct Errors {
    /// What is wrong with the whole.
    pub summary: Option<String>,
    fields: Vec<(String, String)>,
}

impl Errors {
    /// Of a call that refused what the visitor sent; any other failure is none of the form's.
    pub fn of(error: Error) -> Result<Self, Failure> {
        let is_input = matches!(
            error.kind,
            Kind::InvalidArgument | Kind::OutOfRange | Kind::AlreadyExists | Kind::FailedPrecondition | Kind::ResourceExhausted
        );
        if !is_input {
            return Err(error.into());
        }
        let fields = error.violations.into_iter().map(|violation| (violation.field, violation.description));
        Ok(Errors { summary: Some(error.detail), fields: fields.collect() })
    }

    pub fn summary(text: impl Into<String>) -> Self {
        Errors { summary: Some(text.into()), fields: Vec::new() }
    }

    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.fields.push((field.into(), text.into()));
    }

    pub fn is_empty(&self) -> bool {
        self.summary.is_none() && self.fields.is_empty()
    }

    /// What is wrong with a field, by its name in the call: `email`, `items[0].quantity`.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }

    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(field, text)| (field.as_str(), text.as_str()))
    }
}

impl Visit {
    /// Whether a form comes from a page of ours, for those that `Form` cannot read, such as one with a file: `proof` is what
    /// its field `csrf` says.
    pub fn is_own_form(&self, headers: &http::HeaderMap, proof: &str) -> bool {
        csrf::is_ours(headers, &self.origin(), self.csrf_cookie(), proof)
    }

    /// The hidden field that proves a form to be ours: in every form that is posted.
    pub fn csrf_field(&self) -> maud::Markup {
        maud::html! { input type="hidden" name=(csrf::FIELD) value=(self.csrf_token()); }
    }

    /// The hidden field that makes a form act once, however often it is sent: hand its value to `ctx_keyed`.
    pub fn key_field(&self) -> maud::Markup {
        maud::html! { input type="hidden" name="key" value=(self.random(16)); }
    }
}
