//! Goes through the hits of a text query once: applies the filter, counts the facets, keeps the best of the page.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader, TantivyError};

use super::segment::{Counter, Dimension, Test};
use super::{Order, Search};
use crate::columns::Columns;
use crate::filter::Filter;
use crate::index::View;

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

/// A search bound to what is there to be searched.
pub struct Plan {
    view: Arc<View>,
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
    pub fn new(view: Arc<View>, search: &Search, has_words: bool) -> Self {
        let sort = match search.order {
            Order::Relevance if has_words => Sort::Score,
            Order::Relevance => Sort::Fresh,
            Order::Price => Sort::Price,
            Order::PriceDescending => Sort::PriceDescending,
            Order::Newest => Sort::Newest,
        };
        let parts = match &search.filter {
            None => &[][..],
            Some(Filter::All(parts)) => parts,
            Some(other) => std::slice::from_ref(other),
        };
        let dimensions = search.dimensions.clone();
        let facet_of = |part| Dimension::of(part).and_then(|own| dimensions.iter().position(|dimension| *dimension == own));
        let parts = parts.iter().map(|part| Part { facet: facet_of(part), filter: part.clone() }).collect();
        Plan { view, sort, parts, dimensions, limit: search.size + 1, after: search.after }
    }
}

impl Collector for Plan {
    type Fruit = Tally;
    type Child = Segment;

    fn for_segment(&self, place: SegmentOrdinal, _: &SegmentReader) -> tantivy::Result<Segment> {
        let columns = self.view.segments.get(place as usize);
        let columns = columns.ok_or_else(|| TantivyError::InternalError(format!("no columns of segment {place}")))?;
        Ok(Segment {
            sort: self.sort,
            tests: self.parts.iter().map(|part| (Test::bind(&part.filter, columns), part.facet)).collect(),
            counters: self.dimensions.iter().map(|dimension| Counter::bind(dimension, columns)).collect(),
            limit: self.limit,
            after: self.after,
            matched: 0,
            total: 0,
            best: BinaryHeap::with_capacity(self.limit + 1),
            columns: Arc::clone(columns),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Score
    }

    fn merge_fruits(&self, segments: Vec<Segment>) -> tantivy::Result<Tally> {
        let mut whole = Tally { facets: vec![BTreeMap::new(); self.dimensions.len()], ..Tally::default() };
        for segment in segments {
            whole.matched += segment.matched;
            whole.total += segment.total;
            for (sums, counter) in whole.facets.iter_mut().zip(&segment.counters) {
                counter.add_to(&segment.columns, sums);
            }
            let ids = &segment.columns.ids;
            whole.hits.extend(segment.best.iter().map(|Reverse((rank, doc))| Hit { rank: *rank, id_high: ids[*doc as usize].0 }));
        }
        whole.hits.sort_unstable_by_key(|hit| Reverse(*hit));
        whole.hits.truncate(self.limit);
        Ok(whole)
    }
}

/// One segment under way.
pub struct Segment {
    columns: Arc<Columns>,
    sort: Sort,
    tests: Vec<(Test, Option<usize>)>,
    counters: Vec<Counter>,
    limit: usize,
    after: Option<Rank>,
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
    type Fruit = Segment;

    fn collect(&mut self, doc: DocId, score: Score) {
        self.matched += 1;
        match self.verdict(doc) {
            Verdict::Passes => {
                self.total += 1;
                self.counters.iter_mut().for_each(|counter| counter.count(&self.columns, doc));
                self.rank(doc, score);
            }
            Verdict::FailsOwn(facet) => self.counters[facet].count(&self.columns, doc),
            Verdict::Fails => {}
        }
    }

    fn harvest(self) -> Segment {
        self
    }
}

impl Segment {
    fn verdict(&self, doc: DocId) -> Verdict {
        let mut verdict = Verdict::Passes;
        for (test, facet) in &self.tests {
            if test.passes(&self.columns, doc) {
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
        let rank = Rank { key: self.key(doc as usize, score), tie: self.columns.ids[doc as usize].1 };
        if self.after.is_some_and(|after| rank >= after) {
            return;
        }
        if self.best.len() < self.limit {
            self.best.push(Reverse((rank, doc)));
        } else if let Some(mut least) = self.best.peek_mut()
            && least.0.0 < rank
        {
            *least = Reverse((rank, doc));
        }
    }

    fn key(&self, doc: usize, score: Score) -> u64 {
        let columns = &self.columns;
        match self.sort {
            Sort::Score => {
                let factor = if columns.available[doc] { 1.0 } else { UNAVAILABLE_FACTOR };
                // The bits of floats that are not negative are in the floats' own order.
                u64::from((score * factor).max(0.0).to_bits())
            }
            Sort::Fresh => (u64::from(columns.available[doc]) * AVAILABLE_BIT) | columns.created[doc],
            Sort::Price => u64::MAX - columns.price[doc],
            Sort::PriceDescending => columns.price[doc],
            Sort::Newest => columns.created[doc],
        }
    }
}
