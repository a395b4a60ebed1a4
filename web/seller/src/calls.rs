//! The console's calls to the services, one small function each, all as the visitor through the gateway. What a seller may see
//! and do, the services decide.

use haat_contracts::api::HttpBody;
use haat_contracts::catalog::catalog_client::CatalogClient;
use haat_contracts::catalog::{
    ArchiveProductRequest, CreateProductRequest, GetProductRequest, ImportReport, ListProductsRequest, ListProductsResponse,
    Product, PublishProductRequest, UpdateProductRequest,
};
use haat_contracts::inventory::inventory_client::InventoryClient;
use haat_contracts::inventory::{
    AdjustStockRequest, CreateWarehouseRequest, GetStockRequest, ListWarehousesRequest, ReceiveStockRequest, Stock, Warehouse,
};
use haat_contracts::orders::orders_client::OrdersClient;
use haat_contracts::orders::{CancelOrderRequest, GetOrderRequest, ListOrdersRequest, ListOrdersResponse, Order};
use haat_contracts::payments::payments_client::PaymentsClient;
use haat_contracts::payments::{GetSellerStatementRequest, SellerStatement};
use haat_contracts::pricing::pricing_client::PricingClient;
use haat_contracts::pricing::{OfferPrice, UpdateOfferRequest};
use haat_contracts::users::sellers_client::SellersClient;
use haat_contracts::users::{GetSellerRequest, Seller, UpdateSellerRequest};
use haat_kernel::{Ctx, Result};
use haat_rpc::{Channel, send};

/// More than a seller has in practice, and all that a choice can show.
const WAREHOUSES_MAX: i32 = 100;

/// Cheap to clone.
#[derive(Clone)]
pub struct Calls {
    catalog: CatalogClient<Channel>,
    inventory: InventoryClient<Channel>,
    orders: OrdersClient<Channel>,
    payments: PaymentsClient<Channel>,
    pricing: PricingClient<Channel>,
    sellers: SellersClient<Channel>,
}

impl Calls {
    pub fn new(gateway: &Channel) -> Self {
        Calls {
            catalog: CatalogClient::new(gateway.clone()),
            inventory: InventoryClient::new(gateway.clone()),
            orders: OrdersClient::new(gateway.clone()),
            payments: PaymentsClient::new(gateway.clone()),
            pricing: PricingClient::new(gateway.clone()),
            sellers: SellersClient::new(gateway.clone()),
        }
    }

    pub async fn products(&self, ctx: &Ctx, message: ListProductsRequest) -> Result<ListProductsResponse> {
        let mut catalog = self.catalog.clone();
        send(ctx, message, |request| catalog.list_products(request)).await
    }

    pub async fn product(&self, ctx: &Ctx, id: &str) -> Result<Product> {
        let mut catalog = self.catalog.clone();
        send(ctx, GetProductRequest { product: id.to_owned() }, |request| catalog.get_product(request)).await
    }

    pub async fn create_product(&self, ctx: &Ctx, message: CreateProductRequest) -> Result<Product> {
        let mut catalog = self.catalog.clone();
        send(ctx, message, |request| catalog.create_product(request)).await
    }

    pub async fn update_product(&self, ctx: &Ctx, message: UpdateProductRequest) -> Result<Product> {
        let mut catalog = self.catalog.clone();
        send(ctx, message, |request| catalog.update_product(request)).await
    }

    pub async fn publish_product(&self, ctx: &Ctx, id: &str) -> Result<Product> {
        let mut catalog = self.catalog.clone();
        send(ctx, PublishProductRequest { product: id.to_owned() }, |request| catalog.publish_product(request)).await
    }

    pub async fn archive_product(&self, ctx: &Ctx, id: &str) -> Result<Product> {
        let mut catalog = self.catalog.clone();
        send(ctx, ArchiveProductRequest { product: id.to_owned() }, |request| catalog.archive_product(request)).await
    }

    pub async fn import_products<S>(&self, ctx: &Ctx, file: S) -> Result<ImportReport>
    where
        S: futures::Stream<Item = HttpBody> + Send + 'static,
    {
        let mut catalog = self.catalog.clone();
        send(ctx, file, |request| catalog.import_products(request)).await
    }

    pub async fn update_price(&self, ctx: &Ctx, message: UpdateOfferRequest) -> Result<OfferPrice> {
        let mut pricing = self.pricing.clone();
        send(ctx, message, |request| pricing.update_offer(request)).await
    }

    pub async fn stock(&self, ctx: &Ctx, offer: &str) -> Result<Stock> {
        let mut inventory = self.inventory.clone();
        send(ctx, GetStockRequest { offer: offer.to_owned() }, |request| inventory.get_stock(request)).await
    }

    pub async fn receive_stock(&self, ctx: &Ctx, message: ReceiveStockRequest) -> Result<Stock> {
        let mut inventory = self.inventory.clone();
        send(ctx, message, |request| inventory.receive_stock(request)).await
    }

    pub async fn adjust_stock(&self, ctx: &Ctx, message: AdjustStockRequest) -> Result<Stock> {
        let mut inventory = self.inventory.clone();
        send(ctx, message, |request| inventory.adjust_stock(request)).await
    }

    pub async fn warehouses(&self, ctx: &Ctx) -> Result<Vec<Warehouse>> {
        let mut inventory = self.inventory.clone();
        let message = ListWarehousesRequest { page_size: WAREHOUSES_MAX, page_token: String::new() };
        Ok(send(ctx, message, |request| inventory.list_warehouses(request)).await?.warehouses)
    }

    pub async fn create_warehouse(&self, ctx: &Ctx, message: CreateWarehouseRequest) -> Result<Warehouse> {
        let mut inventory = self.inventory.clone();
        send(ctx, message, |request| inventory.create_warehouse(request)).await
    }

    pub async fn orders(&self, ctx: &Ctx, message: ListOrdersRequest) -> Result<ListOrdersResponse> {
        let mut orders = self.orders.clone();
        send(ctx, message, |request| orders.list_orders(request)).await
    }

    pub async fn order(&self, ctx: &Ctx, id: &str) -> Result<Order> {
        let mut orders = self.orders.clone();
        let message = GetOrderRequest { order: id.to_owned(), email: String::new() };
        send(ctx, message, |request| orders.get_order(request)).await
    }

    pub async fn cancel_order(&self, ctx: &Ctx, id: &str, reason: &str) -> Result<Order> {
        let mut orders = self.orders.clone();
        let message = CancelOrderRequest { order: id.to_owned(), reason: reason.to_owned(), email: String::new() };
        send(ctx, message, |request| orders.cancel_order(request)).await
    }

    pub async fn seller(&self, ctx: &Ctx, id: &str) -> Result<Seller> {
        let mut sellers = self.sellers.clone();
        send(ctx, GetSellerRequest { seller: id.to_owned() }, |request| sellers.get_seller(request)).await
    }

    pub async fn rename_seller(&self, ctx: &Ctx, id: &str, display_name: &str) -> Result<Seller> {
        let mut sellers = self.sellers.clone();
        let message = UpdateSellerRequest { seller: id.to_owned(), display_name: display_name.to_owned() };
        send(ctx, message, |request| sellers.update_seller(request)).await
    }

    pub async fn statement(&self, ctx: &Ctx, message: GetSellerStatementRequest) -> Result<SellerStatement> {
        let mut payments = self.payments.clone();
        send(ctx, message, |request| payments.get_seller_statement(request)).await
    }
}
