//! Traces: one span per call served and per request at the edge, exported over OTLP where a collector is configured.
//! Trace ids run through every hop whether or not anything is exported, so that logs can be followed.

use std::sync::OnceLock;
use std::time::SystemTime;

use haat_kernel::{Entropy, Error, Result, Timestamp, TraceContext};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span as SdkSpan};

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

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
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build();
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
        let span = tracer.build_with_context(builder, &context);
        let own = span.span_context();
        let context = TraceContext {
            trace_id: u128::from_be_bytes(own.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(own.span_id().to_bytes()),
            sampled: true,
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
    fn a_trace_goes_on_and_a_new_one_begins() {
        let entropy = Entropy::seeded(7);
        let first = Span::begin("edge", &TraceContext::default(), Timestamp::UNIX_EPOCH, &entropy).context;
        assert!(first.trace_id != 0 && first.span_id != 0);
        let second = Span::begin("call", &first, Timestamp::UNIX_EPOCH, &entropy).context;
        assert_eq!(second.trace_id, first.trace_id);
        assert_ne!(second.span_id, first.span_id);
    }
}
