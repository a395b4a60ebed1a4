//! One segment of the index as a search reads it: a filter bound to its texts, and counters for its facets. Texts are
//! compared as ordinals, never as texts.

use std::collections::BTreeMap;
use std::ops::Range;

use tantivy::DocId;

use crate::columns::{Columns, TextColumn};
use crate::filter::{Filter, TextField};
use crate::index::OPTION_SEPARATOR;

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

/// A filter bound to a segment's texts.
pub enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// One of the document's ordinals is one of these, which are sorted.
    Ordinal(TextColumn, Vec<u32>),
    /// Both ends included.
    Price(u64, u64),
    Available,
}

impl Test {
    pub fn bind(filter: &Filter, columns: &Columns) -> Test {
        let all = |parts: &[Filter]| parts.iter().map(|part| Test::bind(part, columns)).collect();
        match filter {
            Filter::All(parts) => Test::All(all(parts)),
            Filter::Any(parts) => Test::Any(all(parts)),
            Filter::Not(inner) => Test::Not(Box::new(Test::bind(inner, columns))),
            Filter::Is(field, value) => {
                let (column, prefix) = place(field);
                Test::Ordinal(column, columns.texts(column).ordinal(&format!("{prefix}{value}")).into_iter().collect())
            }
            Filter::Has(field, needle) => {
                let (column, prefix) = place(field);
                Test::Ordinal(column, containing(columns, column, &prefix, needle))
            }
            Filter::Price { from, to } => Test::Price(*from, *to),
            Filter::Available => Test::Available,
        }
    }

    pub fn passes(&self, columns: &Columns, doc: DocId) -> bool {
        match self {
            Test::All(tests) => tests.iter().all(|test| test.passes(columns, doc)),
            Test::Any(tests) => tests.iter().any(|test| test.passes(columns, doc)),
            Test::Not(test) => !test.passes(columns, doc),
            Test::Ordinal(column, wanted) => columns.texts(*column).of(doc).iter().any(|own| wanted.binary_search(own).is_ok()),
            Test::Price(from, to) => (*from..=*to).contains(&columns.price[doc as usize]),
            Test::Available => columns.available[doc as usize],
        }
    }
}

/// Where a field's texts stand, and what stands before each of its values.
fn place(field: &TextField) -> (TextColumn, String) {
    match field {
        TextField::Brand => (TextColumn::Brand, String::new()),
        TextField::Category => (TextColumn::Category, String::new()),
        TextField::Seller => (TextColumn::Seller, String::new()),
        TextField::Option(name) => (TextColumn::Options, option_prefix(name)),
    }
}

fn option_prefix(name: &str) -> String {
    format!("{name}{OPTION_SEPARATOR}")
}

/// The ordinals of texts that begin with `prefix` and have `needle` after it, in whatever case.
fn containing(columns: &Columns, column: TextColumn, prefix: &str, needle: &str) -> Vec<u32> {
    let (texts, needle) = (columns.texts(column), needle.to_lowercase());
    let has_needle = |ordinal: &u32| texts.value(*ordinal)[prefix.len()..].to_lowercase().contains(&needle);
    texts.beginning_with(prefix).filter(has_needle).collect()
}

/// Counts one facet in a segment.
pub enum Counter {
    /// `range` are the ordinals that belong to the facet, `skip` the bytes before each value.
    Text {
        column: TextColumn,
        range: Range<u32>,
        counts: Vec<u64>,
        skip: usize,
    },
    Price([u64; PRICE_STEPS.len()]),
}

impl Counter {
    pub fn bind(dimension: &Dimension, columns: &Columns) -> Counter {
        let (column, prefix) = match dimension {
            Dimension::Price => return Counter::Price([0; PRICE_STEPS.len()]),
            Dimension::Brand => (TextColumn::Brand, String::new()),
            Dimension::Category => (TextColumn::Category, String::new()),
            Dimension::Option(name) => (TextColumn::Options, option_prefix(name)),
        };
        let range = columns.texts(column).beginning_with(&prefix);
        Counter::Text { column, counts: vec![0; range.len()], range, skip: prefix.len() }
    }

    pub fn count(&mut self, columns: &Columns, doc: DocId) {
        match self {
            Counter::Text { column, range, counts, .. } => {
                for ordinal in columns.texts(*column).of(doc).iter().filter(|ordinal| range.contains(ordinal)) {
                    counts[(ordinal - range.start) as usize] += 1;
                }
            }
            Counter::Price(counts) => {
                let price = columns.price[doc as usize];
                counts[PRICE_STEPS.partition_point(|step| *step <= price) - 1] += 1;
            }
        }
    }

    /// Adds the values that were there, with how often, to `sums`.
    pub fn add_to(&self, columns: &Columns, sums: &mut BTreeMap<String, u64>) {
        let mut add = |value: &str, count: u64| {
            if count > 0 {
                *sums.entry(value.to_owned()).or_default() += count;
            }
        };
        match self {
            Counter::Text { column, range, counts, skip } => {
                let texts = columns.texts(*column);
                range.clone().zip(counts).for_each(|(ordinal, count)| add(&texts.value(ordinal)[*skip..], *count));
            }
            Counter::Price(counts) => counts.iter().enumerate().for_each(|(step, count)| add(&price_range(step), *count)),
        }
    }
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
