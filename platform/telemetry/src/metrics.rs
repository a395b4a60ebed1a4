//! The metrics of one process, in one registry, written as OpenMetrics text. Labels are bounded: calls by their gRPC
//! path, codes by gRPC's names, neighbours by service name; never an id.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use haat_kernel::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::books::{Books, BooksFigures};
use crate::recent::{CallSummary, Point, Recent};

/// From 100 µs to 13 s, each bound twice the one before.
fn latency() -> Histogram {
    Histogram::new((0..18).map(|power| 0.000_1 * f64::from(1_u32 << power)))
}

#[derive(Clone)]
struct Latency;

impl MetricConstructor<Histogram> for Latency {
    fn new_metric(&self) -> Histogram {
        latency()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct CallLabels {
    call: String,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct NameLabels {
    name: String,
}

type Calls = Family<CallLabels, Histogram, Latency>;
type Gauges = Family<NameLabels, Gauge>;
type Counters = Family<NameLabels, Counter>;

/// Cheap to clone; clones share the metrics.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Mutex<Registry>,
    server_calls: Calls,
    client_calls: Calls,
    feed_lag: Gauges,
    /// The same, to be read back.
    feed_lags: Mutex<BTreeMap<String, u64>>,
    set_aside: Gauges,
    saga_steps: Family<CallLabels, Counter>,
    sagas_driven: Gauges,
    sagas_parked: Gauges,
    breakers: Gauges,
    certificate_expiry: Gauge,
    counters: Counters,
    /// Only of a service that keeps books.
    books: OnceLock<Books>,
    recent: Recent,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("haat");
        let inner = Inner {
            server_calls: Calls::new_with_constructor(Latency),
            client_calls: Calls::new_with_constructor(Latency),
            feed_lag: Gauges::default(),
            feed_lags: Mutex::default(),
            set_aside: Gauges::default(),
            saga_steps: Family::default(),
            sagas_driven: Gauges::default(),
            sagas_parked: Gauges::default(),
            breakers: Gauges::default(),
            certificate_expiry: Gauge::default(),
            counters: Counters::default(),
            books: OnceLock::new(),
            recent: Recent::default(),
            registry: Mutex::new(Registry::default()),
        };
        let seconds = Unit::Seconds;
        registry.register_with_unit(
            "server_call",
            "Calls served, by call and gRPC code",
            seconds.clone(),
            inner.server_calls.clone(),
        );
        registry.register_with_unit("client_call", "Calls made, retries included", seconds, inner.client_calls.clone());
        registry.register("feed_lag_events", "Events of a neighbour's feed not taken into account yet", inner.feed_lag.clone());
        registry.register(
            "feed_set_aside_events",
            "Events of a neighbour's feed set aside with an error",
            inner.set_aside.clone(),
        );
        registry.register("saga_steps", "Saga steps performed, by step and outcome", inner.saga_steps.clone());
        registry.register("sagas_driven", "Sagas that are being driven at this moment, by kind", inner.sagas_driven.clone());
        registry.register("sagas_parked", "Sagas that wait for an operator, by kind", inner.sagas_parked.clone());
        registry.register("breaker_state", "0 closed, 1 half open, 2 open, by neighbour", inner.breakers.clone());
        registry.register(
            "certificate_expiry_timestamp_seconds",
            "When the service's certificate ends",
            inner.certificate_expiry.clone(),
        );
        registry.register("store", "Work of the store, by name", inner.counters.clone());
        *inner.registry.lock().unwrap_or_else(PoisonError::into_inner) = registry;
        Metrics(Arc::new(inner))
    }
}

impl Metrics {
    pub fn server_call(&self, call: &str, code: &str, took: Duration) {
        observe(&self.0.server_calls, call, code, took);
        self.0.recent.served(call, code, took);
    }

    pub fn client_call(&self, call: &str, code: &str, took: Duration) {
        observe(&self.0.client_calls, call, code, took);
        self.0.recent.made(call, code, took);
    }

    pub fn saga_step(&self, step: &str, outcome: &str) {
        let labels = CallLabels { call: step.to_owned(), code: outcome.to_owned() };
        self.0.saga_steps.get_or_create(&labels).inc();
    }

    pub fn feed_lag(&self, source: &str, events: u64) {
        set(&self.0.feed_lag, source, events);
        let mut known = self.0.feed_lags.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get_mut(source) {
            Some(lag) => *lag = events,
            None => drop(known.insert(source.to_owned(), events)),
        }
    }

    /// By source, as last told.
    pub fn feed_lags(&self) -> Vec<(String, u64)> {
        let known = self.0.feed_lags.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(source, events)| (source.clone(), *events)).collect()
    }

    pub fn set_aside(&self, source: &str, events: u64) {
        set(&self.0.set_aside, source, events);
    }

    pub fn sagas(&self, kind: &str, driven: u64, parked: u64) {
        set(&self.0.sagas_driven, kind, driven);
        set(&self.0.sagas_parked, kind, parked);
    }

    /// 0 closed, 1 half open, 2 open.
    pub fn breaker(&self, neighbour: &str, state: u64) {
        set(&self.0.breakers, neighbour, state);
    }

    /// Unix time.
    pub fn certificate_expiry(&self, seconds: i64) {
        self.0.certificate_expiry.set(seconds);
    }

    /// Brings a counter that is kept elsewhere up to `total`.
    pub fn counter(&self, name: &str, total: u64) {
        let counter = self.0.counters.get_or_create_owned(&NameLabels { name: name.to_owned() });
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    pub fn books(&self, figures: BooksFigures) {
        self.0.books.get_or_init(|| Books::register(&self.0.registry)).tell(figures);
    }

    /// Ends a step of what is told of recent calls: every [`crate::STEP`].
    pub fn end_step(&self, at: Timestamp) {
        self.0.recent.end_step(at);
    }

    /// What was served and called lately, by call.
    pub fn recent_calls(&self, window: Duration) -> Vec<CallSummary> {
        self.0.recent.calls(window)
    }

    /// How long all calls served took lately, in the buckets of [`crate::quantile_ms`].
    pub fn recent_latencies(&self, window: Duration) -> Vec<u64> {
        self.0.recent.latencies(window)
    }

    /// All calls served, step by step, for the last hour.
    pub fn recent_points(&self) -> Vec<Point> {
        self.0.recent.points()
    }

    /// The OpenMetrics text for a scrape.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let registry = self.0.registry.lock().unwrap_or_else(PoisonError::into_inner);
        // Writing into a string does not fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
        text
    }
}

fn observe(calls: &Calls, call: &str, code: &str, took: Duration) {
    let labels = CallLabels { call: call.to_owned(), code: code.to_owned() };
    calls.get_or_create(&labels).observe(took.as_secs_f64());
}

fn set(gauges: &Gauges, name: &str, value: u64) {
    let gauge = gauges.get_or_create_owned(&NameLabels { name: name.to_owned() });
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scrape_shows_what_was_counted() {
        let metrics = Metrics::default();
        metrics.server_call("/haat.orders.v1.Orders/GetOrder", "ok", Duration::from_millis(2));
        metrics.feed_lag("orders", 7);
        metrics.counter("commits", 3);
        metrics.counter("commits", 5);
        let text = metrics.text();
        assert!(text.contains(r#"haat_server_call_seconds_count{call="/haat.orders.v1.Orders/GetOrder",code="ok"} 1"#), "{text}");
        assert!(text.contains(r#"haat_feed_lag_events{name="orders"} 7"#), "{text}");
        assert!(text.contains(r#"haat_store_total{name="commits"} 5"#), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
