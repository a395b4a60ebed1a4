//! JSON Lines: a product to a line, in the shape of `CreateProduct`, and if wanted with `handle`, `tags`, `published` and
//! `stock` (of a variant, or of each variant). Without a handle a product is known by its first SKU, or else by its title.

use std::collections::BTreeMap;

use haat_kernel::Money;
use serde::Deserialize;

use super::{BYTE_ORDER_MARK, HANDLE_MAX, Listing, Parsed, RECORD_BYTES_MAX, RowError};
use crate::listing::{Content, Image, NewVariant};
use crate::text::safe_html;

#[derive(Default)]
pub struct JsonLines {
    /// The line under way.
    buffer: Vec<u8>,
    is_too_long: bool,
    /// Lines that ended.
    lines: u64,
    rows: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    #[serde(default)]
    handle: String,
    title: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    category: String,
    #[serde(default)]
    brand: String,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    images: Vec<Image>,
    variants: Vec<LineVariant>,
    #[serde(default)]
    stock: i64,
    published: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LineVariant {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    options: BTreeMap<String, String>,
    price: Money,
    stock: Option<i64>,
}

impl JsonLines {
    pub fn push(&mut self, bytes: &[u8], parsed: &mut Vec<Parsed>) {
        let mut pieces = bytes.split(|byte| *byte == b'\n');
        // Every piece but the last one ends a line.
        let last = pieces.next_back().unwrap_or_default();
        for piece in pieces {
            self.gather(piece);
            self.end_line(parsed);
        }
        self.gather(last);
    }

    pub fn finish(&mut self, parsed: &mut Vec<Parsed>) {
        self.end_line(parsed);
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn gather(&mut self, piece: &[u8]) {
        self.is_too_long |= self.buffer.len() + piece.len() > RECORD_BYTES_MAX;
        if self.is_too_long {
            self.buffer.clear();
        } else {
            self.buffer.extend_from_slice(piece);
        }
    }

    fn end_line(&mut self, parsed: &mut Vec<Parsed>) {
        self.lines += 1;
        let line = std::mem::take(&mut self.buffer);
        let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line);
        let is_too_long = std::mem::take(&mut self.is_too_long);
        if !is_too_long && text.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.rows += 1;
        let fail = |description: String| RowError { line: self.lines, description, ..RowError::default() };
        let outcome = if is_too_long { Err(fail("is longer than a line may be".into())) } else { read(text).map_err(fail) };
        parsed.push(match outcome {
            Ok(read) => read.into_listing(self.lines),
            Err(error) => Err(vec![error]),
        });
    }
}

fn read(text: &[u8]) -> Result<Line, String> {
    let text = std::str::from_utf8(text).map_err(|_| "is not UTF-8".to_owned())?;
    serde_json::from_str(text).map_err(|error| format!("cannot be read: {error}"))
}

impl Line {
    fn known_by(&self) -> &str {
        let sku = self.variants.first().map(|variant| variant.sku.as_str());
        let names = [Some(self.handle.as_str()), sku, Some(self.title.as_str())];
        names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or_default()
    }

    fn into_listing(self, line: u64) -> Parsed {
        let handle = self.known_by().trim().to_owned();
        if handle.is_empty() || handle.chars().count() > HANDLE_MAX {
            let description = format!("must have 1 to {HANDLE_MAX} characters");
            return Err(vec![RowError { line, field: "handle".into(), description, ..RowError::default() }]);
        }
        let stock = self.stock;
        let variant = |variant: LineVariant| NewVariant {
            sku: variant.sku.trim().to_owned(),
            title: variant.title.trim().to_owned(),
            options: variant.options,
            price: Some(variant.price),
            stock: variant.stock.unwrap_or(stock),
        };
        Ok(Listing {
            handle,
            content: Content {
                title: self.title.trim().to_owned(),
                description: safe_html(&self.description),
                category: self.category.trim().to_owned(),
                brand: self.brand.trim().to_owned(),
                tags: self.tags,
                images: self.images,
            },
            variant_lines: vec![line; self.variants.len()],
            variants: self.variants.into_iter().map(variant).collect(),
            is_published: self.published,
            line,
        })
    }
}
