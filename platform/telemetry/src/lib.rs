//! What a process tells of itself: structured logs, Prometheus metrics, traces. Names and labels stand here and nowhere
//! else, so that dashboards can rely on them.

mod books;
mod json;
mod lines;
mod logs;
mod metrics;
mod recent;
mod traces;

pub use books::BooksFigures;
use lines::Lines;
pub use logs::LogFormat;
pub use metrics::{CallLabels, Metrics};
pub use recent::{CallSummary, Point, STEP, Totals, quantile_ms};
use traces::Exporting;
pub use traces::Span;

/// What has been started, until the end of the process.
pub struct Telemetry {
    lines: Lines,
    _exporting: Option<Exporting>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.lines.write();
    }
}

/// Starts logs and, where a collector is given, traces, for a process that runs `service`; within a runtime. `filter` is in
/// `tracing`'s syntax (`info`, `haat_store=debug`); an unreadable one counts as `info`. Keep what it returns until the end.
pub fn start(format: LogFormat, filter: &str, otlp: Option<&str>, service: &str) -> Telemetry {
    let lines = logs::start(format, filter);
    haat_kernel::spawn("lines", lines.clone().write_in_time());
    let exporting = otlp.map(|endpoint| traces::export(endpoint, service));
    let exporting =
        exporting.and_then(|exporting| exporting.inspect_err(|error| tracing::warn!(%error, "traces are not exported")).ok());
    Telemetry { lines, _exporting: exporting }
}
