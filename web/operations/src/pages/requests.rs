//! Recent requests: what each service did for one, as a waterfall, and what the gateway decided on it.

use std::collections::{BTreeMap, BTreeSet};

use haat_contracts::operations::{self as pb, Decision, Explanation, Trace};
use haat_kernel::Kind;
use haat_web::axum::extract::{Path, State};
use haat_web::ui::{self, Column, Field, Icon, Look, Tone, chart};
use haat_web::{Failure, Head, Page, Query, Result, Visit};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Console, parts};

/// From here on a span is slow.
const SLOW_MS: f64 = 500.0;
const DEPTH_MAX: usize = 12;

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    id: String,
    #[serde(default)]
    notable: String,
}

pub async fn list(State(console): State<Console>, visit: Visit, Query(wanted): Query<Wanted>) -> Result<Page> {
    visit.demand_user()?;
    if !wanted.id.trim().is_empty() {
        return Err(Failure::Elsewhere(visit.path(&format!("/requests/{}", wanted.id.trim()))));
    }
    let mut client = console.operations.clone();
    let request = pb::ListTracesRequest { notable: !wanted.notable.is_empty() };
    let traces = haat_rpc::send(&visit.ctx(), request, |r| client.list_traces(r)).await?.traces;
    let title = visit.t("nav-requests");
    let body = html! {
        h1 { (title) }
        form.stack-small method="get" action=(visit.path("/requests")) {
            (Field::search("id", &visit.t("correlation-id")).hint(&visit.t("correlation-hint")))
            div { (ui::submit(Look::Primary, &visit.t("show"))) }
        }
        (ui::tabs(&title, &[
            ui::Tab { label: visit.t("all-requests"), href: visit.path("/requests"), is_current: wanted.notable.is_empty() },
            ui::Tab { label: visit.t("notable-requests"), href: visit.path("/requests?notable=1"), is_current: !wanted.notable.is_empty() },
        ]))
        p.soft { (visit.t("sampling-text")) }
        @if traces.is_empty() { p { (visit.t("no-traces")) } } @else { (table(&visit, &traces)) }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn table(visit: &Visit, traces: &[pb::TraceSummary]) -> Markup {
    let columns = [
        Column::text(visit.t("request")),
        Column::text(visit.t("when")),
        Column::number(visit.t("took")),
        Column::number(visit.t("spans")),
        Column::text(visit.t("outcome")),
        Column::text(visit.t("correlation-id")),
    ];
    let row = |trace: &pb::TraceSummary| {
        let id = if trace.correlation_id.is_empty() { &trace.trace_id } else { &trace.correlation_id };
        let (tone, outcome) = if trace.has_failed { (Tone::Bad, "failed") } else { (Tone::Good, "succeeded") };
        vec![
            html! { a href=(visit.path(&format!("/requests/{id}"))) { (trace.name) } },
            parts::when(visit, trace.at.as_ref()),
            html! { (parts::millis(trace.took_ms)) },
            html! { (trace.spans) },
            ui::badge(tone, &visit.t(outcome)),
            parts::short_id(id),
        ]
    };
    let rows: Vec<Vec<Markup>> = traces.iter().map(row).collect();
    ui::table(&visit.t("nav-requests"), &columns, &rows)
}

pub async fn one(State(console): State<Console>, visit: Visit, Path(id): Path<String>) -> Result<Page> {
    visit.demand_user()?;
    let mut client = console.operations.clone();
    let trace = match haat_rpc::send(&visit.ctx(), pb::GetTraceRequest { id: id.clone() }, |r| client.get_trace(r)).await {
        Ok(trace) => Some(trace),
        Err(error) if error.kind == Kind::NotFound => None,
        Err(error) => return Err(error.into()),
    };
    let correlation = trace.as_ref().map(|trace| trace.correlation_id.as_str()).filter(|text| !text.is_empty()).unwrap_or(&id);
    let request = pb::ExplainRequestRequest { correlation_id: correlation.to_owned() };
    // A gateway that has forgotten, or an id of another kind: the trace alone.
    let explanation = haat_rpc::send(&visit.ctx(), request, |r| client.explain(r)).await.unwrap_or_default();
    if trace.is_none() && explanation.requests.is_empty() {
        return Ok(unknown(&visit, &id));
    }
    let title = visit.t("request");
    let body = html! {
        (ui::breadcrumbs(&visit, &[(&visit.t("nav-requests"), &visit.path("/requests")), (&id, "")]))
        h1 { (title) " " code { (correlation) } }
        p { a href={ (visit.path("/search")) "?text=" (correlation) } { (visit.t("what-it-changed")) } }
        (decisions(&visit, &explanation))
        @match &trace {
            Some(trace) => (spans(&visit, trace)),
            None => (ui::notice(Tone::Info, &html! { (visit.t("no-trace-kept")) })),
        }
    };
    Ok(Page::new(Head::titled(title).private(), body))
}

fn unknown(visit: &Visit, id: &str) -> Page {
    let action = ui::link_button(Look::Secondary, &format!("{}?text={id}", visit.path("/search")), &visit.t("search-events"));
    let body = ui::empty_state(Icon::Search, &visit.t("request-unknown"), &visit.t("request-unknown-text"), &action);
    Page::new(Head::titled(visit.t("request-unknown")).private(), body)
}

fn decisions(visit: &Visit, explanation: &Explanation) -> Markup {
    html! {
        @for decision in &explanation.requests {
            section.card {
                h2 { (decision.method) " " (decision.route) " → " (decision.status) }
                (ui::definition_list(&facts(visit, decision).iter().map(|(name, value)| (name.as_str(), value.clone())).collect::<Vec<_>>()))
                @if !decision.steps.is_empty() { (steps(visit, decision)) }
            }
        }
    }
}

/// What the gateway did, in order, and how long each took.
fn steps(visit: &Visit, decision: &Decision) -> Markup {
    let columns = [Column::text(visit.t("step")), Column::number(visit.t("took"))];
    let name = |name: &str| {
        let id = format!("step-{name}");
        if visit.knows(&id) { visit.t(&id) } else { name.to_owned() }
    };
    let row = |step: &pb::decision::Step| vec![html! { (name(&step.name)) }, html! { (step.took_micros) " µs" }];
    let rows: Vec<Vec<Markup>> = decision.steps.iter().map(row).collect();
    html! { h3 { (visit.t("steps-taken")) } (ui::table(&visit.t("steps-taken"), &columns, &rows)) }
}

fn facts(visit: &Visit, decision: &Decision) -> Vec<(String, Markup)> {
    let roles = if decision.roles.is_empty() { visit.t("nobody-special") } else { decision.roles.join(", ") };
    let mut facts = vec![
        (visit.t("when"), parts::when(visit, decision.at.as_ref())),
        (
            visit.t("principal"),
            html! { (decision.principal_kind) " " @if decision.principal.contains('_') { (parts::search_link(visit, &decision.principal)) } },
        ),
        (visit.t("permission"), html! { (roles) }),
        (visit.t("limit"), html! { (if decision.limit.is_empty() { visit.t("none") } else { decision.limit.clone() }) }),
        (visit.t("cache"), html! { (visit.t(if decision.is_cached { "from-cache" } else { "not-cached" })) }),
        (visit.t("upstream"), html! { (decision.service) " " (decision.call) }),
        (visit.t("breaker"), super::service::breaker_badge(visit, &decision.breaker)),
        (visit.t("took"), html! { (parts::millis(micros(decision.took_micros))) }),
    ];
    if !decision.code.is_empty() {
        facts.push((visit.t("refused-with"), ui::badge(Tone::Bad, &decision.code)));
    }
    facts
}

#[expect(clippy::cast_precision_loss, reason = "durations of requests are far below 2^52 µs")]
fn micros(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}

fn spans(visit: &Visit, trace: &Trace) -> Markup {
    let ordered = ordered(trace);
    let begin = ordered.iter().filter_map(|(span, _)| parts::time(span.at.as_ref())).min().unwrap_or_default();
    let bar = |(span, depth): &(&pb::trace::Span, usize)| {
        let start = parts::time(span.at.as_ref()).unwrap_or(begin).duration_since(begin);
        let name = span.attributes.get("http.route").filter(|route| *route != "-").unwrap_or(&span.name);
        chart::Span {
            label: format!("{}: {}", span.service, name.rsplit_once('.').map_or(name.as_str(), |(_, name)| name)),
            start: start.as_secs_f64() * 1_000.0,
            duration: span.took_ms,
            depth: *depth,
            tone: if !span.error.is_empty() {
                Tone::Bad
            } else if span.took_ms >= SLOW_MS {
                Tone::Warn
            } else {
                Tone::Good
            },
        }
    };
    let bars: Vec<chart::Span> = ordered.iter().map(bar).collect();
    html! {
        section { h2 { (visit.t("waterfall")) } (chart::waterfall(visit, &visit.t("waterfall"), &bars)) }
        @let failed: Vec<_> = ordered.iter().filter(|(span, _)| !span.error.is_empty()).collect();
        @if !failed.is_empty() {
            section { h2 { (visit.t("failures")) } ul { @for (span, _) in failed { li { (span.service) " " (span.name) ": " code { (span.error) } } } } }
        }
    }
}

/// Each span behind its parent, with how deep it lies. Those whose parent was not kept stand at the top.
fn ordered(trace: &Trace) -> Vec<(&pb::trace::Span, usize)> {
    let ids: BTreeSet<&str> = trace.spans.iter().map(|span| span.id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&pb::trace::Span>> = BTreeMap::new();
    for span in &trace.spans {
        let parent = if ids.contains(span.parent_id.as_str()) { span.parent_id.as_str() } else { "" };
        children.entry(parent).or_default().push(span);
    }
    let mut ordered = Vec::new();
    let mut waiting: Vec<(&pb::trace::Span, usize)> =
        children.remove("").unwrap_or_default().into_iter().rev().map(|span| (span, 0)).collect();
    while let Some((span, depth)) = waiting.pop() {
        ordered.push((span, depth));
        let below = children.remove(span.id.as_str()).unwrap_or_default();
        waiting.extend(below.into_iter().rev().map(|span| (span, (depth + 1).min(DEPTH_MAX))));
    }
    ordered
}
