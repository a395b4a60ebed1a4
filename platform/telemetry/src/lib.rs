//! What a process tells of itself: structured logs, Prometheus metrics, traces. Names and labels stand here and nowhere
//! else, so that dashboards can rely on them.

mod logs;
mod metrics;
mod recent;
mod traces;

pub use logs::LogFormat;
pub use metrics::{CallLabels, Metrics};
pub use recent::{CallSummary, Point, STEP, Totals};
pub use traces::{Exporting, Span};

/// Starts logs and, where a collector is given, traces, for a process that runs `service`. `filter` is in `tracing`'s
/// syntax (`info`, `haat_store=debug`); an unreadable one counts as `info`. Keep what it returns until the end.
pub fn start(format: LogFormat, filter: &str, otlp: Option<&str>, service: &str) -> Option<Exporting> {
    logs::start(format, filter);
    let exporting = traces::export(otlp?, service);
    exporting.inspect_err(|error| tracing::warn!(%error, "traces are not exported")).ok()
}
