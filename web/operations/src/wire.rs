//! Between what is kept here and the contract.

use std::collections::{BTreeMap, BTreeSet};

use haat_contracts::{convert, operations as pb};
use haat_kernel::Timestamp;

use crate::action::Action;
use crate::books::{Books, Report, Verdict};
use crate::incident::Incident;
use crate::instances::Heard;
use crate::traces::{Span, Trace};
use crate::{objective, teams};

pub fn services(heard: &Heard) -> pb::ListServicesResponse {
    let mut by_name: BTreeMap<&str, Vec<&pb::InstanceReport>> = BTreeMap::new();
    for report in &heard.reports {
        by_name.entry(&report.service).or_default().push(report);
    }
    let service = |(name, instances): (&str, Vec<&pb::InstanceReport>)| pb::Service {
        name: name.to_owned(),
        team: teams::of(name).to_owned(),
        objective: Some(objective::of(&instances)),
        instances: instances.into_iter().cloned().collect(),
    };
    pb::ListServicesResponse { services: by_name.into_iter().map(service).collect(), at: Some(convert::timestamp(heard.at)) }
}

pub fn action(id: &str, action: &Action) -> pb::Action {
    let Action { request, outcome } = action;
    pb::Action {
        id: id.to_owned(),
        operator: request.operator.clone(),
        what: request.what.clone(),
        target: request.target.clone(),
        reason: request.reason.clone(),
        at: Some(convert::timestamp(request.at)),
        outcome: outcome.as_ref().map(|outcome| outcome.text.clone()).unwrap_or_default(),
        has_failed: outcome.as_ref().is_some_and(|outcome| outcome.has_failed),
        correlation_id: request.correlation_id.clone(),
    }
}

pub fn incident(id: &str, incident: &Incident) -> pb::Incident {
    let entry =
        |entry: &crate::incident::Entry| pb::incident::Entry { at: Some(convert::timestamp(entry.at)), text: entry.text.clone() };
    pb::Incident {
        id: id.to_owned(),
        service: incident.service.clone(),
        kind: incident.trouble.name().to_owned(),
        detail: incident.detail.clone(),
        opened_at: Some(convert::timestamp(incident.opened_at)),
        closed_at: incident.closed_at.map(convert::timestamp),
        timeline: incident.timeline.iter().map(entry).collect(),
    }
}

pub fn books(books: Option<&Books>, is_checking: bool) -> pb::Books {
    let Some(Books { report, balanced_at }) = books else { return pb::Books { is_checking, ..pb::Books::default() } };
    let verdict = match report.verdict {
        Verdict::Balanced => pb::books::Verdict::Balanced,
        Verdict::Wrong => pb::books::Verdict::Wrong,
        Verdict::Undecided => pb::books::Verdict::Undecided,
    };
    pb::Books {
        verdict: verdict.into(),
        checked_at: Some(convert::timestamp(report.at)),
        balanced_at: balanced_at.map(convert::timestamp),
        wrong: report.wrong.clone(),
        moving: report.moving.clone(),
        parked: report.parked.clone(),
        counted: report.counted.clone(),
        is_checking,
    }
}

pub fn report(books: pb::Books, at: Timestamp) -> Report {
    let verdict = match books.verdict() {
        pb::books::Verdict::Balanced => Verdict::Balanced,
        pb::books::Verdict::Wrong => Verdict::Wrong,
        _ => Verdict::Undecided,
    };
    let pb::Books { wrong, moving, parked, counted, .. } = books;
    Report { verdict, at, wrong, moving, parked, counted }
}

pub fn trace(trace_id: String, trace: Trace) -> pb::Trace {
    pb::Trace { trace_id, correlation_id: trace.correlation_id, spans: trace.spans.into_iter().map(span).collect() }
}

fn span(span: Span) -> pb::trace::Span {
    pb::trace::Span {
        id: span.id,
        parent_id: span.parent_id,
        service: span.service,
        name: span.name,
        at: Some(convert::timestamp(span.at)),
        took_ms: span.took_ms,
        error: span.error,
        attributes: span.attributes,
    }
}

/// Named by its first span without a parent among the others.
pub fn summary(trace_id: String, trace: &Trace) -> pb::TraceSummary {
    let ids: BTreeSet<&str> = trace.spans.iter().map(|span| span.id.as_str()).collect();
    let root = trace.spans.iter().find(|span| !ids.contains(span.parent_id.as_str())).or(trace.spans.first());
    let name = |span: &Span| span.attributes.get("http.route").filter(|route| *route != "-").unwrap_or(&span.name).clone();
    pb::TraceSummary {
        trace_id,
        correlation_id: trace.correlation_id.clone(),
        name: root.map(name).unwrap_or_default(),
        at: root.map(|span| convert::timestamp(span.at)),
        took_ms: root.map_or(0.0, |span| span.took_ms),
        spans: u32::try_from(trace.spans.len()).unwrap_or(u32::MAX),
        has_failed: trace.spans.iter().any(|span| !span.error.is_empty()),
    }
}
