//! How this process is: who it is, whether it is well, and what it has served and called lately.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use haat_contracts::operations::instance_report as part;
use haat_contracts::{convert, operations as pb};
use haat_identity::Serial;
use haat_kernel::time::plus_seconds;
use haat_kernel::{Result, Timestamp};
use haat_rpc::BreakerState;
use haat_store::PARTITIONS;
use haat_telemetry::{CallSummary, Point, Totals};
use haat_transport::{Alpn, Peer};
use tokio::sync::watch;

use crate::books::{BooksState, Watch};
use crate::platform::Platform;

const WINDOW_DEFAULT_S: u32 = 300;
const WINDOW_MIN_S: u32 = 10;
const WINDOW_MAX_S: u32 = 900;
/// A certificate that ends so soon should have been renewed.
const CERTIFICATE_MIN_S: i64 = 5 * 60;
/// A reader that is further behind does not keep up.
const LAG_MAX: u64 = 5_000;

/// Connections taken since the start, by what the other side showed.
#[derive(Default)]
pub(crate) struct Connections {
    mutual_tls: AtomicU64,
    server_tls: AtomicU64,
    plain: AtomicU64,
}

impl Connections {
    pub fn count(&self, peer: &Peer) {
        let counter = match (&peer.identity, peer.alpn) {
            (Some(_), _) => &self.mutual_tls,
            (None, Alpn::None) => &self.plain,
            (None, _) => &self.server_tls,
        };
        counter.fetch_add(1, Relaxed);
    }
}

pub(crate) struct Describer {
    pub platform: Platform,
    pub watch: Watch,
    pub connections: Arc<Connections>,
    pub stopping: watch::Receiver<bool>,
    pub started_at: Timestamp,
}

impl Describer {
    pub async fn describe(&self, window_seconds: u32) -> Result<pb::InstanceReport> {
        let (platform, identity) = (&self.platform, self.platform.identity().identity());
        let window = if window_seconds == 0 { WINDOW_DEFAULT_S } else { window_seconds.clamp(WINDOW_MIN_S, WINDOW_MAX_S) };
        let feeds = platform.metrics().feed_lags().into_iter();
        let mut report = pb::InstanceReport {
            service: platform.name.to_owned(),
            instance: platform.config().listen.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: Some(convert::timestamp(self.started_at)),
            certificate: Some(part::Certificate {
                spiffe_id: identity.spiffe_id.as_str().to_owned(),
                serial: hex(&identity.serial),
                not_after: Some(convert::timestamp(identity.not_after)),
            }),
            connections: Some(self.connections()),
            breakers: platform.channels().iter().map(|channel| breaker(channel.service(), channel.breaker_state())).collect(),
            feeds: feeds.map(|(source, events)| part::FeedLag { source, events }).collect(),
            partitions: u32::from(PARTITIONS),
            events: platform.store.head().await?.iter().map(|(_, position)| position).sum(),
            calls: platform.metrics().recent_calls(Duration::from_secs(window.into())).into_iter().map(call).collect(),
            points: platform.metrics().recent_points().into_iter().map(point).collect(),
            latencies: platform.metrics().recent_latencies(Duration::from_secs(window.into())),
            books: self.watch.state().map(books),
            ..pb::InstanceReport::default()
        };
        report.reasons = self.reasons(&report, identity.not_after);
        report.set_state(match () {
            () if *self.stopping.borrow() => part::State::Draining,
            () if report.reasons.is_empty() => part::State::Running,
            () => part::State::Degraded,
        });
        Ok(report)
    }

    fn connections(&self) -> part::Connections {
        part::Connections {
            mutual_tls: self.connections.mutual_tls.load(Relaxed),
            server_tls: self.connections.server_tls.load(Relaxed),
            plain: self.connections.plain.load(Relaxed),
        }
    }

    /// Why this process is not as well as it should be.
    fn reasons(&self, report: &pb::InstanceReport, not_after: Timestamp) -> Vec<String> {
        let open = report.breakers.iter().filter(|breaker| breaker.state == "open");
        let mut reasons: Vec<String> = open.map(|breaker| format!("{} does not answer it", breaker.neighbour)).collect();
        let late = report.feeds.iter().filter(|feed| feed.events > LAG_MAX);
        reasons.extend(late.map(|feed| format!("it is {} events behind {}", feed.events, feed.source)));
        if not_after < plus_seconds(self.platform.clock.now(), CERTIFICATE_MIN_S) {
            reasons.push("its certificate is about to end".to_owned());
        }
        if let Some(books) = report.books.as_ref().filter(|books| books.violations > 0) {
            reasons.push(format!("its books do not hold in {} places", books.violations));
        }
        reasons
    }
}

fn breaker(neighbour: &str, state: BreakerState) -> part::Breaker {
    let state = match state {
        BreakerState::Closed => "closed",
        BreakerState::HalfOpen => "half_open",
        BreakerState::Open => "open",
    };
    part::Breaker { neighbour: neighbour.to_owned(), state: state.to_owned() }
}

fn call(summary: CallSummary) -> pb::CallStats {
    let CallSummary { is_served, call, totals: Totals { count, errors, p50_ms, p99_ms } } = summary;
    pb::CallStats { is_served, call, count, errors, p50_ms, p99_ms }
}

fn point(point: Point) -> pb::Point {
    let Totals { count, errors, p50_ms, p99_ms } = point.totals;
    pb::Point { at: Some(convert::timestamp(point.at)), count, errors, p50_ms, p99_ms }
}

fn books(state: BooksState) -> part::Books {
    let at = |time: Option<Timestamp>| time.map(convert::timestamp);
    part::Books {
        violations: state.violations,
        lines: state.lines,
        position: state.position,
        behind: state.behind,
        states: state.states,
        checked_at: at(state.checked_at),
        swept_at: at(state.swept_at),
        held_at: at(state.held_at),
    }
}

fn hex(serial: &Serial) -> String {
    serial.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
