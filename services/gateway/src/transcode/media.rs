//! What the headers say about a body: its media type, and that it is not compressed.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};

use crate::problem::Problem;

/// 415 unless it says JSON. A body without a content type counts as JSON: nothing else is taken in its place.
pub fn demand_json(content_type: Option<&HeaderValue>) -> Result<(), Problem> {
    let is_json = content_type.is_none_or(|value| {
        let essence = value.as_bytes().split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let has_suffix = essence.len() > 5 && essence[essence.len() - 5..].eq_ignore_ascii_case(b"+json");
        essence.eq_ignore_ascii_case(b"application/json") || has_suffix
    });
    if is_json { Ok(()) } else { Err(Problem::unsupported_media_type("This call takes `application/json`.")) }
}

/// 415 for a compressed body: its size would say nothing about the work that it makes.
pub fn demand_identity(headers: &HeaderMap) -> Result<(), Problem> {
    let is_plain = headers.get(CONTENT_ENCODING).is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"));
    if is_plain { Ok(()) } else { Err(Problem::unsupported_media_type("Compressed bodies are not taken.")) }
}

pub fn content_type(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(CONTENT_TYPE)
}
