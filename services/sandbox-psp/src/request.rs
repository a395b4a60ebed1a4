//! Requests: who asks, under which key, with what body; nothing unknown, unbounded or slow gets further than here.

use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use bytes::Bytes;
use haat_kernel::Currency;
use http::header::AUTHORIZATION;
use http::{HeaderMap, StatusCode, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::answer::Refusal;
use crate::charge::Terms;
use crate::sender::http_url;
use crate::token::Token;

const BODY_BYTES_MAX: usize = 64 * 1024;
/// For a body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
const KEY_LENGTH_MAX: usize = 255;
const REFERENCE_LENGTH_MAX: usize = 128;
const URL_LENGTH_MAX: usize = 2_048;
/// Charges that one listing returns, when it names no limit.
const LIST_MAX: usize = 100_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuthorizeBody {
    reference: String,
    amount: i64,
    currency: Currency,
    token: String,
    return_url: Option<String>,
    webhook_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureBody {
    pub amount: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundBody {
    pub amount: i64,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoidBody {}

impl AuthorizeBody {
    pub fn terms(self) -> Result<Terms, Refusal> {
        let token = Token::parse(&self.token).ok_or_else(|| Refusal::invalid("token_unknown", "There is no such test token."))?;
        let is_reference = (1..=REFERENCE_LENGTH_MAX).contains(&self.reference.len()) && is_visible(&self.reference);
        if !is_reference {
            return Err(Refusal::invalid("reference_invalid", "A reference is 1 to 128 visible characters."));
        }
        let goes_back = |url: &String| (url.starts_with("http://") || url.starts_with("https://")) && url.len() <= URL_LENGTH_MAX;
        if !self.return_url.as_ref().is_none_or(goes_back) {
            return Err(Refusal::invalid("return_url_invalid", "`returnUrl` must be an http or https URL."));
        }
        let receives = |url: &String| http_url(url).is_some() && url.len() <= URL_LENGTH_MAX;
        if !self.webhook_url.as_ref().is_none_or(receives) {
            return Err(Refusal::invalid("webhook_url_invalid", "`webhookUrl` must be an http URL."));
        }
        Ok(Terms {
            reference: self.reference,
            amount: self.amount,
            currency: self.currency,
            token,
            return_url: self.return_url,
            webhook_url: self.webhook_url,
        })
    }
}

/// Which charges a listing wants.
#[derive(Debug, PartialEq, Eq)]
pub struct Listing {
    pub reference: Option<String>,
    pub limit: usize,
    /// As an earlier answer gave it in `next`; empty from the newest.
    pub after: String,
}

impl Listing {
    pub fn of(uri: &Uri) -> Result<Self, Refusal> {
        let mut listing = Listing { reference: None, limit: LIST_MAX, after: String::new() };
        for (name, value) in form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*name {
                "reference" => listing.reference = Some(value.into_owned()),
                "after" => listing.after = value.into_owned(),
                "limit" => {
                    let limit = value.parse().ok().filter(|limit| *limit > 0);
                    let limit: usize =
                        limit.ok_or_else(|| Refusal::invalid("limit_invalid", "`limit` must be a positive number."))?;
                    listing.limit = limit.min(LIST_MAX);
                }
                _ => return Err(Refusal::invalid("parameter_unknown", format!("There is no parameter `{name}`."))),
            }
        }
        Ok(listing)
    }
}

/// Fails unless the request carries `api_key` as a bearer token.
pub fn require_api_key(headers: &HeaderMap, api_key: &str) -> Result<(), Refusal> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer ")).unwrap_or_default();
    verify_slices_are_equal(given, api_key.as_bytes())
        .map_err(|_| Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", "This needs the API key as a bearer token."))
}

pub fn idempotency_key(headers: &HeaderMap) -> Result<&str, Refusal> {
    let key = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    key.filter(|key| (1..=KEY_LENGTH_MAX).contains(&key.len()) && is_visible(key))
        .ok_or_else(|| Refusal::invalid("idempotency_key_required", "`Idempotency-Key` must be 1 to 255 visible characters."))
}

/// Reads a JSON body that must be there.
pub async fn body<T: DeserializeOwned>(body: hyper::body::Incoming) -> Result<T, Refusal> {
    parse(&read(body).await?)
}

/// Reads a JSON body that may be left out.
pub async fn optional_body<T: DeserializeOwned + Default>(body: hyper::body::Incoming) -> Result<T, Refusal> {
    let bytes = read(body).await?;
    if bytes.is_empty() { Ok(T::default()) } else { parse(&bytes) }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::invalid("body_invalid", error.to_string()))
}

async fn read(body: hyper::body::Incoming) -> Result<Bytes, Refusal> {
    match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, BODY_BYTES_MAX).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "A body has at most 64 KiB."))
        }
        Ok(Err(error)) => Err(Refusal::invalid("body_unreadable", error.to_string())),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "body_too_slow", "The body did not arrive in time.")),
    }
}

fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}
