//! Pages that are only looked at.

use haat_contracts::catalog::{SearchProductsRequest, SearchProductsResponse};

use super::*;

#[tokio::test]
async fn every_page_shows_hostile_text_as_text() {
    let gateway = gateway();
    let checkout = things::checkout(haat_contracts::checkout::checkout::State::Processing);
    gateway.answer(GET_CHECKOUT, &checkout);
    let query = wanted::encoded(HOSTILE);
    for path in [
        "/",
        "/search",
        &format!(
            "/search?query={query}&brand={query}&color={query}&category=A&category=B&price=0-50000&available=yes&sort=price%20desc"
        ),
        &format!("/category/{query}"),
        "/products/product_1",
        &format!("/products/product_1?sku={query}"),
        "/cart",
        "/checkout",
        "/checkout/payment",
        &format!("/checkout/{}", things::CHECKOUT),
        "/orders",
        &format!("/orders/{}", things::GROUP),
        &format!("/orders/{}/cancel/{}", things::GROUP, things::ORDER),
    ] {
        let answer = shopper(&gateway).get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert_sound(path, &answer);
        assert!(answer.body.contains("&lt;script&gt;") || !answer.body.contains("alert"), "{path}");
    }
    for path in ["/account", "/account/orders"] {
        let answer = guest(&gateway).signed_in("user_1", &["buyer"]).get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_sound(path, &answer);
    }
}

#[tokio::test]
async fn a_product_shows_its_best_offer_first_and_says_what_it_is() {
    let gateway = gateway();
    let answer = guest(&gateway).get("/products/product_1").await;
    let places = ["₹999", "₹1,199"].map(|price| answer.body.find(&format!("{price}<")).unwrap_or(usize::MAX));
    assert!(places[0] < places[1] && places[1] < usize::MAX, "{places:?}: {}", answer.body);
    assert!(answer.body.contains("No ratings yet"));
    assert!(!answer.body.contains("elsewhere.test") && !answer.body.contains("javascript:"), "nothing comes from elsewhere");
    let data = answer.body.split("application/ld+json\">").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let thing = &data["@graph"][0];
    assert_eq!(thing["offers"].as_array().unwrap().len(), 4);
    assert_eq!(thing["offers"][0]["price"], "1199.00");
    assert!(thing.get("aggregateRating").is_none());
    for meta in ["og:title", "og:image", "rel=\"canonical\" href=\"https://haat.test/products/product_1\""] {
        assert!(answer.body.contains(meta), "{meta}");
    }
}

#[tokio::test]
async fn a_search_asks_for_what_is_chosen_and_can_be_narrowed() {
    let gateway = gateway();
    let path = "/search?query=kurta&brand=A%22B&price=50000-100000&sort=newest";
    let answer = guest(&gateway).get(path).await;
    let asked = gateway.asked(SEARCH).pop().unwrap().message::<SearchProductsRequest>();
    assert_eq!(asked.filter, r#"(brand = "A\"B") AND ((price >= 50000 AND price < 100000))"#);
    assert_eq!((asked.query.as_str(), asked.order_by.as_str()), ("kurta", "newest"));
    assert!(answer.body.contains("page=next"), "the next page");
    assert!(answer.body.contains("noindex"), "searches are for people");
    assert!(!guest(&gateway).get("/category/Kurtas").await.body.contains("noindex"));
}

#[tokio::test]
async fn nothing_found_leads_on_and_a_slip_is_named() {
    let gateway = gateway();
    gateway.answer(SEARCH, &SearchProductsResponse::default());
    let answer = guest(&gateway).get("/search?query=zzz").await;
    assert!(answer.status == 200 && answer.body.contains("Nothing found for “zzz”"), "{}", answer.body);
    gateway.answer(SEARCH, &SearchProductsResponse { corrected_query: "kurta".into(), ..things::found() });
    let answer = guest(&gateway).get("/search?query=kutra").await;
    assert!(answer.body.contains("Did you mean") && answer.body.contains("href=\"/search?query=kurta\""), "{}", answer.body);
}

#[tokio::test]
async fn what_machines_read_is_well_formed() {
    let gateway = gateway();
    gateway.answer(SEARCH, &SearchProductsResponse { next_page_token: String::new(), ..things::found() });
    for (path, content_type, part) in [
        ("/robots.txt", "text/plain; charset=utf-8", "Sitemap: https://haat.test/sitemap.xml"),
        ("/sitemap.xml", "application/xml", "<loc>https://haat.test/sitemap-products.xml</loc>"),
        ("/sitemap-products.xml", "application/xml", "<loc>https://haat.test/products/product_1</loc>"),
        ("/sitemap-categories.xml", "application/xml", "<loc>https://haat.test/category/Kurtas</loc>"),
        ("/feed.atom", "application/atom+xml", "<title>Kurta &quot;&gt;&lt;script&gt;"),
        ("/pictures/kurta/blue/plain/1.svg", "image/svg+xml", "<svg xmlns="),
    ] {
        let answer = guest(&gateway).get(path).await;
        assert_eq!((answer.status.as_u16(), answer.headers["content-type"].to_str().unwrap()), (200, content_type), "{path}");
        assert!(answer.body.contains(part), "{path}: {}", answer.body);
    }
    assert_eq!(guest(&gateway).get("/pictures/rocket/blue/plain/1.svg").await.status, 404);
    assert_eq!(guest(&gateway).get("/no/such/page").await.status, 404);
}

#[tokio::test]
async fn photographs_from_elsewhere_come_from_our_own_origin_or_are_drawn() {
    let gateway = gateway();
    let image = |url: &str| haat_contracts::catalog::Image { url: url.into(), alt: String::new() };
    let product = haat_contracts::catalog::Product {
        images: vec![image("https://seller.test/1.png"), image("https://inside.test/1.png")],
        ..things::product()
    };
    gateway.answer(PRODUCT, &product);
    let folder = tempfile::tempdir().unwrap();
    let shop = app(&gateway.channel(), photographs::tests::photographs(folder.path()));
    let browser = Browser::at(shop, &gateway);
    let paths: Vec<String> = goods::pictures(&product).into_iter().map(|picture| picture.path).collect();
    let there = browser.get(&paths[0]).await;
    assert_eq!((there.status.as_u16(), &there.headers["content-type"]), (200, &"image/png".parse().unwrap()));
    assert!(there.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let refused = browser.get(&paths[1]).await;
    assert_eq!(refused.status, 303);
    assert!(refused.headers["location"].to_str().unwrap().starts_with("/pictures/"), "{:?}", refused.headers);
    for unknown in ["/photographs/product_1/0-0000000000000000", "/photographs/product_1/9-x", "/photographs/product_1/x"] {
        assert_eq!(browser.get(unknown).await.status, 404, "{unknown}");
    }
}

#[tokio::test]
async fn the_shop_speaks_hindi() {
    let gateway = gateway();
    let answer = guest(&gateway).with_cookie("haat_language", "hi").get("/").await;
    assert!(answer.body.contains("lang=\"hi\"") && answer.body.contains("पूरा बाज़ार"), "{}", answer.body);
}

#[tokio::test]
async fn sellers_have_names_and_the_choice_among_them_a_reason() {
    let gateway = gateway();
    let body = guest(&gateway).get("/products/product_1").await.body;
    assert!(body.contains("Cheap &amp; Good") && body.contains("The lowest price of 3 sellers"), "{body}");
    assert!(body.contains("₹200 more"), "what the other asks: {body}");
    assert!(body.contains("SMALL10") && body.contains("10 % off on orders from ₹500"), "{body}");
    let body = shopper(&gateway).get("/cart").await.body;
    assert!(body.contains("Meera Textiles") && body.contains("Seller ER_2"), "who has no name has a number: {body}");
    assert!(body.contains("Add ₹502 more"), "{body}");
    let body = shopper(&gateway).get("/checkout/payment").await.body;
    assert!(body.contains("Standard delivery") && body.contains("₹49") && body.contains("₹1,048"), "{body}");
    assert!(!gateway.asked(PROMOTIONS).is_empty());
}

#[tokio::test]
async fn categories_are_named_in_the_visitors_language() {
    let gateway = gateway();
    let answer = guest(&gateway).with_cookie("haat_language", "hi").get("/category/Kurtas").await;
    assert!(answer.body.contains("कुर्ते") && answer.body.contains("href=\"/category/Kurtas\""), "{}", answer.body);
}
