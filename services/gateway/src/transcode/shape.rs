//! Message types as flat tables, compiled once from the descriptors: what transcoding reads for every request instead of
//! the descriptors themselves. Recursive types are refused, so the depth of every message is bounded by its type.

use std::collections::HashMap;

use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind as FieldKind, MessageDescriptor};

/// The most fields that a message may have: one bit each.
const FIELDS_MAX: usize = 128;

pub type MessageId = usize;

#[derive(Debug, Default)]
pub struct Shapes {
    messages: Vec<Message>,
    by_name: HashMap<String, MessageId>,
    /// Types whose fields are being compiled.
    open: Vec<String>,
}

#[derive(Debug)]
pub struct Message {
    pub name: String,
    pub form: Form,
    /// In the order of their numbers.
    pub fields: Vec<Field>,
    by_name: HashMap<String, usize>,
}

/// How JSON shows a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Object,
    /// `google.protobuf.Timestamp`: RFC 3339 text.
    Timestamp,
    /// `google.protobuf.FieldMask`: comma-separated lowerCamelCase paths.
    FieldMask,
}

#[derive(Debug)]
pub struct Field {
    pub number: u32,
    /// lowerCamelCase.
    pub name: String,
    /// `"name":`, as it stands in JSON.
    pub key: String,
    pub kind: Kind,
    pub label: Label,
    /// Which oneof it is a member of.
    pub oneof: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Unset and default are the same.
    Implicit,
    /// Unset is a state of its own.
    Explicit,
    Repeated,
    /// The field's kind is the values'; this is the keys'.
    Map(MapKey),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKey {
    Text,
    Bool,
    Int,
    Uint,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Text,
    Bytes,
    /// Names by number.
    Enum(Vec<(i32, String)>),
    Message(MessageId),
}

#[derive(Debug, thiserror::Error)]
pub enum ShapeError {
    #[error("`{0}` contains itself; JSON of unbounded depth is not supported")]
    Recursive(String),
    #[error("`{0}` has no JSON form here")]
    Unsupported(String),
    #[error("`{0}` has more than {FIELDS_MAX} fields")]
    TooManyFields(String),
}

impl Shapes {
    pub fn get(&self, id: MessageId) -> &Message {
        &self.messages[id]
    }

    /// The table of a message type and of all that it contains, compiled at the first asking.
    pub fn compile(&mut self, descriptor: &MessageDescriptor) -> Result<MessageId, ShapeError> {
        let name = descriptor.full_name();
        if let Some(id) = self.by_name.get(name) {
            return Ok(*id);
        }
        if self.open.iter().any(|open| open == name) {
            return Err(ShapeError::Recursive(name.to_owned()));
        }
        self.open.push(name.to_owned());
        let message = self.message(descriptor);
        self.open.pop();
        self.messages.push(message?);
        let id = self.messages.len() - 1;
        self.by_name.insert(name.to_owned(), id);
        Ok(id)
    }

    fn message(&mut self, descriptor: &MessageDescriptor) -> Result<Message, ShapeError> {
        let name = descriptor.full_name().to_owned();
        let form = match name.as_str() {
            "google.protobuf.Timestamp" => Form::Timestamp,
            "google.protobuf.FieldMask" => Form::FieldMask,
            "google.protobuf.Empty" => Form::Object,
            other if other.starts_with("google.protobuf.") => return Err(ShapeError::Unsupported(name)),
            _ => Form::Object,
        };
        let mut descriptors: Vec<FieldDescriptor> = descriptor.fields().collect();
        descriptors.sort_by_key(FieldDescriptor::number);
        if descriptors.len() > FIELDS_MAX {
            return Err(ShapeError::TooManyFields(name));
        }
        let fields = descriptors.iter().map(|field| self.field(field)).collect::<Result<Vec<_>, _>>()?;
        let names = descriptors.iter().enumerate();
        let by_name = names.flat_map(|(i, f)| [(f.json_name().to_owned(), i), (f.name().to_owned(), i)]).collect();
        Ok(Message { name, form, fields, by_name })
    }

    fn field(&mut self, field: &FieldDescriptor) -> Result<Field, ShapeError> {
        let (kind, label) = match field.kind() {
            FieldKind::Message(entry) if field.is_map() => {
                let key = map_key(&entry.map_entry_key_field().kind());
                (self.kind(entry.map_entry_value_field().kind())?, Label::Map(key))
            }
            kind if field.is_list() => (self.kind(kind)?, Label::Repeated),
            kind if field.supports_presence() => (self.kind(kind)?, Label::Explicit),
            kind => (self.kind(kind)?, Label::Implicit),
        };
        let oneof = field.containing_oneof().and_then(|oneof| oneof.parent_message().oneofs().position(|other| other == oneof));
        let name = field.json_name().to_owned();
        Ok(Field { number: field.number(), key: format!("\"{name}\":"), name, kind, label, oneof })
    }

    fn kind(&mut self, kind: FieldKind) -> Result<Kind, ShapeError> {
        Ok(match kind {
            FieldKind::Bool => Kind::Bool,
            FieldKind::Int32 => Kind::Int32,
            FieldKind::Int64 => Kind::Int64,
            FieldKind::Uint32 => Kind::Uint32,
            FieldKind::Uint64 => Kind::Uint64,
            FieldKind::Sint32 => Kind::Sint32,
            FieldKind::Sint64 => Kind::Sint64,
            FieldKind::Fixed32 => Kind::Fixed32,
            FieldKind::Fixed64 => Kind::Fixed64,
            FieldKind::Sfixed32 => Kind::Sfixed32,
            FieldKind::Sfixed64 => Kind::Sfixed64,
            FieldKind::Float => Kind::Float,
            FieldKind::Double => Kind::Double,
            FieldKind::String => Kind::Text,
            FieldKind::Bytes => Kind::Bytes,
            FieldKind::Enum(descriptor) => Kind::Enum(enum_names(&descriptor)),
            FieldKind::Message(descriptor) => Kind::Message(self.compile(&descriptor)?),
        })
    }
}

impl Message {
    /// The index of the field with this JSON name, or the name that the contract gives it.
    pub fn field_named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub fn field_numbered(&self, number: u32) -> Option<usize> {
        // Mostly they are numbered from 1 without gaps.
        let expected = number.checked_sub(1)? as usize;
        if self.fields.get(expected).is_some_and(|field| field.number == number) {
            return Some(expected);
        }
        self.fields.binary_search_by_key(&number, |field| field.number).ok()
    }
}

fn enum_names(descriptor: &EnumDescriptor) -> Vec<(i32, String)> {
    descriptor.values().map(|value| (value.number(), value.name().to_owned())).collect()
}

fn map_key(kind: &FieldKind) -> MapKey {
    match kind {
        FieldKind::Bool => MapKey::Bool,
        FieldKind::Uint32 | FieldKind::Uint64 | FieldKind::Fixed32 | FieldKind::Fixed64 => MapKey::Uint,
        FieldKind::String => MapKey::Text,
        _ => MapKey::Int,
    }
}
