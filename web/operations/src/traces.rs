//! The traces of the last while, in memory: found by trace id and by correlation id. Bounded in traces, spans and bytes;
//! when there is no more room, ordinary traces go first, and those that failed or took long stay longest.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use haat_kernel::Timestamp;
use parking_lot::Mutex;

const TRACES_MAX: usize = 4_000;
const BYTES_MAX: usize = 32 << 20;
/// Of one trace; what comes after is left out.
const SPANS_MAX: usize = 400;
/// From here on a span makes its trace notable.
const SLOW_MS: f64 = 500.0;
/// What a span costs beside its texts.
const SPAN_BYTES: usize = 200;

#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    pub id: String,
    pub parent_id: String,
    pub service: String,
    pub name: String,
    pub at: Timestamp,
    pub took_ms: f64,
    /// Empty unless it failed.
    pub error: String,
    pub attributes: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    pub correlation_id: String,
    pub spans: Vec<Span>,
    pub is_notable: bool,
    bytes: usize,
}

/// Cheap to clone.
#[derive(Clone, Default)]
pub struct Traces(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    traces: BTreeMap<String, Trace>,
    /// Correlation id to the traces of its requests.
    by_correlation: BTreeMap<String, Vec<String>>,
    /// In the order in which they came.
    ordinary: VecDeque<String>,
    notable: VecDeque<String>,
    bytes: usize,
}

const CORRELATION: &str = "haat.correlation_id";

impl Traces {
    pub fn add(&self, trace_id: &str, span: Span) {
        let mut kept = self.0.lock();
        kept.add(trace_id, span);
        kept.make_room();
    }

    /// By trace id or correlation id; of several requests with one correlation id, all of their spans. The earliest first.
    pub fn find(&self, id: &str) -> Option<(String, Trace)> {
        let kept = self.0.lock();
        let ids = match kept.by_correlation.get(id) {
            Some(ids) => ids.clone(),
            None => vec![id.to_owned()],
        };
        let found: Vec<&Trace> = ids.iter().filter_map(|id| kept.traces.get(id)).collect();
        let mut trace = (*found.first()?).clone();
        trace.spans.extend(found.iter().skip(1).flat_map(|other| other.spans.iter().cloned()));
        trace.spans.sort_by_key(|span| span.at);
        Some((ids.into_iter().next().unwrap_or_default(), trace))
    }

    /// The newest first.
    pub fn recent(&self, is_notable: bool, limit: usize) -> Vec<(String, Trace)> {
        let kept = self.0.lock();
        let mut recent: Vec<(&String, &Trace)> =
            kept.traces.iter().filter(|(_, trace)| trace.is_notable || !is_notable).collect();
        recent.sort_by_key(|(_, trace)| std::cmp::Reverse(trace.spans.iter().map(|span| span.at).min()));
        recent.into_iter().take(limit).map(|(id, trace)| (id.clone(), trace.clone())).collect()
    }
}

impl Kept {
    fn add(&mut self, trace_id: &str, span: Span) {
        if !self.traces.contains_key(trace_id) {
            self.ordinary.push_back(trace_id.to_owned());
        }
        let trace = self.traces.entry(trace_id.to_owned()).or_default();
        if trace.spans.len() >= SPANS_MAX {
            return;
        }
        if let Some(correlation) = span.attributes.get(CORRELATION).filter(|_| trace.correlation_id.is_empty()) {
            trace.correlation_id.clone_from(correlation);
            self.by_correlation.entry(correlation.clone()).or_default().push(trace_id.to_owned());
        }
        if !trace.is_notable && (!span.error.is_empty() || span.took_ms >= SLOW_MS) {
            trace.is_notable = true;
            self.notable.push_back(trace_id.to_owned());
        }
        let bytes = span.bytes();
        trace.bytes += bytes;
        self.bytes += bytes;
        trace.spans.push(span);
    }

    fn make_room(&mut self) {
        while self.traces.len() > TRACES_MAX || self.bytes > BYTES_MAX {
            let Some(id) = self.next_to_go() else { return };
            let Some(trace) = self.traces.remove(&id) else { continue };
            self.bytes -= trace.bytes;
            if let Some(ids) = self.by_correlation.get_mut(&trace.correlation_id) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_correlation.remove(&trace.correlation_id);
                }
            }
        }
    }

    /// The oldest ordinary trace, else the oldest of all.
    fn next_to_go(&mut self) -> Option<String> {
        while let Some(id) = self.ordinary.pop_front() {
            if self.traces.get(&id).is_some_and(|trace| !trace.is_notable) {
                return Some(id);
            }
        }
        self.notable.pop_front()
    }
}

impl Span {
    fn bytes(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        SPAN_BYTES + self.name.len() + self.service.len() + self.error.len() + attributes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(correlation: &str, error: &str) -> Span {
        Span {
            id: "1".to_owned(),
            parent_id: String::new(),
            service: "orders".to_owned(),
            name: "call".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            took_ms: 1.0,
            error: error.to_owned(),
            attributes: BTreeMap::from([(CORRELATION.to_owned(), correlation.to_owned())]),
        }
    }

    #[test]
    fn what_failed_outlives_what_went_well_and_nothing_outgrows_its_bounds() {
        let traces = Traces::default();
        traces.add("failed", span("corr-failed", "internal"));
        for number in 0..TRACES_MAX * 2 {
            traces.add(&format!("trace-{number}"), span(&format!("corr-{number}"), ""));
        }
        assert_eq!(traces.find("corr-failed").unwrap().0, "failed");
        assert!(traces.find("corr-0").is_none(), "an old ordinary one has gone");
        assert!(traces.find(&format!("corr-{}", TRACES_MAX * 2 - 1)).is_some());
        let kept = traces.0.lock();
        assert_eq!(kept.traces.len(), TRACES_MAX);
        assert_eq!(kept.by_correlation.len(), TRACES_MAX);
        assert_eq!(kept.bytes, kept.traces.values().map(|trace| trace.bytes).sum::<usize>());
    }
}
