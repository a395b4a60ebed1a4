//! What the architecture allows, next to what was measured.

use std::time::Duration;

use crate::measure::{Load, Measured};
use crate::pages::Opened;
use crate::scenarios::{CACHED_HTTP1, CACHED_HTTP2, CHECKOUT, PRODUCT, Results, SEARCH};

/// The number of buyers at once whose checkout is compared.
const BUYERS: usize = 8;

const PAGE_KB: f64 = 60.0;
const PAGE_MS: f64 = 20.0;

/// One line of the comparison: the less the better.
pub struct Line {
    pub what: String,
    pub unit: &'static str,
    pub budget: f64,
    pub measured: f64,
}

impl Line {
    pub fn verdict(&self) -> String {
        if self.measured <= self.budget {
            return "met".to_owned();
        }
        format!("missed: {:.1} times the budget", self.measured / self.budget)
    }
}

/// Only what was measured.
pub fn compare(results: &Results) -> Vec<Line> {
    let closed = |name: &str| results.find(name, |measured| matches!(measured.load, Load::Closed));
    let gateway = |name| closed(name).map(|measured| micros(measured.cpu_of("gateway")));
    let in_all = |name| closed(name).map(|measured| micros(measured.cpu_in_all()));
    let buyers = results.find(CHECKOUT, |measured| matches!(measured.load, Load::Closed) && measured.workers == BUYERS);
    let half_load = results.find(CHECKOUT, |measured| matches!(measured.load, Load::Open(_)));
    let millis = |measured: &Measured| micros(measured.turns().at(0.99)) / 1000.0;
    let ([resident, _], [proportional, _]) = (results.resident(), results.proportional());
    let reservation = results.reservations.as_ref().map(|reserved| 1e6 / reserved.measured.per_second);
    let lines = [
        ("start to ready", "s", 2.0, Some(results.ready_after.as_secs_f64())),
        ("resident in all, demo catalogue loaded", "MiB", 400.0, Some(resident)),
        ("the same, pages that processes share counted once", "MiB", 400.0, Some(proportional)),
        ("cached read over HTTP/1.1: gateway", "µs CPU", 9.0, gateway(CACHED_HTTP1)),
        ("cached read over HTTP/2: gateway", "µs CPU", 9.0, gateway(CACHED_HTTP2)),
        ("product read, signed in: all processes", "µs CPU", 100.0, in_all(PRODUCT)),
        ("search with facets: all processes", "µs CPU", 400.0, in_all(SEARCH)),
        ("checkout, every call, 8 buyers: all processes", "µs CPU", 2_000.0, buyers.map(|it| micros(it.cpu_in_all()))),
        ("checkout, every call, at half load: p99", "ms", 68.0, half_load.map(millis)),
        ("reservations on one offer: time for each (2,000 a second)", "µs", 500.0, reservation),
    ];
    let line = |(what, unit, budget, measured): (&str, _, _, Option<f64>)| {
        Some(Line { what: what.to_owned(), unit, budget, measured: measured? })
    };
    lines.into_iter().filter_map(line).chain(results.pages.iter().flat_map(of_page)).collect()
}

/// What a page may weigh, and how long the platform may take for it.
fn of_page(page: &Opened) -> [Line; 2] {
    let Opened { name, document, assets, times } = page;
    let weight = (document + assets) as f64 / 1_000.0;
    [
        Line { what: format!("page {name}: weight without pictures"), unit: "KB", budget: PAGE_KB, measured: weight },
        Line { what: format!("page {name}: p99"), unit: "ms", budget: PAGE_MS, measured: micros(times.at(0.99)) / 1_000.0 },
    ]
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
