//! Protobuf → JSON, straight from the wire bytes: no tree in between. Every field of the contract is written, also when
//! zero, false or empty; what is unset, and an unspecified enum, is left out. 64-bit integers are numbers.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use haat_kernel::Timestamp;
use prost::encoding::decode_varint;
use serde::Serialize;
use smallvec::SmallVec;

use super::shape::{Field, Form, Kind, Label, MapKey, Message, MessageId, Shapes};
use super::wire::{Malformed, Value, fixed32, fixed64, next};

type Found<'a> = SmallVec<[(usize, Value<'a>); 16]>;
type Rendered = Result<(), Malformed>;

/// Appends the JSON of a message.
pub fn message(shapes: &Shapes, id: MessageId, bytes: &[u8], out: &mut Vec<u8>) -> Rendered {
    let message = shapes.get(id);
    match message.form {
        Form::Object => object(shapes, message, bytes, out),
        Form::Timestamp => timestamp(message, bytes, out),
        Form::FieldMask => mask(message, bytes, out),
    }
}

/// Appends the JSON of one field of a message.
pub fn field_of(shapes: &Shapes, id: MessageId, index: usize, bytes: &[u8], out: &mut Vec<u8>) -> Rendered {
    let message = shapes.get(id);
    let found = scan(message, bytes)?;
    let values: Found<'_> = found.into_iter().filter(|(other, _)| *other == index).collect();
    let start = out.len();
    field(shapes, message, index, &values, out)?;
    if out.len() == start {
        put(&(), out);
    }
    Ok(())
}

fn object(shapes: &Shapes, message: &Message, bytes: &[u8], out: &mut Vec<u8>) -> Rendered {
    let found = scan(message, bytes)?;
    let mut rest = found.as_slice();
    out.push(b'{');
    let start = out.len();
    for index in 0..message.fields.len() {
        let run = rest.iter().take_while(|(other, _)| *other == index).count();
        let (values, after) = rest.split_at(run);
        rest = after;
        let before = out.len();
        if before > start {
            out.push(b',');
        }
        let key_at = out.len();
        out.extend_from_slice(message.fields[index].key.as_bytes());
        let value_at = out.len();
        field(shapes, message, index, values, out)?;
        if out.len() == value_at {
            debug_assert!(key_at >= before);
            out.truncate(before);
        }
    }
    out.push(b'}');
    Ok(())
}

/// The known fields, in the order of the table; a field's values in the order of the wire.
fn scan<'a>(message: &Message, mut bytes: &'a [u8]) -> Result<Found<'a>, Malformed> {
    let mut found = Found::new();
    let mut is_sorted = true;
    while let Some(field) = next(&mut bytes) {
        let (number, value) = field.map_err(|()| malformed(message))?;
        if let Some(index) = message.field_numbered(number) {
            is_sorted &= found.last().is_none_or(|(last, _)| *last <= index);
            found.push((index, value));
        }
    }
    if !is_sorted {
        found.sort_by_key(|(index, _)| *index);
    }
    Ok(found)
}

fn malformed(message: &Message) -> Malformed {
    Malformed(message.name.clone())
}

/// Appends nothing for what is unset.
fn field(shapes: &Shapes, message: &Message, index: usize, values: &[(usize, Value<'_>)], out: &mut Vec<u8>) -> Rendered {
    let field = &message.fields[index];
    match field.label {
        Label::Repeated => list(shapes, message, field, values, out),
        Label::Map(key) => map(shapes, message, field, key, values, out),
        Label::Implicit | Label::Explicit => match (values, &field.kind) {
            ([], _) => unset(field, out),
            ([_, _, ..], Kind::Message(id)) => merged(shapes, *id, message, values, out),
            ([.., (_, value)], kind) => single(shapes, message, kind, *value, out),
        },
    }
}

fn unset(field: &Field, out: &mut Vec<u8>) -> Rendered {
    if field.label == Label::Implicit {
        match &field.kind {
            Kind::Text | Kind::Bytes => out.extend_from_slice(b"\"\""),
            Kind::Bool => out.extend_from_slice(b"false"),
            Kind::Float | Kind::Double => out.extend_from_slice(b"0.0"),
            Kind::Enum(_) | Kind::Message(_) => {}
            _ => out.push(b'0'),
        }
    }
    Ok(())
}

/// A message that comes in pieces is the concatenation of its pieces.
fn merged(shapes: &Shapes, id: MessageId, owner: &Message, values: &[(usize, Value<'_>)], out: &mut Vec<u8>) -> Rendered {
    let mut whole = Vec::new();
    for (_, value) in values {
        whole.extend_from_slice(delimited(owner, *value)?);
    }
    message(shapes, id, &whole, out)
}

fn list(shapes: &Shapes, owner: &Message, field: &Field, values: &[(usize, Value<'_>)], out: &mut Vec<u8>) -> Rendered {
    out.push(b'[');
    let start = out.len();
    for (_, value) in values {
        match (*value, &field.kind) {
            (Value::Bytes(packed), kind) if !matches!(kind, Kind::Text | Kind::Bytes | Kind::Message(_)) => {
                unpack(shapes, owner, kind, packed, start, out)?;
            }
            (value, kind) => item(shapes, owner, kind, value, start, out)?,
        }
    }
    out.push(b']');
    Ok(())
}

fn unpack(shapes: &Shapes, owner: &Message, kind: &Kind, mut packed: &[u8], start: usize, out: &mut Vec<u8>) -> Rendered {
    while !packed.is_empty() {
        let value = match kind {
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => fixed64(&mut packed).map(Value::Fixed64),
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => fixed32(&mut packed).map(Value::Fixed32),
            _ => decode_varint(&mut packed).ok().map(Value::Varint),
        };
        item(shapes, owner, kind, value.ok_or_else(|| malformed(owner))?, start, out)?;
    }
    Ok(())
}

fn item(shapes: &Shapes, owner: &Message, kind: &Kind, value: Value<'_>, start: usize, out: &mut Vec<u8>) -> Rendered {
    if out.len() > start {
        out.push(b',');
    }
    let before = out.len();
    single(shapes, owner, kind, value, out)?;
    if out.len() == before {
        // An unspecified enum: a list cannot leave it out.
        put(&(), out);
    }
    Ok(())
}

fn map(
    shapes: &Shapes,
    owner: &Message,
    field: &Field,
    key_kind: MapKey,
    values: &[(usize, Value<'_>)],
    out: &mut Vec<u8>,
) -> Rendered {
    out.push(b'{');
    let start = out.len();
    for (_, entry) in values {
        let (mut key, mut value) = (None, None);
        let mut bytes = delimited(owner, *entry)?;
        while let Some(part) = next(&mut bytes) {
            match part.map_err(|()| malformed(owner))? {
                (1, found) => key = Some(found),
                (2, found) => value = Some(found),
                _ => {}
            }
        }
        if out.len() > start {
            out.push(b',');
        }
        map_key(owner, key_kind, key, out)?;
        out.push(b':');
        let before = out.len();
        match (value, &field.kind) {
            (Some(value), kind) => single(shapes, owner, kind, value, out)?,
            (None, Kind::Message(id)) => message(shapes, *id, &[], out)?,
            (None, kind) => single(shapes, owner, kind, default_of(kind), out)?,
        }
        if out.len() == before {
            put(&(), out);
        }
    }
    out.push(b'}');
    Ok(())
}

fn map_key(owner: &Message, kind: MapKey, key: Option<Value<'_>>, out: &mut Vec<u8>) -> Rendered {
    match (kind, key) {
        (MapKey::Text, None) => out.extend_from_slice(b"\"\""),
        (MapKey::Text, Some(Value::Bytes(bytes))) => put(&utf8(owner, bytes)?, out),
        (MapKey::Bool, Some(Value::Varint(value))) => put(if value == 0 { "false" } else { "true" }, out),
        (MapKey::Bool, None) => put("false", out),
        (MapKey::Int, Some(Value::Varint(value))) => put(&value.cast_signed().to_string(), out),
        (MapKey::Uint, Some(Value::Varint(value))) => put(&value.to_string(), out),
        (MapKey::Int | MapKey::Uint, None) => put("0", out),
        _ => return Err(malformed(owner)),
    }
    Ok(())
}

fn default_of(kind: &Kind) -> Value<'static> {
    match kind {
        Kind::Text | Kind::Bytes | Kind::Message(_) => Value::Bytes(&[]),
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Value::Fixed64(0),
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Value::Fixed32(0),
        _ => Value::Varint(0),
    }
}

/// Appends nothing for an unspecified enum.
fn single(shapes: &Shapes, owner: &Message, kind: &Kind, value: Value<'_>, out: &mut Vec<u8>) -> Rendered {
    let unzigzag = |value: u64| (value >> 1).cast_signed() ^ -(value & 1).cast_signed();
    #[expect(clippy::cast_possible_truncation, reason = "protobuf's 32-bit varints are the low half")]
    match (kind, value) {
        (Kind::Message(id), Value::Bytes(bytes)) => return message(shapes, *id, bytes, out),
        (Kind::Text, Value::Bytes(bytes)) => text(utf8(owner, bytes)?, out),
        (Kind::Bytes, Value::Bytes(bytes)) => put(&BASE64_STANDARD.encode(bytes), out),
        (Kind::Bool, Value::Varint(value)) => put(&(value != 0), out),
        (Kind::Int32, Value::Varint(value)) => put(&(value as i32), out),
        (Kind::Int64, Value::Varint(value)) => put(&value.cast_signed(), out),
        (Kind::Uint32, Value::Varint(value)) => put(&(value as u32), out),
        (Kind::Uint64, Value::Varint(value)) | (Kind::Fixed64, Value::Fixed64(value)) => put(&value, out),
        (Kind::Sint32 | Kind::Sint64, Value::Varint(value)) => put(&unzigzag(value), out),
        (Kind::Fixed32, Value::Fixed32(value)) => put(&value, out),
        (Kind::Sfixed32, Value::Fixed32(value)) => put(&value.cast_signed(), out),
        (Kind::Sfixed64, Value::Fixed64(value)) => put(&value.cast_signed(), out),
        (Kind::Float, Value::Fixed32(value)) => float(f64::from(f32::from_bits(value)), &f32::from_bits(value), out),
        (Kind::Double, Value::Fixed64(value)) => float(f64::from_bits(value), &f64::from_bits(value), out),
        (Kind::Enum(names), Value::Varint(value)) => enum_name(names, value as i32, out),
        _ => return Err(malformed(owner)),
    }
    Ok(())
}

/// `shown` is the same value at its own precision.
fn float(value: f64, shown: &impl Serialize, out: &mut Vec<u8>) {
    match value {
        _ if value.is_finite() => put(shown, out),
        _ if value.is_nan() => put("NaN", out),
        _ if value > 0.0 => put("Infinity", out),
        _ => put("-Infinity", out),
    }
}

fn enum_name(names: &[(i32, String)], number: i32, out: &mut Vec<u8>) {
    match names.iter().find(|(other, _)| *other == number) {
        _ if number == 0 => {}
        Some((_, name)) => put(name, out),
        // A value that a newer service knows.
        None => put(&number, out),
    }
}

fn timestamp(owner: &Message, mut bytes: &[u8], out: &mut Vec<u8>) -> Rendered {
    let (mut seconds, mut nanos) = (0, 0);
    while let Some(field) = next(&mut bytes) {
        match field.map_err(|()| malformed(owner))? {
            (1, Value::Varint(value)) => seconds = value.cast_signed(),
            (2, Value::Varint(value)) => nanos = i32::try_from(value).map_err(|_| malformed(owner))?,
            _ => {}
        }
    }
    let at = Timestamp::new(seconds, nanos).map_err(|_| malformed(owner))?;
    // RFC 3339 with 0, 3, 6 or 9 digits of a second, as proto3 JSON shows them. Writing to a `Vec` cannot fail.
    let _ = match nanos {
        0 => write!(out, "\"{at:.0}\""),
        _ if nanos % 1_000_000 == 0 => write!(out, "\"{at:.3}\""),
        _ if nanos % 1_000 == 0 => write!(out, "\"{at:.6}\""),
        _ => write!(out, "\"{at:.9}\""),
    };
    Ok(())
}

fn mask(owner: &Message, mut bytes: &[u8], out: &mut Vec<u8>) -> Rendered {
    let mut paths = String::new();
    while let Some(field) = next(&mut bytes) {
        let (1, Value::Bytes(path)) = field.map_err(|()| malformed(owner))? else { continue };
        if !paths.is_empty() {
            paths.push(',');
        }
        let mut is_start = false;
        for c in utf8(owner, path)?.chars() {
            match c {
                '_' => is_start = true,
                _ if is_start => paths.push(c.to_ascii_uppercase()),
                _ => paths.push(c),
            }
            is_start &= c == '_';
        }
    }
    put(&paths, out);
    Ok(())
}

fn delimited<'a>(owner: &Message, value: Value<'a>) -> Result<&'a [u8], Malformed> {
    if let Value::Bytes(bytes) = value { Ok(bytes) } else { Err(malformed(owner)) }
}

fn utf8<'a>(owner: &Message, bytes: &'a [u8]) -> Result<&'a str, Malformed> {
    std::str::from_utf8(bytes).map_err(|_| malformed(owner))
}

/// Most texts have nothing to escape and are copied whole.
fn text(text: &str, out: &mut Vec<u8>) {
    let is_plain = |byte: u8| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
    // Every byte is looked at, because sixteen at a time are quicker than one after the other until the first that is not.
    if !text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        return put(text, out);
    }
    out.reserve(text.len() + 2);
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

fn put<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    // Writing numbers and texts to a `Vec` cannot fail.
    let _ = serde_json::to_writer(&mut *out, value);
}
