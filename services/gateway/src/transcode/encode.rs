//! JSON → protobuf. Goes on after the first wrong field, so that a client learns of several at once, and writes fields in
//! the order of their numbers, so that the same request always makes the same bytes, whatever the order of its keys.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use haat_kernel::{Timestamp, Violation};
use prost::encoding::{WireType, encode_varint};

use super::node::{Node, Object, Path};
use super::shape::{Field, Form, Kind, Label, MapKey, Message, MessageId, Shapes};
use super::wire::{put_delimited, put_key};

/// More than a person wants to read at once.
const VIOLATIONS_MAX: usize = 20;
/// 0001-01-01T00:00:00Z, the first moment of `google.protobuf.Timestamp`.
const FIRST_SECOND: i64 = -62_135_596_800;

pub struct Encoder<'s> {
    shapes: &'s Shapes,
    pub violations: Vec<Violation>,
}

enum Scalar<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(Cow<'a, [u8]>),
}

impl Scalar<'_> {
    fn wire_type(&self) -> WireType {
        match self {
            Scalar::Varint(_) => WireType::Varint,
            Scalar::Fixed64(_) => WireType::SixtyFourBit,
            Scalar::Fixed32(_) => WireType::ThirtyTwoBit,
            Scalar::Bytes(_) => WireType::LengthDelimited,
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Scalar::Varint(value) => encode_varint(*value, out),
            Scalar::Fixed64(value) => out.extend_from_slice(&value.to_le_bytes()),
            Scalar::Fixed32(value) => out.extend_from_slice(&value.to_le_bytes()),
            Scalar::Bytes(bytes) => {
                encode_varint(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
        }
    }
}

impl<'s> Encoder<'s> {
    pub fn new(shapes: &'s Shapes) -> Self {
        Encoder { shapes, violations: Vec::new() }
    }

    pub fn refuse(&mut self, path: &Path<'_>, description: impl Into<String>) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation::new(path.to_string(), description));
        }
    }

    /// Appends the fields of a message, without a length. What is in `out` after a violation is no message.
    pub fn message(&mut self, id: MessageId, node: &Node<'_>, path: &Path<'_>, out: &mut Vec<u8>) {
        let message = self.shapes.get(id);
        match (message.form, node) {
            (Form::Object, Node::Object(entries)) => self.object(message, entries, path, out),
            (Form::Object, _) => self.refuse(path, "must be an object"),
            (Form::Timestamp, Node::Text(text) | Node::Loose(text)) => match timestamp(text) {
                Some(at) => at_fields(at, out),
                None => self.refuse(path, "must be a time such as `2026-01-31T09:30:00Z`"),
            },
            (Form::Timestamp, _) => self.refuse(path, "must be a time such as `2026-01-31T09:30:00Z`"),
            (Form::FieldMask, Node::Text(text) | Node::Loose(text)) => mask_fields(text, out),
            (Form::FieldMask, _) => self.refuse(path, "must be a comma-separated list of fields"),
        }
    }

    fn object(&mut self, message: &Message, entries: &Object<'_>, path: &Path<'_>, out: &mut Vec<u8>) {
        let mut known: Vec<(usize, &str, &Node<'_>)> = Vec::with_capacity(entries.len());
        for (key, node) in entries {
            match message.field_named(key) {
                Some(index) => known.push((index, key, node)),
                None => self.refuse(&Path::Key(path, key), "is not a known field"),
            }
        }
        known.sort_by_key(|(index, ..)| *index);
        let mut oneofs = 0u128;
        for (at, (index, key, node)) in known.iter().enumerate() {
            let (field, path) = (&message.fields[*index], Path::Key(path, key));
            let is_rival = field.oneof.is_some_and(|oneof| oneofs & (1 << oneof) != 0);
            if at > 0 && known[at - 1].0 == *index {
                self.refuse(&path, "is given twice");
            } else if is_rival {
                self.refuse(&path, "excludes another field that is given");
            } else if !matches!(node, Node::Null) {
                oneofs |= field.oneof.map_or(0, |oneof| 1 << oneof);
                self.field(field, node, &path, out);
            }
        }
    }

    fn field(&mut self, field: &Field, node: &Node<'_>, path: &Path<'_>, out: &mut Vec<u8>) {
        match (field.label, node) {
            (Label::Implicit | Label::Explicit, _) => self.value(field.number, &field.kind, node, path, out),
            (Label::Repeated, Node::List(items)) => self.list(field, items, path, out),
            (Label::Repeated, Node::Loose(_)) => self.value(field.number, &field.kind, node, path, out),
            (Label::Repeated, _) => self.refuse(path, "must be a list"),
            (Label::Map(key), Node::Object(entries)) => self.map(field, key, entries, path, out),
            (Label::Map(_), _) => self.refuse(path, "must be an object"),
        }
    }

    fn list(&mut self, field: &Field, items: &[Node<'_>], path: &Path<'_>, out: &mut Vec<u8>) {
        for (index, item) in items.iter().enumerate() {
            // Unpacked also where packed would be the default: every reader takes both.
            self.value(field.number, &field.kind, item, &Path::Index(path, index), out);
        }
    }

    fn map(&mut self, field: &Field, key_kind: MapKey, entries: &Object<'_>, path: &Path<'_>, out: &mut Vec<u8>) {
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (key, node) in sorted {
            let path = Path::Key(path, key);
            let Some(key) = map_key(key_kind, key) else {
                self.refuse(&path, "is not a key of this kind");
                continue;
            };
            put_key(field.number, WireType::LengthDelimited, out);
            put_delimited(out, |out| {
                put_key(1, key.wire_type(), out);
                key.put(out);
                self.value(2, &field.kind, node, &path, out);
            });
        }
    }

    fn value(&mut self, number: u32, kind: &Kind, node: &Node<'_>, path: &Path<'_>, out: &mut Vec<u8>) {
        if let Kind::Message(id) = kind {
            put_key(number, WireType::LengthDelimited, out);
            put_delimited(out, |out| self.message(*id, node, path, out));
            return;
        }
        match scalar(kind, node) {
            Ok(value) => {
                put_key(number, value.wire_type(), out);
                value.put(out);
            }
            Err(description) => self.refuse(path, description),
        }
    }
}

fn scalar<'n>(kind: &Kind, node: &'n Node<'_>) -> Result<Scalar<'n>, String> {
    let zigzag = |value: i64| ((value << 1) ^ (value >> 63)).cast_unsigned();
    Ok(match kind {
        Kind::Bool => Scalar::Varint(u64::from(boolean(node)?)),
        Kind::Int32 => Scalar::Varint(i64::from(integer::<i32>(node, i32::MIN, i32::MAX)?).cast_unsigned()),
        Kind::Int64 => Scalar::Varint(integer::<i64>(node, i64::MIN, i64::MAX)?.cast_unsigned()),
        Kind::Uint32 => Scalar::Varint(integer::<u32>(node, 0, u32::MAX)?.into()),
        Kind::Uint64 => Scalar::Varint(integer::<u64>(node, 0, u64::MAX)?),
        Kind::Sint32 => Scalar::Varint(zigzag(integer::<i32>(node, i32::MIN, i32::MAX)?.into())),
        Kind::Sint64 => Scalar::Varint(zigzag(integer::<i64>(node, i64::MIN, i64::MAX)?)),
        Kind::Fixed32 => Scalar::Fixed32(integer::<u32>(node, 0, u32::MAX)?),
        Kind::Fixed64 => Scalar::Fixed64(integer::<u64>(node, 0, u64::MAX)?),
        Kind::Sfixed32 => Scalar::Fixed32(integer::<i32>(node, i32::MIN, i32::MAX)?.cast_unsigned()),
        Kind::Sfixed64 => Scalar::Fixed64(integer::<i64>(node, i64::MIN, i64::MAX)?.cast_unsigned()),
        #[expect(clippy::cast_possible_truncation, reason = "a float field holds the nearest float")]
        Kind::Float => Scalar::Fixed32((float(node)? as f32).to_bits()),
        Kind::Double => Scalar::Fixed64(float(node)?.to_bits()),
        Kind::Text => Scalar::Bytes(Cow::Borrowed(text(node).ok_or("must be text")?.as_bytes())),
        Kind::Bytes => Scalar::Bytes(Cow::Owned(base64_bytes(node).ok_or("must be base64 text")?)),
        Kind::Enum(names) => Scalar::Varint(i64::from(enum_number(names, node)?).cast_unsigned()),
        Kind::Message(_) => return Err("must be an object".to_owned()),
    })
}

fn text<'n>(node: &'n Node<'_>) -> Option<&'n str> {
    match node {
        Node::Text(text) | Node::Loose(text) => Some(text),
        _ => None,
    }
}

fn boolean(node: &Node<'_>) -> Result<bool, String> {
    match node {
        Node::Bool(value) => Ok(*value),
        Node::Loose(text) if text == "true" => Ok(true),
        Node::Loose(text) if text == "false" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// A whole number: as a number, also one written as `1.0` or `1e3`, or as decimal text, which proto3 JSON allows.
fn integer<T: TryFrom<i128> + std::fmt::Display>(node: &Node<'_>, least: T, most: T) -> Result<T, String> {
    let value = match node {
        Node::Integer(value) => Some(*value),
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53: exact")]
        Node::Float(value) if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 => Some(*value as i128),
        Node::Text(text) | Node::Loose(text) if text.len() <= 20 => text.parse().ok(),
        _ => None,
    };
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

fn float(node: &Node<'_>) -> Result<f64, String> {
    let value = match node {
        #[expect(clippy::cast_precision_loss, reason = "a double field holds the nearest double")]
        Node::Integer(value) => Some(*value as f64),
        Node::Float(value) => Some(*value),
        Node::Loose(text) => text.parse().ok(),
        _ => None,
    };
    value.filter(|value| value.is_finite()).ok_or_else(|| "must be a number".to_owned())
}

/// Both alphabets, with padding or without, as proto3 JSON asks.
fn base64_bytes(node: &Node<'_>) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = text(node)?.replace('-', "+").replace('_', "/");
    GeneralPurpose::new(&STANDARD, CONFIG).decode(standard).ok()
}

fn enum_number(names: &[(i32, String)], node: &Node<'_>) -> Result<i32, String> {
    let found = match node {
        Node::Text(text) | Node::Loose(text) => names.iter().find(|(_, name)| name == text),
        Node::Integer(value) => names.iter().find(|(number, _)| i128::from(*number) == *value),
        _ => None,
    };
    found.map(|(number, _)| *number).ok_or_else(|| {
        let choices: Vec<&str> = names.iter().filter(|(number, _)| *number != 0).map(|(_, name)| name.as_str()).collect();
        format!("must be one of {}", choices.join(", "))
    })
}

fn map_key(kind: MapKey, key: &str) -> Option<Scalar<'_>> {
    Some(match kind {
        MapKey::Text => Scalar::Bytes(Cow::Borrowed(key.as_bytes())),
        MapKey::Bool => Scalar::Varint(u64::from(key.parse::<bool>().ok()?)),
        MapKey::Int => Scalar::Varint(key.parse::<i64>().ok()?.cast_unsigned()),
        MapKey::Uint => Scalar::Varint(key.parse::<u64>().ok()?),
    })
}

fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().filter(|at| at.as_second() >= FIRST_SECOND)
}

/// The fields of `google.protobuf.Timestamp`; its nanoseconds count forward, also before 1970.
fn at_fields(at: Timestamp, out: &mut Vec<u8>) {
    let nanos = at.as_nanosecond();
    let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(0);
    let rest = u64::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0);
    for (number, value) in [(1, seconds.cast_unsigned()), (2, rest)] {
        put_key(number, WireType::Varint, out);
        encode_varint(value, out);
    }
}

/// `title,shippingAddress.postalCode` → the paths in the contract's own names.
fn mask_fields(text: &str, out: &mut Vec<u8>) {
    for path in text.split(',').map(str::trim).filter(|path| !path.is_empty()) {
        let mut name = String::with_capacity(path.len() + 4);
        for c in path.chars() {
            if c.is_ascii_uppercase() {
                name.push('_');
            }
            name.push(c.to_ascii_lowercase());
        }
        put_key(1, WireType::LengthDelimited, out);
        Scalar::Bytes(Cow::Owned(name.into_bytes())).put(out);
    }
}
