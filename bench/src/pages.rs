//! The pages that people open most: what one weighs with its style and scripts and without its pictures, and how long the
//! platform takes to make it for somebody who asks alone.

use std::collections::BTreeSet;

use http::StatusCode;
use tokio::time::Instant;

use crate::Result;
use crate::client::{Client, Version};
use crate::market::{Market, sign_in};
use crate::platform::{Account, Platform};
use crate::tally::Durations;
use crate::workers::{add, new_cart};

/// So often each page is opened; the first times fill caches and do not count.
const OPENED: usize = 100;
const WARMING: usize = 10;
/// Pieces of different goods in the cart.
const IN_CART: usize = 3;

/// A page that was opened many times.
pub struct Opened {
    pub name: &'static str,
    /// Of the document itself, and of the style sheets and scripts that it names.
    pub document: usize,
    pub assets: usize,
    pub times: Durations,
}

pub async fn run(platform: &Platform, market: &Market) -> Result<Vec<Opened>> {
    let accounts = platform.accounts().ok_or("there are no demo accounts")?;
    let mut buyer = Client::connect(&platform.target, Version::Plain).await?;
    let cart = new_cart(&mut buyer).await?;
    for offer in market.offers.iter().take(IN_CART) {
        add(&mut buyer, &cart, offer).await?;
    }
    buyer.bring(&format!("haat_cart={cart}%20{IN_CART}"))?;
    let product = market.products.first().map(|id| format!("/products/{id}")).ok_or("there are no products")?;
    let mut opened = Vec::new();
    for (name, path) in [
        ("home", "/"),
        ("search", "/search?query=cotton"),
        ("product", product.as_str()),
        ("cart", "/cart"),
        ("checkout", "/checkout"),
    ] {
        opened.push(open(&mut buyer, name, path).await?);
    }
    opened.push(open(&mut signed_in(platform, &accounts.seller).await?, "seller console", "/seller").await?);
    opened.push(open(&mut signed_in(platform, &accounts.operator).await?, "operations console", "/ops").await?);
    Ok(opened)
}

async fn signed_in(platform: &Platform, account: &Account) -> Result<Client> {
    let mut client = Client::connect(&platform.target, Version::Plain).await?;
    let token = sign_in(&mut client, account).await?;
    client.bring(&format!("haat_session={token}"))?;
    Ok(client)
}

async fn open(client: &mut Client, name: &'static str, path: &str) -> Result<Opened> {
    println!("pages, {name} …");
    let document = client.get(path).await?.expect(StatusCode::OK)?.body;
    let mut assets = 0;
    for asset in assets_of(&String::from_utf8_lossy(&document)) {
        assets += client.get(&asset).await?.expect(StatusCode::OK)?.body.len();
    }
    let mut times = Durations::default();
    for turn in 0..WARMING + OPENED {
        let began = Instant::now();
        client.get(path).await?.expect(StatusCode::OK)?;
        if turn >= WARMING {
            times.add(began.elapsed());
        }
    }
    Ok(Opened { name, document: document.len(), assets, times })
}

/// The style sheets and scripts that a page names, each once.
fn assets_of(document: &str) -> BTreeSet<String> {
    let named = [" href=\"", " src=\""].into_iter().flat_map(|before| document.split(before).skip(1));
    let paths = named.filter_map(|rest| rest.split('"').next());
    paths.filter(|path| path.ends_with(".css") || path.ends_with(".js")).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_scripts_count_once_and_pictures_do_not() {
        let document = r#"<link rel="stylesheet" href="/assets/1/style.css"><script src="/assets/1/main.js"></script>
            <script src="/assets/1/main.js"></script><img src="/pictures/1.svg"><a href="/cart">"#;
        assert_eq!(assets_of(document).into_iter().collect::<Vec<_>>(), ["/assets/1/main.js", "/assets/1/style.css"]);
    }
}
