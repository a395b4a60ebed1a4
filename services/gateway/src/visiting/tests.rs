//! Pages through the pipeline, with a stand-in for the applications.

use std::sync::Arc;

use futures::stream;
use haat_kernel::Error;
use http::Request;

use super::*;
use crate::gateway::tests::{Fake, bench};

const CLIENT: Client =
    Client { addr: std::net::IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)), is_exempt: false, is_secure: true };

fn part(bytes: &str) -> ResponsePart {
    ResponsePart { part: Some(response_part::Part::Body(bytes.as_bytes().to_vec())) }
}

fn head(status: u32, headers: &[(&str, &str)]) -> ResponsePart {
    let headers = headers.iter().map(|(name, value)| Header { name: (*name).to_owned(), value: value.as_bytes().to_vec() });
    ResponsePart { part: Some(response_part::Part::Head(ResponseHead { status, headers: headers.collect() })) }
}

async fn text(answer: Answer) -> String {
    String::from_utf8(answer.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

fn asked(fake: &Arc<Fake>) -> (String, RequestHead, Vec<u8>) {
    let (service, parts) = fake.visits.lock().pop().unwrap();
    let mut parts = parts.into_iter().filter_map(|part| part.part);
    let Some(request_part::Part::Head(head)) = parts.next() else { panic!("a request begins with its head") };
    let body = parts.flat_map(|part| if let request_part::Part::Body(bytes) = part { bytes } else { panic!("two heads") });
    (service, head, body.collect())
}

#[tokio::test(start_paused = true)]
async fn a_page_goes_to_its_application_without_what_belongs_to_the_connection() {
    let bench = bench();
    bench.fake.page(vec![
        Ok(head(200, &[("content-type", "text/html"), ("connection", "close"), ("set-cookie", "a=1"), ("set-cookie", "b=2")])),
        Ok(part("<h1>")),
    ]);
    let request =
        Request::post("https://haat.test/ops/books?x=1").header("connection", "keep-alive, x-secret").header("x-secret", "1");
    let request = request.header("cookie", "haat_session=t").body(body::whole("a=b")).unwrap();
    let answer = bench.gateway.handle(request, CLIENT).await;
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("connection")), (200, false));
    assert_eq!(answer.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(text(answer).await, "<h1>");

    let (service, head, body) = asked(&bench.fake);
    assert_eq!((service.as_str(), head.method.as_str(), head.path_and_query.as_str()), ("operations", "POST", "/ops/books?x=1"));
    assert_eq!((head.scheme.as_str(), head.client_address.as_str(), body.as_slice()), ("https", "203.0.113.7", &b"a=b"[..]));
    let value = |name: &str| head.headers.iter().find(|h| h.name == name).map(|h| String::from_utf8_lossy(&h.value).into_owned());
    assert_eq!((value("host").as_deref(), value("cookie").as_deref()), (Some("haat.test"), Some("haat_session=t")));
    assert_eq!((value("connection"), value("x-secret")), (None, None));
    assert_eq!(value("x-correlation-id").unwrap().len(), 32);
}

#[tokio::test(start_paused = true)]
async fn the_longest_path_wins_and_the_api_keeps_its_own() {
    let bench = bench();
    for (path, service) in [("/", "storefront"), ("/cart", "storefront"), ("/seller", "seller-console"), ("/ops/x", "operations")]
    {
        bench.fake.page(vec![Ok(head(200, &[]))]);
        bench.gateway.handle(Request::get(path).body(body::whole("")).unwrap(), CLIENT).await;
        assert_eq!(asked(&bench.fake).0, service, "{path}");
    }
    for (path, status) in [("/v1/nothing", 404), ("/.well-known/nothing", 404), ("/healthz", 200), ("/docs", 200)] {
        let answer = bench.gateway.handle(Request::get(path).body(body::whole("")).unwrap(), CLIENT).await;
        assert_eq!((answer.status().as_u16(), bench.fake.visits.lock().len()), (status, 0), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_away_is_a_page_for_people() {
    let bench = bench();
    bench.fake.page(vec![Err(Error::unavailable("secret detail"))]);
    let browser = Request::get("/").header("accept", "text/html,*/*;q=0.8");
    let answer = bench.gateway.handle(browser.body(body::whole("")).unwrap(), CLIENT).await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(answer.headers()["refresh"], "3", "the browser asks again by itself");
    let text = text(answer).await;
    assert!(text.contains("Back in a moment") && !text.contains("secret") && !text.contains("<script"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn who_does_not_read_pages_gets_problems() {
    let bench = bench();
    for (page, status) in [(Err(Error::unavailable("away")), 503), (Ok(head(404, &[("content-type", "text/html")])), 404)] {
        bench.fake.page(vec![page]);
        let answer = bench.gateway.handle(Request::get("/nothing").body(body::whole("")).unwrap(), CLIENT).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["content-type"]),
            (status, &"application/problem+json".parse().unwrap())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_goes_on_comes_piece_by_piece_and_ends_with_its_visitor() {
    let bench = bench();
    let (sender, pieces) = futures::channel::mpsc::unbounded();
    bench.fake.live(pieces);
    sender.unbounded_send(Ok(head(200, &[("content-type", "text/event-stream")]))).unwrap();
    let answer = bench.gateway.handle(Request::get("/orders/live").body(body::whole("")).unwrap(), CLIENT).await;
    let mut body = answer.into_body();
    for piece in ["data: 1\n\n", "data: 2\n\n"] {
        sender.unbounded_send(Ok(part(piece))).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), piece);
    }
    drop(body);
    assert!(sender.is_closed(), "nobody is left to be told");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_too_large_or_breaks_off_is_no_request() {
    let bench = bench();
    bench.fake.page(vec![Ok(head(200, &[]))]);
    let large = Request::post("/x").header("content-length", "99999999").body(body::whole("a")).unwrap();
    assert_eq!(bench.gateway.handle(large, CLIENT).await.status(), 413);
    let frames = stream::iter([Ok(Frame::data(Bytes::from("a="))), Err(BoxError::from("gone"))]);
    let broken = Request::post("/x").body(StreamBody::new(frames).boxed_unsync()).unwrap();
    let answer = bench.gateway.handle(broken, CLIENT).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (400, &"application/problem+json".parse().unwrap())
    );
}

#[tokio::test(start_paused = true)]
async fn forms_are_counted_by_address() {
    let bench = bench();
    let mut statuses = Vec::new();
    for _ in 0..=FORMS.requests {
        bench.fake.page(vec![Ok(head(303, &[]))]);
        let answer = bench.gateway.handle(Request::post("/x").body(body::whole("")).unwrap(), CLIENT).await;
        statuses.push(answer.status().as_u16());
    }
    assert_eq!((statuses[0], statuses.last()), (303, Some(&429)));
}
