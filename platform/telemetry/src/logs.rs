//! Logs: JSON lines on standard error for machines, short lines for people at a terminal.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::json::Json;
use crate::lines::Lines;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

/// Does nothing when logging has been started before. What machines read may wait a moment in the lines that it answers
/// with; people see theirs at once.
pub(crate) fn start(format: LogFormat, filter: &str) -> Lines {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let lines = Lines::default();
    let layer = tracing_subscriber::fmt::layer();
    let _ = match format {
        LogFormat::Json => registry.with(layer.json().event_format(Json).with_writer(lines.clone())).try_init(),
        LogFormat::Text => registry.with(layer.with_writer(std::io::stderr).with_target(false).compact()).try_init(),
    };
    lines
}
