//! A collector of traces that speaks OTLP over gRPC, on loopback: what any process of this machine exports, it keeps for a
//! while. It takes what it can read and refuses nothing else: traces are a convenience.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use haat_kernel::{Entropy, Error, Result, Timestamp};
use haat_transport::{Listener, Network, Security, server_builder};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span as OtlpSpan, status::StatusCode};
use tokio::sync::watch;
use tonic::{Request, Response, Status};

use crate::traces::{Span, Traces};

const ATTRIBUTES_MAX: usize = 32;
const TEXT_BYTES_MAX: usize = 512;

struct Collector(Traces);

/// On loopback only.
pub async fn bind(network: &dyn Network, addr: SocketAddr) -> Result<Listener> {
    let listener = Listener::bind(network, addr, Security::Plain).await;
    listener.map_err(|e| Error::internal(format!("the trace collector at {addr}: {e}")))
}

/// Takes traces until the service stops.
pub async fn serve(listener: Listener, entropy: Entropy, traces: Traces, mut stopping: watch::Receiver<bool>) -> Result<()> {
    let incoming = listener.incoming();
    let stopped = async move {
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    };
    let server = server_builder(&entropy).add_service(TraceServiceServer::new(Collector(traces)));
    server.serve_with_incoming_shutdown(incoming, stopped).await.map_err(Error::internal)
}

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> std::result::Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
            let service = texts(attributes).remove("service.name").unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                self.0.add(&hex(&span.trace_id), read(&service, span));
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations of spans are far below 2^52 ns")]
fn read(service: &str, span: OtlpSpan) -> Span {
    let status = span.status.unwrap_or_default();
    let error = if status.code() == StatusCode::Error { message_of(&status.message) } else { String::new() };
    Span {
        id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        service: service.to_owned(),
        name: cut(span.name),
        at: Timestamp::from_nanosecond(i128::from(span.start_time_unix_nano)).unwrap_or_default(),
        took_ms: span.end_time_unix_nano.saturating_sub(span.start_time_unix_nano) as f64 / 1e6,
        error,
        attributes: texts(span.attributes),
    }
}

/// A failure without words is one all the same.
fn message_of(text: &str) -> String {
    if text.is_empty() { "failed".to_owned() } else { cut(text.to_owned()) }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    let text = |attribute: KeyValue| {
        let value = match attribute.value?.value? {
            any_value::Value::StringValue(text) => text,
            any_value::Value::IntValue(number) => number.to_string(),
            any_value::Value::BoolValue(truth) => truth.to_string(),
            any_value::Value::DoubleValue(number) => number.to_string(),
            _ => return None,
        };
        Some((attribute.key, cut(value)))
    };
    attributes.into_iter().take(ATTRIBUTES_MAX).filter_map(text).collect()
}

fn cut(mut text: String) -> String {
    if text.len() > TEXT_BYTES_MAX {
        let end = (0..=TEXT_BYTES_MAX).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use haat_kernel::{Clock, TraceContext};
    use haat_telemetry::LogFormat;
    use haat_transport::Tcp;

    use super::*;

    /// What our processes export arrives: the exporter is the real one, and so is the connection.
    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_exported_is_found_by_its_correlation_id() {
        let listener = bind(&Tcp, SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (traces, entropy) = (Traces::default(), Entropy::seeded(1));
        let (stop, stopping) = watch::channel(false);
        let serving = haat_kernel::spawn("test", serve(listener, entropy.clone(), traces.clone(), stopping));

        let exporting = haat_telemetry::start(LogFormat::Text, "off", Some(&endpoint), "orders");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut edge = haat_telemetry::Span::begin("edge", &TraceContext::default(), now, &entropy);
        edge.set("haat.correlation_id", "case-4711");
        let mut call = haat_telemetry::Span::begin("/haat.orders.v1.Orders/GetOrder", &edge.context, now, &entropy);
        call.set("haat.correlation_id", "case-4711");
        call.fail("internal");
        let trace_id = edge.context.trace_id_hex();
        drop((call, edge));
        // Waits for the last batch.
        haat_kernel::blocking(Clock::System, move || drop(exporting)).await.unwrap();

        let (id, trace) = traces.find("case-4711").unwrap();
        assert_eq!(id, trace_id);
        assert!(trace.is_notable && trace.spans.len() == 2, "{trace:?}");
        let call = trace.spans.iter().find(|span| span.error == "internal").unwrap();
        let edge = trace.spans.iter().find(|span| span.name == "edge").unwrap();
        assert_eq!((call.service.as_str(), &call.parent_id), ("orders", &edge.id));
        stop.send_replace(true);
        serving.await.unwrap().unwrap();
    }
}
