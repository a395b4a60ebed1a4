//! Paging: how much of a list, from where, in which direction. A token is opaque, and good only for the list that it came from.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use haat_kernel::{Error, Result};

use crate::partition::fnv1a;

/// What a client gets that names no size.
pub const PAGE_SIZE_DEFAULT: usize = 20;
/// The most that a client may ask for.
pub const PAGE_SIZE_MAX: usize = 100;
/// The most that one read returns to the service itself.
pub const READ_MAX: usize = 1_000;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// At most [`READ_MAX`].
    pub size: usize,
    /// Empty: from the beginning.
    pub token: String,
    pub descending: bool,
}

impl Page {
    /// The first `size` items, ascending.
    pub fn first(size: usize) -> Self {
        Page { size, token: String::new(), descending: false }
    }

    /// Reads `pageSize` and `pageToken` of a request by the API's rules: 20 when not given, at most 100; what is out of
    /// range is clamped.
    pub fn of_request(page_size: i32, page_token: &str) -> Self {
        let size = match usize::try_from(page_size) {
            Ok(0) => PAGE_SIZE_DEFAULT,
            Ok(size) => size.min(PAGE_SIZE_MAX),
            Err(_) => 1,
        };
        Page { size, token: page_token.to_owned(), descending: false }
    }

    #[must_use]
    pub fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// The page that `token` points to, in the same order and size.
    #[must_use]
    pub fn at(&self, token: &str) -> Self {
        Page { token: token.to_owned(), ..self.clone() }
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct PageOf<T> {
    pub items: Vec<T>,
    /// Empty on the last page.
    pub next_token: String,
}

/// Where a page begins: after the item with this sort value and id. Ordered as lists are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct After {
    pub sort: String,
    pub id: String,
}

/// Which list a token belongs to.
pub(crate) fn list_hash(kind: &str, key: &str, value: &str, descending: bool) -> u64 {
    fnv1a(format!("{kind}\u{1f}{key}\u{1f}{value}\u{1f}{descending}").as_bytes())
}

pub(crate) fn encode_token(list: u64, after: &After) -> String {
    let mut bytes = list.to_be_bytes().to_vec();
    bytes.extend_from_slice(after.id.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(after.sort.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// None for the empty token; 400 for one that was not made for this list.
pub(crate) fn decode_token(list: u64, token: &str) -> Result<Option<After>> {
    if token.is_empty() {
        return Ok(None);
    }
    let after = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| {
        let (hash, place) = bytes.split_first_chunk::<8>()?;
        let (id, sort) = std::str::from_utf8(place).ok()?.split_once('\0')?;
        (u64::from_be_bytes(*hash) == list).then(|| After { sort: sort.to_owned(), id: id.to_owned() })
    });
    after.map(Some).ok_or_else(|| Error::invalid("pageToken", "does not belong to this list"))
}
