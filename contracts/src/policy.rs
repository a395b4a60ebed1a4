//! What the contracts' annotations say of each service and call, read once from the descriptors.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use prost_reflect::{DynamicMessage, MethodDescriptor, Value};

/// The `name` of a contract that every service offers.
pub const EVERY_SERVICE: &str = "*";

/// Whether a call may be made again when its outcome is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeatable {
    /// It changes nothing.
    Read,
    /// Its effect happens once, however often it is made.
    Idempotent,
    /// Only under an idempotency key.
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKey {
    Address,
    User,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub requests: u32,
    pub per_seconds: u32,
    pub key: LimitKey,
}

/// An HTTP binding of a call: method, path template, and which field the body fills (`*`: all that the path does not).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpBinding {
    pub method: String,
    pub template: String,
    pub body: String,
    pub response_body: String,
}

#[derive(Clone, Debug)]
pub struct Call {
    /// `/haat.orders.v1.Orders/CancelOrder`.
    pub path: String,
    /// `orders`, or [`EVERY_SERVICE`].
    pub service: String,
    pub callers: Vec<String>,
    pub public: bool,
    pub roles: Vec<String>,
    pub success_status: u16,
    pub deadline: Duration,
    pub rate_limit: Option<RateLimit>,
    pub cache_seconds: u32,
    pub max_body_bytes: usize,
    pub pass_headers: Vec<String>,
    pub no_store: bool,
    pub secret_request: bool,
    pub errors: Vec<String>,
    pub repeatable: Repeatable,
    pub http: Vec<HttpBinding>,
    pub method: MethodDescriptor,
}

#[derive(Clone, Debug, Default)]
pub struct Service {
    pub name: String,
    pub subscribers: Vec<String>,
    /// Full names of its gRPC services: `haat.checkout.v1.Carts`.
    pub rpc_services: Vec<String>,
}

/// A web application: a service that answers everything at and below a path with pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    pub service: String,
    /// `/`, `/seller`.
    pub path: String,
}

impl Application {
    fn has(&self, path: &str) -> bool {
        let own = self.path.trim_end_matches('/');
        path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Everything that this build's contracts say.
#[derive(Debug)]
pub struct Policies {
    /// By gRPC path.
    pub calls: BTreeMap<String, Call>,
    /// By service name.
    pub services: BTreeMap<String, Service>,
    /// The longest paths first.
    pub applications: Vec<Application>,
}

impl Policies {
    /// The web application that answers a path.
    pub fn application(&self, path: &str) -> Option<&Application> {
        self.applications.iter().find(|application| application.has(path))
    }

    /// Whether a service is a web application.
    pub fn is_application(&self, service: &str) -> bool {
        self.applications.iter().any(|application| application.service == service)
    }
}

pub fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    POLICIES.get_or_init(read)
}

fn read() -> Policies {
    let pool = crate::pool();
    let mut policies = Policies { calls: BTreeMap::new(), services: BTreeMap::new(), applications: Vec::new() };
    for rpc_service in pool.services() {
        if let Some(pages) = extension(pool, &rpc_service.options(), "haat.options.v1.pages") {
            policies.applications = applications(&pages);
        }
        let Some(options) = extension(pool, &rpc_service.options(), "haat.options.v1.service") else { continue };
        let name = text(&options, "name");
        let service = policies.services.entry(name.clone()).or_default();
        service.name.clone_from(&name);
        service.subscribers.extend(texts(&options, "subscribers"));
        service.rpc_services.push(rpc_service.full_name().to_owned());
        for method in rpc_service.methods() {
            let call = read_call(&name, method);
            policies.calls.insert(call.path.clone(), call);
        }
    }
    policies
}

fn applications(pages: &DynamicMessage) -> Vec<Application> {
    let Some(Value::List(list)) = field(pages, "applications") else { return Vec::new() };
    let read = |message: &DynamicMessage| Application { service: text(message, "service"), path: text(message, "path") };
    let mut applications: Vec<Application> = list.iter().filter_map(Value::as_message).map(read).collect();
    applications.sort_by_key(|application| std::cmp::Reverse(application.path.len()));
    applications
}

fn read_call(service: &str, method: MethodDescriptor) -> Call {
    let pool = crate::pool();
    let options = method.options();
    let policy = extension(pool, &options, "haat.options.v1.call").unwrap_or_else(|| DynamicMessage::new(options_message(pool)));
    let default = |value: u64, otherwise: u64| if value == 0 { otherwise } else { value };
    Call {
        path: format!("/{}/{}", method.parent_service().full_name(), method.name()),
        service: service.to_owned(),
        callers: texts(&policy, "callers"),
        public: matches!(field(&policy, "public"), Some(Value::Bool(true))),
        roles: texts(&policy, "roles"),
        success_status: u16::try_from(default(number(&policy, "success_status"), 200)).unwrap_or(200),
        deadline: Duration::from_millis(default(number(&policy, "deadline_ms"), 5_000)),
        rate_limit: rate_limit(&policy),
        cache_seconds: u32::try_from(number(&policy, "cache_seconds")).unwrap_or(0),
        max_body_bytes: usize::try_from(default(number(&policy, "max_body_bytes"), 1 << 20)).unwrap_or(1 << 20),
        pass_headers: texts(&policy, "pass_headers"),
        no_store: matches!(field(&policy, "no_store"), Some(Value::Bool(true))),
        secret_request: matches!(field(&policy, "secret_request"), Some(Value::Bool(true))),
        errors: texts(&policy, "errors"),
        repeatable: repeatable(&options),
        http: http_bindings(&options),
        method,
    }
}

#[expect(clippy::expect_used, reason = "invariant: the message is part of this crate's own contracts")]
fn options_message(pool: &prost_reflect::DescriptorPool) -> prost_reflect::MessageDescriptor {
    pool.get_message_by_name("haat.options.v1.CallPolicy").expect("invariant: options.proto declares CallPolicy")
}

fn rate_limit(policy: &DynamicMessage) -> Option<RateLimit> {
    let Some(Value::Message(limit)) = field(policy, "rate_limit") else { return None };
    let requests = u32::try_from(number(&limit, "requests")).ok().filter(|n| *n > 0)?;
    let key = match field(&limit, "key") {
        Some(Value::EnumNumber(1)) => LimitKey::Address,
        _ => LimitKey::User,
    };
    Some(RateLimit { requests, per_seconds: u32::try_from(number(&limit, "per_seconds")).unwrap_or(1).max(1), key })
}

fn repeatable(options: &DynamicMessage) -> Repeatable {
    // google.protobuf.MethodOptions.IdempotencyLevel: 1 NO_SIDE_EFFECTS, 2 IDEMPOTENT.
    match field(options, "idempotency_level") {
        Some(Value::EnumNumber(1)) => Repeatable::Read,
        Some(Value::EnumNumber(2)) => Repeatable::Idempotent,
        _ => Repeatable::No,
    }
}

fn http_bindings(options: &DynamicMessage) -> Vec<HttpBinding> {
    let Some(rule) = extension(crate::pool(), options, "google.api.http") else { return Vec::new() };
    let mut bindings: Vec<HttpBinding> = http_binding(&rule).into_iter().collect();
    if let Some(Value::List(more)) = field(&rule, "additional_bindings") {
        bindings.extend(more.iter().filter_map(Value::as_message).filter_map(http_binding));
    }
    bindings
}

fn http_binding(rule: &DynamicMessage) -> Option<HttpBinding> {
    let (method, template) = ["get", "put", "post", "delete", "patch"]
        .into_iter()
        .map(|verb| (verb.to_uppercase(), text(rule, verb)))
        .find(|(_, template)| !template.is_empty())?;
    Some(HttpBinding { method, template, body: text(rule, "body"), response_body: text(rule, "response_body") })
}

fn extension(pool: &prost_reflect::DescriptorPool, options: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    let extension = pool.get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

fn field(message: &DynamicMessage, name: &str) -> Option<Value> {
    message.has_field_by_name(name).then(|| message.get_field_by_name(name).map(std::borrow::Cow::into_owned)).flatten()
}

fn text(message: &DynamicMessage, name: &str) -> String {
    field(message, name).and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn texts(message: &DynamicMessage, name: &str) -> Vec<String> {
    match field(message, name) {
        Some(Value::List(items)) => items.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

fn number(message: &DynamicMessage, name: &str) -> u64 {
    match field(message, name) {
        Some(Value::U32(n)) => u64::from(n),
        Some(Value::U64(n)) => n,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_survive_the_build() {
        let call = &policies().calls["/haat.checkout.v1.Carts/StartCheckout"];
        assert_eq!(call.service, "checkout");
        assert_eq!(call.callers, ["gateway"]);
        assert_eq!(call.deadline, Duration::from_secs(15));
        assert_eq!(call.http[0].template, "/v1/carts/{cart}:checkout");
        assert_eq!((call.http[0].method.as_str(), call.http[0].body.as_str()), ("POST", "*"));
        assert_eq!(policies().services["orders"].subscribers, ["notifications", "pricing"]);
        assert_eq!(policies().calls["/haat.catalog.v1.Catalog/GetProduct"].repeatable, Repeatable::Read);
    }

    #[test]
    fn the_longest_path_of_an_application_wins() {
        let service = |path: &str| policies().application(path).map(|application| application.service.as_str());
        assert_eq!(service("/"), Some("storefront"));
        assert_eq!(service("/cart"), Some("storefront"));
        assert_eq!(service("/opsy"), Some("storefront"));
        assert_eq!(service("/ops"), Some("operations"));
        assert_eq!(service("/ops/services/orders"), Some("operations"));
        assert_eq!(service("/seller/orders"), Some("seller-console"));
    }

    #[test]
    fn every_call_names_its_callers_and_every_caller_is_known() {
        let applications = policies().applications.iter().map(|application| application.service.as_str());
        let services = policies().services.keys().map(String::as_str);
        let known: Vec<&str> = services.chain(applications).chain(["gateway", "supervisor", "*"]).collect();
        for call in policies().calls.values() {
            assert!(!call.callers.is_empty(), "{} names no callers", call.path);
            for caller in &call.callers {
                assert!(known.contains(&caller.as_str()), "{} names the unknown caller {caller}", call.path);
            }
            if !call.http.is_empty() {
                assert!(call.callers.iter().any(|c| c == "gateway"), "{} has a route that the gateway may not call", call.path);
            }
        }
    }
}
