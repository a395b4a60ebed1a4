//! What becomes of a call's answer: status, headers, and `304` where the client has it already.

use std::hash::{DefaultHasher, Hasher};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};

use crate::body::{self, whole};
use crate::table::CallRoute;

/// Here whole, or still coming.
pub type Answer = Response<body::Body>;

/// A translated answer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Content {
    pub content_type: HeaderValue,
    pub body: Bytes,
    /// Strong; only for calls that the contract marks cacheable.
    pub etag: Option<HeaderValue>,
}

impl Content {
    pub fn new(content_type: HeaderValue, body: Vec<u8>) -> Self {
        Content { content_type, body: Bytes::from(body), etag: None }
    }

    /// The same body has the same tag, in every gateway of this build. It tells versions of one answer apart and protects
    /// nothing, so a quick hash will do.
    #[must_use]
    pub fn with_etag(mut self) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.body);
        self.etag = HeaderValue::try_from(format!("\"{:016x}\"", hasher.finish())).ok();
        self
    }

    /// `request` are the request's headers.
    pub fn respond(self, status: StatusCode, request: &HeaderMap) -> Answer {
        let is_known = self.etag.as_ref().is_some_and(|etag| status == StatusCode::OK && has(request, etag));
        let is_empty = is_known || status == StatusCode::NO_CONTENT;
        let mut answer = Response::new(whole(if is_empty { Bytes::new() } else { self.body }));
        *answer.status_mut() = if is_known { StatusCode::NOT_MODIFIED } else { status };
        let headers = answer.headers_mut();
        if !is_empty {
            headers.insert(CONTENT_TYPE, self.content_type);
        }
        if let Some(etag) = self.etag {
            headers.insert(ETAG, etag);
        }
        answer
    }
}

/// Whether the client has this version, as `If-None-Match` says: a list, compared weakly.
fn has(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let mut tags = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes()
    })
}

/// What caches may do with the answer of a call, asked for with or without a token.
pub fn set_caching(answer: &mut Answer, route: &CallRoute, is_anonymous: bool) {
    let headers = answer.headers_mut();
    let value = if route.is_cacheable && !is_anonymous {
        HeaderValue::from_static("private, no-cache")
    } else {
        route.cache_control.clone()
    };
    headers.insert(CACHE_CONTROL, value);
    if route.is_cacheable {
        headers.insert(VARY, HeaderValue::from_static("Authorization"));
    }
}

/// `HEAD` answers like `GET`, without the body.
pub fn for_method(answer: Answer, method: &Method) -> Answer {
    if *method != Method::HEAD {
        return answer;
    }
    let (mut parts, body) = answer.into_parts();
    let length = http_body::Body::size_hint(&body).exact().unwrap_or(0);
    if length > 0 {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, whole(Bytes::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content {
        Content::new(HeaderValue::from_static("application/json"), b"{\"id\":\"p\"}".to_vec()).with_etag()
    }

    #[test]
    fn a_version_that_the_client_has_is_not_sent_again() {
        let etag = content().etag.unwrap();
        let mut request = HeaderMap::new();
        assert_eq!(content().respond(StatusCode::OK, &request).status(), 200);
        for known in [etag.to_str().unwrap(), "*", &format!("\"x\", W/{}", etag.to_str().unwrap())] {
            request.insert(IF_NONE_MATCH, HeaderValue::try_from(known).unwrap());
            let answer = content().respond(StatusCode::OK, &request);
            assert_eq!((answer.status().as_u16(), &answer.headers()[ETAG]), (304, &etag));
            assert_eq!(http_body::Body::size_hint(answer.body()).exact(), Some(0));
        }
        request.insert(IF_NONE_MATCH, HeaderValue::from_static("\"other\""));
        assert_eq!(content().respond(StatusCode::OK, &request).status(), 200);
    }

    #[test]
    fn head_tells_the_length_and_sends_nothing() {
        let answer = for_method(content().respond(StatusCode::OK, &HeaderMap::new()), &Method::HEAD);
        assert_eq!(answer.headers()[CONTENT_LENGTH], "10");
        assert_eq!(http_body::Body::size_hint(answer.body()).exact(), Some(0));
    }
}
