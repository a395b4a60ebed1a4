//! A collector of traces that speaks OTLP over gRPC, on loopback: what any process of this machine exports, it keeps for a
//! while. It takes what it can read and refuses nothing else: traces are a convenience.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use haat_kernel::{Error, Result, Timestamp};
use haat_service::Platform;
use haat_transport::{Listener, Security, server_builder};
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

/// Listens until the service stops.
pub async fn serve(platform: Platform, addr: SocketAddr, traces: Traces, mut stopping: watch::Receiver<bool>) -> Result<()> {
    let listener = Listener::bind(&*platform.network(), addr, Security::Plain).await;
    let incoming = listener.map_err(|e| Error::internal(format!("the trace collector at {addr}: {e}")))?.incoming();
    let stopped = async move {
        let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
    };
    let server = server_builder(&platform.entropy).add_service(TraceServiceServer::new(Collector(traces)));
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
