//! After a form has acted: the next page, by GET, so that nothing is sent twice.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};

use crate::notice::NextNotice;

/// A 303.
#[derive(Clone, Debug)]
pub struct SeeOther {
    location: String,
    notice: Option<&'static str>,
}

/// Sends the visitor on to a path of ours.
pub fn see_other(path: &str) -> SeeOther {
    SeeOther { location: local(path).to_owned(), notice: None }
}

impl SeeOther {
    /// With a word of what was done: a message that the next page shows once.
    #[must_use]
    pub fn notice(self, message: &'static str) -> Self {
        SeeOther { notice: Some(message), ..self }
    }
}

impl IntoResponse for SeeOther {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let location = HeaderValue::try_from(self.location).unwrap_or(HeaderValue::from_static("/"));
        response.headers_mut().insert(LOCATION, location);
        if let Some(message) = self.notice {
            response.extensions_mut().insert(NextNotice(message));
        }
        response
    }
}

impl From<SeeOther> for Response {
    fn from(answer: SeeOther) -> Self {
        answer.into_response()
    }
}

/// The path, if it stays with us; else the start. Browsers read `//host` and `/\host` as another host.
pub(crate) fn local(path: &str) -> &str {
    let mut bytes = path.bytes();
    let is_local = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    if is_local && !path.bytes().any(|byte| byte.is_ascii_control()) { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
        for path in ["//evil.test", "/\\evil.test", "https://evil.test", "javascript:alert(1)", "", "/a\r\nSet-Cookie: x", "\\/x"]
        {
            assert_eq!(local(path), "/", "{path:?}");
        }
        for path in ["/", "/cart", "/search?query=a//b"] {
            assert_eq!(local(path), path);
        }
    }
}
