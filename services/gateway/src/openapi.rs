//! The OpenAPI 3.1 document, made from the contracts: what stands in a `.proto` stands here, comments included, so the
//! two cannot drift apart. A golden file in the tests shows every change of the public contract in review.

mod comments;
mod schema;

use std::collections::BTreeMap;

use haat_contracts::policy::{LimitKey, Repeatable};
use prost_reflect::{FieldDescriptor, Kind};
use serde_json::{Map, Value, json};

use crate::call::CLIENT_ADDRESS;
use crate::table::{CallRoute, Table};
use crate::template::{Part, Template};
use crate::transcode::BodyForm;
use schema::Schemas;

const DESCRIPTION: &str = "\
Money is an integer of minor units with its currency: `{\"currencyCode\": \"INR\", \"amount\": 129900}`. Times are RFC 3339 in \
UTC. Lists take `pageSize` (20 unless set, at most 100) and `pageToken`, and answer `nextPageToken`. Every POST may carry an \
`Idempotency-Key`: the same key with the same body has the same answer. Errors are `application/problem+json` with a stable \
`code`. Unknown JSON fields are refused. Every answer carries `X-Correlation-Id` and `traceparent`.";

/// The whole document.
pub fn document(table: &Table) -> Value {
    let mut schemas = Schemas::default();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags: BTreeMap<String, String> = BTreeMap::new();
    for route in table.calls() {
        let service = route.call.method.parent_service();
        let about = comments::leading(&service.parent_file(), service.path());
        tags.insert(service.name().to_owned(), about);
        let operation = operation(route, &mut schemas);
        paths.entry(path(&route.template)).or_default().insert(route.binding.method.to_lowercase(), operation);
    }
    let tags: Vec<Value> = tags.into_iter().map(|(name, about)| json!({"name": name, "description": about})).collect();
    json!({
        "openapi": "3.1.0",
        "info": {"title": "Haat", "version": "v1", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas.into_components(),
            "responses": {"Problem": problem_response("What went wrong; `code` says it to programs.")},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "The `accessToken` of `POST /v1/sessions`."}},
        },
    })
}

/// `/v1/{name=shops/*}:publish` → `/v1/{name}:publish`.
fn path(template: &Template) -> String {
    let mut path = String::new();
    let mut at = 0;
    while at < template.parts.len() {
        path.push('/');
        if let Some(variable) = template.variables.iter().find(|variable| variable.from == at) {
            path.push_str(&format!("{{{}}}", variable.field.join(".")));
            at = variable.to.unwrap_or(template.parts.len());
            continue;
        }
        path.push_str(match &template.parts[at] {
            Part::Literal(text) => text,
            Part::Any => "*",
            Part::Rest => "**",
        });
        at += 1;
    }
    if let Some(verb) = &template.verb {
        path.push(':');
        path.push_str(verb);
    }
    path
}

fn operation(route: &CallRoute, schemas: &mut Schemas) -> Value {
    let call = route.call;
    let about = comments::leading(&call.method.parent_file(), call.method.path());
    let mut operation = json!({
        "operationId": lower_first(call.method.name()),
        "tags": [call.method.parent_service().name()],
        "description": about,
        "parameters": parameters(route, schemas),
        "responses": responses(route, schemas),
        "security": if call.public { json!([{}, {"bearer": []}]) } else { json!([{"bearer": []}]) },
        "x-idempotent": call.repeatable != Repeatable::No,
    });
    let mut add = |name: &str, value: Value| {
        if let Some(operation) = operation.as_object_mut() {
            operation.insert(name.to_owned(), value);
        }
    };
    if let Some(body) = request_body(route, schemas) {
        add("requestBody", body);
    }
    if !call.roles.is_empty() {
        add("x-roles", json!(call.roles));
    }
    if !call.errors.is_empty() {
        add("x-error-codes", json!(call.errors));
    }
    if let Some(limit) = call.rate_limit {
        let key = if limit.key == LimitKey::Address { "address" } else { "user" };
        add("x-rate-limit", json!({"requests": limit.requests, "perSeconds": limit.per_seconds, "key": key}));
    }
    if call.cache_seconds > 0 {
        add("x-cache-seconds", json!(call.cache_seconds));
    }
    operation
}

fn lower_first(name: &str) -> String {
    let mut name = name.to_owned();
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    name
}

fn parameters(route: &CallRoute, schemas: &mut Schemas) -> Vec<Value> {
    let input = route.call.method.input();
    let mut parameters = Vec::new();
    for variable in &route.template.variables {
        let name = variable.field.join(".");
        let field = variable.field.first().and_then(|first| input.get_field_by_name(first));
        let about = field.as_ref().map(schema::about).unwrap_or_default();
        parameters
            .push(json!({"name": name, "in": "path", "required": true, "description": about, "schema": {"type": "string"}}));
    }
    if matches!(route.plan.body, BodyForm::None | BodyForm::Field(_)) {
        for field in input.fields().filter(|field| !is_bound(route, field) && can_be_parameter(field)) {
            let schema = schemas.of_field(&field);
            let about = schema::about(&field);
            parameters.push(json!({"name": field.json_name(), "in": "query", "description": about, "schema": schema}));
        }
    }
    // The gateway sets that one itself.
    for name in route.call.pass_headers.iter().filter(|name| *name != CLIENT_ADDRESS) {
        parameters.push(json!({"name": name, "in": "header", "schema": {"type": "string"}}));
    }
    if route.binding.method == "POST" && route.plan.body != BodyForm::Stream {
        let about = "Makes the call safe to repeat: the same key with the same request has the same answer.";
        let schema = json!({"type": "string", "minLength": 1, "maxLength": 255});
        parameters.push(json!({"name": "Idempotency-Key", "in": "header", "description": about, "schema": schema}));
    }
    parameters
}

/// Filled by the path, or by the body.
fn is_bound(route: &CallRoute, field: &FieldDescriptor) -> bool {
    let name = field.name();
    name == route.binding.body || route.template.variables.iter().any(|variable| variable.field == [name])
}

fn can_be_parameter(field: &FieldDescriptor) -> bool {
    !field.is_map() && !matches!(field.kind(), Kind::Message(message) if schema::is_object(&message))
}

fn request_body(route: &CallRoute, schemas: &mut Schemas) -> Option<Value> {
    let input = route.call.method.input();
    let any = || json!({"required": true, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}});
    let schema = match route.plan.body {
        BodyForm::None => return None,
        BodyForm::Raw(_) | BodyForm::Stream => return Some(any()),
        BodyForm::Field(_) => schemas.of_field(&input.get_field_by_name(&route.binding.body)?),
        BodyForm::Whole => {
            let bound: Vec<String> =
                input.fields().filter(|field| is_bound(route, field)).map(|field| field.name().to_owned()).collect();
            schemas.request(&input, &bound)
        }
    };
    Some(json!({"content": {"application/json": {"schema": schema}}}))
}

fn responses(route: &CallRoute, schemas: &mut Schemas) -> Value {
    let output = route.call.method.output();
    let success = match () {
        () if route.success == http::StatusCode::NO_CONTENT => json!({"description": "Done."}),
        () if output.full_name() == "google.api.HttpBody" => json!({"description": "The document.", "content": {"*/*": {}}}),
        () => json!({"description": "The answer.", "content": {"application/json": {"schema": schemas.message(&output)}}}),
    };
    let mut responses = Map::new();
    responses.insert(route.success.as_u16().to_string(), success);
    let problem = if route.call.errors.is_empty() {
        json!({"$ref": "#/components/responses/Problem"})
    } else {
        let codes: Vec<String> = route.call.errors.iter().map(|code| format!("`{code}`")).collect();
        problem_response(&format!("What went wrong. This call's own codes: {}.", codes.join(", ")))
    };
    responses.insert("default".to_owned(), problem);
    Value::Object(responses)
}

fn problem_response(about: &str) -> Value {
    json!({"description": about, "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_openapi_has_them() {
        for (template, expected) in [
            ("/v1/carts/{cart}:checkout", "/v1/carts/{cart}:checkout"),
            ("/v1/{name=shops/*/products/*}/x", "/v1/{name}/x"),
            ("/v1/files/{path=**}", "/v1/files/{path}"),
        ] {
            assert_eq!(path(&Template::parse(template).unwrap()), expected);
        }
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_every_reference_leads_somewhere() {
        let document = document(&Table::from_contracts().unwrap());
        let mut ids = Vec::new();
        for operations in document["paths"].as_object().unwrap().values() {
            ids.extend(operations.as_object().unwrap().values().map(|o| o["operationId"].as_str().unwrap().to_owned()));
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
