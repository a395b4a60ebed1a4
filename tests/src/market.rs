//! The people of a market: its operator, its two sellers and what they sell, and as many buyers as a test needs.

use haat_kernel::Entropy;
use serde_json::{Value, json};

use crate::client::Client;
use crate::platform::Platform;
use crate::poll::until;

pub const PASSWORD: &str = "correct horse battery staple";

/// A platform as one test sees it.
pub struct Market<'a> {
    pub platform: &'a Platform,
    /// Anonymous, at the plain port.
    pub client: Client,
}

pub struct Seller {
    pub client: Client,
    pub id: String,
    pub warehouse: String,
}

pub struct Buyer {
    pub client: Client,
    pub id: String,
    pub email: String,
}

/// Something on sale.
#[derive(Clone, Debug)]
pub struct Offer {
    pub id: String,
    pub product: String,
    pub sku: String,
    pub seller: String,
    pub price: i64,
}

impl<'a> Market<'a> {
    pub fn of(platform: &'a Platform) -> Self {
        Market { platform, client: platform.client() }
    }

    pub async fn operator(&self) -> Client {
        self.demo_account("operator").await
    }

    /// The demo seller.
    pub async fn seller(&self) -> Seller {
        self.seller_named("seller").await
    }

    /// Somebody else who sells.
    pub async fn second_seller(&self) -> Seller {
        self.seller_named("secondSeller").await
    }

    /// A newly registered buyer.
    pub async fn buyer(&self) -> Buyer {
        let email = unique_email();
        let body = json!({"email": email, "password": PASSWORD, "displayName": "Asha Buyer"});
        let user = self.client.post("/v1/users", body).await.expect(201);
        let client = sign_in(&self.client, &email, PASSWORD).await;
        Buyer { client, id: text(&user, "id"), email }
    }

    async fn seller_named(&self, name: &str) -> Seller {
        let client = self.demo_account(name).await;
        let id = text(&client.get("/v1/users/me").await.expect(200), "sellerId");
        // The demo catalogue brings the warehouses, a moment after the accounts.
        let warehouse = until(60, "a warehouse of the demo seller", async || {
            let list = client.get("/v1/warehouses").await.expect(200);
            list["warehouses"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        Seller { client, id, warehouse }
    }

    async fn demo_account(&self, name: &str) -> Client {
        let accounts = self.platform.json("demo.json");
        let account = &accounts[name];
        sign_in(&self.client, &text(account, "email"), &text(account, "password")).await
    }
}

impl Seller {
    /// A published product with one variant and so many pieces, as buyers see it.
    pub async fn sell(&self, title: &str, price: i64, pieces: i64) -> Offer {
        let sku = unique("SKU");
        let draft = json!({
            "title": title, "description": "Made for a test.", "category": "Tests", "brand": "Haat",
            "variants": [{"sku": sku, "title": "", "options": {"size": "M"}, "price": rupees(price)}],
        });
        let product = self.client.post("/v1/products", draft).await.expect(201);
        let offer = Offer {
            id: text(&product["variants"][0]["offers"][0], "id"),
            product: text(&product, "id"),
            sku,
            seller: self.id.clone(),
            price,
        };
        self.client.post(&format!("/v1/products/{}:publish", offer.product), json!({})).await.expect(200);
        if pieces > 0 {
            self.receive(&offer, pieces).await;
            self.await_available(&offer).await;
        }
        offer
    }

    pub async fn receive(&self, offer: &Offer, pieces: i64) -> Value {
        let body = json!({"warehouseId": self.warehouse, "quantity": pieces});
        self.client.post(&format!("/v1/stock/{}:receive", offer.id), body).await.expect(200)
    }

    pub async fn stock(&self, offer: &Offer) -> Stock {
        let stock = self.client.get(&format!("/v1/stock/{}", offer.id)).await.expect(200);
        let number = |field: &str| stock[field].as_i64().unwrap_or_else(|| panic!("{field}: {stock}"));
        let read = Stock { on_hand: number("onHand"), reserved: number("reserved"), allocated: number("allocated") };
        assert_eq!(number("available"), read.on_hand - read.reserved - read.allocated, "{stock}");
        read
    }

    async fn await_available(&self, offer: &Offer) {
        let path = format!("/v1/products/{}", offer.product);
        let anyone = self.client.anonymous();
        until(30, "the offer on sale", async || {
            let answer = anyone.get(&path).await;
            (answer.status == 200 && answer.json()["variants"][0]["offers"][0]["available"] == true).then_some(())
        })
        .await;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    pub on_hand: i64,
    pub reserved: i64,
    pub allocated: i64,
}

pub async fn sign_in(client: &Client, email: &str, password: &str) -> Client {
    let session = client.post("/v1/sessions", json!({"email": email, "password": password})).await.expect(200);
    client.signed_in(&text(&session, "accessToken"))
}

/// An amount of minor units, of rupees.
pub fn rupees(amount: i64) -> Value {
    json!({"currencyCode": "INR", "amount": amount})
}

/// A text field that must be there and not empty.
#[track_caller]
pub fn text(value: &Value, field: &str) -> String {
    let text = value[field].as_str().unwrap_or_default();
    assert!(!text.is_empty(), "no {field} in {value}");
    text.to_owned()
}

/// The minor units of an amount field.
#[track_caller]
pub fn amount(value: &Value, field: &str) -> i64 {
    assert_eq!(value[field]["currencyCode"], "INR", "{field} in {value}");
    value[field]["amount"].as_i64().unwrap_or_else(|| panic!("no {field} in {value}"))
}

pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", Entropy::system().hex(6))
}

pub fn unique_email() -> String {
    format!("{}@example.test", unique("buyer"))
}
