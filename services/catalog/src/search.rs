//! Search: words to a query, a filter, facets, an order and a page. A facet's own filter does not reduce its own counts, so
//! that a second brand can be chosen beside the first. Pages go on after the last hit by its rank, not by its number: what
//! comes and goes meanwhile moves nothing onto two pages.

mod collector;
mod segment;
mod suggest;
#[cfg(test)]
mod tests;
mod text_query;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use haat_kernel::id::Uuid;
use haat_kernel::{Error, Id, Kind, Result, Violation};

use crate::filter::{self, Filter};
use crate::ids::ProductId;
use crate::index::{Index, failed};
use collector::{Plan, Rank, Tally};
use segment::Dimension;

const QUERY_CHARS_MAX: usize = 400;
const FACETS_MAX: usize = 10;
/// Of one facet; the most frequent ones.
const BUCKETS_MAX: usize = 100;
/// Words that may go on from a beginning, of which those are taken that find something with the words before.
const COMPLETIONS_TRIED: usize = 12;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    Relevance,
    Price,
    PriceDescending,
    Newest,
}

/// A search as it was asked for, read and bound.
#[derive(Clone, Debug)]
pub struct Search {
    query: String,
    filter: Option<Filter>,
    dimensions: Vec<Dimension>,
    order: Order,
    size: usize,
    after: Option<Rank>,
    /// Of all that decides which hits come in which order: a page token is good for this only.
    hash: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub products: Vec<ProductId>,
    pub facets: Vec<Facet>,
    pub total: u64,
    /// Empty on the last page.
    pub next_token: String,
    /// What was searched for instead, where nothing matched the words as they stand.
    pub corrected_query: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facet {
    pub name: String,
    pub buckets: Vec<(String, u64)>,
}

impl Search {
    /// `facets` are separated by commas, `size` is in bounds already.
    pub fn read(query: &str, filter: &str, facets: &str, order: &str, size: usize, token: &str) -> Result<Self> {
        if query.chars().count() > QUERY_CHARS_MAX {
            return Err(Error::invalid("query", format!("is longer than {QUERY_CHARS_MAX} characters")));
        }
        let order = read_order(order)?;
        let mut hasher = DefaultHasher::new();
        (query, filter, order).hash(&mut hasher);
        let hash = hasher.finish();
        Ok(Search {
            query: query.to_owned(),
            filter: filter::parse(filter)?,
            dimensions: read_facets(facets)?,
            order,
            size,
            after: read_token(hash, token)?,
            hash,
        })
    }
}

fn read_order(text: &str) -> Result<Order> {
    match text.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] | ["relevance"] => Ok(Order::Relevance),
        ["price"] | ["price", "asc"] => Ok(Order::Price),
        ["price", "desc"] => Ok(Order::PriceDescending),
        ["newest"] => Ok(Order::Newest),
        _ => {
            let known = "must be `relevance`, `price`, `price desc` or `newest`";
            let error = Error::new(Kind::InvalidArgument, "order_by_invalid", format!("`orderBy` {known}."));
            Err(error.with_violation(Violation::new("orderBy", known)))
        }
    }
}

fn read_facets(text: &str) -> Result<Vec<Dimension>> {
    let mut dimensions: Vec<Dimension> = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let dimension = Dimension::named(name);
        if !dimensions.contains(&dimension) {
            dimensions.push(dimension);
        }
    }
    if dimensions.len() > FACETS_MAX {
        return Err(Error::invalid("facets", format!("are more than {FACETS_MAX}")));
    }
    Ok(dimensions)
}

fn token(hash: u64, rank: Rank) -> String {
    let bytes = [hash, rank.key, rank.tie].map(u64::to_be_bytes).concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_token(hash: u64, token: &str) -> Result<Option<Rank>> {
    if token.is_empty() {
        return Ok(None);
    }
    let rank = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| {
        let (numbers, []) = bytes.as_chunks::<8>() else { return None };
        let &[list, key, tie] = numbers else { return None };
        (u64::from_be_bytes(list) == hash).then(|| Rank { key: u64::from_be_bytes(key), tie: u64::from_be_bytes(tie) })
    });
    rank.map(Some).ok_or_else(|| Error::invalid("pageToken", "does not belong to this search"))
}

impl Index {
    /// Takes some hundred microseconds of the processor and waits for nothing.
    pub fn search(&self, search: &Search) -> Result<Found> {
        let words = text_query::words(self, &search.query)?;
        let view = self.view();
        let plan = Plan::new(Arc::clone(&view), search, !words.is_empty());
        let mut tally = view.searcher.search(&*text_query::exact(self.fields, &words), &plan).map_err(failed)?;
        let mut corrected = None;
        if tally.matched == 0 && !words.is_empty() {
            tally = view.searcher.search(&*text_query::forgiving(self.fields, &words), &plan).map_err(failed)?;
            corrected = suggest::corrected(&view.searcher, self.fields.whole, &words)?;
        }
        Ok(Found { corrected_query: corrected.unwrap_or_default(), ..found(search, tally) })
    }

    /// Queries that go on from this one, the likeliest first; each finds something.
    pub fn completions(&self, query: &str, count: usize) -> Result<Vec<String>> {
        let words = text_query::words(self, query)?;
        let Some((last, before)) = words.split_last() else { return Ok(Vec::new()) };
        let view = self.view();
        let mut queries = Vec::with_capacity(count);
        // `kurtas` would find what `kurta` finds.
        let mut stems = BTreeSet::new();
        for word in suggest::completions(&view.searcher, self.fields.whole, last.whole(), COMPLETIONS_TRIED)? {
            let query = before.iter().map(text_query::Word::whole).chain([word.as_str()]).collect::<Vec<_>>().join(" ");
            if queries.len() == count {
                break;
            }
            let is_new = text_query::words(self, &word)?.pop().is_some_and(|word| stems.insert(word.into_stem()));
            let search = Search::read(&query, "", "", "", 1, "")?;
            if is_new && self.finds_as_it_stands(&search)? {
                queries.push(query);
            }
        }
        Ok(queries)
    }

    fn finds_as_it_stands(&self, search: &Search) -> Result<bool> {
        let found = self.search(search)?;
        Ok(found.total > 0 && found.corrected_query.is_empty())
    }
}

fn found(search: &Search, mut tally: Tally) -> Found {
    let has_more = tally.hits.len() > search.size;
    tally.hits.truncate(search.size);
    let next = tally.hits.last().filter(|_| has_more).map(|hit| token(search.hash, hit.rank));
    let facets = search.dimensions.iter().zip(tally.facets);
    Found {
        products: tally.hits.iter().map(|hit| ProductId::from_uuid(Uuid::from_u64_pair(hit.id_high, hit.rank.tie))).collect(),
        facets: facets.map(|(dimension, counts)| facet(dimension, counts.into_iter().collect())).collect(),
        total: tally.total,
        next_token: next.unwrap_or_default(),
        corrected_query: String::new(),
    }
}

/// Price ranges in their order, everything else by count.
fn facet(dimension: &Dimension, mut buckets: Vec<(String, u64)>) -> Facet {
    match dimension {
        Dimension::Price => buckets.sort_by_key(|(range, _)| segment::lower_bound(range)),
        _ => buckets.sort_by(|(one, many), (other, more)| more.cmp(many).then_with(|| one.cmp(other))),
    }
    buckets.truncate(BUCKETS_MAX);
    Facet { name: dimension.name().to_owned(), buckets }
}
