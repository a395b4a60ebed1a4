//! What the gateway answers by itself: the landing page, the API reference and its OpenAPI document, all made once at the
//! start. The pages need no scripts, no fonts and no other host, and their headers allow none.

mod reference;
mod style;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use http_body_util::Full;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::answer::Content;
use crate::openapi;
use crate::problem::Answer;
use crate::table::{Page, Table};

/// Styles stand in the page itself; nothing else is loaded, and nobody may frame it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub struct Pages {
    landing: Content,
    docs: Content,
    openapi: Content,
}

impl Pages {
    pub fn new(table: &Table) -> Self {
        let document = openapi::document(table);
        let json = HeaderValue::from_static("application/json");
        Pages {
            landing: page("Haat", &landing()),
            docs: page("Haat API reference", &reference::body(&document)),
            openapi: Content::new(json, document.to_string().into_bytes()).with_etag(),
        }
    }

    /// `request` are the request's headers.
    pub fn answer(&self, page: Page, request: &HeaderMap) -> Answer {
        let content = match page {
            Page::Docs => &self.docs,
            Page::OpenApi => &self.openapi,
            Page::Landing | Page::Live | Page::Ready => &self.landing,
        };
        let mut answer = content.clone().respond(StatusCode::OK, request);
        let headers = answer.headers_mut();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
        answer
    }

    pub fn text(&self, text: &'static str) -> Answer {
        let mut answer = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }
}

fn page(title: &str, body: &Markup) -> Content {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(style::CSS)) }
            }
            body { (body) }
        }
    };
    Content::new(HeaderValue::from_static("text/html; charset=utf-8"), document.into_string().into_bytes()).with_etag()
}

fn landing() -> Markup {
    html! {
        main.landing {
            h1 { span lang="hi" { "हाट" } " Haat" }
            p { "An open-air market: many independent stalls, one street, one gate. This is the gate." }
            ul {
                li { a href="/docs" { "API reference" } ": every call, in words." }
                li { a href="/openapi.json" { "OpenAPI document" } ": the same for programs." }
                li { a href="/v1/products:search" { "Products" } ": what is on sale, as JSON." }
            }
        }
    }
}
