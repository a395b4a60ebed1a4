//! The whole pipeline without a socket: requests go in, a stand-in for the services records the calls, answers come out.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use haat_contracts::api::HttpBody;
use haat_contracts::web::{RequestPart, ResponsePart};
use haat_contracts::{catalog, checkout, users};
use haat_kernel::{Error, Result as KernelResult};
use http::Method;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use prost::Message;
use serde_json::{Value, json};

use super::*;
use crate::call::ResponseParts;
use crate::keys::{KeySource, Keys};
use crate::visiting;

/// Answers by gRPC path, and remembers what it was asked.
#[derive(Default)]
pub(crate) struct Fake {
    answers: Mutex<BTreeMap<String, KernelResult<Vec<u8>>>>,
    pub calls: Mutex<Vec<(String, Ctx, Vec<u8>)>>,
    page: Mutex<Option<ResponseParts>>,
    /// Which application was asked, and for what.
    pub visits: Mutex<Vec<(String, Vec<RequestPart>)>>,
}

impl Fake {
    /// The next page, in pieces; a first piece that is an error is an application that is away.
    pub fn page(&self, pieces: Vec<KernelResult<ResponsePart>>) {
        *self.page.lock() = Some(futures::stream::iter(pieces).boxed());
    }

    /// The next page, as it comes.
    pub fn live(&self, pieces: impl futures::Stream<Item = KernelResult<ResponsePart>> + Send + 'static) {
        *self.page.lock() = Some(pieces.boxed());
    }
}

#[async_trait]
impl Upstream for Arc<Fake> {
    async fn unary(&self, route: &CallRoute, ctx: &Ctx, message: Bytes) -> KernelResult<Bytes> {
        self.calls.lock().push((route.call.path.clone(), ctx.clone(), message.to_vec()));
        let answer = self.answers.lock().get(&route.call.path).cloned();
        answer.unwrap_or_else(|| Err(Error::unavailable("nobody answers"))).map(Bytes::from)
    }

    async fn stream(&self, route: &CallRoute, ctx: &Ctx, messages: BoxStream<'static, Bytes>) -> KernelResult<Bytes> {
        let messages: Vec<Bytes> = messages.collect().await;
        let bodies = messages.into_iter().map(|bytes| HttpBody::decode(bytes).unwrap());
        let whole: Vec<u8> = bodies.flat_map(|body| [body.content_type.into_bytes(), body.data].concat()).collect();
        self.unary(route, ctx, whole.into()).await
    }

    async fn pages(&self, service: &str, _: &Ctx, request: BoxStream<'static, RequestPart>) -> KernelResult<ResponseParts> {
        let parts = request.collect().await;
        self.visits.lock().push((service.to_owned(), parts));
        self.page.lock().take().ok_or_else(|| Error::unavailable("no application"))
    }
}

struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn fetch(&self) -> KernelResult<Vec<u8>> {
        Err(Error::unavailable("no users"))
    }
}

pub(crate) struct Bench {
    pub gateway: Gateway,
    pub fake: Arc<Fake>,
}

pub(crate) fn bench() -> Bench {
    let fake = Arc::new(Fake::default());
    let table = Table::from_contracts().unwrap();
    let clock = Clock::simulated("2026-01-31T09:30:00Z".parse().unwrap(), 0);
    let gateway = Gateway {
        pages: Pages::new(&table),
        table,
        upstream: Arc::new(fake.clone()),
        tokens: Tokens::new(Arc::new(Keys::new(NoKeys)), clock, "https://haat.test"),
        inspection: Inspection::Block,
        cache: Cache::default(),
        form_limit: visiting::form_limit(),
        decisions: Default::default(),
        readiness: Readiness::new(0),
        clock,
        entropy: Entropy::seeded(1),
    };
    Bench { gateway, fake }
}

impl Bench {
    pub fn answers(&self, path: &str, answer: KernelResult<impl Message>) {
        self.fake.answers.lock().insert(path.to_owned(), answer.map(|message| message.encode_to_vec()));
    }

    async fn ask(&self, request: http::request::Builder, body: &str) -> (Answer, Value) {
        let client = Client { addr: "203.0.113.7".parse().unwrap(), is_exempt: false, is_secure: true };
        let request = request.body(body::whole(body.to_owned())).unwrap();
        let (parts, body) = self.gateway.handle(request, client).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        (Answer::from_parts(parts, Default::default()), json)
    }

    /// `status code` of a refusal, `status` of a success.
    async fn outcome(&self, request: http::request::Builder, body: &str) -> String {
        let (answer, json) = self.ask(request, body).await;
        match json.get("code") {
            Some(code) => format!("{} {}", answer.status().as_u16(), code.as_str().unwrap()),
            None => answer.status().as_u16().to_string(),
        }
    }

    fn calls(&self) -> usize {
        self.fake.calls.lock().len()
    }
}

fn get(path: &str) -> http::request::Builder {
    Request::get(path)
}

fn post(path: &str) -> http::request::Builder {
    Request::post(path).header("content-type", "application/json")
}

const GET_PRODUCT: &str = "/haat.catalog.v1.Catalog/GetProduct";

fn product(title: &str) -> catalog::Product {
    catalog::Product { id: "product_1".into(), title: title.into(), ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_translated_both_ways_and_carries_its_context() {
    let bench = bench();
    let cart = checkout::Cart { id: "cart_1".into(), ..Default::default() };
    bench.answers("/haat.checkout.v1.Carts/AddItem", Ok(cart));
    let request = post("/v1/carts/cart_1/items?")
        .header("idempotency-key", "key-1")
        .header("x-correlation-id", "correlation-1")
        .header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let (answer, json) = bench.ask(request, r#"{"offerId": "offer_1", "quantity": 2}"#).await;
    assert_eq!(answer.status(), 200);
    assert_eq!((&json["id"], &json["items"], &json["etag"]), (&json!("cart_1"), &json!([]), &json!("")));
    assert_eq!(answer.headers()["x-correlation-id"], "correlation-1");
    assert!(answer.headers()["traceparent"].to_str().unwrap().starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));

    let (_, ctx, message) = bench.fake.calls.lock().pop().unwrap();
    let message = checkout::AddItemRequest::decode(message.as_slice()).unwrap();
    assert_eq!((message.cart.as_str(), message.offer_id.as_str(), message.quantity), ("cart_1", "offer_1", 2));
    let idempotency = ctx.idempotency.unwrap();
    assert_eq!((idempotency.scope.as_str(), idempotency.key.as_str()), ("/v1/carts/cart_1/items", "key-1"));
    assert_eq!(ctx.correlation_id.as_str(), "correlation-1");
    assert!(ctx.deadline.unwrap() > Instant::now());
}

#[tokio::test(start_paused = true)]
async fn whatever_is_wrong_is_a_problem() {
    let bench = bench();
    for (request, body, expected) in [
        (get("/v1/nothing"), "", "404 not_found"),
        (Request::put("/v1/carts"), "", "405 method_not_allowed"),
        (post("/v1/carts"), "{", "400 malformed_json"),
        (post("/v1/carts"), r#"{"total": 1}"#, "400 invalid_argument"),
        (Request::post("/v1/carts").header("content-type", "text/plain"), "{}", "415 unsupported_media_type"),
        (post("/v1/carts").header("content-encoding", "gzip"), "{}", "415 unsupported_media_type"),
        (post("/v1/carts").header("idempotency-key", ""), "{}", "400 invalid_argument"),
        (post("/v1/carts").header("idempotency-key", "x".repeat(256)), "{}", "400 invalid_argument"),
        (post("/v1/carts").header("content-length", "9999999"), "{}", "413 payload_too_large"),
        (get("/v1/products/%ff"), "", "400 invalid_argument"),
        (get("/v1/../x"), "", "400 request_blocked"),
        (get("/v1/users/me"), "", "401 unauthenticated"),
        (get("/v1/users/me").header("authorization", "Bearer x"), "", "401 token_invalid"),
        (get("/v1/products/product_1").header("authorization", "Bearer x"), "", "401 token_invalid"),
        (get("/v1/products/product_1"), "", "503 service_unavailable"),
        (get("/readyz"), "", "503 not_ready"),
        (get("/healthz"), "", "200"),
    ] {
        let shown = format!("{request:?}");
        assert_eq!(bench.outcome(request, body).await, expected, "{shown}");
    }
    let large = format!(r#"{{"email": "{}"}}"#, "x".repeat(1 << 20));
    assert_eq!(bench.outcome(post("/v1/users"), &large).await, "413 payload_too_large");
    let (answer, json) = bench.ask(get("/v1/nothing"), "").await;
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(answer.headers()["x-correlation-id"].len(), 32);
    assert!(answer.headers()["traceparent"].to_str().unwrap().contains(json["traceId"].as_str().unwrap()));
}

#[tokio::test(start_paused = true)]
async fn statuses_and_errors_are_those_of_the_contract() {
    let bench = bench();
    bench.answers("/haat.users.v1.Users/CreateUser", Ok(users::User { id: "user_1".into(), ..Default::default() }));
    bench.answers("/haat.users.v1.Users/CreateSession", Ok(users::Session::default()));
    let gone = Error::new(haat_kernel::Kind::FailedPrecondition, "price_changed", "It costs more now.");
    bench.answers("/haat.checkout.v1.Carts/StartCheckout", Err::<(), _>(gone));
    let late = Error::new(haat_kernel::Kind::DeadlineExceeded, "deadline_exceeded", "Too late.");
    bench.answers("/haat.checkout.v1.Carts/GetCart", Err::<(), _>(late));
    let (answer, _) = bench.ask(post("/v1/users"), "{}").await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["ratelimit-policy"]),
        (201, &"\"address\";q=600;w=60".parse().unwrap())
    );
    let (answer, json) = bench.ask(post("/v1/sessions"), "").await;
    assert_eq!((&answer.headers()["cache-control"], &json["expiresIn"]), (&"no-store".parse().unwrap(), &json!(0)));
    assert_eq!(bench.outcome(post("/v1/carts/c:checkout"), "{}").await, "409 price_changed");
    assert_eq!(bench.outcome(get("/v1/carts/c"), "").await, "504 deadline_exceeded");
}

#[tokio::test(start_paused = true)]
async fn anonymous_reads_come_from_the_cache_and_know_their_version() {
    let bench = bench();
    bench.answers(GET_PRODUCT, Ok(product("Kurta")));
    let (answer, json) = bench.ask(get("/v1/products/product_1"), "").await;
    assert_eq!((&json["title"], &answer.headers()["cache-control"]), (&json!("Kurta"), &"public, max-age=2".parse().unwrap()));
    let etag = answer.headers()["etag"].clone();
    bench.answers(GET_PRODUCT, Ok(product("Saree")));
    let known = get("/v1/products/product_1").header("if-none-match", &etag);
    let (answer, body) = bench.ask(known, "").await;
    assert_eq!((answer.status().as_u16(), body), (304, json!("")));
    assert_eq!(bench.calls(), 1);
    let (head, body) = bench.ask(Request::builder().method(Method::HEAD).uri("/v1/products/product_1"), "").await;
    assert!(head.headers()["content-length"].to_str().unwrap().parse::<usize>().unwrap() > 100);
    assert_eq!((head.headers()["etag"].clone(), body), (etag, json!("")));
    tokio::time::advance(Duration::from_secs(2)).await;
    assert_eq!(bench.ask(get("/v1/products/product_1"), "").await.1["title"], "Saree");
    assert_eq!(bench.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn too_many_are_refused_and_only_where_they_are() {
    const CREATE_CART: &str = "/haat.checkout.v1.Carts/CreateCart";
    let bench = bench();
    bench.answers(CREATE_CART, Ok(checkout::Cart::default()));
    bench.answers(GET_PRODUCT, Ok(product("Kurta")));
    let gate = &bench.gateway.table.call(CREATE_CART).unwrap().gate;
    let places: Vec<_> = std::iter::from_fn(|| gate.enter().now_or_never()).collect();
    let (answer, json) = bench.ask(post("/v1/carts"), "{}").await;
    assert_eq!(
        (answer.status().as_u16(), &json["code"], &answer.headers()["retry-after"]),
        (503, &json!("overloaded"), &"1".parse().unwrap())
    );
    assert_eq!(bench.calls(), 0);
    assert_eq!(bench.outcome(get("/v1/products/product_1"), "").await, "200");
    assert_eq!(bench.outcome(get("/healthz"), "").await, "200");
    drop(places);
    assert_eq!(bench.outcome(post("/v1/carts"), "{}").await, "201");
}

#[tokio::test(start_paused = true)]
async fn an_import_streams() {
    let bench = bench();
    // Without a token the pipeline ends before the stream; the call itself is driven here.
    bench.answers("/haat.catalog.v1.Catalog/ImportProducts", Ok(catalog::ImportReport { rows: 2, ..Default::default() }));
    let request = Request::post("/v1/products:import").header("content-type", "text/csv").body(()).unwrap();
    assert_eq!(bench.outcome(Request::post("/v1/products:import"), "a,b").await, "401 unauthenticated");
    let (parts, ()) = request.into_parts();
    let found = bench.gateway.table.find(&parts.method, parts.uri.path()).unwrap();
    let Target::Call(route) = found.value else { panic!("an import is a call") };
    let trace = Trace::of(&parts.headers, bench.gateway.clock.now(), &bench.gateway.entropy);
    let principal = Principal::user("user_1", &["seller"]);
    let client = Client { addr: "203.0.113.7".parse().unwrap(), is_exempt: false, is_secure: true };
    let exchange = Exchange { route, parts: &parts, variables: Vec::new(), trace: &trace, principal, client };
    let content = bench.gateway.fresh(exchange, &mut body::whole("a,b\n1,2\n"), &mut Steps::default()).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&content.body).unwrap()["rows"], 2);
    let (_, ctx, message) = bench.fake.calls.lock().pop().unwrap();
    assert_eq!((ctx.principal.user_id(), message.as_slice()), (Some("user_1"), &b"text/csva,b\n1,2\n"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_session_begins_where_its_client_is_whatever_the_client_says() {
    let bench = bench();
    bench.answers("/haat.users.v1.Users/CreateSession", Ok(users::Session::default()));
    let request =
        Request::post("/v1/sessions").header("content-type", "application/json").header("haat-client-address", "9.9.9.9");
    bench.ask(request, r#"{"email":"a@b.test","password":"secret"}"#).await;
    let (_, ctx, _) = bench.fake.calls.lock().pop().unwrap();
    assert_eq!(ctx.headers.get("haat-client-address").map(String::as_str), Some("203.0.113.7"));
}

#[tokio::test(start_paused = true)]
async fn pages_are_served_with_a_strict_policy() {
    let bench = bench();
    let (answer, body) = bench.ask(get("/docs"), "").await;
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let body = body.as_str().unwrap();
    assert!(["<script>", "<style", " style=\""].iter().all(|inline| !body.contains(inline)));
    for (path, kind) in
        [("/docs/reference.css", "text/css; charset=utf-8"), ("/docs/reference.js", "text/javascript; charset=utf-8")]
    {
        assert_eq!(bench.ask(get(path), "").await.0.headers()["content-type"], kind);
    }
    let (_, openapi) = bench.ask(get("/openapi.json"), "").await;
    assert_eq!(openapi["openapi"], "3.1.0");
}
