//! The books of feeds: every event arrives. Those that could not be taken are set aside, with the reason.

use super::books::Report;
use super::facts::Facts;

pub fn judge(facts: &Facts, report: &mut Report) {
    for (reader, source, lag) in facts.lags.iter().filter(|(_, _, lag)| *lag > 0) {
        report.moving(format!("{reader} has {lag} events of {source} before it"));
    }
    for (service, aside) in &facts.set_aside {
        report.parked(format!(
            "{service} set aside {} of {} {} from {}: {}",
            aside.event_type, aside.kind, aside.id, aside.source, aside.error
        ));
    }
}
