//! Whether a form comes from a page of ours: a random token in a cookie that other sites cannot read, repeated in the form,
//! and where the browser says where the form comes from, that must be us.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use http::HeaderMap;
use http::header::ORIGIN;

/// The name of the hidden field.
pub(crate) const FIELD: &str = "csrf";
pub(crate) const TOKEN_BYTES: usize = 24;

/// `cookie` and `field` are the two copies of the token, `origin` is our own.
pub(crate) fn is_ours(headers: &HeaderMap, origin: &str, cookie: Option<&str>, field: &str) -> bool {
    comes_from(headers, origin) && cookie.is_some_and(|cookie| is_same(cookie, field))
}

fn is_same(cookie: &str, field: &str) -> bool {
    cookie.len() == 2 * TOKEN_BYTES && verify_slices_are_equal(cookie.as_bytes(), field.as_bytes()).is_ok()
}

/// True where the browser does not say.
fn comes_from(headers: &HeaderMap, origin: &str) -> bool {
    let is_ours = headers.get_all(ORIGIN).iter().all(|value| value.as_bytes() == origin.as_bytes());
    let site = headers.get("sec-fetch-site").map(http::HeaderValue::as_bytes);
    is_ours && !matches!(site, Some(b"cross-site" | b"same-site"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn both_the_token_and_the_origin_must_be_ours() {
        let token = "0123456789abcdef".repeat(3);
        let ours = "https://haat.test";
        let check = |origin: Option<&'static str>, cookie: Option<&str>, field: &str| {
            let mut headers = HeaderMap::new();
            if let Some(origin) = origin {
                headers.insert(ORIGIN, HeaderValue::from_static(origin));
            }
            is_ours(&headers, ours, cookie, field)
        };
        assert!(check(Some(ours), Some(&token), &token));
        assert!(check(None, Some(&token), &token));
        assert!(!check(Some("https://evil.test"), Some(&token), &token));
        assert!(!check(Some("null"), Some(&token), &token));
        assert!(!check(Some(ours), None, &token));
        assert!(!check(Some(ours), Some(&token), &token[1..]));
        assert!(!check(Some(ours), Some(""), ""));
        assert!(!check(Some(ours), Some("short"), "short"));
    }

    #[test]
    fn a_form_of_another_site_is_noticed_without_an_origin_too() {
        let token = "0123456789abcdef".repeat(3);
        let mut headers = HeaderMap::new();
        headers.insert("sec-fetch-site", HeaderValue::from_static("cross-site"));
        assert!(!is_ours(&headers, "https://haat.test", Some(&token), &token));
        headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        assert!(is_ours(&headers, "https://haat.test", Some(&token), &token));
    }
}
