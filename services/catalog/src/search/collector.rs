//! Goes through the hits of a text query once: applies the filter, counts the facets, keeps the best of the page.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use super::Order;
use super::segment::{Counter, Dimension, Test};
use crate::filter::Filter;
use crate::index::column;

/// What cannot be had counts for less.
const UNAVAILABLE_FACTOR: f32 = 0.5;
/// Above every microsecond of the calendar: what can be had comes first.
const AVAILABLE_BIT: u64 = 1 << 63;

/// The place of a hit; the greatest comes first. `tie` is the lower half of the product's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    pub key: u64,
    pub tie: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hit {
    pub rank: Rank,
    pub id_high: u64,
}

/// What a search found. `hits` are one more than the page holds when there is another page.
#[derive(Debug, Default)]
pub struct Tally {
    /// By the words alone.
    pub matched: u64,
    /// By the words and the filter.
    pub total: u64,
    pub hits: Vec<Hit>,
    pub facets: Vec<BTreeMap<String, u64>>,
}

/// A part of the filter that must hold. One about a single facet does not reduce that facet's own counts.
struct Part {
    filter: Filter,
    facet: Option<usize>,
}

pub struct Plan {
    sort: Sort,
    parts: Vec<Part>,
    dimensions: Vec<Dimension>,
    limit: usize,
    after: Option<Rank>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Score,
    /// Available first, then the newest.
    Fresh,
    Price,
    PriceDescending,
    Newest,
}

impl Plan {
    pub fn new(
        order: Order,
        has_words: bool,
        filter: Option<&Filter>,
        dimensions: &[Dimension],
        size: usize,
        after: Option<Rank>,
    ) -> Self {
        let sort = match order {
            Order::Relevance if has_words => Sort::Score,
            Order::Relevance => Sort::Fresh,
            Order::Price => Sort::Price,
            Order::PriceDescending => Sort::PriceDescending,
            Order::Newest => Sort::Newest,
        };
        let parts = match filter {
            None => &[][..],
            Some(Filter::All(parts)) => parts,
            Some(other) => std::slice::from_ref(other),
        };
        let facet_of = |part| Dimension::of(part).and_then(|own| dimensions.iter().position(|dimension| *dimension == own));
        let parts = parts.iter().map(|part| Part { facet: facet_of(part), filter: part.clone() }).collect();
        Plan { sort, parts, dimensions: dimensions.to_vec(), limit: size + 1, after }
    }
}

impl Collector for Plan {
    type Fruit = Tally;
    type Child = Segment;

    fn for_segment(&self, _: SegmentOrdinal, segment: &SegmentReader) -> tantivy::Result<Segment> {
        let columns = segment.fast_fields();
        let bind = |part: &Part| Ok((Test::bind(&part.filter, segment)?, part.facet));
        Ok(Segment {
            sort: self.sort,
            tests: self.parts.iter().map(bind).collect::<tantivy::Result<_>>()?,
            counters: self
                .dimensions
                .iter()
                .map(|dimension| Counter::bind(dimension, segment))
                .collect::<tantivy::Result<_>>()?,
            limit: self.limit,
            after: self.after,
            available: columns.u64(column::AVAILABLE)?,
            created: columns.u64(column::CREATED)?,
            price: columns.u64(column::PRICE)?,
            id_high: columns.u64(column::ID_HIGH)?,
            id_low: columns.u64(column::ID_LOW)?,
            matched: 0,
            total: 0,
            best: BinaryHeap::with_capacity(self.limit + 1),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Score
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Tally>>) -> tantivy::Result<Tally> {
        let mut whole = Tally { facets: vec![BTreeMap::new(); self.dimensions.len()], ..Tally::default() };
        for segment in segments {
            let segment = segment?;
            whole.matched += segment.matched;
            whole.total += segment.total;
            whole.hits.extend(segment.hits);
            for (sum, counts) in whole.facets.iter_mut().zip(segment.facets) {
                counts.into_iter().for_each(|(value, count)| *sum.entry(value).or_default() += count);
            }
        }
        whole.hits.sort_unstable_by_key(|hit| Reverse(*hit));
        whole.hits.truncate(self.limit);
        Ok(whole)
    }
}

/// One segment under way.
pub struct Segment {
    sort: Sort,
    tests: Vec<(Test, Option<usize>)>,
    counters: Vec<Counter>,
    limit: usize,
    after: Option<Rank>,
    available: Column<u64>,
    created: Column<u64>,
    price: Column<u64>,
    id_high: Column<u64>,
    id_low: Column<u64>,
    matched: u64,
    total: u64,
    /// The least of the best is on top.
    best: BinaryHeap<Reverse<(Rank, DocId)>>,
}

/// What the filter says of a document.
enum Verdict {
    Passes,
    /// It fails only what is about this facet.
    FailsOwn(usize),
    Fails,
}

impl SegmentCollector for Segment {
    type Fruit = tantivy::Result<Tally>;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.matched += 1;
        match self.verdict(doc) {
            Verdict::Passes => {
                self.total += 1;
                self.counters.iter_mut().for_each(|counter| counter.count(doc));
                self.rank(doc, score);
            }
            Verdict::FailsOwn(facet) => self.counters[facet].count(doc),
            Verdict::Fails => {}
        }
    }

    fn harvest(self) -> tantivy::Result<Tally> {
        let hit = |Reverse((rank, doc)): Reverse<(Rank, DocId)>| Hit { rank, id_high: self.id_high.first(doc).unwrap_or(0) };
        Ok(Tally {
            matched: self.matched,
            total: self.total,
            hits: self.best.into_iter().map(hit).collect(),
            facets: self.counters.into_iter().map(Counter::counts).collect::<std::io::Result<_>>()?,
        })
    }
}

impl Segment {
    fn verdict(&self, doc: DocId) -> Verdict {
        let mut verdict = Verdict::Passes;
        for (test, facet) in &self.tests {
            if test.passes(doc) {
                continue;
            }
            verdict = match (verdict, *facet) {
                (Verdict::Passes, Some(facet)) => Verdict::FailsOwn(facet),
                (Verdict::FailsOwn(before), Some(facet)) if before == facet => Verdict::FailsOwn(facet),
                _ => return Verdict::Fails,
            };
        }
        verdict
    }

    fn rank(&mut self, doc: DocId, score: Score) {
        let key = self.key(doc, score);
        let least = self.best.peek().filter(|_| self.best.len() == self.limit).map(|Reverse((rank, _))| *rank);
        if least.is_some_and(|least| key < least.key) {
            return;
        }
        let rank = Rank { key, tie: self.id_low.first(doc).unwrap_or(0) };
        if self.after.is_some_and(|after| rank >= after) || least.is_some_and(|least| rank < least) {
            return;
        }
        self.best.push(Reverse((rank, doc)));
        if self.best.len() > self.limit {
            self.best.pop();
        }
    }

    fn key(&self, doc: DocId, score: Score) -> u64 {
        let value = |column: &Column<u64>| column.first(doc).unwrap_or(0);
        match self.sort {
            Sort::Score => {
                let factor = if value(&self.available) == 1 { 1.0 } else { UNAVAILABLE_FACTOR };
                // The bits of floats that are not negative are in the floats' own order.
                u64::from((score * factor).max(0.0).to_bits())
            }
            Sort::Fresh => (value(&self.available) * AVAILABLE_BIT) | value(&self.created),
            Sort::Price => u64::MAX - value(&self.price),
            Sort::PriceDescending => value(&self.price),
            Sort::Newest => value(&self.created),
        }
    }
}
