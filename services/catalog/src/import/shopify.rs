//! Shopify's product export: a row for each variant or image, those of a product one after the other under its handle. The
//! first row carries what describes the product, `Vendor` being the brand and `Type` the category.

use std::collections::BTreeMap;

use haat_kernel::{Error, Kind, Money, Result};

use super::csv_records::{CsvRecords, Record};
use super::{HANDLE_MAX, Listing, Parsed, RowError};
use crate::listing::{CURRENCY, Content, IMAGES_MAX, Image, NewVariant, STOCK_MAX, VARIANTS_MAX};
use crate::text::safe_html;

const HANDLE: &str = "Handle";
const TITLE: &str = "Title";
const PRICE: &str = "Variant Price";
/// Without these there is no product to be read.
const REQUIRED: [&str; 3] = [HANDLE, TITLE, PRICE];
const OPTIONS: [(&str, &str); 3] =
    [("Option1 Name", "Option1 Value"), ("Option2 Name", "Option2 Value"), ("Option3 Name", "Option3 Value")];
/// What Shopify writes where a product has no options.
const NO_OPTION: (&str, &str) = ("Title", "Default Title");
/// Of one product.
const ROW_ERRORS_MAX: usize = 20;

#[derive(Default)]
pub struct ShopifyCsv {
    records: CsvRecords,
    products: Products,
}

/// Rows on their way to products.
#[derive(Default)]
struct Products {
    /// Places by column name in lower case; None before the header was read.
    columns: Option<BTreeMap<String, usize>>,
    current: Option<Draft>,
    rows: u64,
}

/// The product whose rows are being read.
#[derive(Default)]
struct Draft {
    listing: Listing,
    option_names: [String; OPTIONS.len()],
    /// With their positions.
    images: Vec<(u32, Image)>,
    errors: Vec<RowError>,
}

impl ShopifyCsv {
    pub fn push(&mut self, bytes: &[u8], parsed: &mut Vec<Parsed>) -> Result<()> {
        let products = &mut self.products;
        self.records.push(bytes, |record| products.take(&record, parsed))
    }

    pub fn finish(&mut self, parsed: &mut Vec<Parsed>) -> Result<()> {
        let products = &mut self.products;
        self.records.finish(|record| products.take(&record, parsed))?;
        if products.columns.is_none() {
            return Err(header_missing("the file has no rows"));
        }
        parsed.extend(products.current.take().map(Draft::finish));
        Ok(())
    }

    pub fn rows(&self) -> u64 {
        self.products.rows
    }
}

fn header_missing(reason: &str) -> Error {
    let detail = format!("The first line must be the header of a Shopify product export: {reason}.");
    Error::new(Kind::InvalidArgument, "import_header_missing", detail)
}

impl Products {
    fn take(&mut self, record: &Record, parsed: &mut Vec<Parsed>) -> Result<()> {
        let Some(columns) = &self.columns else {
            self.columns = Some(read_header(record)?);
            return Ok(());
        };
        self.rows += 1;
        let row = Row { record, columns };
        let handle = match row.handle() {
            Ok(handle) => handle,
            Err(error) => {
                parsed.push(Err(vec![error]));
                return Ok(());
            }
        };
        let is_next = self.current.as_ref().is_none_or(|draft| draft.listing.handle != handle);
        if is_next {
            parsed.extend(self.current.take().map(Draft::finish));
        }
        let draft = self.current.get_or_insert_default();
        if is_next {
            draft.begin(handle, &row);
        }
        draft.add(&row);
        Ok(())
    }
}

fn read_header(record: &Record) -> Result<BTreeMap<String, usize>> {
    let name = |index| String::from_utf8_lossy(record.field(index)).trim().to_lowercase();
    let columns: BTreeMap<String, usize> = (0..record.fields()).rev().map(|index| (name(index), index)).collect();
    match REQUIRED.iter().find(|required| !columns.contains_key(&required.to_lowercase())) {
        Some(missing) => Err(header_missing(&format!("there is no column `{missing}`"))),
        None => Ok(columns),
    }
}

/// A record with the names of its columns.
struct Row<'a> {
    record: &'a Record<'a>,
    columns: &'a BTreeMap<String, usize>,
}

impl Row<'_> {
    fn handle(&self) -> Result<String, RowError> {
        if self.record.is_too_long {
            return Err(self.error("", "is longer than a row may be"));
        }
        match self.text(HANDLE)? {
            "" => Err(self.error(HANDLE, "is required")),
            handle if handle.chars().count() > HANDLE_MAX => Err(self.error(HANDLE, "is too long")),
            handle => Ok(handle.to_owned()),
        }
    }

    /// Without white space around it; empty when the column is not there.
    fn text(&self, column: &str) -> Result<&str, RowError> {
        let bytes = self.columns.get(&column.to_lowercase()).map(|index| self.record.field(*index)).unwrap_or_default();
        std::str::from_utf8(bytes).map(str::trim).map_err(|_| self.error(column, "is not UTF-8"))
    }

    fn error(&self, column: &str, description: &str) -> RowError {
        let (field, description) = (column.to_owned(), description.to_owned());
        RowError { line: self.record.line, handle: String::new(), field, description }
    }
}

impl Draft {
    fn begin(&mut self, handle: String, row: &Row) {
        self.listing.handle = handle;
        self.listing.line = row.record.line;
        match content(row) {
            Ok(content) => self.listing.content = content,
            Err(error) => self.errors.push(error),
        }
        match is_published(row) {
            Ok(is_published) => self.listing.is_published = is_published,
            Err(error) => self.errors.push(error),
        }
    }

    fn add(&mut self, row: &Row) {
        let outcome = self.add_image(row).and_then(|()| self.add_variant(row));
        if let Err(error) = outcome
            && self.errors.len() < ROW_ERRORS_MAX
        {
            self.errors.push(error);
        }
    }

    fn add_image(&mut self, row: &Row) -> Result<(), RowError> {
        let url = row.text("Image Src")?;
        // Shopify allows more images than we do: the first ones are taken.
        if !url.is_empty() && self.images.len() < IMAGES_MAX {
            let position = row.text("Image Position")?.parse().unwrap_or(u32::MAX);
            self.images.push((position, Image { url: url.to_owned(), alt: row.text("Image Alt Text")?.to_owned() }));
        }
        Ok(())
    }

    fn add_variant(&mut self, row: &Row) -> Result<(), RowError> {
        let options = self.options(row)?;
        let (sku, price) = (row.text("Variant SKU")?, row.text(PRICE)?);
        let is_first = self.listing.line == row.record.line;
        if !is_first && sku.is_empty() && price.is_empty() && options.is_empty() {
            return Ok(());
        }
        // One over the limit is enough to be refused.
        if self.listing.variants.len() > VARIANTS_MAX {
            return Ok(());
        }
        let price = price_of(price).map_err(|description| row.error(PRICE, description))?;
        let stock = stock_of(row)?;
        self.listing.variants.push(NewVariant { sku: sku.to_owned(), title: String::new(), options, price: Some(price), stock });
        self.listing.variant_lines.push(row.record.line);
        Ok(())
    }

    /// Names stand on the product's first row only.
    fn options(&mut self, row: &Row) -> Result<BTreeMap<String, String>, RowError> {
        let mut options = BTreeMap::new();
        for ((name_column, value_column), known) in OPTIONS.iter().zip(&mut self.option_names) {
            let (name, value) = (row.text(name_column)?, row.text(value_column)?);
            if !name.is_empty() {
                name.clone_into(known);
            }
            if value.is_empty() || (known.as_str(), value) == NO_OPTION {
                continue;
            }
            if known.is_empty() {
                return Err(row.error(name_column, "is required where the option has a value"));
            }
            options.insert(known.clone(), value.to_owned());
        }
        Ok(options)
    }

    fn finish(mut self) -> Parsed {
        self.images.sort_by_key(|(position, _)| *position);
        self.listing.content.images = self.images.into_iter().map(|(_, image)| image).collect();
        if self.errors.is_empty() {
            return Ok(self.listing);
        }
        let handle = self.listing.handle;
        self.errors.iter_mut().for_each(|error| error.handle.clone_from(&handle));
        Err(self.errors)
    }
}

fn content(row: &Row) -> Result<Content, RowError> {
    let tags: Vec<String> =
        row.text("Tags")?.split(',').map(str::trim).filter(|tag| !tag.is_empty()).map(str::to_owned).collect();
    let kind = row.text("Type")?;
    let category = if kind.is_empty() { tags.first().cloned().unwrap_or_default() } else { kind.to_owned() };
    Ok(Content {
        title: row.text(TITLE)?.to_owned(),
        description: safe_html(row.text("Body (HTML)")?),
        category,
        brand: row.text("Vendor")?.to_owned(),
        tags,
        images: Vec::new(),
    })
}

/// Newer exports say it by `Status`.
fn is_published(row: &Row) -> Result<Option<bool>, RowError> {
    let (published, status) = (row.text("Published")?, row.text("Status")?);
    let is_one_of = |text: &str, yes: &[&str]| yes.iter().any(|word| text.eq_ignore_ascii_case(word));
    Ok(match (published, status) {
        ("", "") => None,
        ("", status) => Some(is_one_of(status, &["active"])),
        (published, _) => Some(is_one_of(published, &["true", "yes", "1"])),
    })
}

/// Less than nothing, as an oversold variant has it, counts as nothing.
fn stock_of(row: &Row) -> Result<i64, RowError> {
    const COLUMN: &str = "Variant Inventory Qty";
    match row.text(COLUMN)? {
        "" => Ok(0),
        text => match text.parse::<i64>() {
            Ok(count) if count <= STOCK_MAX => Ok(count.max(0)),
            Ok(_) => Err(row.error(COLUMN, "is too large")),
            Err(_) => Err(row.error(COLUMN, "is not a whole number")),
        },
    }
}

/// `1,299.50` rupees in paise.
fn price_of(text: &str) -> Result<Money, &'static str> {
    if text.is_empty() {
        return Err("is required");
    }
    let plain = text.replace(',', "");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 2 {
        return Err("is not an amount such as 1299.50");
    }
    let minor = format!("{whole}{fraction:0<2}").parse().map_err(|_| "is too large")?;
    Ok(Money::new(CURRENCY, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_without_floats() {
        for (text, minor) in [
            ("50", Ok(5_000)),
            ("1,299.50", Ok(129_950)),
            ("0.1", Ok(10)),
            ("0", Ok(0)),
            ("1.005", Err(())),
            ("-1", Err(())),
            ("x", Err(())),
            (".5", Err(())),
            ("99999999999999999999", Err(())),
        ] {
            assert_eq!(price_of(text).map(|money| money.minor).map_err(|_| ()), minor, "{text}");
        }
    }
}
