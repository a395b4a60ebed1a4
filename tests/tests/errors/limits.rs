//! What is too large, too deep, too many or ambiguous gets a 4xx at the edge, and ambiguous connections end.

use haat_tests::client::send;
use haat_tests::raw::exchange;
use reqwest::Method;
use serde_json::json;

use crate::market;

const MIB: usize = 1 << 20;

#[tokio::test]
async fn bodies_end_at_one_mebibyte() {
    let market = market().await;
    let post = |size: usize| {
        let body = format!("{{\"email\":\"{}\"}}", "a".repeat(size));
        send(market.client.request(Method::POST, "/v1/users").header("content-type", "application/json").body(body))
    };
    post(MIB / 2).await.any_problem(400);
    post(2 * MIB).await.any_problem(413);
    let head = "POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("{:x}\r\n{}\r\n", MIB, "a".repeat(MIB));
    let answer = exchange(market.platform.http, format!("{head}{chunk}{chunk}0\r\n\r\n").as_bytes()).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
}

#[tokio::test]
async fn json_may_be_deep_and_numbers_huge_without_harm() {
    let market = market().await;
    let post = |body: String| {
        send(market.client.request(Method::POST, "/v1/users").header("content-type", "application/json").body(body))
    };
    for depth in [100, 10_000, 100_000] {
        post(format!("{}{}", "[".repeat(depth), "]".repeat(depth))).await.any_problem(400);
        post(format!("{}1{}", "{\"email\":".repeat(depth), "}".repeat(depth))).await.any_problem(400);
    }
    let cart = market.client.post("/v1/carts", json!({})).await.expect(201)["id"].as_str().unwrap().to_owned();
    for number in ["1e999", "99999999999999999999999999", "-1e400", "0.5", "2147483648", "NaN", "1e2147483647"] {
        let body = format!("{{\"offerId\":\"offer_01jd3xq8zzf0tvg0000000000z\",\"quantity\":{number}}}");
        let request =
            market.client.request(Method::POST, &format!("/v1/carts/{cart}/items")).header("content-type", "application/json");
        send(request.body(body)).await.any_problem(400);
    }
}

#[tokio::test]
async fn heads_that_are_too_large_are_refused() {
    let market = market().await;
    let address = market.platform.http;
    let many: String = (0..120).map(|n| format!("X-Header-{n}: 1\r\n")).collect();
    let large = format!("X-Large: {}\r\n", "a".repeat(70 * 1024));
    for headers in [many, large] {
        let answer = exchange(address, format!("GET /readyz HTTP/1.1\r\nHost: x\r\n{headers}\r\n").as_bytes()).await;
        assert!((400..500).contains(&answer.status) && answer.is_closed, "{}", answer.text);
    }
    let path = format!("GET /v1/{} HTTP/1.1\r\nHost: x\r\n\r\n", "p".repeat(9 * 1024));
    let answer = exchange(address, path.as_bytes()).await;
    assert!((400..500).contains(&answer.status), "{}", answer.text);
    let fits: String = (0..80).map(|n| format!("X-Header-{n}: {}\r\n", "v".repeat(500))).collect();
    let answer =
        exchange(address, format!("GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{fits}\r\n").as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn ambiguous_framing_ends_the_connection() {
    let market = market().await;
    let address = market.platform.http;
    let request = |extra: &str, body: &str| {
        format!("POST /v1/carts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{extra}\r\n{body}")
    };
    let smuggled = "0\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";
    for extra in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +2\r\n",
    ] {
        let answer = exchange(address, request(extra, smuggled).as_bytes()).await;
        assert!(answer.is_closed, "{extra}: {}", answer.text);
        assert!(!answer.text.contains("200 OK"), "{extra}: {}", answer.text);
    }
    for garbage in [
        "\x16\x03\x01\x02",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
    ] {
        let answer = exchange(address, garbage.as_bytes()).await;
        assert!(answer.is_closed && !(200..300).contains(&answer.status), "{garbage:?}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_burst_of_reads_from_this_machine_is_not_held_up() {
    let market = market().await;
    for _ in 0..300 {
        let answer = market.client.get("/v1/products:search?pageSize=1").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}
