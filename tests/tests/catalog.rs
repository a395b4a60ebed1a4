//! What sellers put on their shelves and buyers find: drafts, publishing, imports, search, and who may touch what.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use haat_tests::client::send;
use haat_tests::market::{Market, Seller, amount, rupees, text, unique};
use haat_tests::{Answer, Client, Options, Platform, until};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

const SHOPIFY: &str = include_str!("data/shopify-apparel.csv");

async fn market() -> Market<'static> {
    static PLATFORM: OnceCell<Platform> = OnceCell::const_new();
    Market::of(PLATFORM.get_or_init(|| Platform::start(Options { demo: Some(40) })).await)
}

async fn search(client: &Client, query: &str) -> Value {
    client.get(&format!("/v1/products:search?{query}")).await.expect(200)
}

fn titles(found: &Value) -> Vec<String> {
    found["products"].as_array().unwrap().iter().map(|product| text(product, "title")).collect()
}

/// Searches until the answer holds what is expected of it.
async fn found_when(client: &Client, query: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    until(10, query, async || {
        let found = search(client, query).await;
        is_there(&found).then_some(found)
    })
    .await
}

async fn import(seller: &Seller, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    send(seller.client.request(Method::POST, "/v1/products:import").header("content-type", kind).body(body)).await
}

fn draft(title: &str, price: i64) -> Value {
    json!({"title": title, "description": "d", "category": "Drafts", "brand": "Haat",
           "variants": [{"sku": unique("D"), "title": "", "options": {}, "price": rupees(price)}]})
}

#[tokio::test]
async fn a_draft_is_its_sellers_until_it_is_published_and_after_it_is_archived() {
    let market = market().await;
    let seller = market.seller().await;
    let title = unique("Zephyr");
    let product = text(&seller.client.post("/v1/products", draft(&title, 5_000)).await.expect(201), "id");
    assert!(product.starts_with("product_"));
    let path = format!("/v1/products/{product}");
    let query = format!("query={title}");
    market.client.get(&path).await.any_problem(404);
    seller.client.get(&path).await.expect(200);
    assert_eq!(search(&market.client, &query).await["products"], json!([]));

    seller.client.post(&format!("{path}:publish"), json!({})).await.expect(200);
    found_when(&market.client, &query, |found| titles(found).contains(&title)).await;
    until(5, "the published product", async || (market.client.get(&path).await.status == 200).then_some(())).await;

    seller.client.post(&format!("{path}:archive"), json!({})).await.expect(200);
    found_when(&market.client, &query, |found| !titles(found).contains(&title)).await;
    until(5, "the product out of sight", async || (market.client.get(&path).await.status == 404).then_some(())).await;
}

#[tokio::test]
async fn an_archived_product_cannot_be_bought() {
    let market = market().await;
    let seller = market.seller().await;
    let offer = seller.sell("Withdrawn wok", 25_000, 3).await;
    let cart = text(&haat_tests::purchase::ready_cart(&market.client, &[(&offer, 1)], "w@example.test").await, "id");
    seller.client.post(&format!("/v1/products/{}:archive", offer.product), json!({})).await.expect(200);
    until(10, "the problem in the cart", async || {
        let cart = market.client.get(&format!("/v1/carts/{cart}")).await.expect(200);
        cart["problems"].as_array().unwrap().iter().any(|problem| problem["code"] == "offer_unavailable").then_some(())
    })
    .await;
    let answer = haat_tests::purchase::checkout(&market.client, &cart, "tok_ok").await;
    if answer.status == 200 {
        let ended = haat_tests::purchase::settled(&market.client, &text(&answer.json(), "id"), 20).await;
        assert_eq!(ended["state"], "FAILED", "{ended}");
    } else {
        assert!([409, 422].contains(&answer.status), "{}", answer.text());
    }
}

#[tokio::test]
async fn sellers_cannot_touch_what_is_not_theirs() {
    let market = market().await;
    let (owner, other, buyer) = (market.seller().await, market.second_seller().await, market.buyer().await);
    let offer = owner.sell("Guarded gate", 88_000, 2).await;
    let product = format!("/v1/products/{}", offer.product);
    let stock = format!("/v1/stock/{}", offer.id);
    let receipt = json!({"warehouseId": other.warehouse, "quantity": 5});
    for client in [&other.client, &buyer.client] {
        let answers = [
            client.patch(&product, json!({"title": "Mine now"})).await,
            client.post(&format!("{product}:archive"), json!({})).await,
            client.patch(&format!("/v1/offers/{}", offer.id), json!({"price": rupees(1)})).await,
            client.get(&stock).await,
            client.post(&format!("{stock}:receive"), receipt.clone()).await,
        ];
        for answer in answers {
            assert!([403, 404].contains(&answer.status), "{}", answer.text());
        }
    }
    let foreign = json!({"warehouseId": other.warehouse, "quantity": 5});
    let answer = owner.client.post(&format!("{stock}:receive"), foreign).await;
    assert!([403, 404].contains(&answer.status), "{}", answer.text());
    buyer.client.post("/v1/products", draft("No seller", 1)).await.any_problem(403);
    market.client.post("/v1/products", draft("Nobody", 1)).await.any_problem(401);
    let read = market.client.get(&product).await.expect(200);
    assert_eq!((&read["title"], amount(&read["variants"][0]["offers"][0], "price")), (&json!("Guarded gate"), 88_000));
}

#[tokio::test]
async fn a_shopify_export_is_taken_in_and_a_second_time_changes_nothing() {
    let market = market().await;
    let seller = market.second_seller().await;
    let report = import(&seller, "text/csv", SHOPIFY).await.expect(200);
    assert_eq!(
        (&report["rows"], &report["productsCreated"], &report["productsFailed"]),
        (&json!(22), &json!(20), &json!(0)),
        "{report}"
    );
    assert_eq!(report["errors"], json!([]));
    let found =
        found_when(&market.client, "query=classic+varsity+top", |found| titles(found).contains(&"Classic Varsity Top".into()))
            .await;
    let product = found["products"].as_array().unwrap().iter().find(|product| product["title"] == "Classic Varsity Top").unwrap();
    let read = market.client.get(&format!("/v1/products/{}", text(product, "id"))).await.expect(200);
    let variants = read["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 3, "{read}");
    assert_eq!(variants[1]["options"], json!({"Size": "Medium"}), "{read}");
    assert_eq!(amount(&variants[0]["offers"][0], "price"), 6_000);

    let again = import(&seller, "text/csv", SHOPIFY).await.expect(200);
    assert_eq!((&again["productsCreated"], &again["productsUnchanged"]), (&json!(0), &json!(20)), "{again}");
    let found = search(&market.client, "query=classic+varsity+top&pageSize=100").await;
    assert_eq!(titles(&found).iter().filter(|title| *title == "Classic Varsity Top").count(), 1);
}

#[tokio::test]
async fn json_lines_are_taken_in_and_bad_rows_are_named_by_their_line() {
    let market = market().await;
    let seller = market.seller().await;
    let (good, better) = (unique("Lined lamp"), unique("Lined lantern"));
    let lines = format!("{}\n{{not json\n{}\n{}\n", draft(&good, 5_000), json!({"title": ""}), draft(&better, 7_000));
    let report = import(&seller, "application/jsonl", lines).await.expect(200);
    assert_eq!((&report["productsCreated"], &report["productsFailed"]), (&json!(2), &json!(2)), "{report}");
    let mut broken: Vec<_> = report["errors"].as_array().unwrap().iter().map(|error| error["line"].as_i64().unwrap()).collect();
    broken.dedup();
    assert_eq!(broken, [2, 3], "{report}");
    text(&report["errors"][0], "description");

    let bad = "Handle,Title,Variant Price\nfine,Fine,10\nodd,Odd,not a price\n";
    let report = import(&seller, "text/csv", bad).await.expect(200);
    assert_eq!((&report["productsCreated"], &report["productsFailed"]), (&json!(1), &json!(1)), "{report}");
    assert_eq!(report["errors"][0]["line"], 3, "{report}");
    import(&seller, "image/png", "x").await.any_problem(415);
}

#[tokio::test]
async fn a_large_import_streams() {
    let market = market().await;
    let seller = market.seller().await;
    let filler = "long ".repeat(2_000);
    let lines: Vec<String> = (0..300)
        .map(|n| {
            let mut product = draft(&format!("Bulk {n}"), 1_000 + n);
            product["description"] = json!(filler);
            product.to_string()
        })
        .collect();
    let body = lines.join("\n");
    assert!(body.len() > 2 << 20);
    let report = import(&seller, "application/jsonl", body).await.expect(200);
    assert_eq!((&report["productsCreated"], &report["errors"]), (&json!(300), &json!([])));
}

#[tokio::test]
async fn search_narrows_by_filter_counts_by_facet_and_forgives_typos() {
    let market = market().await;
    let seller = market.seller().await;
    let brand = unique("Brand").replace('-', "");
    for (title, price, category) in
        [("Saffron shawl", 40_000, "Shawls"), ("Saffron scarf", 20_000, "Scarves"), ("Woolen scarf", 90_000, "Scarves")]
    {
        let mut product = draft(title, price);
        product["brand"] = json!(brand);
        product["category"] = json!(category);
        let id = text(&seller.client.post("/v1/products", product).await.expect(201), "id");
        seller.client.post(&format!("/v1/products/{id}:publish"), json!({})).await.expect(200);
    }
    let of_brand = format!("brand+%3D+%22{brand}%22");
    let all =
        found_when(&market.client, &format!("filter={of_brand}&facets=brand,category,price"), |found| found["totalSize"] == 3)
            .await;
    let facet =
        |name: &str| all["facets"].as_array().unwrap().iter().find(|facet| facet["name"] == name).unwrap()["buckets"].clone();
    // A facet's own filter leaves its counts alone, so that a buyer can choose another brand as well.
    assert!(facet("brand").as_array().unwrap().contains(&json!({"value": brand, "count": 3})), "{all}");
    assert!(facet("category").as_array().unwrap().contains(&json!({"value": "Scarves", "count": 2})), "{all}");
    assert_eq!(facet("price").as_array().unwrap().iter().map(|bucket| bucket["count"].as_i64().unwrap()).sum::<i64>(), 3);

    let cheap = search(&market.client, &format!("filter={of_brand}+AND+price+%3C+50000&orderBy=price")).await;
    assert_eq!(titles(&cheap), ["Saffron scarf", "Saffron shawl"]);
    let dearest = search(&market.client, &format!("filter={of_brand}&orderBy=price+desc")).await;
    assert_eq!(titles(&dearest)[0], "Woolen scarf");
    for query in ["query=safron+shawl", "query=saffron+shawls"] {
        let found = search(&market.client, &format!("{query}&filter={of_brand}")).await;
        assert!(titles(&found).contains(&"Saffron shawl".to_owned()), "{query}: {:?}", titles(&found));
    }
    let first = search(&market.client, &format!("filter={of_brand}&pageSize=2&orderBy=price")).await;
    assert_eq!(titles(&first).len(), 2);
    let token = text(&first, "nextPageToken");
    let second = search(&market.client, &format!("filter={of_brand}&pageSize=2&orderBy=price&pageToken={token}")).await;
    assert_eq!(titles(&second), ["Woolen scarf"]);

    for bad in [
        "filter=brand+%3D",
        "filter=price+%3C+cheap",
        "filter=nonsense+%3D+1",
        "filter=((((",
        "pageToken=not-ours",
        "orderBy=luck",
    ] {
        market.client.get(&format!("/v1/products:search?{bad}")).await.any_problem(400);
    }
}

#[tokio::test]
async fn everyday_words_are_no_attacks() {
    let market = market().await;
    let seller = market.seller().await;
    for title in ["women's kurta", "100% cotton; select shirt", "<b>bold</b> \"quoted\" & more", "1' OR '1'='1", "नीला कुर्ता 👕"]
    {
        let product = seller.client.post("/v1/products", draft(title, 1_000)).await.expect(201);
        assert_eq!(product["title"], title);
        let query: String = title.bytes().map(|byte| format!("%{byte:02X}")).collect();
        search(&market.client, &format!("query={query}")).await;
    }
}

#[tokio::test]
async fn a_sku_is_used_once_by_a_seller_and_names_the_best_offer() {
    let market = market().await;
    let (one, two) = (market.seller().await, market.second_seller().await);
    let offer = one.sell("Cheaper chair", 30_000, 5).await;
    let mut same = draft("Another chair", 30_000);
    same["variants"][0]["sku"] = json!(offer.sku);
    one.client.post("/v1/products", same.clone()).await.problem(409, "sku_taken");
    same["variants"][0]["price"] = rupees(50_000);
    let dear = text(&two.client.post("/v1/products", same).await.expect(201), "id");
    two.client.post(&format!("/v1/products/{dear}:publish"), json!({})).await.expect(200);
    let cart = haat_tests::purchase::new_cart(&market.client).await;
    let body = json!({"sku": offer.sku, "quantity": 1});
    let cart = market.client.post(&format!("/v1/carts/{cart}/items"), body).await.expect(200);
    assert_eq!(cart["items"][0]["offerId"], offer.id.as_str(), "{cart}");
}
