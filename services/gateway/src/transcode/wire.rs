//! The protobuf wire format, as far as transcoding needs it: fields one after the other, without copying.

use prost::encoding::{WireType, decode_varint, encode_varint};

#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
}

/// Bytes that are no message of the expected type. From a service of our own, so it is a bug.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bytes are not a `{0}`")]
pub struct Malformed(pub String);

/// The next field, off the front of `bytes`; none at the end.
pub fn next<'a>(bytes: &mut &'a [u8]) -> Option<Result<(u32, Value<'a>), ()>> {
    if bytes.is_empty() { None } else { Some(field(bytes).ok_or(())) }
}

fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u32, Value<'a>)> {
    let key = decode_varint(bytes).ok()?;
    let number = u32::try_from(key >> 3).ok().filter(|number| *number > 0)?;
    let value = match key & 7 {
        0 => Value::Varint(decode_varint(bytes).ok()?),
        1 => Value::Fixed64(fixed64(bytes)?),
        2 => Value::Bytes(delimited(bytes)?),
        5 => Value::Fixed32(fixed32(bytes)?),
        _ => return None,
    };
    Some((number, value))
}

pub fn fixed64(bytes: &mut &[u8]) -> Option<u64> {
    let (taken, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*taken))
}

pub fn fixed32(bytes: &mut &[u8]) -> Option<u32> {
    let (taken, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*taken))
}

fn delimited<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(bytes).ok()?).ok()?;
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

pub fn put_key(number: u32, wire_type: WireType, out: &mut Vec<u8>) {
    prost::encoding::encode_key(number, wire_type, out);
}

/// Writes what `write` appends, with its length before it.
pub fn put_delimited(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    write(out);
    let length = out.len() - start;
    let mut prefix = [0u8; 10];
    let mut free = &mut prefix[..];
    encode_varint(length as u64, &mut free);
    let used = 10 - free.len();
    out.splice(start..start, prefix[..used].iter().copied());
}
