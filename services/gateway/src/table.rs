//! The table of everything that the gateway answers: one route for each HTTP binding of the contracts, with all that can
//! be prepared before the first request, and the gateway's own pages.

use std::collections::BTreeMap;
use std::sync::Arc;

use haat_contracts::policy::{Application, Call, HttpBinding, policies};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, StatusCode};

use crate::gate::{self, Crowd, Gate};
use crate::limits::Limit;
use crate::problem::Problem;
use crate::routes::{Conflict, Match, NoRoute, Routes};
use crate::template::{Template, TemplateError};
use crate::transcode::{Plan, PlanError, Shapes};
use crate::visiting;

pub struct Table {
    routes: Routes<Target>,
    /// By gRPC path: a route of each call that has one.
    by_call: BTreeMap<&'static str, Arc<CallRoute>>,
    /// By service.
    crowds: BTreeMap<&'static str, Crowd>,
    /// By application.
    page_gates: BTreeMap<&'static str, Gate>,
    pub shapes: Shapes,
}

#[derive(Clone)]
pub enum Target {
    Call(Arc<CallRoute>),
    Page(Page),
}

/// What the gateway answers by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Docs,
    DocsStyle,
    DocsScript,
    OpenApi,
    Live,
    Ready,
}

const PAGES: &[(&str, Page)] = &[
    ("/docs", Page::Docs),
    ("/docs/reference.css", Page::DocsStyle),
    ("/docs/reference.js", Page::DocsScript),
    ("/openapi.json", Page::OpenApi),
    ("/healthz", Page::Live),
    ("/readyz", Page::Ready),
];

pub struct CallRoute {
    pub call: &'static Call,
    pub binding: &'static HttpBinding,
    pub template: Template,
    pub plan: Plan,
    pub grpc_path: PathAndQuery,
    pub success: StatusCode,
    /// Whether its answers to people without a token may come from the cache.
    pub is_cacheable: bool,
    /// What caches are told of such an answer.
    pub cache_control: HeaderValue,
    pub limit: Option<Limit>,
    pub gate: Gate,
}

/// A contract that no table can be made of. Found by the tests of the contracts, never by a client.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("`{0}`: {1}")]
    Template(String, TemplateError),
    #[error("`{0}`: {1}")]
    Plan(String, PlanError),
    #[error(transparent)]
    Conflict(#[from] Conflict),
    #[error("`{0}` cannot be called over HTTP: {1}")]
    Call(String, String),
}

impl Table {
    /// From the contracts of this build.
    pub fn from_contracts() -> Result<Self, TableError> {
        let gate = |application: &'static Application| {
            let gate = Gate::new(visiting::HEAD_TIMEOUT, gate::Kind::Others, Crowd::default());
            (application.service.as_str(), gate)
        };
        let mut table = Table {
            routes: Routes::default(),
            by_call: BTreeMap::new(),
            crowds: BTreeMap::new(),
            page_gates: policies().applications.iter().map(gate).collect(),
            shapes: Shapes::default(),
        };
        for call in policies().calls.values() {
            for binding in &call.http {
                table.add(call, binding)?;
            }
        }
        for (path, page) in PAGES {
            let template = Template::parse(path).map_err(|error| TableError::Template((*path).to_owned(), error))?;
            table.routes.insert(Method::GET, &template, Target::Page(*page))?;
        }
        Ok(table)
    }

    fn add(&mut self, call: &'static Call, binding: &'static HttpBinding) -> Result<(), TableError> {
        let impossible = |why: String| TableError::Call(call.path.clone(), why);
        let template =
            Template::parse(&binding.template).map_err(|error| TableError::Template(binding.template.clone(), error))?;
        let plan = Plan::compile(&mut self.shapes, call, binding, &template)
            .map_err(|error| TableError::Plan(call.path.clone(), error))?;
        let method: Method = binding.method.parse().map_err(|_| impossible(binding.method.clone()))?;
        let success = StatusCode::from_u16(call.success_status).map_err(|error| impossible(error.to_string()))?;
        let is_cacheable = call.cache_seconds > 0 && call.public && method == Method::GET && success == StatusCode::OK;
        let route = CallRoute {
            call,
            binding,
            plan,
            grpc_path: PathAndQuery::try_from(call.path.as_str()).map_err(|error| impossible(error.to_string()))?,
            success,
            is_cacheable,
            cache_control: cache_control(call, is_cacheable),
            limit: call.rate_limit.and_then(Limit::new),
            gate: Gate::new(call.deadline, newcomers(&method, &template), self.crowds.entry(&call.service).or_default().clone()),
            template,
        };
        let route = Arc::new(route);
        self.by_call.entry(&call.path).or_insert_with(|| route.clone());
        self.routes.insert(method, &route.template, Target::Call(route.clone()))?;
        Ok(())
    }

    pub fn find<'p>(&self, method: &Method, path: &'p str) -> Result<Match<'_, 'p, Target>, Problem> {
        self.routes.find(method, path).map_err(|missing| match missing {
            NoRoute::Path => Problem::path_not_found(),
            NoRoute::Method(methods) => Problem::method_not_allowed(&methods),
        })
    }

    /// The call of this gRPC path, where people may make it.
    pub fn call(&self, grpc_path: &str) -> Option<&Arc<CallRoute>> {
        self.by_call.get(grpc_path)
    }

    pub fn page_gate(&self, application: &Application) -> Option<&Gate> {
        self.page_gates.get(application.service.as_str())
    }

    /// Every binding of every call, in the order of the calls' names.
    pub fn calls(&self) -> impl Iterator<Item = &Arc<CallRoute>> {
        self.routes.values().filter_map(|target| if let Target::Call(route) = target { Some(route) } else { None })
    }
}

/// Paths that are the API's for good, whatever there is below them: `/v1/…`, `/.well-known/…`. All others may be pages.
pub fn is_api(path: &str) -> bool {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_version = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    first == ".well-known" || first.strip_prefix('v').is_some_and(is_version)
}

/// What makes a new thing, to be worked on with further calls: `POST /v1/carts`.
fn newcomers(method: &Method, template: &Template) -> gate::Kind {
    let is_new = *method == Method::POST && template.variables.is_empty() && template.verb.is_none();
    if is_new { gate::Kind::Newcomers } else { gate::Kind::Others }
}

fn cache_control(call: &Call, is_cacheable: bool) -> HeaderValue {
    let text = match () {
        () if call.no_store => "no-store".to_owned(),
        () if is_cacheable => format!("public, max-age={}", call.cache_seconds),
        () => "private, no-cache".to_owned(),
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("no-store"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contracts_make_a_table() {
        let table = Table::from_contracts().unwrap();
        let path_of = |method: Method, path: &str| match table.find(&method, path).map(|found| found.value.clone()) {
            Ok(Target::Call(route)) => route.call.path.clone(),
            Ok(Target::Page(page)) => format!("{page:?}"),
            Err(problem) => problem.code.into_owned(),
        };
        for (method, path, expected) in [
            (Method::GET, "/v1/users/me", "/haat.users.v1.Users/GetCurrentUser"),
            (Method::POST, "/v1/sessions:refresh", "/haat.users.v1.Users/RefreshSession"),
            (Method::GET, "/v1/products:search", "/haat.catalog.v1.Catalog/SearchProducts"),
            (Method::POST, "/v1/carts/cart_1:checkout", "/haat.checkout.v1.Carts/StartCheckout"),
            (Method::HEAD, "/docs", "Docs"),
            (Method::PUT, "/v1/carts", "method_not_allowed"),
            (Method::GET, "/v2/carts", "not_found"),
        ] {
            assert_eq!(path_of(method, path), expected, "{path}");
        }
    }

    #[test]
    fn the_api_keeps_its_paths() {
        assert!(["/v1/nothing", "/v2", "/.well-known/x"].into_iter().all(is_api));
        assert!(!["/", "/vases", "/v/x", "/ops", "/p/v1/x"].into_iter().any(is_api));
    }

    #[test]
    fn only_public_reads_are_cacheable_and_secrets_are_never_kept() {
        let table = Table::from_contracts().unwrap();
        for route in table.calls() {
            assert!(!route.is_cacheable || route.call.public && route.binding.method == "GET", "{}", route.call.path);
            let is_session = route.binding.template.starts_with("/v1/sessions");
            assert_eq!(route.cache_control == "no-store", is_session || route.call.no_store, "{}", route.call.path);
        }
        assert!(table.calls().any(|route| route.is_cacheable));
    }
}
