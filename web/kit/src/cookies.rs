//! Cookies: read from a request, set on an answer. All are for the whole site, for the server's eyes only, and not sent
//! along with what other sites start, except by following a link.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

pub(crate) const SESSION: &str = "haat_session";
pub(crate) const REFRESH: &str = "haat_refresh";
/// Name and address of who is signed in: for display.
pub(crate) const PERSON: &str = "haat_person";
pub(crate) const CSRF: &str = "haat_csrf";
pub(crate) const LANGUAGE: &str = "haat_language";
pub(crate) const THEME: &str = "haat_theme";
pub(crate) const NOTICE: &str = "haat_notice";

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const MINUTE: Duration = Duration::from_secs(60);
/// More cookies than we set.
const COOKIES_MAX: usize = 64;
/// What may stand in a value as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A cookie to be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    pub name: &'static str,
    pub value: String,
    /// None: until the browser closes.
    pub keep: Option<Duration>,
}

impl Cookie {
    /// Kept for a year.
    pub fn lasting(name: &'static str, value: impl Into<String>) -> Self {
        Cookie { name, value: value.into(), keep: Some(YEAR) }
    }

    /// Kept for a minute.
    pub fn brief(name: &'static str, value: impl Into<String>) -> Self {
        Cookie { name, value: value.into(), keep: Some(MINUTE) }
    }

    pub fn until_closed(name: &'static str, value: impl Into<String>) -> Self {
        Cookie { name, value: value.into(), keep: None }
    }

    /// Removes it.
    pub fn gone(name: &'static str) -> Self {
        Cookie { name, value: String::new(), keep: Some(Duration::ZERO) }
    }

    pub(crate) fn header(&self, is_secure: bool) -> Option<HeaderValue> {
        let value = utf8_percent_encode(&self.value, ENCODED);
        let keep = self.keep.map(|keep| format!("; Max-Age={}", keep.as_secs())).unwrap_or_default();
        let secure = if is_secure { "; Secure" } else { "" };
        HeaderValue::try_from(format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{keep}{secure}", self.name)).ok()
    }
}

/// The cookies of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cookies(BTreeMap<String, String>);

impl Cookies {
    pub fn of(headers: &HeaderMap) -> Self {
        let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let read = |(name, value): (&str, &str)| {
            let value = percent_decode_str(value.trim_matches('"')).decode_utf8().ok()?;
            Some((name.to_owned(), value.into_owned()))
        };
        Cookies(pairs.take(COOKIES_MAX).filter_map(read).collect())
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_the_way_there_and_back() {
        let cookie = Cookie::lasting(PERSON, "मीरा; \"M\"\r\nx=1");
        let header = cookie.header(true).unwrap();
        let text = header.to_str().unwrap();
        assert!(text.ends_with("; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000; Secure"), "{text}");
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::try_from(format!("a=b; {}; c", text.split(';').next().unwrap())).unwrap());
        assert_eq!(Cookies::of(&headers).get(PERSON), Some("मीरा; \"M\"\r\nx=1"));
        assert_eq!(Cookies::of(&headers).get("a"), Some("b"));
    }

    #[test]
    fn a_removed_cookie_is_none() {
        let header = Cookie::gone(SESSION).header(false).unwrap();
        assert_eq!(header, "haat_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("haat_session="));
        assert_eq!(Cookies::of(&headers).get(SESSION), None);
    }
}
