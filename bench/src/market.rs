//! What the scenarios need to know of the market: products, offers that are to be had, questions that people ask, access
//! tokens, and something rare to sell.

use std::rc::Rc;
use std::time::Duration;

use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::Result;
use crate::client::{Client, Version};
use crate::platform::{Account, Platform};

const EVERY: Duration = Duration::from_millis(50);
const DEMO_MAX: Duration = Duration::from_secs(300);
const SHOWN_MAX: Duration = Duration::from_secs(20);
const PAGES: usize = 12;

pub struct Market {
    pub products: Vec<String>,
    /// Offers with pieces left.
    pub offers: Rc<[String]>,
    /// Searches with facets, all different.
    pub searches: Rc<[String]>,
    /// From readiness to the last product in search and every stock in place.
    pub demo_after: Duration,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    products: Vec<Product>,
    total_size: u64,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
struct Product {
    id: String,
    title: String,
    category: String,
    variants: Vec<Variant>,
}

#[derive(Deserialize)]
struct Variant {
    offers: Vec<Offer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offer {
    id: String,
    seller_id: String,
    available: bool,
}

impl Market {
    /// Waits for the demo catalogue and looks around in it.
    pub async fn open(platform: &Platform, products: u32) -> Result<Self> {
        let mut client = Client::connect(&platform.target, Version::Plain).await?;
        let demo_after = await_demo(platform, &mut client, products).await?;
        let found = look_around(&mut client).await?;
        let offers = found.iter().flat_map(|product| &product.variants).flat_map(|variant| &variant.offers);
        Ok(Market {
            offers: offers.filter(|offer| offer.available).map(|offer| offer.id.clone()).collect(),
            searches: found.iter().enumerate().map(|(number, product)| search(number, product)).collect(),
            products: found.into_iter().map(|product| product.id).collect(),
            demo_after,
        })
    }
}

async fn await_demo(platform: &Platform, client: &mut Client, products: u32) -> Result<Duration> {
    let began = Instant::now();
    wait(DEMO_MAX, "the demo catalogue", async || {
        let all: Found = get(client, "/v1/products:search?pageSize=1").await?;
        Ok(all.total_size >= u64::from(products))
    })
    .await?;
    let took = began.elapsed();
    // Prices and stock follow the catalogue's feed.
    crate::measure::rest(platform).await?;
    Ok(took)
}

async fn look_around(client: &mut Client) -> Result<Vec<Product>> {
    let (mut found, mut page) = (Vec::new(), String::new());
    for _ in 0..PAGES {
        let mut list: Found = get(client, &format!("/v1/products:search?pageSize=100&pageToken={page}")).await?;
        found.append(&mut list.products);
        match list.next_page_token.filter(|token| !token.is_empty()) {
            Some(next) => page = encode(&next),
            None => break,
        }
    }
    Ok(found)
}

/// What somebody who ends up at this product may have asked: some of its words; every third with a filter.
fn search(number: usize, product: &Product) -> String {
    let words: Vec<&str> = product.title.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let (from, to) = match number % 3 {
        0 => (words.len().saturating_sub(2), words.len()),
        1 => (0, 2.min(words.len())),
        _ => (1.min(words.len()), words.len()),
    };
    let filter = match number % 3 {
        0 => format!("&filter={}", encode(&format!("price < {}", 20_000 + number * 100))),
        _ if number % 6 == 1 => format!("&filter={}", encode(&format!("category = \"{}\"", product.category))),
        _ => String::new(),
    };
    format!("/v1/products:search?query={}&facets=brand,category,price&pageSize=24{filter}", encode(&words[from..to].join(" ")))
}

fn encode(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// An access token of a demo account.
pub async fn sign_in(client: &mut Client, account: &Account) -> Result<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Session {
        access_token: String,
    }
    let body = json!({"email": account.email, "password": account.password});
    Ok(client.post("/v1/sessions", &body).await?.expect(StatusCode::OK)?.read::<Session>()?.access_token)
}

/// An offer, and whose it is.
pub struct OnSale {
    pub offer: String,
    pub seller: String,
}

/// Puts so many pieces of a new product on sale.
pub async fn sell(platform: &Platform, pieces: u64) -> Result<OnSale> {
    let mut client = Client::connect(&platform.target, Version::Plain).await?;
    let accounts = platform.accounts().ok_or("there are no demo accounts")?;
    let token = sign_in(&mut client, &accounts.seller).await?;
    client.sign_in(&token)?;
    let draft = json!({
        "title": "Rare thing", "description": "There are few of it.", "category": "Rarities", "brand": "Haat",
        "variants": [{"title": "", "options": {}, "price": {"currencyCode": "INR", "amount": 99_900}}],
    });
    let product = client.post("/v1/products", &draft).await?.expect(StatusCode::CREATED)?;
    let product: Product = product.read()?;
    let offer = product.variants.first().and_then(|variant| variant.offers.first()).ok_or("a product without an offer")?;
    client.post(&format!("/v1/products/{}:publish", product.id), &json!({})).await?.expect(StatusCode::OK)?;
    receive(&mut client, &offer.id, pieces).await?;
    let path = format!("/v1/products/{}", product.id);
    wait(SHOWN_MAX, "the new product on sale", async || {
        let shown: Product = get(&mut client, &path).await?;
        Ok(shown.variants.iter().flat_map(|variant| &variant.offers).any(|offer| offer.available))
    })
    .await?;
    Ok(OnSale { offer: offer.id.clone(), seller: offer.seller_id.clone() })
}

async fn receive(client: &mut Client, offer: &str, pieces: u64) -> Result<()> {
    let list: Value = get(client, "/v1/warehouses").await?;
    let body = json!({"warehouseId": list["warehouses"][0]["id"], "quantity": pieces});
    client.post(&format!("/v1/stock/{offer}:receive"), &body).await?.expect(StatusCode::OK).map(drop)
}

async fn get<T: DeserializeOwned>(client: &mut Client, path: &str) -> Result<T> {
    client.get(path).await?.expect(StatusCode::OK)?.read()
}

async fn wait(limit: Duration, what: &str, mut is_there: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let until = Instant::now() + limit;
    while !is_there().await? {
        if Instant::now() >= until {
            return Err(format!("not within {} s: {what}", limit.as_secs()).into());
        }
        sleep(EVERY).await;
    }
    Ok(())
}
