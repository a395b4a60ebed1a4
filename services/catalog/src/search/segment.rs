//! One segment of the index as a search reads it: a filter bound to its columns, and counters for its facets. Texts are
//! compared as ordinals of the segment's own dictionaries, never as texts.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use tantivy::DocId;
use tantivy::SegmentReader;
use tantivy::columnar::{Column, StrColumn};

use crate::filter::{Filter, TextField};
use crate::index::{OPTION_SEPARATOR, column};

/// In minor units; each range begins where the one before ends.
const PRICE_STEPS: [u64; 7] = [0, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_500_000];

/// What a facet counts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    Brand,
    Category,
    Price,
    /// By the option's name in lower case.
    Option(String),
}

impl Dimension {
    pub fn named(name: &str) -> Self {
        match name {
            "brand" => Dimension::Brand,
            "category" => Dimension::Category,
            "price" => Dimension::Price,
            option => Dimension::Option(option.strip_prefix("options.").unwrap_or(option).to_lowercase()),
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Dimension::Brand => "brand",
            Dimension::Category => "category",
            Dimension::Price => "price",
            Dimension::Option(name) => name,
        }
    }

    /// The one dimension that a filter is about; None when it is about several, or about none.
    pub fn of(filter: &Filter) -> Option<Dimension> {
        match filter {
            Filter::All(parts) | Filter::Any(parts) => {
                let mut dimensions = parts.iter().map(Dimension::of);
                let first = dimensions.next()??;
                dimensions.all(|other| other.as_ref() == Some(&first)).then_some(first)
            }
            Filter::Not(inner) => Dimension::of(inner),
            Filter::Is(field, _) | Filter::Has(field, _) => match field {
                TextField::Brand => Some(Dimension::Brand),
                TextField::Category => Some(Dimension::Category),
                TextField::Option(name) => Some(Dimension::Option(name.clone())),
                TextField::Seller => None,
            },
            Filter::Price { .. } => Some(Dimension::Price),
            Filter::Available => None,
        }
    }
}

/// A filter bound to a segment.
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// One of the document's ordinals is one of these, which are sorted.
    Ordinal(Column<u64>, Vec<u64>),
    /// Both ends included.
    Between(Column<u64>, u64, u64),
    Never,
}

impl Test {
    pub fn bind(filter: &Filter, segment: &SegmentReader) -> tantivy::Result<Test> {
        let all = |parts: &[Filter]| parts.iter().map(|part| Test::bind(part, segment)).collect::<tantivy::Result<Vec<_>>>();
        Ok(match filter {
            Filter::All(parts) => Test::All(all(parts)?),
            Filter::Any(parts) => Test::Any(all(parts)?),
            Filter::Not(inner) => Test::Not(Box::new(Test::bind(inner, segment)?)),
            Filter::Is(field, value) => Test::text(segment, field, |column, prefix| {
                Ok(column.dictionary().term_ord(format!("{prefix}{value}"))?.into_iter().collect())
            })?,
            Filter::Has(field, needle) => Test::text(segment, field, |column, prefix| containing(column, prefix, needle))?,
            Filter::Price { from, to } => Test::Between(segment.fast_fields().u64(column::PRICE)?, *from, *to),
            Filter::Available => Test::Between(segment.fast_fields().u64(column::AVAILABLE)?, 1, 1),
        })
    }

    fn text(
        segment: &SegmentReader,
        field: &TextField,
        find: impl FnOnce(&StrColumn, &str) -> io::Result<Vec<u64>>,
    ) -> tantivy::Result<Test> {
        let (name, prefix) = match field {
            TextField::Brand => (column::BRAND, String::new()),
            TextField::Category => (column::CATEGORY, String::new()),
            TextField::Seller => (column::SELLER, String::new()),
            TextField::Option(name) => (column::OPTIONS, option_prefix(name)),
        };
        let Some(column) = segment.fast_fields().str(name)? else { return Ok(Test::Never) };
        let ordinals = find(&column, &prefix)?;
        Ok(if ordinals.is_empty() { Test::Never } else { Test::Ordinal(column.ords().clone(), ordinals) })
    }

    pub fn passes(&self, doc: DocId) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.passes(doc)),
            Test::Any(tests) => tests.iter().any(|test| test.passes(doc)),
            Test::Not(test) => !test.passes(doc),
            Test::Ordinal(column, wanted) => column.values_for_doc(doc).any(|ordinal| wanted.binary_search(&ordinal).is_ok()),
            Test::Between(column, from, to) => column.first(doc).is_some_and(|value| (*from..=*to).contains(&value)),
            Test::Never => false,
        }
    }
}

fn option_prefix(name: &str) -> String {
    format!("{name}{OPTION_SEPARATOR}")
}

/// The ordinals of texts that begin with `prefix` and have `needle` after it, in whatever case.
fn containing(column: &StrColumn, prefix: &str, needle: &str) -> io::Result<Vec<u64>> {
    let needle = needle.to_lowercase();
    let mut terms = column.dictionary().prefix_range(prefix).into_stream()?;
    let mut ordinals = Vec::new();
    while terms.advance() {
        let value = String::from_utf8_lossy(&terms.key()[prefix.len()..]).to_lowercase();
        if value.contains(&needle) {
            ordinals.push(terms.term_ord());
        }
    }
    Ok(ordinals)
}

/// Counts one facet in a segment.
pub enum Counter {
    /// `range` are the ordinals that belong to the facet, `skip` the bytes before each value.
    Text {
        column: StrColumn,
        range: Range<u64>,
        counts: Vec<u64>,
        skip: usize,
    },
    Price {
        column: Column<u64>,
        counts: [u64; PRICE_STEPS.len()],
    },
    /// No document of the segment has such a value.
    Nothing,
}

impl Counter {
    pub fn bind(dimension: &Dimension, segment: &SegmentReader) -> tantivy::Result<Counter> {
        let columns = segment.fast_fields();
        let (name, prefix) = match dimension {
            Dimension::Price => {
                return Ok(Counter::Price { column: columns.u64(column::PRICE)?, counts: [0; PRICE_STEPS.len()] });
            }
            Dimension::Brand => (column::BRAND, String::new()),
            Dimension::Category => (column::CATEGORY, String::new()),
            Dimension::Option(name) => (column::OPTIONS, option_prefix(name)),
        };
        let Some(column) = columns.str(name)? else { return Ok(Counter::Nothing) };
        let range = ordinals(&column, &prefix)?;
        let length = usize::try_from(range.end - range.start).unwrap_or(0);
        Ok(Counter::Text { column, range, counts: vec![0; length], skip: prefix.len() })
    }

    pub fn count(&mut self, doc: DocId) {
        match self {
            Counter::Text { column, range, counts, .. } => {
                for ordinal in column.ords().values_for_doc(doc).filter(|ordinal| range.contains(ordinal)) {
                    if let Some(count) = usize::try_from(ordinal - range.start).ok().and_then(|place| counts.get_mut(place)) {
                        *count += 1;
                    }
                }
            }
            Counter::Price { column, counts } => {
                let price = column.first(doc).unwrap_or(0);
                counts[PRICE_STEPS.partition_point(|step| *step <= price) - 1] += 1;
            }
            Counter::Nothing => {}
        }
    }

    /// The values that were there, with how often.
    pub fn counts(self) -> io::Result<BTreeMap<String, u64>> {
        match self {
            Counter::Text { column, range, counts, skip } => texts(&column, range.start, &counts, skip),
            Counter::Price { counts, .. } => Ok(counts
                .iter()
                .enumerate()
                .filter(|(_, count)| **count > 0)
                .map(|(step, count)| (price_range(step), *count))
                .collect()),
            Counter::Nothing => Ok(BTreeMap::new()),
        }
    }
}

/// The ordinals of the texts that begin with `prefix`. They are neighbours, for dictionaries are sorted.
fn ordinals(column: &StrColumn, prefix: &str) -> io::Result<Range<u64>> {
    let all = 0..u64::try_from(column.num_terms()).unwrap_or(0);
    if prefix.is_empty() {
        return Ok(all);
    }
    let mut terms = column.dictionary().prefix_range(prefix).into_stream()?;
    let mut found: Option<Range<u64>> = None;
    while terms.advance() {
        let ordinal = terms.term_ord();
        found.get_or_insert(ordinal..ordinal).end = ordinal + 1;
    }
    Ok(found.unwrap_or(0..0))
}

fn texts(column: &StrColumn, start: u64, counts: &[u64], skip: usize) -> io::Result<BTreeMap<String, u64>> {
    let there: Vec<(u64, u64)> = (start..).zip(counts.iter().copied()).filter(|(_, count)| *count > 0).collect();
    let ordinals: Vec<u64> = there.iter().map(|(ordinal, _)| *ordinal).collect();
    let mut counts = there.iter().map(|(_, count)| *count);
    let mut texts = BTreeMap::new();
    column.dictionary().sorted_ords_to_term_cb(&ordinals, |term| {
        texts.insert(String::from_utf8_lossy(&term[skip..]).into_owned(), counts.next().unwrap_or(0));
    })?;
    Ok(texts)
}

/// `50000-100000`: from the first, below the second; the last range has no end.
fn price_range(step: usize) -> String {
    let end = PRICE_STEPS.get(step + 1).map(u64::to_string).unwrap_or_default();
    format!("{}-{end}", PRICE_STEPS[step])
}

/// Where a range of [`price_range`] begins.
pub fn lower_bound(range: &str) -> u64 {
    range.split('-').next().and_then(|from| from.parse().ok()).unwrap_or(0)
}
