//! What happens around every handler: the visit is made (with a fresh access token where the old one has run out), the
//! handler runs, its page is laid out, failures become pages, and cookies and headers are set. No socket is needed for it.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use haat_kernel::{Clock, CorrelationId, Entropy, Error, TraceContext};
use haat_rpc::Channel;
use http::header::{CONTENT_TYPE, HOST, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use tower::ServiceExt;

use crate::app::App;
use crate::cookies::{Cookies, LANGUAGE, THEME};
use crate::device::device;
use crate::failure::Failure;
use crate::kit::Kit;
use crate::language::Language;
use crate::messages::Messages;
use crate::notice::{self, NextNotice};
use crate::page::Page;
use crate::session;
use crate::visit::{Inner, Theme, Visit};
use crate::{assets, headers};

/// How a request came in, beside what HTTP says of it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub is_secure: bool,
    pub client_address: String,
}

/// An application with everything around it. Cheap to clone.
#[derive(Clone)]
pub struct Site {
    kit: Arc<Kit>,
    router: Router,
}

impl Site {
    /// `gateway` is the way to all services.
    pub fn new(app: App, gateway: Channel, clock: Clock, entropy: Entropy) -> Self {
        let App { prefix, router, messages, layout, registers } = app;
        let kit = Kit {
            prefix,
            clock,
            entropy,
            users: haat_contracts::users::users_client::UsersClient::new(gateway),
            messages: Messages::new(messages),
            layout,
            registers,
            refreshing: session::Refreshing::default(),
        };
        let own = session::routes(registers).merge(assets::routes());
        let all = router.merge(own).fallback(async || Failure::NotFound);
        let router = if prefix.is_empty() { all } else { Router::new().nest(prefix, all) };
        Site { kit: Arc::new(kit), router: router.fallback(async || Failure::NotFound) }
    }

    pub async fn handle(&self, request: Request, arrival: Arrival) -> Response {
        let (mut parts, body) = request.into_parts();
        let visit = self.visit(&parts, arrival).await;
        parts.extensions.insert(visit.clone());
        let handled = AssertUnwindSafe(self.router.clone().oneshot(Request::from_parts(parts, body))).catch_unwind().await;
        let response = match handled {
            Ok(Ok(response)) => response,
            Ok(Err(never)) => match never {},
            Err(_) => Failure::from(Error::internal("a handler panicked")).into_response(),
        };
        self.finish(&visit, response)
    }

    async fn visit(&self, parts: &Parts, arrival: Arrival) -> Visit {
        let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let cookies = Cookies::of(&parts.headers);
        let correlation_id = text("x-correlation-id").and_then(CorrelationId::parse);
        let correlation_id = correlation_id.unwrap_or_else(|| {
            let mut random = [0; 16];
            self.kit.entropy.fill(&mut random);
            CorrelationId::new(u128::from_le_bytes(random))
        });
        let mut inner = Inner {
            kit: self.kit.clone(),
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            is_secure: arrival.is_secure,
            host: text(HOST.as_str()).unwrap_or("localhost").to_owned(),
            client_address: arrival.client_address,
            device: text(USER_AGENT.as_str()).map(device).unwrap_or_default(),
            correlation_id,
            trace: text("traceparent").and_then(TraceContext::parse).unwrap_or_default(),
            now: self.kit.clock.now(),
            language: Language::wanted(cookies.get(LANGUAGE), &parts.headers),
            theme: cookies.get(THEME).and_then(Theme::parse).unwrap_or_default(),
            cookies,
            user: None,
            access_token: None,
            notice: OnceLock::new(),
            csrf: OnceLock::new(),
            outgoing: parking_lot::Mutex::default(),
        };
        let is_asset = parts.uri.path()[..].contains(assets::FOLDER);
        if !is_asset {
            session::resume(&mut inner).await;
        }
        Visit(Arc::new(inner))
    }

    fn finish(&self, visit: &Visit, response: Response) -> Response {
        let mut response = self.shown(visit, response);
        if let Some(next) = response.extensions_mut().remove::<NextNotice>() {
            notice::leave(visit, next);
        }
        let cookies = std::mem::take(&mut *visit.0.outgoing.lock());
        let headers = response.headers_mut();
        set_cookies(headers, &cookies, visit.0.is_secure);
        headers::stamp(headers, visit.user().is_some());
        response
    }

    /// Failures as pages, pages in their frame.
    fn shown(&self, visit: &Visit, mut response: Response) -> Response {
        let failure = match response.extensions_mut().remove::<Failure>() {
            // A route with another method; axum says so without a page.
            None if response.status() == http::StatusCode::METHOD_NOT_ALLOWED => Some(Failure::NotFound),
            failure => failure,
        };
        if let Some(failure) = failure {
            if let Failure::Error(error) = &failure
                && failure.status().is_server_error()
            {
                tracing::warn!(%error, path = visit.0.uri.path(), correlation_id = visit.correlation_id(), "a page failed");
            }
            response = failure.answer(visit);
        }
        match response.extensions_mut().remove::<Page>() {
            None => response,
            Some(page) => self.laid_out(visit, &page, response),
        }
    }

    fn laid_out(&self, visit: &Visit, page: &Page, response: Response) -> Response {
        let html = (self.kit.layout)(visit, page).into_string();
        let (mut parts, _) = response.into_parts();
        // The router's, of the empty body that the page travelled beside.
        parts.headers.remove(http::header::CONTENT_LENGTH);
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        let body = if visit.method() == Method::HEAD { Body::empty() } else { Body::from(html) };
        Response::from_parts(parts, body)
    }
}

fn set_cookies(headers: &mut HeaderMap, cookies: &[crate::cookies::Cookie], is_secure: bool) {
    for header in cookies.iter().filter_map(|cookie| cookie.header(is_secure)) {
        headers.append(SET_COOKIE, header);
    }
}
