//! The route table against the annotation's documented examples, its precedence, and arbitrary paths.

use super::*;
use proptest::prelude::*;

const TABLE: &[(&str, &str)] = &[
    ("GET", "/v1/messages/{message_id}/{sub.subfield}"),
    ("GET", "/v1/messages/{message_id}"),
    ("PUT", "/v1/messages/{message_id}"),
    ("GET", "/v1/users/{user_id}/messages/{message_id}"),
    ("GET", "/v1/users/me"),
    ("GET", "/v1/users/{user}"),
    ("DELETE", "/v1/users/{user}"),
    ("GET", "/v1/{name=shops/*/products/*}"),
    ("POST", "/v1/{name=shops/*/products/*}:publish"),
    ("GET", "/v1/products:search"),
    ("GET", "/v1/products/{product}"),
    ("POST", "/v1/carts/{cart}:checkout"),
    ("GET", "/v1/carts/{cart}"),
    ("GET", "/v1/files/{path=**}"),
    ("POST", "/v1/files/{path=**}:restore"),
    ("GET", "/v1/any/*/fixed"),
    ("GET", "/"),
];

fn table() -> Routes<&'static str> {
    let mut routes = Routes::default();
    for (method, template) in TABLE {
        routes.insert(method.parse().unwrap(), &Template::parse(template).unwrap(), *template).unwrap();
    }
    routes
}

/// `template value value …` of what is found, or why nothing is.
fn look_up(routes: &Routes<&'static str>, method: &str, path: &str) -> String {
    match routes.find(&method.parse().unwrap(), path) {
        Ok(found) => {
            let values = found.values().map(|value| value.map_or("?".into(), Cow::into_owned));
            std::iter::once((*found.value).to_owned()).chain(values).collect::<Vec<_>>().join(" ")
        }
        Err(NoRoute::Path) => "404".to_owned(),
        Err(NoRoute::Method(allowed)) => format!("405 {allowed:?}"),
    }
}

#[test]
fn documented_examples_and_precedence() {
    let routes = table();
    for (request, expected) in [
        ("GET /v1/messages/123456/foo", "/v1/messages/{message_id}/{sub.subfield} 123456 foo"),
        ("PUT /v1/messages/123456", "/v1/messages/{message_id} 123456"),
        ("GET /v1/users/me/messages/123456", "/v1/users/{user_id}/messages/{message_id} me 123456"),
        ("GET /v1/users/me", "/v1/users/me"),
        ("HEAD /v1/users/me", "/v1/users/me"),
        ("GET /v1/users/other", "/v1/users/{user} other"),
        ("DELETE /v1/users/me", "/v1/users/{user} me"),
        ("GET /v1/shops/1/products/a%2Fb%20c", "/v1/{name=shops/*/products/*} shops/1/products/a%2Fb c"),
        ("POST /v1/shops/1/products/2:publish", "/v1/{name=shops/*/products/*}:publish shops/1/products/2"),
        ("GET /v1/products:search", "/v1/products:search"),
        ("GET /v1/products/a%2Fb", "/v1/products/{product} a/b"),
        ("GET /v1/products/a:b", "/v1/products/{product} a:b"),
        ("GET /v1/products/%ff", "/v1/products/{product} ?"),
        ("POST /v1/carts/c:checkout", "/v1/carts/{cart}:checkout c"),
        ("GET /v1/carts/c:checkout", "405 [POST]"),
        ("POST /v1/carts/c:nothing", "404"),
        ("POST /v1/carts/c", "405 [GET]"),
        ("GET /v1/files", "/v1/files/{path=**} "),
        ("GET /v1/files/a/b%2Fc", "/v1/files/{path=**} a/b%2Fc"),
        ("POST /v1/files/a/b:restore", "/v1/files/{path=**}:restore a/b"),
        ("GET /v1/any/x/fixed", "/v1/any/*/fixed"),
        ("PATCH /v1/users/me", "405 [GET, DELETE]"),
        ("GET /", "/"),
        ("GET /v1/users/", "404"),
        ("GET /v1//me", "404"),
        ("GET /v1/carts/:checkout", "/v1/carts/{cart} :checkout"),
        ("POST /v1/carts/:checkout", "404"),
        ("GET /v1/unknown", "404"),
        ("GET *", "404"),
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        assert_eq!(look_up(&routes, method, path), expected, "{request}");
    }
}

#[test]
fn the_same_route_twice_is_refused() {
    let mut routes = table();
    let template = Template::parse("/v1/users/{id}").unwrap();
    assert!(routes.insert(Method::GET, &template, "again").is_err());
    assert!(routes.insert(Method::PATCH, &template, "new").is_ok());
}

proptest! {
    #[test]
    fn nothing_makes_a_lookup_panic(path in "[/a-z:%.*é]{0,60}") {
        let routes = table();
        if let Ok(found) = routes.find(&Method::GET, &path) {
            let _ = found.values().count();
        }
    }
}
