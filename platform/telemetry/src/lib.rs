//! What a process tells of itself: structured logs and Prometheus metrics. Names and labels stand here and nowhere else,
//! so that dashboards can rely on them.

mod logs;
mod metrics;

pub use logs::{LogFormat, start_logs};
pub use metrics::{CallLabels, Metrics};
