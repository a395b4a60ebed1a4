//! One request of one visitor: who they are, what they want to see it in, and how calls are made for them. Handlers take it
//! as an argument; clones are the same visit.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::FromRequestParts;
use fluent_bundle::FluentValue;
use haat_contracts::common;
use haat_kernel::{CorrelationId, Ctx, Idempotency, Principal, Timestamp, TraceContext};
use http::request::Parts;
use http::{Extensions, Method, Uri};
use parking_lot::Mutex;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::cookies::{CSRF, Cookie, Cookies};
use crate::csrf;
use crate::failure::Failure;
use crate::kit::Kit;
use crate::language::Language;
use crate::number;
use crate::user::User;

/// For a call of a page, unless its contract is stricter.
const CALL_MAX: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub struct Visit(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub kit: Arc<Kit>,
    pub method: Method,
    pub uri: Uri,
    pub is_secure: bool,
    /// `shop.example:8443`.
    pub host: String,
    pub client_address: String,
    /// `Chrome on Windows`.
    pub device: String,
    pub correlation_id: CorrelationId,
    pub trace: TraceContext,
    pub now: Timestamp,
    pub language: Language,
    pub theme: Theme,
    pub cookies: Cookies,
    pub user: Option<User>,
    pub access_token: Option<String>,
    pub notice: OnceLock<Option<String>>,
    /// Made when the first form of the page asks for it.
    pub csrf: OnceLock<String>,
    /// To be set on the answer.
    pub outgoing: Mutex<Vec<Cookie>>,
}

/// Light or dark, as the visitor chose, or as their system is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    Auto,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::Auto, Theme::Light, Theme::Dark];

    pub const fn name(self) -> &'static str {
        match self {
            Theme::Auto => "auto",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Theme::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

impl Visit {
    pub(crate) fn of(extensions: &Extensions) -> Result<Self, Failure> {
        let visit = extensions.get::<Visit>().cloned();
        visit.ok_or_else(|| haat_kernel::Error::internal("a handler was reached past the site").into())
    }

    /// For calls as this visitor: their token, and the ids of this request.
    pub fn ctx(&self) -> Ctx {
        self.ctx_with(&[])
    }

    /// The same with headers that the call's contract lets pass.
    pub fn ctx_with(&self, headers: &[(&str, &str)]) -> Ctx {
        let mut ctx = Ctx::new(Principal::anonymous(), self.0.correlation_id.clone(), self.0.now);
        ctx.trace = self.0.trace;
        ctx.deadline = Some(tokio::time::Instant::now() + CALL_MAX);
        let mut all: BTreeMap<String, String> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.insert("haat-client-address".to_owned(), self.0.client_address.clone());
        if let Some(token) = &self.0.access_token {
            all.insert("authorization".to_owned(), format!("Bearer {token}"));
        }
        ctx.headers = Arc::new(all);
        ctx
    }

    /// For calls that nobody need be signed in for, and that a token which no longer holds must not spoil.
    pub(crate) fn guest_ctx(&self) -> Ctx {
        let mut ctx = self.ctx();
        Arc::make_mut(&mut ctx.headers).remove("authorization");
        ctx
    }

    /// The same with an idempotency key: a call made twice acts once. `key` is the field that `key_field` put into the form.
    pub fn ctx_keyed(&self, key: &str) -> Ctx {
        let mut ctx = self.ctx();
        // The gateway sets the scope.
        ctx.idempotency = Some(Idempotency { scope: String::new(), key: key.to_owned(), request_hash: 0 });
        ctx
    }

    /// Who is signed in: for display only.
    pub fn user(&self) -> Option<&User> {
        self.0.user.as_ref()
    }

    /// Who is signed in, or on to signing in and back here.
    pub fn demand_user(&self) -> Result<&User, Failure> {
        self.user().ok_or_else(|| Failure::Elsewhere(self.sign_in()))
    }

    /// The page for signing in, with the way back to this one.
    pub fn sign_in(&self) -> String {
        let back = if self.0.method == Method::GET { self.path_and_query().to_owned() } else { self.path("/") };
        self.path(&format!("/sign-in?return={}", utf8_percent_encode(&back, NON_ALPHANUMERIC)))
    }

    pub fn language(&self) -> Language {
        self.0.language
    }

    pub fn theme(&self) -> Theme {
        self.0.theme
    }

    /// A message in the visitor's language.
    pub fn t(&self, id: &str) -> String {
        self.t_with(id, &[])
    }

    /// A message with what stands in it: `t_with("cart-items", &[("count", 3.into())])`.
    pub fn t_with(&self, id: &str, arguments: &[(&str, FluentValue<'_>)]) -> String {
        self.0.kit.messages.say(self.0.language, id, arguments)
    }

    /// Whether there is a message of this id: for texts that depend on codes.
    pub fn knows(&self, id: &str) -> bool {
        self.0.kit.messages.knows(id)
    }

    /// `₹1,299.00`.
    pub fn money(&self, amount: &common::Money) -> String {
        number::money(amount)
    }

    /// `1234567` → `12,34,567`.
    pub fn number(&self, number: u64) -> String {
        number::grouped(number)
    }

    /// `21 Nov 2026`, in India's time.
    pub fn date(&self, at: Timestamp) -> String {
        number::date(at, self.0.language)
    }

    /// `21 Nov 2026, 14:05`, in India's time.
    pub fn date_time(&self, at: Timestamp) -> String {
        number::date_time(at, self.0.language)
    }

    pub fn now(&self) -> Timestamp {
        self.0.now
    }

    pub fn method(&self) -> &Method {
        &self.0.method
    }

    pub fn url(&self) -> &Uri {
        &self.0.uri
    }

    pub fn path_and_query(&self) -> &str {
        self.0.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// A path of this application, from the path below it: `/orders` → `/seller/orders`.
    pub fn path(&self, below: &str) -> String {
        match (self.0.kit.prefix, below) {
            ("", _) => below.to_owned(),
            (prefix, "/") => prefix.to_owned(),
            (prefix, _) => format!("{prefix}{below}"),
        }
    }

    /// `https://shop.example`, as the visitor sees us.
    pub fn origin(&self) -> String {
        let scheme = if self.0.is_secure { "https" } else { "http" };
        format!("{scheme}://{}", self.0.host)
    }

    pub fn correlation_id(&self) -> &str {
        self.0.correlation_id.as_str()
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.0.cookies.get(name)
    }

    /// Sets a cookie on the answer.
    pub fn set_cookie(&self, cookie: Cookie) {
        let mut outgoing = self.0.outgoing.lock();
        outgoing.retain(|set| set.name != cookie.name);
        outgoing.push(cookie);
    }

    /// Unguessable, so many bytes in hexadecimal: for ids that a visitor brings back.
    pub fn random(&self, bytes: usize) -> String {
        self.0.kit.entropy.hex(bytes)
    }

    /// Whether newcomers can register in this application.
    pub fn can_register(&self) -> bool {
        self.0.kit.registers
    }

    /// What the last form did, to be shown once.
    pub(crate) fn notice(&self) -> Option<&str> {
        self.0.notice.get_or_init(|| crate::notice::take(self)).as_deref()
    }

    pub(crate) fn csrf_cookie(&self) -> Option<&str> {
        self.cookie(CSRF)
    }

    pub(crate) fn csrf_token(&self) -> &str {
        self.0.csrf.get_or_init(|| match self.csrf_cookie() {
            Some(token) if token.len() == 2 * csrf::TOKEN_BYTES => token.to_owned(),
            _ => {
                let token = self.random(csrf::TOKEN_BYTES);
                self.set_cookie(Cookie::until_closed(CSRF, token.as_str()));
                token
            }
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Visit::of(&parts.extensions)
    }
}
