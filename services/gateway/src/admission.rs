//! The first step: is this a request that the gateway deals with at all? Sizes, and framing that two readers could take
//! for two different things. What is refused here ends its connection.

use http::header::{HOST, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version};

use crate::problem::Problem;

pub const PATH_BYTES_MAX: usize = 8 * 1024;
pub const HEADER_BYTES_MAX: usize = 64 * 1024;
pub const HEADERS_MAX: usize = 100;

/// Among a request's extensions: its connection carried a head with both `Content-Length` and `Transfer-Encoding`. The
/// HTTP library drops one of them, so the request itself no longer shows it.
#[derive(Clone, Copy, Debug)]
pub struct AmbiguousFraming;

pub fn admit(parts: &Parts) -> Result<(), Problem> {
    if parts.extensions.get::<AmbiguousFraming>().is_some() {
        let detail = "Content-Length and Transfer-Encoding exclude each other.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ambiguous_framing", detail).closing());
    }
    if parts.headers.get_all(HOST).iter().nth(1).is_some() {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "ambiguous_host", "There is more than one Host.").closing());
    }
    if parts.uri.path_and_query().is_some_and(|path| path.as_str().len() > PATH_BYTES_MAX) {
        let detail = format!("The path is over the limit of {PATH_BYTES_MAX} bytes.");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, "path_too_long", detail).closing());
    }
    if parts.headers.len() > HEADERS_MAX || header_bytes(&parts.headers) > HEADER_BYTES_MAX {
        let detail = format!("The headers are over the limit of {HEADERS_MAX}, or of {HEADER_BYTES_MAX} bytes together.");
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail).closing());
    }
    if parts.method == Method::CONNECT || wants_upgrade(parts) {
        let detail = "This connection cannot become another protocol.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "upgrade_refused", detail).closing());
    }
    Ok(())
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum()
}

/// A client that offers HTTP/2 in an HTTP/1.1 request may be answered in HTTP/1.1. Whatever else it wants to speak next
/// would be read as a request.
fn wants_upgrade(parts: &Parts) -> bool {
    let is_other = |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"h2c");
    parts.version < Version::HTTP_2 && parts.headers.get(UPGRADE).is_some_and(is_other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn code(request: http::request::Builder) -> String {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        admit(&parts).err().map_or("ok".into(), |problem| format!("{} {}", problem.status.as_u16(), problem.code))
    }

    #[test]
    fn what_is_over_a_limit_or_ambiguous_is_refused() {
        assert_eq!(code(Request::get("/v1/products:search?query=x")), "ok");
        assert_eq!(code(Request::get(format!("/{}", "x".repeat(8192)))), "414 path_too_long");
        let many = (0..101).fold(Request::get("/"), |request, n| request.header(format!("x-{n}"), "1"));
        assert_eq!(code(many), "431 headers_too_large");
        assert_eq!(code(Request::get("/").header("x", "y".repeat(65_536))), "431 headers_too_large");
        assert_eq!(code(Request::get("/").header(HOST, "a").header(HOST, "a")), "400 ambiguous_host");
        assert_eq!(code(Request::get("/").header(UPGRADE, "websocket")), "400 upgrade_refused");
        assert_eq!(code(Request::get("/").header(UPGRADE, "h2c")), "ok");
        assert_eq!(code(Request::get("/").extension(AmbiguousFraming)), "400 ambiguous_framing");
    }
}
