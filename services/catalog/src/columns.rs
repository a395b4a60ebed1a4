//! The values of an index segment as plain arrays by document: what filters, facets and orders read for every hit. Segments
//! never change, so each is read once, when it first appears. A text is known by its ordinal in its segment's sorted texts.

use std::ops::Range;

use tantivy::fastfield::FastFieldReaders;
use tantivy::{DocId, SegmentReader};

use crate::index::column;

pub struct Columns {
    /// The upper and the lower half of the product's id.
    pub ids: Vec<(u64, u64)>,
    pub price: Vec<u64>,
    pub created: Vec<u64>,
    pub available: Vec<bool>,
    brand: Texts,
    category: Texts,
    seller: Texts,
    options: Texts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextColumn {
    Brand,
    Category,
    Seller,
    Options,
}

/// Texts of documents, any number for each.
pub struct Texts {
    /// Sorted by bytes; the place is the ordinal.
    values: Vec<String>,
    /// Where the ordinals of each document begin; one more at the end.
    starts: Vec<u32>,
    ordinals: Vec<u32>,
}

impl Columns {
    pub fn read(segment: &SegmentReader) -> tantivy::Result<Self> {
        let columns = segment.fast_fields();
        let docs = segment.max_doc();
        let high = numbers(columns, column::ID_HIGH, docs)?;
        Ok(Columns {
            ids: high.into_iter().zip(numbers(columns, column::ID_LOW, docs)?).collect(),
            price: numbers(columns, column::PRICE, docs)?,
            created: numbers(columns, column::CREATED, docs)?,
            available: numbers(columns, column::AVAILABLE, docs)?.into_iter().map(|flag| flag == 1).collect(),
            brand: Texts::read(columns, column::BRAND, docs)?,
            category: Texts::read(columns, column::CATEGORY, docs)?,
            seller: Texts::read(columns, column::SELLER, docs)?,
            options: Texts::read(columns, column::OPTIONS, docs)?,
        })
    }

    pub fn texts(&self, column: TextColumn) -> &Texts {
        match column {
            TextColumn::Brand => &self.brand,
            TextColumn::Category => &self.category,
            TextColumn::Seller => &self.seller,
            TextColumn::Options => &self.options,
        }
    }
}

fn numbers(columns: &FastFieldReaders, name: &str, docs: DocId) -> tantivy::Result<Vec<u64>> {
    let column = columns.u64(name)?;
    Ok((0..docs).map(|doc| column.first(doc).unwrap_or(0)).collect())
}

impl Texts {
    fn read(columns: &FastFieldReaders, name: &str, docs: DocId) -> tantivy::Result<Self> {
        let mut texts = Texts { values: Vec::new(), starts: vec![0; docs as usize + 1], ordinals: Vec::new() };
        // A segment in which no document has such a text has no such column.
        let Some(column) = columns.str(name)? else { return Ok(texts) };
        let mut terms = column.dictionary().stream()?;
        while terms.advance() {
            texts.values.push(String::from_utf8_lossy(terms.key()).into_owned());
        }
        for (doc, end) in (0..docs).zip(&mut texts.starts[1..]) {
            texts.ordinals.extend(column.ords().values_for_doc(doc).map(small));
            *end = small(texts.ordinals.len() as u64);
        }
        Ok(texts)
    }

    /// The ordinals of a document's texts.
    pub fn of(&self, doc: DocId) -> &[u32] {
        let place = doc as usize;
        &self.ordinals[self.starts[place] as usize..self.starts[place + 1] as usize]
    }

    pub fn value(&self, ordinal: u32) -> &str {
        &self.values[ordinal as usize]
    }

    pub fn ordinal(&self, text: &str) -> Option<u32> {
        self.values.binary_search_by(|value| value.as_str().cmp(text)).ok().map(|place| small(place as u64))
    }

    /// The ordinals of the texts that begin with `prefix`: neighbours, for the texts are sorted.
    pub fn beginning_with(&self, prefix: &str) -> Range<u32> {
        let start = self.values.partition_point(|value| value.as_str() < prefix);
        let length = self.values[start..].partition_point(|value| value.starts_with(prefix));
        small(start as u64)..small((start + length) as u64)
    }
}

/// A segment has fewer than 2^31 documents, and fewer texts than fit in that.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
