//! The API reference, in words, from the OpenAPI document: so the page says what programs read.

use maud::{Markup, html};
use serde_json::Value;

use super::example;

pub fn body(document: &Value) -> Markup {
    html! {
        script type="module" src="/docs/reference.js" {}
        div.reference {
            nav aria-label="Calls" { (contents(document)) }
            main {
                h1 { "Haat API reference" }
                p { (prose(text(document, "/info/description"))) }
                p { "Programs read the same as an " a href="/openapi.json" { "OpenAPI document" } "." }
                form.token #token hidden {
                    label for="access-token" { "Access token for the calls that you try here" }
                    input #access-token autocomplete="off" spellcheck="false";
                    p { "Sign in with " a href="#createSession" { code { "POST /v1/sessions" } } ", and it is filled in. This browser tab keeps it until it is closed." }
                }
                @for tag in items(document, "/tags") {
                    h2 id=(text(tag, "/name")) { (text(tag, "/name")) }
                    p { (prose(text(tag, "/description"))) }
                    @for (path, method, operation) in operations(document, text(tag, "/name")) {
                        (article(document, path, method, operation))
                    }
                }
                h2 id="objects" { "Objects" }
                @for (name, schema) in entries(document, "/components/schemas") {
                    @if !name.ends_with("Request") { (object(document, name, schema)) }
                }
            }
        }
    }
}

fn contents(document: &Value) -> Markup {
    html! {
        @for tag in items(document, "/tags") {
            strong { a href=(format!("#{}", text(tag, "/name"))) { (text(tag, "/name")) } }
            ul {
                @for (_, _, operation) in operations(document, text(tag, "/name")) {
                    li { a href=(format!("#{}", text(operation, "/operationId"))) { (words(text(operation, "/operationId"))) } }
                }
            }
        }
        strong { a href="#objects" { "Objects" } }
    }
}

fn article(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let body = operation.pointer("/requestBody/content");
    html! {
        article id=(text(operation, "/operationId")) {
            h3 { span.method { (method.to_uppercase()) } " " (path) }
            div.tags {
                span { (access(operation)) }
                @if let Some(limit) = operation.get("x-rate-limit") {
                    span { (limit["requests"]) " requests in " (limit["perSeconds"]) " s per " (text(limit, "/key")) }
                }
                @if let Some(seconds) = operation.get("x-cache-seconds") { span { "may be cached for " (seconds) " s" } }
            }
            p { (prose(text(operation, "/description"))) }
            @if !items(operation, "/parameters").is_empty() {
                h4 { "Parameters" }
                table { @for parameter in items(operation, "/parameters") { (parameter_row(parameter)) } }
            }
            @if let Some(schema) = body.and_then(|body| body.pointer("/application~1json/schema")) {
                h4 { "Body" }
                (fields(document, resolve(document, schema)))
            } @else if body.is_some() {
                h4 { "Body" }
                p { "Any bytes, with their " code { "Content-Type" } "." }
            }
            (answer(operation))
            (example::section(document, path, method, operation))
        }
    }
}

fn access(operation: &Value) -> String {
    let roles: Vec<&str> = items(operation, "/x-roles").iter().filter_map(Value::as_str).collect();
    match items(operation, "/security").len() {
        _ if !roles.is_empty() => format!("for {}", roles.join(", ")),
        1 => "signed in".to_owned(),
        _ => "for everybody".to_owned(),
    }
}

fn answer(operation: &Value) -> Markup {
    let codes: Vec<&str> = items(operation, "/x-error-codes").iter().filter_map(Value::as_str).collect();
    html! {
        h4 { "Answer" }
        @for (status, response) in entries(operation, "/responses") {
            @if status != "default" {
                p {
                    code { (status) } " "
                    @match response.pointer("/content/application~1json/schema") {
                        Some(schema) => (kind(schema)),
                        None => (text(response, "/description")),
                    }
                }
            }
        }
        @if !codes.is_empty() {
            p { "Its own refusals: " @for code in codes { code { (code) } " " } }
        }
    }
}

fn parameter_row(parameter: &Value) -> Markup {
    html! {
        tr {
            td { code { (text(parameter, "/name")) } }
            td { (text(parameter, "/in")) ", " (kind(&parameter["schema"])) }
            td { (prose(text(parameter, "/description"))) }
        }
    }
}

fn object(document: &Value, name: &str, schema: &Value) -> Markup {
    html! {
        article id=(name) {
            h3 { (name) }
            p { (prose(text(schema, "/description"))) }
            (fields(document, schema))
        }
    }
}

fn fields(document: &Value, schema: &Value) -> Markup {
    html! {
        @if entries(schema, "/properties").next().is_none() { p { "An empty object, or nothing." } }
        table {
            @for (name, field) in entries(schema, "/properties") {
                tr {
                    td { code { (name) } }
                    td { (kind(field)) }
                    td {
                        (prose(text(field, "/description")))
                        @for value in items(field, "/enum") { code { (value.as_str().unwrap_or_default()) } " " }
                        @if let Some(about) = field.get("$ref").and(resolve(document, field).get("description")) {
                            @if field.get("description").is_none() { (prose(about.as_str().unwrap_or_default())) }
                        }
                    }
                }
            }
        }
    }
}

/// The type of a field, with a link where it is an object of its own.
fn kind(schema: &Value) -> Markup {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return html! { a href=(format!("#{name}")) { (name) } };
    }
    match text(schema, "/type") {
        "array" => html! { "list of " (kind(&schema["items"])) },
        "object" if schema.get("additionalProperties").is_some_and(Value::is_object) => {
            html! { "map to " (kind(&schema["additionalProperties"])) }
        }
        plain => match text(schema, "/format") {
            "" => html! { (plain) },
            format => html! { (plain) " (" (format) ")" },
        },
    }
}

/// `createUser` → `Create user`.
fn words(id: &str) -> String {
    let mut words = String::with_capacity(id.len() + 8);
    for (at, c) in id.char_indices() {
        match c {
            _ if at == 0 => words.push(c.to_ascii_uppercase()),
            'A'..='Z' => words.extend([' ', c.to_ascii_lowercase()]),
            _ => words.push(c),
        }
    }
    words
}

/// Text of a comment, with what stands between backticks as code.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn operations<'d>(document: &'d Value, tag: &str) -> Vec<(&'d str, &'d str, &'d Value)> {
    let all = entries(document, "/paths").flat_map(|(path, methods)| {
        let methods = methods.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path, method.as_str(), operation))
    });
    all.filter(|(_, _, operation)| text(operation, "/tags/0") == tag).collect()
}

pub fn resolve<'d>(document: &'d Value, schema: &'d Value) -> &'d Value {
    let reference = schema.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    reference.and_then(|pointer| document.pointer(pointer)).unwrap_or(schema)
}

pub fn text<'d>(value: &'d Value, pointer: &str) -> &'d str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

pub fn items<'d>(value: &'d Value, pointer: &str) -> &'d [Value] {
    value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

pub fn entries<'d>(value: &'d Value, pointer: &str) -> impl Iterator<Item = (&'d str, &'d Value)> {
    let object = value.pointer(pointer).and_then(Value::as_object);
    object.into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}
