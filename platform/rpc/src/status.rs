//! Between the kernel's `Error` and gRPC's `Status`: the code, violations and retry hint travel as google.rpc details;
//! the internal context does not travel.

use std::collections::HashMap;
use std::time::Duration;

use haat_kernel::{Error, Kind, Violation};
use haat_transport::{Delivery, delivery};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

const DOMAIN: &str = "haat";

fn grpc_code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::FailedPrecondition => Code::FailedPrecondition,
        Kind::Aborted => Code::Aborted,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::DeadlineExceeded => Code::DeadlineExceeded,
        Kind::Unimplemented => Code::Unimplemented,
        Kind::Internal => Code::Internal,
    }
}

fn kind(code: Code) -> Kind {
    match code {
        Code::InvalidArgument => Kind::InvalidArgument,
        Code::OutOfRange => Kind::OutOfRange,
        Code::Unauthenticated => Kind::Unauthenticated,
        Code::PermissionDenied => Kind::PermissionDenied,
        Code::NotFound => Kind::NotFound,
        Code::AlreadyExists => Kind::AlreadyExists,
        Code::FailedPrecondition => Kind::FailedPrecondition,
        Code::Aborted => Kind::Aborted,
        Code::ResourceExhausted => Kind::ResourceExhausted,
        Code::Unavailable => Kind::Unavailable,
        Code::DeadlineExceeded => Kind::DeadlineExceeded,
        Code::Unimplemented => Kind::Unimplemented,
        Code::Ok | Code::Cancelled | Code::Unknown | Code::DataLoss | Code::Internal => Kind::Internal,
    }
}

/// gRPC's own name of a code, for metrics.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// An error as it goes over the wire. What is internal is logged here, once, because it goes no further.
pub fn status(error: &Error) -> Status {
    if error.kind == Kind::Internal {
        tracing::error!(code = %error.code, context = error.context.as_deref().unwrap_or(""), "a call failed on our side");
    }
    let mut details = ErrorDetails::new();
    details.set_error_info(error.code.as_str(), DOMAIN, HashMap::new());
    if !error.violations.is_empty() {
        let violations = error.violations.iter().map(|v| FieldViolation::new(&v.field, &v.description));
        details.set_bad_request(violations.collect::<Vec<_>>());
    }
    if let Some(seconds) = error.retry_after_s {
        details.set_retry_info(Some(Duration::from_secs(u64::from(seconds))));
    }
    Status::with_error_details(grpc_code(error.kind), &error.detail, details)
}

/// What a status means. One that the transport made, not the server, says whether the call may have been executed.
pub fn error(status: &Status) -> Error {
    match delivery(status) {
        Delivery::Answered => answered(status),
        Delivery::NeverSent => Error::unavailable(status),
        Delivery::MaybeExecuted => {
            let detail = "The service did not answer in time; whether it acted is not known.";
            Error::new(Kind::DeadlineExceeded, "deadline_exceeded", detail).with_context(status)
        }
    }
}

fn answered(status: &Status) -> Error {
    let details = status.get_error_details();
    let code = match details.error_info() {
        Some(info) if info.domain == DOMAIN => info.reason.clone(),
        _ => return foreign(status),
    };
    let mut error = Error::new(kind(status.code()), code, status.message());
    if let Some(bad_request) = details.bad_request() {
        let violations = bad_request.field_violations.iter();
        error.violations = violations.map(|v| Violation::new(v.field.as_str(), v.description.as_str())).collect();
    }
    let delay = details.retry_info().and_then(|info| info.retry_delay);
    error.retry_after_s = delay.and_then(|d| u32::try_from(d.as_secs()).ok());
    error
}

/// A status that no service of ours wrote: tonic's own, such as a message too large or a call that does not exist.
fn foreign(status: &Status) -> Error {
    match status.code() {
        Code::DeadlineExceeded => {
            Error::new(Kind::DeadlineExceeded, "deadline_exceeded", "The service did not answer in time.").with_context(status)
        }
        Code::Unavailable => Error::unavailable(status),
        Code::Unimplemented => {
            Error::new(Kind::Unimplemented, "unimplemented", "The service does not offer this call.").with_context(status)
        }
        _ => Error::internal(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_wire_without_its_context() {
        let sent = Error::new(Kind::FailedPrecondition, "out_of_stock", "Not enough left.")
            .with_violation(Violation::new("offer_1", "2 asked, 1 left"))
            .with_retry_after(3)
            .with_context("secret");
        let received = error(&status(&sent));
        assert_eq!(received, Error { context: None, ..sent });
    }

    #[test]
    fn what_tonic_says_itself_is_told_apart() {
        assert_eq!(error(&Status::unavailable("x")).kind, Kind::Unavailable);
        assert_eq!(error(&Status::cancelled("x")).code, "internal");
    }
}
