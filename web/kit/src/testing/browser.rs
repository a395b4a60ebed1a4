//! A browser without a window: it keeps cookies, fills in the hidden fields of forms, and follows nothing by itself.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::Request;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use haat_kernel::{Clock, Entropy};
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use serde_json::json;

use super::gateway::FakeGateway;
use crate::app::App;
use crate::cookies::{CSRF, PERSON, SESSION};
use crate::csrf::TOKEN_BYTES;
use crate::site::{Arrival, Site};
use crate::user::write_person;

const TEST_HOST: &str = "haat.test";
const YEAR_S: i64 = 365 * 24 * 3600;

/// An access token as the gateway would see it, unsigned: enough for what an application reads of it.
pub fn token(user: &str, roles: &[&str], seller_id: Option<&str>, expires: i64) -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({ "sub": user, "roles": roles, "seller_id": seller_id, "exp": expires });
    format!("{}.{}.signature", part(json!({ "alg": "none" })), part(claims))
}

/// A visitor of one application.
pub struct Browser {
    site: Site,
    clock: Clock,
    cookies: Mutex<BTreeMap<String, String>>,
    headers: HeaderMap,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl Browser {
    /// A guest at the application.
    pub fn at(app: App, gateway: &FakeGateway) -> Self {
        Browser::at_time(app, gateway, Clock::System)
    }

    pub fn at_time(app: App, gateway: &FakeGateway, clock: Clock) -> Self {
        let site = Site::new(app, gateway.channel(), clock, Entropy::seeded(7));
        Browser { site, clock, cookies: Mutex::default(), headers: HeaderMap::new() }
    }

    /// Somebody who is signed in with these roles.
    #[must_use]
    pub fn signed_in(self, user: &str, roles: &[&str]) -> Self {
        self.signed_in_as(user, roles, None)
    }

    /// A seller's staff.
    #[must_use]
    pub fn signed_in_as(self, user: &str, roles: &[&str], seller_id: Option<&str>) -> Self {
        let token = token(user, roles, seller_id, self.clock.now().as_second() + YEAR_S);
        self.with_cookie(SESSION, &token).with_cookie(PERSON, &write_person("Asha Rao", "asha@haat.test"))
    }

    #[must_use]
    pub fn with_cookie(self, name: &str, value: &str) -> Self {
        self.cookies.lock().insert(name.to_owned(), encoded(value));
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        self
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().get(name).cloned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    /// Sends a form of a page of ours: the proof of it is added.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.cookies.lock().entry(CSRF.to_owned()).or_insert_with(|| "0".repeat(2 * TOKEN_BYTES)).clone();
        let fields: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", token.as_str())]).collect();
        self.post_bare(path, &fields).await
    }

    /// Sends a form as it is.
    pub async fn post_bare(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let form: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (ORIGIN, HeaderValue::from_static("https://haat.test")),
        ];
        self.send(Method::POST, path, &headers, Body::from(form)).await
    }

    async fn send(&self, method: Method, path: &str, headers: &[(HeaderName, HeaderValue)], body: Body) -> Answer {
        let cookies: Vec<String> = self.cookies.lock().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(HOST, TEST_HOST);
        if let Some(all) = request.headers_mut() {
            all.extend(self.headers.clone());
            all.extend(headers.iter().cloned());
            all.extend(HeaderValue::try_from(cookies.join("; ")).ok().map(|value| (COOKIE, value)));
        }
        let request = request.body(body).unwrap_or_default();
        let arrival = Arrival { is_secure: true, client_address: "203.0.113.7".to_owned() };
        let (parts, body) = self.site.handle(request, arrival).await.into_parts();
        parts.headers.get_all(SET_COOKIE).iter().for_each(|value| self.keep(value));
        let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() }
    }

    fn keep(&self, header: &HeaderValue) {
        let text = header.to_str().unwrap_or_default();
        let Some((name, value)) = text.split(';').next().and_then(|pair| pair.split_once('=')) else { return };
        if text.contains("; Max-Age=0") {
            self.cookies.lock().remove(name);
        } else {
            self.cookies.lock().insert(name.to_owned(), value.to_owned());
        }
    }
}

fn encoded(value: &str) -> String {
    percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string()
}
