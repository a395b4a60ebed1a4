//! The console as a browser sees it, with a gateway that answers as it was told.

use haat_contracts::catalog::{ListProductsResponse, Offer, Product, Variant};
use haat_contracts::common::Money;
use haat_contracts::inventory::{AdjustStockRequest, ListWarehousesResponse, Stock, Warehouse};
use haat_contracts::orders::{ListOrdersRequest, ListOrdersResponse, Order, order};
use haat_contracts::payments::seller_statement::Period;
use haat_contracts::payments::{GetSellerStatementRequest, SellerStatement};
use haat_contracts::pricing::{OfferPrice, UpdateOfferRequest};
use haat_kernel::{Error, Kind, Violation};
use haat_web::Language;
use haat_web::testing::{Browser, FakeGateway};

use super::*;

const HOSTILE: &str = "<script>alert('x')</script>\"&";
const CREATE: &str = "/haat.catalog.v1.Catalog/CreateProduct";
const GET: &str = "/haat.catalog.v1.Catalog/GetProduct";
const LIST: &str = "/haat.catalog.v1.Catalog/ListProducts";
const PRICE: &str = "/haat.pricing.v1.Pricing/UpdateOffer";
const STOCK: &str = "/haat.inventory.v1.Inventory/GetStock";
const ADJUST: &str = "/haat.inventory.v1.Inventory/AdjustStock";
const WAREHOUSES: &str = "/haat.inventory.v1.Inventory/ListWarehouses";
const ORDERS: &str = "/haat.orders.v1.Orders/ListOrders";
const ORDER: &str = "/haat.orders.v1.Orders/GetOrder";
const SELLER: &str = "/haat.users.v1.Sellers/GetSeller";
const RENAME: &str = "/haat.users.v1.Sellers/UpdateSeller";
const STATEMENT: &str = "/haat.payments.v1.Payments/GetSellerStatement";

fn staff(gateway: &FakeGateway) -> Browser {
    Browser::at(app(&gateway.channel()), gateway).signed_in_as("user_1", &["buyer", "seller"], Some("seller_1"))
}

fn inr(amount: i64) -> Money {
    Money { currency_code: "INR".to_owned(), amount }
}

fn kurta() -> Product {
    let offer = Offer { id: "offer_1".into(), seller_id: "seller_1".into(), price: Some(inr(129_900)), ..Offer::default() };
    let options = [("size".to_owned(), "M".to_owned())].into();
    let variant = Variant { sku: "KURTA-M".into(), options, offers: vec![offer], ..Variant::default() };
    Product {
        id: "product_1".into(),
        title: HOSTILE.into(),
        brand: HOSTILE.into(),
        variants: vec![variant],
        seller_id: "seller_1".into(),
        etag: "3".into(),
        ..Product::default()
    }
}

/// A gateway that knows one product with stock in one warehouse.
fn stocked() -> FakeGateway {
    let gateway = FakeGateway::new();
    let warehouse = Warehouse { id: "warehouse_1".into(), display_name: HOSTILE.into(), ..Warehouse::default() };
    gateway
        .answer(GET, &kurta())
        .answer(STOCK, &Stock { offer_id: "offer_1".into(), on_hand: 7, available: 7, ..Stock::default() })
        .answer(WAREHOUSES, &ListWarehousesResponse { warehouses: vec![warehouse], ..Default::default() });
    gateway
}

#[tokio::test]
async fn nobody_but_staff_comes_in() {
    let gateway = FakeGateway::new();
    for path in ["/seller", "/seller/products", "/seller/import", "/seller/orders/order_1", "/seller/statement.csv"] {
        let guest = Browser::at(app(&gateway.channel()), &gateway).get(path).await;
        assert_eq!(guest.status, 303, "{path}");
        assert!(guest.location().starts_with("/seller/sign-in?return="), "{}", guest.location());
        let buyer = Browser::at(app(&gateway.channel()), &gateway).signed_in("user_2", &["buyer"]).get(path).await;
        assert_eq!(buyer.status, 403, "{path}");
        assert!(buyer.body.contains("asha@haat.test") && !buyer.body.contains("console-nav"), "{}", buyer.body);
    }
}

#[tokio::test]
async fn the_overview_says_how_things_stand_even_when_a_part_is_away() {
    let gateway = FakeGateway::new();
    let today = Period { from: "2026-11-21".into(), sales: 3, sold: Some(inr(389_700)), ..Period::default() };
    let statement = SellerStatement { sales: 40, sold: Some(inr(5_196_000)), periods: vec![today], ..Default::default() };
    gateway.answer(STATEMENT, &statement).answer(ORDERS, &ListOrdersResponse::default());
    let answer = staff(&gateway).get("/seller").await;
    assert_eq!(answer.status, 200);
    for text in ["₹3,897.00", "₹51,960.00 in 30 days", "Nothing waits to be sent.", "This part is not available", "21 Nov"] {
        assert!(answer.body.contains(text), "{text}: {}", answer.body);
    }
    let asked = gateway.asked(ORDERS);
    assert!(asked.iter().any(|call| call.message::<ListOrdersRequest>().state() == order::State::Placed));
    assert!(asked[0].header("authorization").is_some_and(|header| header.starts_with("Bearer ")));
}

#[tokio::test]
async fn hostile_text_stays_text() {
    let gateway = stocked();
    let line = order::Line { title: HOSTILE.into(), sku: HOSTILE.into(), quantity: 1, ..Default::default() };
    let order = Order { id: "order_1".into(), lines: vec![line], cancel_reason: HOSTILE.into(), ..Order::default() };
    gateway
        .answer(LIST, &ListProductsResponse { products: vec![kurta()], ..Default::default() })
        .answer(ORDER, &order)
        .answer(ORDERS, &ListOrdersResponse { orders: vec![order.clone()], ..Default::default() });
    let browser = staff(&gateway);
    for path in [
        "/seller/products?query=%3Cscript%3Ealert(1)",
        "/seller/products/product_1",
        "/seller/products/product_1/offers/offer_1",
        "/seller/orders",
        "/seller/orders/order_1",
        "/seller/warehouses",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!answer.body.contains("<script>alert"), "{path}: {}", answer.body);
        assert!(answer.body.contains("&lt;script&gt;") || path.contains("query"), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn what_the_catalog_finds_wrong_stands_at_its_field() {
    let gateway = FakeGateway::new();
    let taken = Error::new(Kind::AlreadyExists, "sku_taken", "Another of your products has this SKU.")
        .with_violation(Violation::new("variants[1].sku", "is taken"));
    gateway.refuse(CREATE, taken);
    let fields = [
        ("title", "Blue kurta"),
        ("rows", "4"),
        ("option[0]", "size"),
        ("variants[0].options[0]", "M"),
        ("variants[0].price", "1,299"),
        ("variants[2].options[0]", "L"),
        ("variants[2].sku", "KURTA-L"),
        ("variants[2].price", "₹1399.50"),
        ("key", "a-key"),
    ];
    let answer = staff(&gateway).post("/seller/products", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains(r#"id="field-variants-1--sku-error""#), "{}", answer.body);
    assert!(answer.body.contains(r#"value="KURTA-L""#) && answer.body.contains(r#"value="₹1399.50""#));
    let asked = gateway.asked(CREATE);
    let sent = asked[0].message::<haat_contracts::catalog::CreateProductRequest>();
    assert_eq!(sent.variants.len(), 2, "empty rows do not count");
    assert_eq!((sent.variants[1].price.clone(), sent.variants[1].options["size"].as_str()), (Some(inr(139_950)), "L"));
    assert_eq!(asked[0].header("haat-idempotency-key"), Some("a-key"));
}

#[tokio::test]
async fn a_price_that_is_none_is_not_sent() {
    let gateway = stocked();
    gateway.answer(PRICE, &OfferPrice::default());
    let browser = staff(&gateway);
    let path = "/seller/products/product_1/offers/offer_1/price";
    let answer = browser.post(path, &[("price", "a lot"), ("key", "k1")]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains(r#"value="a lot""#) && answer.body.contains("such as 1,299.00"), "{}", answer.body);
    assert!(gateway.asked(PRICE).is_empty());
    // The catalog has this price already, so that nobody has to wait for it.
    let answer = browser.post(path, &[("price", "1299"), ("key", "k2")]).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/seller/products/product_1/offers/offer_1"));
    assert_eq!(gateway.asked(PRICE)[0].message::<UpdateOfferRequest>().price, Some(inr(129_900)));
    assert!(browser.get("/seller/products/product_1/offers/offer_1").await.body.contains("The price is changed."));
}

#[tokio::test]
async fn held_stock_is_explained() {
    let gateway = stocked();
    let held = Error::new(Kind::FailedPrecondition, "stock_held", "Of the 7 pieces in this warehouse 5 are held for buyers.");
    gateway.refuse(ADJUST, held);
    let fields = [("warehouseId", "warehouse_1"), ("delta", "−6"), ("reason", "broken"), ("key", "k")];
    let answer = staff(&gateway).post("/seller/products/product_1/offers/offer_1/adjust", &fields).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("what is held for buyers") && answer.body.contains("cancel an order first"), "{}", answer.body);
    assert!(answer.body.contains(r#"value="broken""#));
    assert_eq!(gateway.asked(ADJUST)[0].message::<AdjustStockRequest>().delta, -6);
}

#[tokio::test]
async fn what_is_another_sellers_is_not_found() {
    let gateway = stocked();
    let mut theirs = Product { seller_id: "seller_2".into(), ..kurta() };
    theirs.variants[0].offers[0].seller_id = "seller_2".into();
    gateway.answer(GET, &theirs);
    assert_eq!(staff(&gateway).get("/seller/products/product_1").await.status, 404);
    assert_eq!(staff(&gateway).get("/seller/products/product_1/offers/offer_1").await.status, 404);
}

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let gateway = stocked();
    let browser = staff(&gateway);
    let answer = browser.post_bare("/seller/products/product_1/publish", &[("key", "k"), ("csrf", "guessed")]).await;
    assert_eq!(answer.status, 403);
    assert!(gateway.asked("/haat.catalog.v1.Catalog/PublishProduct").is_empty());
}

#[tokio::test]
async fn a_statement_is_a_page_and_a_file() {
    let gateway = FakeGateway::new();
    let period =
        Period { from: "2026-11-01".into(), sales: 1, sold: Some(inr(100)), balance: Some(inr(100)), ..Default::default() };
    let statement =
        SellerStatement { from: "2026-11-01".into(), to: "2026-11-30".into(), periods: vec![period], ..Default::default() };
    gateway.answer(STATEMENT, &statement);
    let browser = staff(&gateway);
    let page = browser.get("/seller/statement?from=2026-11-01&to=2026-11-30&step=month").await;
    assert!(page.body.contains("/seller/statement.csv?from=2026-11-01&amp;to=2026-11-30&amp;step=month"), "{}", page.body);
    assert_eq!(gateway.asked(STATEMENT)[0].message::<GetSellerStatementRequest>().from, "2026-11-01");
    let file = browser.get("/seller/statement.csv").await;
    assert_eq!(file.headers["content-disposition"], "attachment; filename=\"statement-2026-11-01-2026-11-30.csv\"");
    assert!(file.body.ends_with("2026-11-01,1,1.00,0,0.00,1.00\r\n"), "{}", file.body);
    gateway.refuse(STATEMENT, Error::invalid("from", "must be a day such as `2026-11-21`"));
    let wrong = browser.get("/seller/statement?from=soon").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains(r#"id="field-from-error""#), "{}", wrong.body);
}

#[test]
fn both_languages_say_the_same_things_and_everything_that_is_said() {
    assert_eq!(MESSAGES.ids(Language::En), MESSAGES.ids(Language::Hi));
    let known = MESSAGES.ids(Language::En);
    let kit = include_str!("../../kit/messages/en.ftl");
    let sources = [
        include_str!("frame.rs"),
        include_str!("import.rs"),
        include_str!("offer.rs"),
        include_str!("orders.rs"),
        include_str!("overview.rs"),
        include_str!("parts.rs"),
        include_str!("product.rs"),
        include_str!("product/form.rs"),
        include_str!("products.rs"),
        include_str!("staff.rs"),
        include_str!("statement.rs"),
        include_str!("upload.rs"),
        include_str!("warehouses.rs"),
    ];
    for call in [".t(\"", ".t_with(\"", ".notice(\""] {
        for id in sources.iter().flat_map(|source| source.split(call).skip(1)).filter_map(|rest| rest.split('"').next()) {
            assert!(known.contains(&id) || kit.contains(&format!("\n{id} = ")), "nothing is said for `{id}`");
        }
    }
}

#[tokio::test]
async fn a_seller_names_the_shop() {
    use haat_contracts::users::{Seller, UpdateSellerRequest};
    let gateway = FakeGateway::new();
    gateway.refuse(SELLER, Error::not_found("seller", "seller_1"));
    assert_eq!(staff(&gateway).get("/seller/shop").await.status, 200, "one who has no name yet");
    let seller = Seller { id: "seller_1".into(), display_name: HOSTILE.into() };
    gateway.answer(SELLER, &seller).answer(RENAME, &seller);
    let page = staff(&gateway).get("/seller/shop").await.body;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"), "{page}");
    let answer = staff(&gateway).post("/seller/shop", &[("displayName", "Meera & Daughters"), ("key", "k")]).await;
    assert_eq!(answer.location(), "/seller/shop");
    let asked = gateway.asked(RENAME).pop().unwrap().message::<UpdateSellerRequest>();
    assert_eq!((asked.seller.as_str(), asked.display_name.as_str()), ("seller_1", "Meera & Daughters"));
    gateway.refuse(RENAME, Error::new(Kind::AlreadyExists, "seller_name_taken", "Another seller has this name."));
    let answer = staff(&gateway).post("/seller/shop", &[("displayName", "Chandni Traders"), ("key", "k")]).await;
    assert!(answer.status == 422 && answer.body.contains("Another seller has this name"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_sold_beside_others_shows_ones_own_offer_and_no_more() {
    let gateway = stocked();
    let mut product = kurta();
    product.seller_id = "seller_2".into();
    let theirs = Offer { id: "offer_2".into(), seller_id: "seller_2".into(), price: Some(inr(99_900)), ..Offer::default() };
    product.variants[0].offers.insert(0, theirs.clone());
    gateway.answer(GET, &product);
    let page = staff(&gateway).get("/seller/products/product_1").await.body;
    assert!(page.contains("offers/offer_1") && !page.contains("offer_2") && page.contains("₹1,299.00"), "{page}");
    assert!(!page.contains("name=\"title\""), "the words are the other's: {page}");
    assert_eq!(staff(&gateway).get("/seller/products/product_1/offers/offer_1").await.status, 200);
    assert_eq!(staff(&gateway).get("/seller/products/product_1/offers/offer_2").await.status, 404);
    assert_eq!(staff(&gateway).post("/seller/products/product_1", &[("title", "Mine")]).await.status, 404);
    product.variants[0].offers = vec![theirs];
    gateway.answer(GET, &product);
    assert_eq!(staff(&gateway).get("/seller/products/product_1").await.status, 404, "not sold by them at all");
}
