//! A whole shop on Haat's public HTTP API, small enough to read at one sitting: search, cart, checkout, order. It shares no
//! code with Haat. `docs/build-a-storefront.md` walks through it.
//!
//! `cargo run -p haat-storefront --example tiny`, beside `haat up --demo`; then http://127.0.0.1:8090.

use std::time::Duration;

use axum::extract::{Form, Query, State};
use axum::response::{Html, Redirect};
use axum::routing::{get, post};
use axum::{Router, extract::Path};
use maud::{DOCTYPE, Markup, html};
use rand::TryRngCore;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

const ASK_EVERY: Duration = Duration::from_millis(500);
const ASKS_MAX: usize = 120;

#[derive(Clone)]
struct Api {
    http: Client,
    base: String,
}

/// What went wrong, as the API says it (RFC 9457).
type Problem = (StatusCode, String);

impl Api {
    /// The key makes a repeat harmless: it is answered as the first time.
    async fn call(&self, method: Method, path: &str, body: Option<Value>, key: &str) -> Result<Value, Problem> {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).header("idempotency-key", key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let away = |error: reqwest::Error| (StatusCode::BAD_GATEWAY, error.to_string());
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(away)?;
        if status.is_success() { Ok(body) } else { Err((status, text(&body["detail"]).to_owned())) }
    }

    async fn get(&self, path: &str) -> Result<Value, Problem> {
        self.call(Method::GET, path, None, "reads-need-none").await
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Wanted {
    query: String,
}

async fn search(State(api): State<Api>, Query(wanted): Query<Wanted>) -> Result<Html<String>, Problem> {
    let query: String = form_urlencoded::byte_serialize(wanted.query.as_bytes()).collect();
    let found = api.get(&format!("/v1/products:search?query={query}&pageSize=24")).await?;
    Ok(page(
        "A tiny shop",
        &html! {
            form { input name="query" aria-label="Search" value=(wanted.query); button { "Search" } }
            p { (found["totalSize"]) " products" }
            @for product in list(&found["products"]) { (offer(product)) }
        },
    ))
}

/// A product with its first variant and a button that buys it.
fn offer(product: &Value) -> Markup {
    let variant = &product["variants"][0];
    html! {
        h2 { (text(&product["title"])) }
        p { (text(&product["brand"])) " · " (money(&variant["offers"][0]["price"])) }
        form method="post" action="/buy" {
            input type="hidden" name="sku" value=(text(&variant["sku"]));
            input name="email" type="email" placeholder="Email for the receipt" aria-label="Email" required;
            button { "Buy one" }
        }
    }
}

#[derive(Deserialize)]
struct Purchase {
    sku: String,
    email: String,
}

/// A cart, what goes into it, where it goes, and the payment: four calls.
async fn buy(State(api): State<Api>, Form(purchase): Form<Purchase>) -> Result<Redirect, Problem> {
    let cart = api.call(Method::POST, "/v1/carts", Some(json!({})), &key()?).await?;
    let cart = format!("/v1/carts/{}", text(&cart["id"]));
    let item = json!({ "sku": purchase.sku, "quantity": 1 });
    api.call(Method::POST, &format!("{cart}/items"), Some(item), &key()?).await?;
    let address = json!({ "name": "Asha Rao", "line1": "12 MG Road", "city": "Pune", "state": "MH", "postalCode": "411001", "country": "IN" });
    let priced =
        api.call(Method::PATCH, &cart, Some(json!({ "email": purchase.email, "shippingAddress": address })), &key()?).await?;
    // A price that changed meanwhile is refused rather than charged.
    let payment = json!({ "payment": { "method": "card", "token": "tok_ok" }, "expectedTotal": priced["total"] });
    let mut checkout = api.call(Method::POST, &format!("{cart}:checkout"), Some(payment), &key()?).await?;
    for _ in 0..ASKS_MAX {
        match text(&checkout["state"]) {
            "COMPLETED" => break,
            "FAILED" => return Err((StatusCode::CONFLICT, text(&checkout["failure"]["detail"]).to_owned())),
            _ => tokio::time::sleep(ASK_EVERY).await,
        }
        checkout = api.get(&format!("/v1/checkouts/{}", text(&checkout["id"]))).await?;
    }
    let email: String = form_urlencoded::byte_serialize(purchase.email.as_bytes()).collect();
    Ok(Redirect::to(&format!("/orders/{}?email={email}", text(&checkout["orderGroupId"]))))
}

#[derive(Deserialize)]
struct Guest {
    email: String,
}

async fn order(State(api): State<Api>, Path(group): Path<String>, Query(guest): Query<Guest>) -> Result<Html<String>, Problem> {
    let email: String = form_urlencoded::byte_serialize(guest.email.as_bytes()).collect();
    let group = api.get(&format!("/v1/orderGroups/{group}?email={email}")).await?;
    Ok(page(
        &format!("Order {}", text(&group["number"])),
        &html! {
            @for order in list(&group["orders"]) {
                p { (text(&order["state"])) ", " (text(&order["paymentStatus"])) }
                ul { @for line in list(&order["lines"]) { li { (line["quantity"]) " × " (text(&line["title"])) } } }
            }
            p { "Total " strong { (money(&group["total"])) } }
            a href="/" { "On with the shopping" }
        },
    ))
}

fn page(title: &str, body: &Markup) -> Html<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" { head { meta charset="utf-8"; title { (title) } } body { main { h1 { (title) } (body) } } }
    };
    Html(page.into_string())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Amounts are in paise.
fn money(amount: &Value) -> String {
    let paise = amount["amount"].as_i64().unwrap_or_default();
    format!("₹{}.{:02}", paise / 100, paise % 100)
}

fn key() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    rand::rngs::OsRng.try_fill_bytes(&mut bytes).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[tokio::main]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a program of its own, outside the platform")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // The HTTP client wants to know which TLS to use, also where it needs none.
    rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| "another TLS is installed already")?;
    let mut arguments = std::env::args().skip(1);
    let base = arguments.next().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:8090".to_owned());
    let api = Api { http: Client::new(), base };
    let shop =
        Router::new().route("/", get(search)).route("/buy", post(buy)).route("/orders/{group}", get(order)).with_state(api);
    let listener = tokio::net::TcpListener::bind(&listen).await?;
    println!("The tiny shop is at http://{listen}");
    axum::serve(listener, shop).await?;
    Ok(())
}
