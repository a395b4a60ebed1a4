//! Everybody who calls the service: people through the gateway, the checkout, and notifications that follow its feed.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use haat_contracts::common::PostalAddress;
use haat_contracts::feed::{FeedEvent, SubscribeRequest, feed_client::FeedClient};
use haat_contracts::orders as pb;
use haat_contracts::orders::orders_client::OrdersClient;
use haat_kernel::id::derived;
use haat_kernel::{CorrelationId, Ctx, Error, Idempotency, Money, Principal, Result, Timestamp};
use haat_orders::ids::{BuyerId, CheckoutId, OfferId, OrderGroupId, OrderId, PaymentId, SellerId};
use haat_rpc as rpc;
use haat_testkit::Cluster;

use crate::neighbours;

pub const EMAIL: &str = "asha@example.com";

/// Runs `test` against a service that has just started.
pub fn simulate<F: Future<Output = ()> + 'static>(test: impl FnOnce(Desk) -> F + 'static) {
    let [inventory, payments] = neighbours::definitions();
    let services = [haat_orders::definition(), inventory, payments];
    let cluster = Cluster::new(7, &services, &[], BTreeMap::new()).unwrap();
    let mut sim = turmoil::Builder::new().simulation_duration(Duration::from_secs(300)).build();
    for service in services {
        sim.host(service.name, cluster.host(service));
    }
    sim.client("desk", async move {
        let desk = Desk::open(&cluster).map_err(|error| error.to_string())?;
        while desk.orders_of(&buyer(), "").await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        test(desk).await;
        Ok(())
    });
    sim.run().unwrap();
}

pub struct Desk {
    gateway: OrdersClient<rpc::Channel>,
    checkout: OrdersClient<rpc::Channel>,
    feed: FeedClient<rpc::Channel>,
}

pub fn buyer() -> Principal {
    Principal::user(derived::<BuyerId>(&["buyer"]).as_str(), &["buyer"])
}

pub fn seller(order: &str) -> Principal {
    let seller: SellerId = derived(&["seller of", order]);
    Principal { seller_id: Some(seller.to_string()), ..Principal::user("user_of_seller", &["buyer", "seller"]) }
}

pub fn support() -> Principal {
    Principal::user("user_support", &["operator", "operator:support"])
}

pub fn order_id(order: &str) -> String {
    derived::<OrderId>(&[order]).to_string()
}

pub fn group_id() -> String {
    derived::<OrderGroupId>(&["group"]).to_string()
}

fn ctx(principal: &Principal) -> Ctx {
    Ctx::new(principal.clone(), CorrelationId::parse("service-test").unwrap(), Timestamp::UNIX_EPOCH)
}

fn new_order(order: &str, minor: i64) -> pb::place_orders_request::NewOrder {
    let money = |minor| Some(Money::inr(minor).into());
    let line = pb::order::Line {
        offer_id: derived::<OfferId>(&[order]).to_string(),
        quantity: 2,
        unit_price: money(minor),
        discount: money(100),
        ..Default::default()
    };
    pb::place_orders_request::NewOrder {
        order_id: order_id(order),
        seller_id: seller(order).seller_id.unwrap(),
        lines: vec![line],
        shipping: money(50),
        tax: money(0),
        tax_included: money(9),
    }
}

impl Desk {
    fn open(cluster: &Cluster) -> Result<Self> {
        let channel = |name: &str| cluster.environment(name)?.channel("orders", cluster.endpoints());
        Ok(Desk {
            gateway: OrdersClient::new(channel("gateway")?),
            checkout: OrdersClient::new(channel("checkout")?),
            feed: FeedClient::new(channel("notifications")?),
        })
    }

    /// Two orders, `a` of 1000 and `b` of 600, each with 50 for shipping and 100 off.
    pub async fn place(&self, is_guest: bool) -> pb::OrderGroup {
        let mut client = self.checkout.clone();
        let request = pb::PlaceOrdersRequest {
            order_group_id: group_id(),
            checkout_id: derived::<CheckoutId>(&["checkout"]).to_string(),
            buyer_id: if is_guest { String::new() } else { buyer().id },
            email: EMAIL.to_owned(),
            payment_id: derived::<PaymentId>(&["payment"]).to_string(),
            shipping_address: Some(PostalAddress { city: "Pune".to_owned(), ..PostalAddress::default() }),
            reservation_id: "reservation_1".to_owned(),
            orders: vec![new_order("a", 500), new_order("b", 300)],
            ..Default::default()
        };
        rpc::send(&ctx(&Principal::service("checkout")), request, |request| client.place_orders(request)).await.unwrap()
    }

    pub async fn confirm(&self) -> pb::OrderGroup {
        let mut client = self.checkout.clone();
        let request = pb::ConfirmOrdersRequest { order_group_id: group_id() };
        rpc::send(&ctx(&Principal::service("checkout")), request, |request| client.confirm_orders(request)).await.unwrap()
    }

    pub async fn group(&self, who: &Principal, email: &str) -> Result<pb::OrderGroup> {
        let mut client = self.gateway.clone();
        let request = pb::GetOrderGroupRequest { group: group_id(), email: email.to_owned() };
        rpc::send(&ctx(who), request, |request| client.get_order_group(request)).await
    }

    pub async fn order(&self, who: &Principal, order: &str) -> Result<pb::Order> {
        let mut client = self.gateway.clone();
        let request = pb::GetOrderRequest { order: order_id(order), email: String::new() };
        rpc::send(&ctx(who), request, |request| client.get_order(request)).await
    }

    pub async fn orders_of(&self, who: &Principal, page_token: &str) -> Result<pb::ListOrdersResponse> {
        let mut client = self.gateway.clone();
        let request = pb::ListOrdersRequest { page_size: 1, page_token: page_token.to_owned(), ..Default::default() };
        rpc::send(&ctx(who), request, |request| client.list_orders(request)).await
    }

    pub async fn orders_in(&self, who: &Principal, state: pb::order::State) -> Result<Vec<pb::Order>> {
        let mut client = self.gateway.clone();
        let request = pb::ListOrdersRequest { state: state.into(), ..Default::default() };
        Ok(rpc::send(&ctx(who), request, |request| client.list_orders(request)).await?.orders)
    }

    pub async fn cancel(&self, who: &Principal, order: &str, reason: &str, key: &str) -> Result<pb::Order> {
        let mut client = self.gateway.clone();
        let mut ctx = ctx(who);
        ctx.idempotency = Some(Idempotency { scope: who.id.clone(), key: key.to_owned(), request_hash: 0 });
        let email = if who.id.is_empty() { EMAIL.to_owned() } else { String::new() };
        let request = pb::CancelOrderRequest { order: order_id(order), reason: reason.to_owned(), email };
        rpc::send(&ctx, request, |request| client.cancel_order(request)).await
    }

    pub async fn parked(&self) -> Vec<pb::ParkedCancellation> {
        let mut client = self.gateway.clone();
        let request = pb::ListParkedCancellationsRequest::default();
        let list = rpc::send(&ctx(&support()), request, |request| client.list_parked_cancellations(request)).await;
        list.unwrap().cancellations
    }

    pub async fn retry(&self, order: &str) -> Result<pb::ParkedCancellation> {
        let mut client = self.gateway.clone();
        let request = pb::RetryCancellationRequest { order: order_id(order) };
        rpc::send(&ctx(&support()), request, |request| client.retry_cancellation(request)).await
    }

    /// Everything that was published, in order within each aggregate.
    pub async fn published(&self) -> Vec<FeedEvent> {
        let mut client = self.feed.clone();
        let ctx = ctx(&Principal::service("notifications"));
        let mut batches = rpc::send(&ctx, SubscribeRequest::default(), |request| client.subscribe(request)).await.unwrap();
        let mut events = Vec::new();
        // A feed has no end: what it has is all there once it is silent.
        while let Ok(batch) = tokio::time::timeout(Duration::from_secs(1), batches.message()).await {
            events.extend(batch.map_err(Error::internal).unwrap().map(|batch| batch.events).unwrap_or_default());
        }
        events
    }
}
