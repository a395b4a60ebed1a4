//! The headers of every answer: no inline code, no frames, no guessing, and nothing kept of what a signed-in person sees.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

pub(crate) fn stamp(headers: &mut HeaderMap, is_signed_in: bool) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    let caching = HeaderValue::from_static(if is_signed_in { "no-store" } else { "private, no-cache" });
    headers.entry(CACHE_CONTROL).or_insert(caching);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inline_is_allowed_and_private_pages_are_not_kept() {
        let mut headers = HeaderMap::new();
        stamp(&mut headers, true);
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(!policy.contains("unsafe") && !policy.contains('*') && policy.starts_with("default-src 'none'"));
        assert_eq!(headers[CACHE_CONTROL], "no-store");
        let mut asset = HeaderMap::new();
        asset.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        stamp(&mut asset, true);
        assert_eq!(asset[CACHE_CONTROL], "public, max-age=31536000, immutable");
    }
}
