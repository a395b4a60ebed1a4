//! How a call fails: a kind (the gRPC codes), a stable code, a public text, the fields at fault, and an internal
//! context that only logs see. `Fault` turns each aggregate's own error enum into this one shape.

use serde::{Deserialize, Serialize};

/// The gRPC status codes that Haat uses, with the HTTP status each becomes at the edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 400: the form of the request is wrong.
    InvalidArgument,
    /// 422: the form is right, the meaning is not.
    OutOfRange,
    /// 401: no identity, or one that cannot be verified.
    Unauthenticated,
    /// 403: known, and not allowed.
    PermissionDenied,
    /// 404.
    NotFound,
    /// 409: there is one already.
    AlreadyExists,
    /// 409: the state of the thing does not allow it.
    FailedPrecondition,
    /// 409: somebody else changed it meanwhile; reading again and retrying may help.
    Aborted,
    /// 429.
    ResourceExhausted,
    /// 503: nothing was done; retrying may help.
    Unavailable,
    /// 504: whether it was done is not known.
    DeadlineExceeded,
    /// 501.
    Unimplemented,
    /// 500: a bug.
    Internal,
}

impl Kind {
    pub const fn http_status(self) -> u16 {
        match self {
            Kind::InvalidArgument => 400,
            Kind::Unauthenticated => 401,
            Kind::PermissionDenied => 403,
            Kind::NotFound => 404,
            Kind::AlreadyExists | Kind::FailedPrecondition | Kind::Aborted => 409,
            Kind::OutOfRange => 422,
            Kind::ResourceExhausted => 429,
            Kind::Internal => 500,
            Kind::Unimplemented => 501,
            Kind::Unavailable => 503,
            Kind::DeadlineExceeded => 504,
        }
    }

    /// True where the outcome says nothing about the request itself: it may succeed when it is tried again.
    pub const fn is_transient(self) -> bool {
        matches!(self, Kind::Unavailable | Kind::DeadlineExceeded | Kind::ResourceExhausted | Kind::Internal | Kind::Aborted)
    }
}

/// One field of a request that is wrong, and what would be right. `field` is the JSON path (`items[0].quantity`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    pub field: String,
    pub description: String,
}

impl Violation {
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Violation { field: field.into(), description: description.into() }
    }
}

/// What every error enum of a service implements. The `Display` text is public: it goes to the client as `detail`.
pub trait Fault: std::error::Error {
    fn kind(&self) -> Kind;
    /// Stable, snake_case, documented: clients match on it.
    fn code(&self) -> &'static str;
    fn violations(&self) -> Vec<Violation> {
        Vec::new()
    }
}

/// A failed call. Deliberately no `std::error::Error`, so that every `Fault` converts into it with `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct Error {
    pub kind: Kind,
    pub code: String,
    pub detail: String,
    pub violations: Vec<Violation>,
    /// Seconds after which a retry makes sense.
    pub retry_after_s: Option<u32>,
    /// For the log only; never leaves the service.
    pub context: Option<String>,
}

/// The code of [`Error::overloaded`].
pub const OVERLOADED: &str = "overloaded";

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: Kind, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Error { kind, code: code.into(), detail: detail.into(), violations: Vec::new(), retry_after_s: None, context: None }
    }

    /// 400 `invalid_argument` with one violation.
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        let violation = Violation::new(field, description);
        let detail = format!("`{}` {}", violation.field, violation.description);
        Error::new(Kind::InvalidArgument, "invalid_argument", detail).with_violation(violation)
    }

    /// 404 with the code `<thing>_not_found`; `thing` is snake_case.
    pub fn not_found(thing: &str, id: &str) -> Self {
        let id: String = id.chars().take(64).collect();
        Error::new(Kind::NotFound, format!("{thing}_not_found"), format!("There is no {} `{id}`.", thing.replace('_', " ")))
    }

    pub fn permission_denied(detail: impl Into<String>) -> Self {
        Error::new(Kind::PermissionDenied, "permission_denied", detail)
    }

    /// A bug, or a part of the machine that failed. `context` is for the log; the client learns nothing of it.
    pub fn internal(context: impl std::fmt::Display) -> Self {
        let mut error = Error::new(Kind::Internal, "internal", "Something went wrong on our side.");
        error.context = Some(context.to_string());
        error
    }

    /// 503: nothing was done.
    pub fn unavailable(context: impl std::fmt::Display) -> Self {
        let mut error = Error::new(Kind::Unavailable, "service_unavailable", "The service cannot be reached; try again shortly.");
        error.context = Some(context.to_string());
        error.retry_after_s = Some(1);
        error
    }

    /// 503: more is asked for than can be done, and nothing was done. Whoever could ask again at once should not.
    pub fn overloaded() -> Self {
        Error::new(Kind::Unavailable, OVERLOADED, "Too much is asked for at the moment; try again shortly.").with_retry_after(1)
    }

    #[must_use]
    pub fn with_violation(mut self, violation: Violation) -> Self {
        self.violations.push(violation);
        self
    }

    #[must_use]
    pub fn with_violations(mut self, violations: Vec<Violation>) -> Self {
        self.violations = violations;
        self
    }

    #[must_use]
    pub fn with_context(mut self, context: impl std::fmt::Display) -> Self {
        self.context = Some(context.to_string());
        self
    }

    #[must_use]
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl<F: Fault> From<F> for Error {
    fn from(fault: F) -> Self {
        Error::new(fault.kind(), fault.code(), fault.to_string()).with_violations(fault.violations())
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)?;
        if let Some(context) = &self.context {
            write!(f, " ({context})")?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {self}", self.kind)
    }
}
