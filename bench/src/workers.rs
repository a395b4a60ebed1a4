//! What the clients of the load do over and over.

use std::cell::Cell;
use std::rc::Rc;

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::Result;
use crate::client::{Answer, Client};
use crate::load::Worker;
use crate::tally::Calls;

/// The numbers from 0 on, shared by workers so that no two do the same.
#[derive(Clone, Default)]
pub struct Turns(Rc<Cell<usize>>);

impl Turns {
    pub fn next(&self) -> usize {
        self.0.replace(self.0.get() + 1)
    }

    /// How many have been given out.
    pub fn count(&self) -> usize {
        self.0.get()
    }
}

/// Reads one path after another.
pub struct Reader {
    pub client: Client,
    pub paths: Rc<[String]>,
    pub turns: Turns,
}

impl Worker for Reader {
    async fn turn(&mut self, _: &mut Calls) -> Result<()> {
        let path = &self.paths[self.turns.next() % self.paths.len()];
        self.client.get(path).await?.expect(StatusCode::OK).map(drop)
    }
}

/// Adds a piece to one cart after another, and begins again with another offer.
pub struct Adder {
    pub client: Client,
    pub carts: Rc<[String]>,
    pub offers: Rc<[String]>,
    pub turns: Turns,
}

impl Worker for Adder {
    async fn turn(&mut self, _: &mut Calls) -> Result<()> {
        let turn = self.turns.next();
        let cart = &self.carts[turn % self.carts.len()];
        let offer = &self.offers[turn / self.carts.len() % self.offers.len()];
        add(&mut self.client, cart, offer).await
    }
}

/// Buys one piece: from an empty cart to a confirmed order.
pub struct Buyer {
    pub client: Client,
    pub offers: Rc<[String]>,
    pub turns: Turns,
}

impl Worker for Buyer {
    async fn turn(&mut self, calls: &mut Calls) -> Result<()> {
        let offer = &self.offers[self.turns.next() % self.offers.len()];
        let cart = ready_cart(&mut self.client, offer, calls).await?;
        let began = Instant::now();
        let checkout = check_out(&mut self.client, &cart).await?;
        calls.add("check out", began);
        if checkout.state == "COMPLETED" { Ok(()) } else { Err(format!("{}: {:?}", checkout.state, checkout.failure).into()) }
    }
}

/// One of many who want the same thing, each with a cart that is ready.
pub struct Rusher {
    pub client: Client,
    pub carts: Rc<[String]>,
    pub turns: Turns,
    pub bought: Rc<Cell<u64>>,
    pub too_late: Rc<Cell<u64>>,
}

impl Worker for Rusher {
    async fn turn(&mut self, _: &mut Calls) -> Result<()> {
        let checkout = check_out(&mut self.client, &self.carts[self.turns.next()]).await?;
        let count = match (checkout.state.as_str(), checkout.failure) {
            ("COMPLETED", _) => &self.bought,
            ("FAILED", Some(failure)) if failure.code == "out_of_stock" => &self.too_late,
            (state, failure) => return Err(format!("{state}: {failure:?}").into()),
        };
        count.set(count.get() + 1);
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.turns.count() >= self.carts.len()
    }
}

#[derive(Deserialize)]
struct Cart {
    id: String,
}

#[derive(Deserialize)]
struct Checkout {
    state: String,
    failure: Option<Failure>,
}

#[derive(Debug, Deserialize)]
struct Failure {
    code: String,
}

pub async fn new_cart(client: &mut Client) -> Result<String> {
    let answer = client.post("/v1/carts", &json!({})).await?.expect(StatusCode::CREATED)?;
    Ok(answer.read::<Cart>()?.id)
}

/// A cart with one piece and an address.
pub async fn ready_cart(client: &mut Client, offer: &str, calls: &mut Calls) -> Result<String> {
    let began = Instant::now();
    let cart = new_cart(client).await?;
    calls.add("create the cart", began);
    let began = Instant::now();
    add(client, &cart, offer).await?;
    calls.add("add an item", began);
    let began = Instant::now();
    let body = Bytes::from(delivery().to_string());
    client.send(Method::PATCH, &format!("/v1/carts/{cart}"), body).await?.expect(StatusCode::OK)?;
    calls.add("set the address", began);
    Ok(cart)
}

pub async fn add(client: &mut Client, cart: &str, offer: &str) -> Result<()> {
    let body = json!({"offerId": offer, "quantity": 1});
    client.post(&format!("/v1/carts/{cart}/items"), &body).await?.expect(StatusCode::OK).map(drop)
}

async fn check_out(client: &mut Client, cart: &str) -> Result<Checkout> {
    let body = json!({"payment": {"method": "card", "token": "tok_ok"}});
    let answer = client.post(&format!("/v1/carts/{cart}:checkout"), &body).await?;
    // Stock that is gone may be noticed before the checkout begins.
    if answer.status == StatusCode::CONFLICT {
        return refused(&answer);
    }
    answer.expect(StatusCode::OK)?.read()
}

fn refused(answer: &Answer) -> Result<Checkout> {
    Ok(Checkout { state: "FAILED".to_owned(), failure: Some(answer.read()?) })
}

fn delivery() -> Value {
    json!({
        "email": "bench@example.test",
        "shippingAddress": {
            "name": "Asha Rao", "line1": "12 Market Street", "line2": "", "city": "Bengaluru", "state": "KA",
            "postalCode": "560001", "country": "IN", "phone": "+919876543210",
        },
    })
}
