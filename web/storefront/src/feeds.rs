//! What machines read: suggestions for the search box, pictures, the sitemap, the feed of new products, robots.txt.

use haat_contracts::catalog::{Product, SearchProductsRequest};
use haat_kernel::Timestamp;
use haat_kernel::id::uuid_of;
use haat_web::axum::extract::{Path, State};
use haat_web::axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use haat_web::axum::response::{IntoResponse, Response};
use haat_web::{Failure, Query, Result, Visit};
use serde::Deserialize;
use serde_json::json;

use crate::pictures::Picture;
use crate::wanted::{Wanted, encoded};
use crate::{Front, goods, parts, prose};

/// Products of one file of the sitemap.
const SITEMAP_SIZE: i32 = 100;
const FEED_SIZE: i32 = 30;
const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";
const KEPT_A_WHILE: &str = "public, max-age=600";

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Typed {
    query: String,
}

/// A JSON list of texts.
pub async fn suggest(State(front): State<Front>, visit: Visit, Query(typed): Query<Typed>) -> Result<Response> {
    let suggestions = front.shop.suggest(&visit.ctx(), &typed.query).await?;
    let texts: Vec<String> = suggestions.into_iter().map(|suggestion| suggestion.text).collect();
    Ok(([(CONTENT_TYPE, "application/json")], json!(texts).to_string()).into_response())
}

pub async fn picture(Path((motif, colour, finish, file)): Path<(String, String, String, String)>) -> Result<Response> {
    let picture = Picture::read(&motif, &colour, &finish, &file).ok_or(Failure::NotFound)?;
    Ok(([(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, KEPT_FOR_EVER)], picture.svg()).into_response())
}

pub async fn robots(visit: Visit) -> Response {
    let text = format!(
        "User-agent: *\nDisallow: /cart\nDisallow: /checkout\nDisallow: /orders\nDisallow: /account\nDisallow: /search?\n\
         Disallow: /suggest\nDisallow: /seller\nDisallow: /ops\nSitemap: {}/sitemap.xml\n",
        visit.origin()
    );
    ([(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, KEPT_A_WHILE)], text).into_response()
}

/// The files of the sitemap: one of the categories, and one per page of products, by the token that leads there.
pub async fn sitemap(State(front): State<Front>, visit: Visit) -> Result<Response> {
    let origin = visit.origin();
    let mut files = vec![format!("{origin}/sitemap-categories.xml")];
    let mut token = String::new();
    loop {
        let token_part = if token.is_empty() { String::new() } else { format!("?page={}", encoded(&token)) };
        files.push(format!("{origin}/sitemap-products.xml{token_part}"));
        token = front.shop.search(&visit.ctx(), newest(SITEMAP_SIZE, &token)).await?.next_page_token;
        if token.is_empty() || files.len() >= SITEMAP_FILES_MAX {
            break;
        }
    }
    let entries: String = files.iter().map(|file| format!("<sitemap><loc>{}</loc></sitemap>", escaped(file))).collect();
    Ok(xml("application/xml", format!("<sitemapindex xmlns=\"{SITEMAPS}\">{entries}</sitemapindex>")))
}

/// Of one index: enough for two hundred thousand products.
const SITEMAP_FILES_MAX: usize = 2_000;
const SITEMAPS: &str = "http://www.sitemaps.org/schemas/sitemap/0.9";

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Paged {
    page: String,
}

pub async fn product_sitemap(State(front): State<Front>, visit: Visit, Query(paged): Query<Paged>) -> Result<Response> {
    let found = front.shop.search(&visit.ctx(), newest(SITEMAP_SIZE, &paged.page)).await?;
    Ok(urls(&visit, found.products.iter().map(|product| parts::product_path(&product.id))))
}

pub async fn category_sitemap(State(front): State<Front>, visit: Visit) -> Response {
    let categories = front.categories.value();
    let paths = categories.iter().map(|name| Wanted::in_category(name).path());
    urls(&visit, std::iter::once("/".to_owned()).chain(paths))
}

fn urls(visit: &Visit, paths: impl Iterator<Item = String>) -> Response {
    let origin = visit.origin();
    let entries: String = paths.map(|path| format!("<url><loc>{}</loc></url>", escaped(&format!("{origin}{path}")))).collect();
    xml("application/xml", format!("<urlset xmlns=\"{SITEMAPS}\">{entries}</urlset>"))
}

fn newest(size: i32, token: &str) -> SearchProductsRequest {
    SearchProductsRequest {
        order_by: "newest".to_owned(),
        page_size: size,
        page_token: token.to_owned(),
        ..SearchProductsRequest::default()
    }
}

/// New products as Atom (RFC 4287).
pub async fn atom(State(front): State<Front>, visit: Visit) -> Result<Response> {
    let found = front.shop.search(&visit.ctx(), newest(FEED_SIZE, "")).await?;
    let origin = visit.origin();
    let entries: String = found.products.iter().map(|product| entry(&visit, &origin, product)).collect();
    let updated = found.products.first().and_then(|product| made_at(&product.id)).unwrap_or_else(|| visit.now());
    let title = escaped(&visit.t("feed-title"));
    let body = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>{origin}/</id><title>{title}</title><updated>{updated}</updated>\
         <link rel=\"self\" href=\"{origin}/feed.atom\"/><link rel=\"alternate\" href=\"{origin}/search?sort=newest\"/>\
         <author><name>Haat</name></author>{entries}</feed>",
        origin = escaped(&origin),
    );
    Ok(xml("application/atom+xml", body))
}

fn entry(visit: &Visit, origin: &str, product: &Product) -> String {
    let url = escaped(&format!("{origin}{}", parts::product_path(&product.id)));
    let updated = made_at(&product.id).unwrap_or_else(|| visit.now());
    let price = goods::prices(product).lowest.map(|price| parts::price(visit, &price)).unwrap_or_default();
    let summary = format!("{price} · {}", prose::summary(&product.description, 300));
    format!(
        "<entry><id>{url}</id><title>{}</title><link href=\"{url}\"/><updated>{updated}</updated><summary>{}</summary></entry>",
        escaped(&product.title),
        escaped(&summary),
    )
}

/// Ids of products tell when they were made, where they are UUIDs of version 7.
fn made_at(id: &str) -> Option<Timestamp> {
    let (seconds, nanoseconds) = uuid_of(id)?.get_timestamp()?.to_unix();
    Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanoseconds).ok()?).ok()
}

fn xml(content_type: &'static str, body: String) -> Response {
    let text = format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>{body}");
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, KEPT_A_WHILE)], text).into_response()
}

fn escaped(text: &str) -> String {
    let safe: String = text.chars().filter(|char| !char.is_control() || matches!(char, '\n' | '\t')).collect();
    safe.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
