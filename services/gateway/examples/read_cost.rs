//! What the pipeline costs for a read, without sockets and without the call itself: from the cache, and translated.
//! Run with `cargo run --release -p haat-gateway --example read_cost`.
#![expect(clippy::print_stdout, reason = "an example says what it measured")]

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use haat_contracts::web::RequestPart;
use haat_contracts::{catalog, common};
use haat_gateway::body;
use haat_gateway::cache::Cache;
use haat_gateway::call::{ResponseParts, Upstream};
use haat_gateway::explain::Decisions;
use haat_gateway::gateway::{Client, Gateway};
use haat_gateway::inspection::Inspection;
use haat_gateway::keys::{KeySource, Keys};
use haat_gateway::pages::Pages;
use haat_gateway::readiness::Readiness;
use haat_gateway::table::{CallRoute, Table};
use haat_gateway::tokens::Tokens;
use haat_kernel::{Clock, Ctx, Entropy, Error, Result};
use http::Request;
use prost::Message;
use tokio::time::Instant;

const ROUNDS: u32 = 200_000;

/// The same product, alone and as the only one found.
struct OneProduct {
    alone: Bytes,
    found: Bytes,
}

#[async_trait]
impl Upstream for OneProduct {
    async fn unary(&self, route: &CallRoute, _: &Ctx, _: Bytes) -> Result<Bytes> {
        Ok(if route.is_cacheable { self.alone.clone() } else { self.found.clone() })
    }

    async fn stream(&self, _: &CallRoute, _: &Ctx, _: BoxStream<'static, Bytes>) -> Result<Bytes> {
        Err(Error::unavailable("reads only"))
    }

    async fn pages(&self, _: &str, _: &Ctx, _: BoxStream<'static, RequestPart>) -> Result<ResponseParts> {
        Err(Error::unavailable("reads only"))
    }
}

struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn fetch(&self) -> Result<Vec<u8>> {
        Err(Error::unavailable("no users"))
    }
}

/// Eight variants with an offer each, as in the demo catalogue.
fn product() -> catalog::Product {
    let price = Some(common::Money { currency_code: "INR".into(), amount: 249_900 });
    let offer = catalog::Offer { id: "offer_3z0g2hgxd3bbxbcd45583w7fqg".into(), price, available: true, ..Default::default() };
    let variant = |n: u32| catalog::Variant {
        sku: format!("R-20260101-00062-MAROON-{n}"),
        title: format!("Maroon / {n}"),
        options: [("color".to_owned(), "Maroon".to_owned()), ("size".to_owned(), n.to_string())].into(),
        offers: vec![offer.clone()],
    };
    catalog::Product {
        id: "product_3nyx9y2j7zbpkaav37mhdsa73f".into(),
        title: "Chikankari khadi kurta, maroon".into(),
        description: "Simple, sturdy and easy to care for. Side pockets and a relaxed fit. Made for the monsoon.".into(),
        variants: (0..8).map(variant).collect(),
        ..Default::default()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Ok(table) = Table::from_contracts() else { return };
    let found = catalog::SearchProductsResponse { products: vec![product()], total_size: 1, ..Default::default() };
    let upstream = OneProduct { alone: product().encode_to_vec().into(), found: found.encode_to_vec().into() };
    let gateway = Gateway {
        pages: Pages::new(&table),
        table,
        upstream: Arc::new(upstream),
        tokens: Tokens::new(Arc::new(Keys::new(NoKeys)), Clock::System, "https://localhost"),
        inspection: Inspection::Block,
        cache: Cache::default(),
        form_limit: None,
        decisions: Decisions::default(),
        readiness: Readiness::new(0),
        clock: Clock::System,
        entropy: Entropy::system(),
    };
    measure("cached", &gateway, "/v1/products/product_3nyx9y2j7zbpkaav37mhdsa73f").await;
    measure("translated", &gateway, "/v1/products:search?query=blue+kurta&pageSize=24").await;
    measure("not found", &gateway, "/v1/nothing").await;
}

async fn measure(name: &str, gateway: &Gateway, path: &str) {
    let client = Client { addr: [127, 0, 0, 1].into(), is_exempt: true, is_secure: false };
    let started = Instant::now();
    for _ in 0..ROUNDS {
        let Ok(request) = Request::get(path).header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)").body(body::whole("")) else {
            return;
        };
        std::hint::black_box(gateway.handle(request, client).await);
    }
    println!("{name}: {:.2} µs", started.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}
