//! An application's calls, driven as gRPC requests without a socket.

use bytes::{BufMut, BytesMut};
use haat_contracts::{catalog, checkout, users};
use http_body_util::{BodyExt, Full};
use prost::Message as _;

use super::*;
use crate::gateway::tests::{Bench, bench};

/// The code that a call ends with, and its message.
async fn ask(
    bench: Bench,
    path: &str,
    headers: &[(&'static str, &str)],
    message: &impl prost::Message,
) -> (Bench, String, Vec<u8>) {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.encoded_len()).unwrap());
    frame.extend_from_slice(&message.encode_to_vec());
    let mut request = Request::post(path).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::new(Full::new(frame.freeze()))).unwrap();
    let Bench { gateway, fake } = bench;
    let gateway = Arc::new(gateway);
    let response = PassThrough(gateway.clone()).call(request).await.unwrap();
    let in_headers = Status::from_header_map(response.headers());
    let body = response.into_body().collect().await.unwrap();
    let status = in_headers.or_else(|| Status::from_header_map(body.trailers()?)).unwrap_or_else(|| Status::ok(""));
    let code = if status.code() == tonic::Code::Ok { "ok".to_owned() } else { haat_rpc::error(&status).code };
    let gateway = Arc::into_inner(gateway).unwrap();
    (Bench { gateway, fake }, code, body.to_bytes().get(5..).unwrap_or_default().to_vec())
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_through_as_bytes_for_whom_the_token_names() {
    let bench = bench();
    bench.answers("/haat.catalog.v1.Catalog/GetProduct", Ok(catalog::Product { id: "product_1".into(), ..Default::default() }));
    let request = catalog::GetProductRequest { product: "product_1".into() };
    let forged = r#"{"kind":"user","id":"user_1","roles":["operator"]}"#;
    let headers = [("haat-principal", forged), ("haat-correlation-id", "correlation-1"), ("haat-client-address", "203.0.113.9")];
    let (bench, code, reply) = ask(bench, "/haat.catalog.v1.Catalog/GetProduct", &headers, &request).await;
    assert_eq!((code.as_str(), catalog::Product::decode(reply.as_slice()).unwrap().id.as_str()), ("ok", "product_1"));
    let (_, ctx, message) = bench.fake.calls.lock().pop().unwrap();
    assert_eq!(catalog::GetProductRequest::decode(message.as_slice()).unwrap(), request);
    assert_eq!((ctx.principal.user_id(), ctx.principal.roles.len()), (None, 0), "what an application claims does not count");
    assert_eq!(ctx.correlation_id.as_str(), "correlation-1");
}

#[tokio::test(start_paused = true)]
async fn permission_is_that_of_the_call() {
    let mut bench = bench();
    for (path, headers, expected) in [
        ("/haat.users.v1.Users/GetCurrentUser", vec![], "unauthenticated"),
        ("/haat.users.v1.Users/GetCurrentUser", vec![("authorization", "Bearer x")], "token_invalid"),
        ("/haat.users.v1.Users/EnsureUser", vec![], "unimplemented"),
        ("/haat.nothing.v1.Nothing/Do", vec![], "unimplemented"),
    ] {
        let (after, code, _) = ask(bench, path, &headers, &users::GetCurrentUserRequest {}).await;
        assert_eq!(code, expected, "{path}");
        bench = after;
    }
    assert!(bench.fake.calls.lock().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_key_and_a_refusal_go_along() {
    let bench = bench();
    let path = "/haat.checkout.v1.Carts/AddItem";
    let refusal = Error::new(Kind::FailedPrecondition, "price_changed", "It costs more now.");
    bench.answers(path, Err::<checkout::Cart, _>(refusal));
    let headers = [("haat-idempotency-key", "key-1"), ("haat-idempotency-scope", "user_2")];
    let (bench, code, _) = ask(bench, path, &headers, &checkout::AddItemRequest::default()).await;
    assert_eq!(code, "price_changed");
    let (_, ctx, _) = bench.fake.calls.lock().pop().unwrap();
    let idempotency = ctx.idempotency.unwrap();
    assert_eq!(
        (idempotency.key.as_str(), idempotency.scope.as_str()),
        ("key-1", path),
        "the scope is not the application's to say"
    );
}

#[tokio::test(start_paused = true)]
async fn limits_count_the_visitor() {
    let mut bench = bench();
    let path = "/haat.users.v1.Users/CreateUser";
    bench.answers(path, Ok(users::User::default()));
    let mut last = String::new();
    for _ in 0..=600 {
        let (after, code, _) =
            ask(bench, path, &[("haat-client-address", "203.0.113.9")], &users::CreateUserRequest::default()).await;
        (bench, last) = (after, code);
    }
    assert_eq!(last, "rate_limited");
    let (_, other, _) = ask(bench, path, &[("haat-client-address", "203.0.113.10")], &users::CreateUserRequest::default()).await;
    assert_eq!(other, "ok");
}
