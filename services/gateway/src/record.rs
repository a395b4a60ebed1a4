//! One log line for each request, at the edge: which route, how it went, how long it took, for whom. Never paths, queries,
//! tokens or bodies, which hold what is personal.

use std::time::Duration;

use haat_kernel::Principal;
use http::{Method, StatusCode};

use crate::problem::Problem;
use crate::steps::Steps;
use crate::trace::Trace;

/// What the steps of the pipeline learnt of a request.
#[derive(Debug, Default)]
pub struct Record<'g> {
    /// The route's template; none for what no route answered.
    pub route: Option<&'g str>,
    pub principal: Principal,
    pub is_cached: bool,
    pub steps: Steps,
    pub(crate) code: Option<String>,
    pub(crate) context: Option<Box<str>>,
}

impl Record<'_> {
    /// Of a refusal.
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    pub fn refused(&mut self, problem: &Problem) {
        self.code = Some(problem.code.to_string());
        self.context.clone_from(&problem.context);
    }

    /// Says the same in the request's span.
    pub fn trace(&self, method: &Method, status: StatusCode, trace: &mut Trace) {
        trace.set("http.request.method", method.as_str());
        trace.set("http.route", self.route.unwrap_or("-"));
        trace.set("http.response.status_code", status.as_str());
        if let Some(code) = self.code.as_deref().filter(|_| status.is_server_error()) {
            trace.fail(code);
        }
    }

    pub fn write(&self, method: &Method, status: StatusCode, took: Duration, trace: &Trace) {
        let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    target: "edge",
                    method = method.as_str(),
                    route = self.route.unwrap_or("-"),
                    status = status.as_u16(),
                    duration_us,
                    user = %self.principal,
                    cached = self.is_cached,
                    correlation_id = trace.correlation_id.as_str(),
                    trace_id = %format_args!("{:032x}", trace.context().trace_id),
                    code = self.code.as_deref(),
                    context = self.context.as_deref(),
                )
            };
        }
        if status.is_server_error() { line!(error) } else { line!(info) }
    }
}
