//! JSON Schemas of the contracts' messages, as transcoding shows them. A message is known by its name without the
//! package; where two packages have the same, by the package too.

use std::collections::BTreeMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::comments;

#[derive(Default)]
pub struct Schemas {
    components: BTreeMap<String, Value>,
    /// Full name of the message behind each component.
    owners: BTreeMap<String, String>,
}

/// True for a message that JSON shows as an object.
pub fn is_object(message: &MessageDescriptor) -> bool {
    !matches!(message.full_name(), "google.protobuf.Timestamp" | "google.protobuf.FieldMask")
}

pub fn about(field: &FieldDescriptor) -> String {
    comments::leading(&field.parent_message().parent_file(), field.path())
}

impl Schemas {
    pub fn into_components(mut self) -> BTreeMap<String, Value> {
        self.components.insert("Problem".to_owned(), problem());
        self.components
    }

    /// A reference to an answer's message, or to a part of one.
    pub fn message(&mut self, message: &MessageDescriptor) -> Value {
        self.component(message, &[], false)
    }

    /// A reference to a request's body: without the fields that the path fills, and with no others.
    pub fn request(&mut self, message: &MessageDescriptor, bound: &[String]) -> Value {
        self.component(message, bound, true)
    }

    fn component(&mut self, message: &MessageDescriptor, bound: &[String], is_request: bool) -> Value {
        let name = self.name_of(message);
        if !self.components.contains_key(&name) {
            // First, so that a message that refers to itself ends here.
            self.components.insert(name.clone(), Value::Null);
            let schema = self.object(message, bound, is_request);
            self.components.insert(name.clone(), schema);
        }
        json!({"$ref": format!("#/components/schemas/{name}")})
    }

    fn name_of(&mut self, message: &MessageDescriptor) -> String {
        let full = message.full_name();
        let short = full.strip_prefix(message.package_name()).unwrap_or(full).trim_start_matches('.').to_owned();
        match self.owners.get(&short) {
            Some(owner) if owner != full => full.to_owned(),
            _ => {
                self.owners.insert(short.clone(), full.to_owned());
                short
            }
        }
    }

    fn object(&mut self, message: &MessageDescriptor, bound: &[String], is_request: bool) -> Value {
        let mut properties = Map::new();
        let mut present = Vec::new();
        for field in message.fields().filter(|field| !bound.iter().any(|name| name == field.name())) {
            let mut schema = self.of_field(&field);
            let about = about(&field);
            if !about.is_empty()
                && let Some(schema) = schema.as_object_mut()
            {
                schema.insert("description".to_owned(), about.into());
            }
            properties.insert(field.json_name().to_owned(), schema);
            if !field.supports_presence() && !matches!(field.kind(), Kind::Enum(_)) {
                present.push(field.json_name().to_owned());
            }
        }
        let about = comments::leading(&message.parent_file(), message.path());
        let mut schema = json!({"type": "object", "properties": properties});
        let mut add = |name: &str, value: Value| {
            if let Some(schema) = schema.as_object_mut() {
                schema.insert(name.to_owned(), value);
            }
        };
        if !about.is_empty() {
            add("description", about.into());
        }
        if is_request {
            add("additionalProperties", false.into());
        } else if !present.is_empty() {
            add("required", present.into());
        }
        schema
    }

    pub fn of_field(&mut self, field: &FieldDescriptor) -> Value {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                let values = self.of_kind(&entry.map_entry_value_field().kind());
                json!({"type": "object", "additionalProperties": values})
            }
            kind if field.is_list() => json!({"type": "array", "items": self.of_kind(&kind)}),
            kind => self.of_kind(&kind),
        }
    }

    fn of_kind(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Bool => json!({"type": "boolean"}),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => json!({"type": "integer", "format": "int32"}),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => json!({"type": "integer", "format": "int64"}),
            Kind::Uint32 | Kind::Fixed32 => json!({"type": "integer", "format": "int64", "minimum": 0}),
            Kind::Uint64 | Kind::Fixed64 => json!({"type": "integer", "minimum": 0}),
            Kind::Float | Kind::Double => json!({"type": "number"}),
            Kind::String => json!({"type": "string"}),
            Kind::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
            Kind::Enum(descriptor) => json!({"type": "string", "enum": names(descriptor)}),
            Kind::Message(message) => match message.full_name() {
                "google.protobuf.Timestamp" => json!({"type": "string", "format": "date-time"}),
                "google.protobuf.FieldMask" => json!({"type": "string"}),
                _ => self.message(message),
            },
        }
    }
}

/// Without the unspecified one, which answers leave out.
fn names(descriptor: &EnumDescriptor) -> Vec<String> {
    descriptor.values().filter(|value| value.number() != 0).map(|value| value.name().to_owned()).collect()
}

/// RFC 9457, with our own members.
fn problem() -> Value {
    let violation = json!({
        "type": "object",
        "properties": {"field": {"type": "string"}, "description": {"type": "string"}},
        "required": ["field", "description"],
    });
    json!({
        "type": "object",
        "description": "Why a request was refused, or failed (RFC 9457).",
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string", "description": "For people."},
            "code": {"type": "string", "description": "For programs: stable, snake_case."},
            "violations": {"type": "array", "items": violation, "description": "The fields that are wrong."},
            "traceId": {"type": "string", "description": "The W3C trace id."},
        },
        "required": ["type", "title", "status", "detail", "code", "violations", "traceId"],
    })
}
