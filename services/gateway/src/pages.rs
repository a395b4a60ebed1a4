//! What the gateway answers by itself: the API reference and its OpenAPI document, made once at the start, and the page that
//! stands in for an application that is away. They are whole without scripts, need no other host, and their headers allow none.

mod example;
mod reference;

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFRESH};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use maud::{DOCTYPE, Markup, html};

use crate::answer::{Answer, Content};
use crate::body;
use crate::openapi;
use crate::problem::Problem;
use crate::table::{Page, Table};

/// Style, script and calls of this host alone, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// By a browser, for a page of an application that is away.
const ASKED_AGAIN_S: &str = "3";
const STYLE: &str = include_str!("pages/reference.css");
const SCRIPT: &str = include_str!("pages/reference.js");

pub struct Pages {
    docs: Content,
    style: Content,
    script: Content,
    openapi: Content,
}

impl Pages {
    pub fn new(table: &Table) -> Self {
        let document = openapi::document(table);
        let json = HeaderValue::from_static("application/json");
        Pages {
            docs: page("Haat API reference", &reference::body(&document)),
            style: file("text/css; charset=utf-8", STYLE),
            script: file("text/javascript; charset=utf-8", SCRIPT),
            openapi: Content::new(json, document.to_string().into_bytes()).with_etag(),
        }
    }

    /// `request` are the request's headers.
    pub fn answer(&self, page: Page, request: &HeaderMap) -> Answer {
        let content = match page {
            Page::Docs => &self.docs,
            Page::DocsStyle => &self.style,
            Page::DocsScript => &self.script,
            Page::OpenApi | Page::Live | Page::Ready => &self.openapi,
        };
        let mut answer = content.clone().respond(StatusCode::OK, request);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
        answer
    }

    pub fn text(&self, text: &'static str) -> Answer {
        let mut answer = Response::new(body::whole(text));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

fn page(title: &str, body: &Markup) -> Content {
    let document = markup(title, body).into_string().into_bytes();
    Content::new(HeaderValue::from_static("text/html; charset=utf-8"), document).with_etag()
}

fn file(content_type: &'static str, text: &str) -> Content {
    Content::new(HeaderValue::from_static(content_type), text.as_bytes().to_vec()).with_etag()
}

fn markup(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="stylesheet" href="/docs/reference.css";
            }
            body { (body) }
        }
    }
}

/// In place of an application's page, for people. One that was only looked at is asked for again by itself when the application
/// may be back.
pub fn failure(problem: Problem, method: &Method, reference: &str) -> Answer {
    let is_away = matches!(problem.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT);
    let (title, text) = match problem.status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            ("Back in a moment", "This part of Haat does not answer just now. Nothing is lost; please try again shortly.")
        }
        StatusCode::TOO_MANY_REQUESTS => ("Too many requests", "Please wait a little and try again."),
        StatusCode::PAYLOAD_TOO_LARGE => ("Too large", "What was sent is larger than we take."),
        status if status.is_client_error() => ("That did not arrive", "Please go back and try again."),
        _ => ("Something went wrong on our side", "Please try again; if it happens again, tell us the reference."),
    };
    let body = html! {
        main.failure {
            h1 { (title) }
            p { (text) }
            p.hint { "Reference: " code { (reference) } }
        }
    };
    let document = markup(title, &body).into_string().into_bytes();
    let mut answer = problem.respond(HeaderValue::from_static("text/html; charset=utf-8"), document);
    answer.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    if is_away && method == Method::GET {
        answer.headers_mut().insert(REFRESH, HeaderValue::from_static(ASKED_AGAIN_S));
    }
    answer
}
