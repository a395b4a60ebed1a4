//! The shop's calls to the services, one small function each, all as the visitor through the gateway.

use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::catalog::{self as catalog, Product, SearchProductsRequest, SearchProductsResponse, Suggestion};
use haat_contracts::checkout::carts_client::CartsClient;
use haat_contracts::checkout::checkouts_client::CheckoutsClient;
use haat_contracts::checkout::{self as checkout, Cart, Checkout};
use haat_contracts::orders::orders_client::OrdersClient;
use haat_contracts::orders::{self as orders, ListOrdersResponse, Order, OrderGroup};
use haat_contracts::pricing::pricing_client::PricingClient;
use haat_contracts::pricing::{ListPromotionsRequest, Promotion};
use haat_contracts::users::addresses_client::AddressesClient;
use haat_contracts::users::sellers_client::SellersClient;
use haat_contracts::users::users_client::UsersClient;
use haat_contracts::users::{self as users, AddressBook, ListSessionsResponse, Seller};
use haat_kernel::{Ctx, Result};
use haat_rpc::{Channel, send};

/// Cheap to clone.
#[derive(Clone)]
pub struct Shop {
    catalog: CatalogClient<Channel>,
    carts: CartsClient<Channel>,
    checkouts: CheckoutsClient<Channel>,
    orders: OrdersClient<Channel>,
    pricing: PricingClient<Channel>,
    users: UsersClient<Channel>,
    addresses: AddressesClient<Channel>,
    sellers: SellersClient<Channel>,
}

impl Shop {
    pub fn new(gateway: &Channel) -> Self {
        Shop {
            catalog: CatalogClient::new(gateway.clone()),
            carts: CartsClient::new(gateway.clone()),
            checkouts: CheckoutsClient::new(gateway.clone()),
            orders: OrdersClient::new(gateway.clone()),
            pricing: PricingClient::new(gateway.clone()),
            users: UsersClient::new(gateway.clone()),
            addresses: AddressesClient::new(gateway.clone()),
            sellers: SellersClient::new(gateway.clone()),
        }
    }

    pub async fn search(&self, ctx: &Ctx, message: SearchProductsRequest) -> Result<SearchProductsResponse> {
        let mut catalog = self.catalog.clone();
        send(ctx, message, |request| catalog.search_products(request)).await
    }

    pub async fn suggest(&self, ctx: &Ctx, query: &str) -> Result<Vec<Suggestion>> {
        let mut catalog = self.catalog.clone();
        let message = catalog::SuggestProductsRequest { query: query.to_owned(), page_size: 0 };
        Ok(send(ctx, message, |request| catalog.suggest_products(request)).await?.suggestions)
    }

    pub async fn product(&self, ctx: &Ctx, id: &str) -> Result<Product> {
        let mut catalog = self.catalog.clone();
        let message = catalog::GetProductRequest { product: id.to_owned() };
        send(ctx, message, |request| catalog.get_product(request)).await
    }

    pub async fn create_cart(&self, ctx: &Ctx) -> Result<Cart> {
        let mut carts = self.carts.clone();
        send(ctx, checkout::CreateCartRequest {}, |request| carts.create_cart(request)).await
    }

    pub async fn cart(&self, ctx: &Ctx, id: &str) -> Result<Cart> {
        let mut carts = self.carts.clone();
        let message = checkout::GetCartRequest { cart: id.to_owned() };
        send(ctx, message, |request| carts.get_cart(request)).await
    }

    pub async fn add_item(&self, ctx: &Ctx, cart: &str, offer: &str, quantity: i32) -> Result<Cart> {
        let mut carts = self.carts.clone();
        let message =
            checkout::AddItemRequest { cart: cart.to_owned(), offer_id: offer.to_owned(), sku: String::new(), quantity };
        send(ctx, message, |request| carts.add_item(request)).await
    }

    /// 0 removes the line.
    pub async fn set_quantity(&self, ctx: &Ctx, cart: &str, offer: &str, quantity: i32) -> Result<Cart> {
        let mut carts = self.carts.clone();
        let message = checkout::UpdateItemRequest { cart: cart.to_owned(), offer: offer.to_owned(), quantity: Some(quantity) };
        send(ctx, message, |request| carts.update_item(request)).await
    }

    pub async fn update_cart(&self, ctx: &Ctx, message: checkout::UpdateCartRequest) -> Result<Cart> {
        let mut carts = self.carts.clone();
        send(ctx, message, |request| carts.update_cart(request)).await
    }

    pub async fn apply_coupon(&self, ctx: &Ctx, cart: &str, code: &str) -> Result<Cart> {
        let mut carts = self.carts.clone();
        let message = checkout::ApplyCouponRequest { cart: cart.to_owned(), code: code.to_owned() };
        send(ctx, message, |request| carts.apply_coupon(request)).await
    }

    pub async fn remove_coupon(&self, ctx: &Ctx, cart: &str) -> Result<Cart> {
        let mut carts = self.carts.clone();
        let message = checkout::RemoveCouponRequest { cart: cart.to_owned() };
        send(ctx, message, |request| carts.remove_coupon(request)).await
    }

    pub async fn start_checkout(&self, ctx: &Ctx, message: checkout::StartCheckoutRequest) -> Result<Checkout> {
        let mut carts = self.carts.clone();
        send(ctx, message, |request| carts.start_checkout(request)).await
    }

    pub async fn checkout(&self, ctx: &Ctx, id: &str) -> Result<Checkout> {
        let mut checkouts = self.checkouts.clone();
        let message = checkout::GetCheckoutRequest { checkout: id.to_owned() };
        send(ctx, message, |request| checkouts.get_checkout(request)).await
    }

    /// `email` is a guest's proof.
    pub async fn order_group(&self, ctx: &Ctx, id: &str, email: &str) -> Result<OrderGroup> {
        let mut orders = self.orders.clone();
        let message = orders::GetOrderGroupRequest { group: id.to_owned(), email: email.to_owned() };
        send(ctx, message, |request| orders.get_order_group(request)).await
    }

    pub async fn orders(&self, ctx: &Ctx, page_size: i32, page_token: &str) -> Result<ListOrdersResponse> {
        let mut orders = self.orders.clone();
        let message = orders::ListOrdersRequest { page_size, page_token: page_token.to_owned(), ..Default::default() };
        send(ctx, message, |request| orders.list_orders(request)).await
    }

    pub async fn promotions(&self, ctx: &Ctx) -> Result<Vec<Promotion>> {
        let mut pricing = self.pricing.clone();
        Ok(send(ctx, ListPromotionsRequest {}, |request| pricing.list_promotions(request)).await?.promotions)
    }

    /// At most a hundred; who is unknown is left out.
    pub async fn sellers(&self, ctx: &Ctx, seller_ids: Vec<String>) -> Result<Vec<Seller>> {
        let mut sellers = self.sellers.clone();
        let message = users::BatchGetSellersRequest { seller_ids };
        Ok(send(ctx, message, |request| sellers.batch_get_sellers(request)).await?.sellers)
    }

    pub async fn address_book(&self, ctx: &Ctx) -> Result<AddressBook> {
        let mut addresses = self.addresses.clone();
        send(ctx, users::GetAddressBookRequest {}, |request| addresses.get_address_book(request)).await
    }

    pub async fn add_address(&self, ctx: &Ctx, message: users::AddAddressRequest) -> Result<AddressBook> {
        let mut addresses = self.addresses.clone();
        send(ctx, message, |request| addresses.add_address(request)).await
    }

    pub async fn update_address(&self, ctx: &Ctx, message: users::UpdateAddressRequest) -> Result<AddressBook> {
        let mut addresses = self.addresses.clone();
        send(ctx, message, |request| addresses.update_address(request)).await
    }

    pub async fn remove_address(&self, ctx: &Ctx, id: &str) -> Result<AddressBook> {
        let mut addresses = self.addresses.clone();
        let message = users::RemoveAddressRequest { address: id.to_owned() };
        send(ctx, message, |request| addresses.remove_address(request)).await
    }

    pub async fn sessions(&self, ctx: &Ctx, page_token: &str) -> Result<ListSessionsResponse> {
        let mut users = self.users.clone();
        let message = users::ListSessionsRequest { page_size: 0, page_token: page_token.to_owned() };
        send(ctx, message, |request| users.list_sessions(request)).await
    }

    pub async fn end_session(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let mut users = self.users.clone();
        let message = users::DeleteSessionRequest { session: id.to_owned() };
        send(ctx, message, |request| users.delete_session(request)).await
    }

    pub async fn end_other_sessions(&self, ctx: &Ctx) -> Result<i32> {
        let mut users = self.users.clone();
        Ok(send(ctx, users::EndOtherSessionsRequest {}, |request| users.end_other_sessions(request)).await?.ended)
    }

    pub async fn cancel_order(&self, ctx: &Ctx, order: &str, reason: &str, email: &str) -> Result<Order> {
        let mut orders = self.orders.clone();
        let message = orders::CancelOrderRequest { order: order.to_owned(), reason: reason.to_owned(), email: email.to_owned() };
        send(ctx, message, |request| orders.cancel_order(request)).await
    }
}
