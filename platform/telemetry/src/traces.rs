//! Traces: one span per call served and per request at the edge, exported over OTLP where a collector is configured: all
//! spans of requests that somebody will ask about, those that failed or took long, and one request in ten with all that
//! follows from it.
//! Trace ids run through every hop whether or not anything is exported, so that logs can be followed.

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use haat_kernel::{Entropy, Error, Result, Timestamp, TraceContext};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, Span as SdkSpan, SpanData, SpanProcessor,
};

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Of the requests that nobody asks about. By the correlation id, so that all processes choose the same, whatever follows
/// from the request, and however late.
const ONE_IN: u128 = 10;
const SLOW: Duration = Duration::from_millis(500);
/// Questions that are asked again and again, whatever happens.
const WATCHING: [&str; 2] = ["/haat.operations.v1.Instance/Describe", "/haat.operations.v1.Operations/AwaitBooksCheck"];
const EXPORT_EVERY: Duration = Duration::from_secs(1);
/// Every span has it.
pub const CORRELATION_ID: &str = "haat.correlation_id";
/// On spans of traces that somebody asked for.
const ASKED_FOR: &str = "haat.asked_for";

/// Passes on the spans that are worth their export.
#[derive(Debug)]
struct Chosen(BatchSpanProcessor);

impl SpanProcessor for Chosen {
    fn on_start(&self, span: &mut SdkSpan, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if is_chosen(&span) {
            self.0.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Of the ids that we make, which are numbers. Any other was brought by somebody who will ask, or names work of our own
/// that is rare.
fn is_one_in_ten(correlation_id: &str) -> bool {
    let is_ours = correlation_id.len() == 32;
    let number = u128::from_str_radix(correlation_id, 16).ok().filter(|_| is_ours);
    number.is_none_or(|number| number.is_multiple_of(ONE_IN))
}

fn is_chosen(span: &SpanData) -> bool {
    if WATCHING.contains(&span.name.as_ref()) {
        return false;
    }
    let took = span.end_time.duration_since(span.start_time).unwrap_or_default();
    span.attributes.iter().any(|attribute| attribute.key.as_str() == CORRELATION_ID && is_one_in_ten(&attribute.value.as_str()))
        || matches!(span.status, Status::Error { .. })
        || took >= SLOW
        || span.attributes.iter().any(|attribute| attribute.key.as_str() == ASKED_FOR)
}

/// Exports what is left when it is dropped.
pub struct Exporting(SdkTracerProvider);

impl Drop for Exporting {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces could not be exported");
        }
    }
}

/// Starts exporting to an OTLP/gRPC collector, in batches and in the background: a collector that is gone costs traces,
/// nothing else.
pub(crate) fn export(endpoint: &str, service: &str) -> Result<Exporting> {
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build().map_err(Error::internal)?;
    let resource = Resource::builder().with_service_name(service.to_owned()).build();
    let batches = BatchConfigBuilder::default().with_scheduled_delay(EXPORT_EVERY).build();
    let chosen = Chosen(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build());
    let provider = SdkTracerProvider::builder().with_span_processor(chosen).with_resource(resource).build();
    // A second start in one process keeps the first tracer.
    let _ = TRACER.set(provider.tracer("haat"));
    Ok(Exporting(provider))
}

/// A piece of work that takes part in a trace. It ends when it is dropped.
pub struct Span {
    /// What calls made within it carry on.
    pub context: TraceContext,
    exported: Option<SdkSpan>,
}

impl Span {
    /// Begins a span below `parent`; a new trace when `parent` is none. `at` is when the work began.
    pub fn begin(name: &str, parent: &TraceContext, at: Timestamp, entropy: &Entropy) -> Self {
        let trace_id = if parent.trace_id == 0 { random_trace_id(entropy) } else { parent.trace_id };
        if let Some(tracer) = TRACER.get() {
            return Span::exported(tracer, name, parent, SystemTime::from(at));
        }
        let span_id = entropy.u64().max(1);
        Span { context: TraceContext { trace_id, span_id, sampled: parent.sampled }, exported: None }
    }

    fn exported(tracer: &SdkTracer, name: &str, parent: &TraceContext, at: SystemTime) -> Self {
        let remote = SpanContext::new(
            TraceId::from(parent.trace_id),
            SpanId::from(parent.span_id),
            TraceFlags::SAMPLED,
            true,
            TraceState::default(),
        );
        let context = if parent.trace_id == 0 { Context::new() } else { Context::new().with_remote_span_context(remote) };
        let builder = tracer.span_builder(name.to_owned()).with_kind(SpanKind::Server).with_start_time(at);
        let mut span = tracer.build_with_context(builder, &context);
        if parent.sampled {
            span.set_attribute(KeyValue::new(ASKED_FOR, true));
        }
        let own = span.span_context();
        let context = TraceContext {
            trace_id: u128::from_be_bytes(own.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(own.span_id().to_bytes()),
            sampled: parent.sampled,
        };
        Span { context, exported: Some(span) }
    }

    pub fn set(&mut self, name: &'static str, value: &str) {
        if let Some(span) = &mut self.exported {
            span.set_attribute(KeyValue::new(name, value.to_owned()));
        }
    }

    /// Marks the work as failed, with a stable code.
    pub fn fail(&mut self, code: &str) {
        if let Some(span) = &mut self.exported {
            span.set_status(Status::error(code.to_owned()));
        }
    }
}

fn random_trace_id(entropy: &Entropy) -> u128 {
    ((u128::from(entropy.u64()) << 64) | u128::from(entropy.u64())).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_ten_of_our_own_ids_and_all_others() {
        assert!(is_one_in_ten("0000000000000000000000000000000a"));
        assert!(!is_one_in_ten("0000000000000000000000000000000b"));
        assert!(is_one_in_ten("case-4711") && is_one_in_ten("0b"));
    }

    #[test]
    fn a_trace_goes_on_and_a_new_one_begins() {
        let entropy = Entropy::seeded(7);
        let first = Span::begin("edge", &TraceContext::default(), Timestamp::UNIX_EPOCH, &entropy).context;
        assert!(first.trace_id != 0 && first.span_id != 0);
        let second = Span::begin("call", &first, Timestamp::UNIX_EPOCH, &entropy).context;
        assert_eq!(second.trace_id, first.trace_id);
        assert_ne!(second.span_id, first.span_id);
    }
}
