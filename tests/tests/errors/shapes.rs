//! What is wrong with a request has one status, one code and one shape, wherever it is noticed.

use haat_tests::client::send;
use haat_tests::market::{text, unique};
use reqwest::Method;
use serde_json::{Value, json};

use crate::market;

#[tokio::test]
async fn bodies_that_are_not_understood_are_400_or_415() {
    let market = market().await;
    let post = |body: &str, kind: &str| {
        let request = market.client.request(Method::POST, "/v1/users").header("content-type", kind.to_owned());
        send(request.body(body.to_owned()))
    };
    for body in ["", "{", "[]", "null", "\"text\"", "{\"email\": }", "{\"email\":\"a\",}", "\u{feff}{}", "{\"email\":1}", "{} {}"]
    {
        post(body, "application/json").await.any_problem(400);
    }
    for kind in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"] {
        post("{}", kind).await.any_problem(415);
    }
    let charset = post("{\"email\": 5}", "application/json; charset=utf-8").await;
    assert_eq!(charset.status, 400, "{}", charset.text());
}

#[tokio::test]
async fn unknown_fields_are_refused_by_name_at_every_depth() {
    let market = market().await;
    let cart = text(&market.client.post("/v1/carts", json!({})).await.expect(201), "id");
    let problem = market.client.post("/v1/users", json!({"emial": "a@example.test"})).await.any_problem(400);
    assert!(problem.to_string().contains("emial"), "{problem}");
    let nested = json!({"shippingAddress": {"postcode": "560001"}});
    let problem = market.client.patch(&format!("/v1/carts/{cart}"), nested).await.any_problem(400);
    assert!(problem.to_string().contains("postcode"), "{problem}");
    market.client.post("/v1/carts", json!({"total": 5})).await.any_problem(400);
}

#[tokio::test]
async fn invalid_values_name_their_field() {
    let market = market().await;
    for (field, body) in [
        ("email", json!({"email": "no address", "password": "long enough here", "displayName": "A"})),
        ("password", json!({"email": "a@example.test", "password": "short", "displayName": "A"})),
        ("password", json!({"email": "a@example.test", "password": "p".repeat(257), "displayName": "A"})),
        ("password", json!({"email": "a@example.test", "password": "password123", "displayName": "A"})),
    ] {
        let answer = market.client.post("/v1/users", body).await;
        let status = answer.status;
        assert!([400, 422].contains(&status), "{}", answer.text());
        let problem = answer.any_problem(status);
        let fields: Vec<_> = problem["violations"].as_array().unwrap().iter().map(|violation| text(violation, "field")).collect();
        assert!(fields.contains(&field.to_owned()), "{field}: {problem}");
        text(&problem["violations"][0], "description");
    }
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405_with_what_is_allowed() {
    let market = market().await;
    for path in [
        "/v1/nothing",
        "/v2/products",
        "/v1/products/a/b/c",
        "/v1",
        "/v1/carts/x:explode",
        "/%00",
        "/v1/%2e%2e/%2e%2e/etc/passwd",
    ] {
        let answer = market.client.get(path).await;
        assert!([400, 404, 405].contains(&answer.status), "{path}: {}", answer.text());
        let status = answer.status;
        answer.any_problem(status);
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/v1/users", "POST"),
        (Method::PUT, "/v1/carts", "POST"),
        (Method::POST, "/v1/products:search", "GET"),
        (Method::PATCH, "/v1/sessions/current", "DELETE"),
    ] {
        let answer = send(market.client.request(method, path).json(&json!({}))).await;
        assert!(answer.header("allow").contains(allowed), "{path}: {:?}", answer.headers);
        answer.any_problem(405);
    }
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let market = market().await;
    for (path, status) in
        [("/v1/products:search?pageSize=1", 200), ("/readyz", 200), ("/v1/products/product_00000000000000000000000000", 404)]
    {
        let head = send(market.client.request(Method::HEAD, path)).await;
        assert_eq!((head.status, head.body.len()), (status, 0), "{path}");
        let get = market.client.get(path).await;
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn ids_of_the_wrong_form_and_ids_of_nothing() {
    let market = market().await;
    for path in ["/v1/products/", "/v1/carts/", "/v1/checkouts/", "/v1/orders/", "/v1/orderGroups/"] {
        for id in ["x", "product_", "cart_../../x", "%F0%9F%91%95", "user_01jd3xq8zzf0tvg0000000000z", "%27%20OR%201=1"] {
            let answer = market.client.get(&format!("{path}{id}")).await;
            let status = answer.status;
            assert!([400, 401, 403, 404].contains(&status), "{path}{id}: {}", answer.text());
            answer.any_problem(status);
        }
    }
    for path in ["/v1/products/product_01jd3xq8zzf0tvg0000000000z", "/v1/carts/cart_01jd3xq8zzf0tvg0000000000z"] {
        market.client.get(path).await.any_problem(404);
    }
}

#[tokio::test]
async fn who_has_no_token_or_a_bad_one_is_told_how_to_sign_in() {
    let market = market().await;
    let buyer = market.buyer().await;
    for path in ["/v1/users/me", "/v1/orders", "/v1/warehouses", "/v1/payments/payment_01jd3xq8zzf0tvg0000000000z"] {
        let answer = market.client.get(path).await;
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path}: {:?}", answer.headers);
        answer.any_problem(401);
    }
    for token in ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyXzEifQ.", &"a".repeat(5_000)] {
        // Even where no token is needed: who shows one means it.
        for path in ["/v1/users/me", "/v1/products:search"] {
            let answer = market.client.signed_in(token).get(path).await;
            assert!(answer.header("www-authenticate").starts_with("Bearer"), "{path} {token}: {}", answer.text());
            answer.any_problem(401);
        }
    }
    for path in ["/v1/warehouses", "/v1/products", "/v1/payments/payment_01jd3xq8zzf0tvg0000000000z", "/v1/ledger/balances"] {
        buyer.client.get(path).await.any_problem(403);
    }
    buyer.client.post("/v1/coupons", json!({"code": "MINE", "percentOff": 100})).await.any_problem(403);
}

#[tokio::test]
async fn pages_are_clamped_and_their_tokens_are_ours() {
    let market = market().await;
    haat_tests::until(60, "the demo catalogue", async || {
        (market.client.get("/v1/products:search").await.expect(200)["totalSize"].as_i64() >= Some(8)).then_some(())
    })
    .await;
    for size in ["0", "-5", "1", "101", "2147483647"] {
        let found = market.client.get(&format!("/v1/products:search?pageSize={size}")).await.expect(200);
        let count = found["products"].as_array().unwrap().len();
        assert!((1..=100).contains(&count), "{size}: {count}");
    }
    for size in ["x", "1e99", "99999999999999999999"] {
        market.client.get(&format!("/v1/products:search?pageSize={size}")).await.any_problem(400);
    }
    let seller = market.seller().await;
    for path in ["/v1/orders", "/v1/products", "/v1/warehouses", "/v1/products:search"] {
        for token in ["not-ours", "AAAA", "%00", "eyJhIjoxfQ"] {
            seller.client.get(&format!("{path}?pageToken={token}")).await.any_problem(400);
        }
    }
    market.client.get("/v1/products:search?unknownParameter=1").await.any_problem(400);
}

#[tokio::test]
async fn every_answer_carries_its_correlation_and_its_trace() {
    let market = market().await;
    let get = |name: &str, value: &str, path: &str| send(market.client.request(Method::GET, path).header(name, value));
    for path in ["/v1/products:search", "/v1/nothing", "/readyz", "/openapi.json"] {
        let own = unique("mine");
        assert_eq!(get("x-correlation-id", &own, path).await.header("x-correlation-id"), own, "{path}");
        for bad in ["bad id with spaces", "<script>", &"x".repeat(500)] {
            let made = get("x-correlation-id", bad, path).await.header("x-correlation-id").to_owned();
            assert!(!made.is_empty() && made != bad, "{path}: {made}");
        }
    }
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let answer = get("traceparent", &format!("00-{trace}-00f067aa0ba902b7-01"), "/v1/nothing").await;
    assert!(answer.header("traceparent").starts_with(&format!("00-{trace}-")), "{:?}", answer.headers);
    assert_eq!(answer.any_problem(404)["traceId"], trace);
    let answer = get("traceparent", "00-zz-broken", "/v1/products:search").await;
    assert_eq!(answer.header("traceparent").len(), 55, "{:?}", answer.headers);
}

#[tokio::test]
async fn text_of_every_script_survives_the_journey() {
    let market = market().await;
    let seller = market.seller().await;
    let title = "नीला कुर्ता · 蓝色 👕 é \"x\" \\ <&> 'y'";
    let draft = json!({"title": title, "description": "\u{202e}rtl\u{202c} \t tab", "category": "ü", "brand": "ß",
                       "variants": [{"sku": unique("U"), "title": "中", "options": {"色": "蓝"}, "price": {"currencyCode": "INR", "amount": 5}}]});
    let created = seller.client.post("/v1/products", draft).await.expect(201);
    let read = seller.client.get(&format!("/v1/products/{}", text(&created, "id"))).await.expect(200);
    assert_eq!(
        (&read["title"], &read["brand"], &read["variants"][0]["options"]),
        (&json!(title), &json!("ß"), &json!({"色": "蓝"}))
    );
}

#[tokio::test]
async fn the_public_documents_are_there() {
    let market = market().await;
    let openapi = market.client.get("/openapi.json").await.expect(200);
    for path in ["/v1/users", "/v1/carts/{cart}:checkout", "/v1/products:import", "/v1/stock/{offer}:receive"] {
        assert!(openapi["paths"][path].is_object(), "{path}");
    }
    for path in ["/", "/docs"] {
        let page = market.client.get(path).await;
        assert!(page.status == 200 && page.header("content-type").starts_with("text/html"), "{path}: {}", page.status);
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(market.client.get(path).await.status, 200);
    }
    let discovery = market.client.get("/.well-known/openid-configuration").await.expect(200);
    let uri = text(&discovery, "jwks_uri");
    let keys = market.platform.tls_client(false).get(&uri).await.expect(200);
    let key: &Value = &keys["keys"][0];
    text(key, "kid");
    assert!(["EdDSA", "ES256"].contains(&key["alg"].as_str().unwrap_or_default()), "{key}");
}
