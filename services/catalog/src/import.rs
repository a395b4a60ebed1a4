//! Imports: products from a seller's file, of any size, in little memory. The file is read as it streams in; every product
//! in it is taken or refused as a whole, the refused ones with their lines. Ids follow from the seller and the handle, so
//! that the same file again changes nothing.

mod csv_records;
mod json_lines;
mod shopify;

use std::sync::Arc;

use haat_kernel::{Ctx, Error, Fault, Kind, Result, Timestamp, Violation};
use haat_store::{Load, Store};

use crate::ids::{ProductId, SellerId, imported_product};
use crate::listing::{Content, NewVariant};
use crate::product::{self, NewProduct, Product};
use json_lines::JsonLines;
use shopify::ShopifyCsv;

/// Products of one commit.
const BATCH_PRODUCTS: usize = 100;
/// Variants of one commit: products with very many of them go in smaller batches.
const BATCH_VARIANTS: usize = 1_000;
/// Errors that a report names; the rest is only counted.
const ERRORS_MAX: usize = 1_000;
/// The longest record or line; longer ones are skipped with an error.
const RECORD_BYTES_MAX: usize = 1 << 20;
const HANDLE_MAX: usize = 255;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A product as a file describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub handle: String,
    pub content: Content,
    pub variants: Vec<NewVariant>,
    /// None: as it is.
    pub is_published: Option<bool>,
    /// Where the product begins in its file, and where each variant stands.
    pub line: u64,
    pub variant_lines: Vec<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowError {
    /// From 1.
    pub line: u64,
    pub handle: String,
    pub field: String,
    pub description: String,
}

/// A product that was read, or why it could not be.
type Parsed = Result<Listing, Vec<RowError>>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    pub rows: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub failed: u64,
    pub errors: Vec<RowError>,
}

/// A listing with whose it is, and since when it is there if it is new.
#[derive(Clone, Debug)]
pub struct Entry {
    pub seller: SellerId,
    pub at: Timestamp,
    pub listing: Listing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Created,
    Updated,
    Unchanged,
    Refused(Vec<Violation>),
}

impl Entry {
    pub fn id(&self) -> ProductId {
        imported_product(&self.seller, &self.listing.handle)
    }

    fn new_product(&self) -> NewProduct {
        NewProduct {
            id: self.id(),
            seller: self.seller.clone(),
            handle: self.listing.handle.clone(),
            content: self.listing.content.clone(),
            variants: self.listing.variants.clone(),
        }
    }
}

/// Commits `entries` together, or one by one where a SKU is taken; an outcome for each, in order.
pub async fn write(store: &Store, ctx: &Ctx, entries: Vec<Entry>) -> Result<Vec<Outcome>> {
    let entries: Arc<[Entry]> = entries.into();
    match commit(store, ctx, Arc::clone(&entries)).await {
        Err(error) if error.code == haat_store::ALREADY_EXISTS => {}
        outcomes => return outcomes,
    }
    let mut outcomes = Vec::with_capacity(entries.len());
    for entry in entries.iter() {
        match commit(store, ctx, Arc::new([entry.clone()])).await {
            Ok(outcome) => outcomes.extend(outcome),
            Err(error) if error.code == haat_store::ALREADY_EXISTS => {
                let violation = Violation::new("variants.sku", "is the SKU of another of your products");
                outcomes.push(Outcome::Refused(vec![violation]));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(outcomes)
}

async fn commit(store: &Store, ctx: &Ctx, entries: Arc<[Entry]>) -> Result<Vec<Outcome>> {
    let load = Load::new().all::<Product>(entries.iter().map(Entry::id));
    let work = move |tx: &mut haat_store::Tx| {
        let mut outcomes = Vec::with_capacity(entries.len());
        for entry in entries.iter() {
            let id = entry.id();
            let existing = tx.get::<Product>(&id);
            match product::import(existing.as_deref(), entry.new_product(), entry.listing.is_published, entry.at) {
                Err(error) => outcomes.push(Outcome::Refused(error.violations())),
                Ok(events) => {
                    outcomes.push(match (existing, events.is_empty()) {
                        (None, _) => Outcome::Created,
                        (Some(_), true) => Outcome::Unchanged,
                        (Some(_), false) => Outcome::Updated,
                    });
                    tx.record::<Product>(&id, events)?;
                }
            }
        }
        Ok::<_, Error>(outcomes)
    };
    store.transact(&ctx.aside(), load, work).await
}

/// An import under way: takes bytes as they come.
pub struct Import {
    store: Store,
    ctx: Ctx,
    seller: SellerId,
    content_type: String,
    /// None until the first bytes tell what it is.
    format: Option<Format>,
    batch: Vec<Listing>,
    report: Report,
}

enum Format {
    Shopify(Box<ShopifyCsv>),
    JsonLines(JsonLines),
}

impl Format {
    /// By content type; where that says nothing, by the first byte that is neither white space nor a byte order mark.
    fn of(content_type: &str, first: &[u8]) -> Result<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "text/csv" | "application/csv" => Ok(Format::Shopify(Box::default())),
            "application/jsonl" | "application/x-ndjson" | "application/json-lines" | "application/jsonlines" | "text/jsonl" => {
                Ok(Format::JsonLines(JsonLines::default()))
            }
            "" | "application/octet-stream" | "text/plain" => {
                let first = first.strip_prefix(BYTE_ORDER_MARK).unwrap_or(first);
                let is_json = first.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
                Ok(if is_json { Format::JsonLines(JsonLines::default()) } else { Format::Shopify(Box::default()) })
            }
            _ => Err(Error::new(
                Kind::InvalidArgument,
                "unsupported_media_type",
                "An import is `text/csv` (a Shopify product export) or `application/jsonl`.",
            )),
        }
    }

    fn push(&mut self, bytes: &[u8], parsed: &mut Vec<Parsed>) -> Result<()> {
        match self {
            Format::Shopify(reader) => reader.push(bytes, parsed),
            Format::JsonLines(reader) => {
                reader.push(bytes, parsed);
                Ok(())
            }
        }
    }

    fn finish(&mut self, parsed: &mut Vec<Parsed>) -> Result<()> {
        match self {
            Format::Shopify(reader) => reader.finish(parsed),
            Format::JsonLines(reader) => {
                reader.finish(parsed);
                Ok(())
            }
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Format::Shopify(reader) => reader.rows(),
            Format::JsonLines(reader) => reader.rows(),
        }
    }
}

impl Import {
    pub fn new(store: Store, ctx: Ctx, seller: SellerId) -> Self {
        Import { store, ctx, seller, content_type: String::new(), format: None, batch: Vec::new(), report: Report::default() }
    }

    /// The first `content_type` counts; it may come ahead of the first bytes.
    pub async fn push(&mut self, content_type: &str, bytes: &[u8]) -> Result<()> {
        if self.content_type.is_empty() {
            content_type.clone_into(&mut self.content_type);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let mut parsed = Vec::new();
        let format = match &mut self.format {
            Some(format) => format,
            None => self.format.insert(Format::of(&self.content_type, bytes)?),
        };
        format.push(bytes, &mut parsed)?;
        self.take(parsed).await
    }

    pub async fn finish(mut self) -> Result<Report> {
        let mut parsed = Vec::new();
        let Some(mut format) = self.format.take() else {
            return Err(Error::new(Kind::InvalidArgument, "import_empty", "The file is empty."));
        };
        format.finish(&mut parsed)?;
        self.take(parsed).await?;
        self.flush().await?;
        self.report.rows = format.rows();
        self.report.errors.sort_by_key(|error| error.line);
        Ok(self.report)
    }

    async fn take(&mut self, parsed: Vec<Parsed>) -> Result<()> {
        for product in parsed {
            match product {
                Ok(listing) => self.batch.push(listing),
                Err(errors) => self.report.fail(errors),
            }
            let variants: usize = self.batch.iter().map(|listing| listing.variants.len()).sum();
            if self.batch.len() >= BATCH_PRODUCTS || variants >= BATCH_VARIANTS {
                self.flush().await?;
            }
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        let entry = |listing: &Listing| Entry { seller: self.seller.clone(), at: self.ctx.now, listing: listing.clone() };
        if batch.is_empty() {
            return Ok(());
        }
        let outcomes = write(&self.store, &self.ctx, batch.iter().map(entry).collect()).await?;
        for (listing, outcome) in batch.iter().zip(outcomes) {
            match outcome {
                Outcome::Created => self.report.created += 1,
                Outcome::Updated => self.report.updated += 1,
                Outcome::Unchanged => self.report.unchanged += 1,
                Outcome::Refused(violations) => {
                    self.report.fail(violations.into_iter().map(|violation| listing.row_error(violation)).collect());
                }
            }
        }
        Ok(())
    }
}

impl Report {
    fn fail(&mut self, errors: Vec<RowError>) {
        self.failed += 1;
        let room = ERRORS_MAX - self.errors.len();
        self.errors.extend(errors.into_iter().take(room));
    }
}

impl Listing {
    /// A violation with the line that it is about.
    fn row_error(&self, violation: Violation) -> RowError {
        let index = violation.field.strip_prefix("variants[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
        let line = index.and_then(|index| self.variant_lines.get(index)).copied().unwrap_or(self.line);
        RowError { line, handle: self.handle.clone(), field: violation.field, description: violation.description }
    }
}

#[cfg(test)]
mod tests;
