//! How a call of the reference is tried: as a line for curl, and as a form that the page's script sends. Bodies begin as an
//! example made from the schema.

use maud::{Markup, html};
use serde_json::{Map, Value, json};

use super::reference::{entries, items, resolve, text};

/// Objects within objects, at most: schemas may contain themselves.
const DEPTH_MAX: usize = 4;

/// One call, on its way to being tried.
struct Call<'d> {
    path: &'d str,
    method: String,
    parameters: &'d [Value],
    is_public: bool,
    /// The example is empty where any bytes will do, with their content type.
    body: Option<String>,
}

pub fn section(document: &Value, path: &str, method: &str, operation: &Value) -> Markup {
    let call = Call {
        path,
        method: method.to_uppercase(),
        parameters: items(operation, "/parameters"),
        is_public: items(operation, "/security").len() > 1,
        body: body(document, operation),
    };
    let id = text(operation, "/operationId");
    html! {
        details {
            summary { "Try it" }
            pre tabindex="0" { (curl(&call)) }
            form.try hidden data-path=(path) data-method=(call.method) {
                @for parameter in call.parameters { (input(id, parameter)) }
                @if let Some(example) = &call.body {
                    @if example.is_empty() { (input(id, &json!({"name": "content-type", "in": "header"}))) }
                    label for=(format!("{id}-body")) { "Body" }
                    textarea id=(format!("{id}-body")) data-in="body" rows=(example.lines().count().clamp(2, 16)) spellcheck="false" { (example) }
                }
                button { "Send" }
                output {}
            }
        }
    }
}

fn input(id: &str, parameter: &Value) -> Markup {
    let (name, place) = (text(parameter, "/name"), text(parameter, "/in"));
    let field = format!("{id}-{name}");
    html! {
        label for=(field) { (name) " (" (place) ")" }
        input id=(field) data-in=(place) data-name=(name) required[place == "path"] autocomplete="off" spellcheck="false";
    }
}

fn curl(call: &Call) -> String {
    let mut line = format!("curl -X {} \"$api{}\"", call.method, call.path);
    if !call.is_public {
        line.push_str(" \\\n  -H \"authorization: Bearer $token\"");
    }
    match &call.body {
        // A quote in an example would end the shell's string.
        Some(example) if !example.is_empty() => {
            line.push_str(&format!(" \\\n  -H 'content-type: application/json' -d '{}'", example.replace('\'', "'\\''")));
        }
        Some(_) => line.push_str(" \\\n  -H \"content-type: $type\" --data-binary @FILE"),
        None => {}
    }
    line
}

fn body(document: &Value, operation: &Value) -> Option<String> {
    let content = operation.pointer("/requestBody/content")?;
    let schema = content.pointer("/application~1json/schema");
    Some(schema.map(|schema| format!("{:#}", example(document, schema, 0))).unwrap_or_default())
}

/// A value of the schema's shape: the first of an enum, one item in a list, empty texts.
fn example(document: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolve(document, schema);
    if let Some(first) = items(schema, "/enum").first() {
        return first.clone();
    }
    match text(schema, "/type") {
        "object" if depth < DEPTH_MAX => {
            let fields = entries(schema, "/properties");
            let fields: Map<String, Value> =
                fields.map(|(name, field)| (name.to_owned(), example(document, field, depth + 1))).collect();
            Value::Object(fields)
        }
        "object" => json!({}),
        "array" if depth < DEPTH_MAX => json!([example(document, &schema["items"], depth + 1)]),
        "array" => json!([]),
        "integer" | "number" => json!(0),
        "boolean" => json!(false),
        _ => match text(schema, "/format") {
            "date-time" => json!("2026-01-31T12:00:00Z"),
            _ => json!(""),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        json!({"components": {"schemas": {
            "Money": {"type": "object", "properties": {"currencyCode": {"type": "string"}, "amount": {"type": "integer"}}},
            "Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}},
        }}})
    }

    #[test]
    fn examples_have_the_shape_of_their_schema() {
        let money = json!({"$ref": "#/components/schemas/Money"});
        let schema = json!({"type": "object", "properties": {
            "total": money, "tags": {"type": "array", "items": {"type": "string"}}, "at": {"type": "string", "format": "date-time"},
            "state": {"type": "string", "enum": ["A", "B"]}}});
        assert_eq!(
            example(&document(), &schema, 0),
            json!({"total": {"currencyCode": "", "amount": 0}, "tags": [""], "at": "2026-01-31T12:00:00Z", "state": "A"})
        );
    }

    #[test]
    fn a_schema_that_contains_itself_ends() {
        assert!(example(&document(), &json!({"$ref": "#/components/schemas/Node"}), 0).to_string().len() < 200);
    }

    #[test]
    fn the_line_for_curl_survives_quotes_and_asks_for_a_token_only_where_one_is_needed() {
        let call = |is_public, body| Call { path: "/v1/x", method: "POST".to_owned(), parameters: &[], is_public, body };
        assert_eq!(curl(&call(true, None)), "curl -X POST \"$api/v1/x\"");
        let line = curl(&call(false, Some("{\"a\": \"it's\"}".to_owned())));
        assert!(line.contains("Bearer $token") && line.contains("-d '{\"a\": \"it'\\''s\"}'"), "{line}");
    }
}
