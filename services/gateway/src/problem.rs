//! Every refusal as `application/problem+json` (RFC 9457). The one place where an error becomes an HTTP answer: `code` is
//! stable and snake_case, `detail` is public, and what the log alone may see stays in `context`.

use std::borrow::Cow;

use haat_kernel::{Error, Kind, TraceContext, Violation};
use http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::answer::Answer;
use crate::{body, limits};

/// 415: the one status with a code, and without a kind, because gRPC has none for it.
const UNSUPPORTED_MEDIA_TYPE: &str = "unsupported_media_type";

#[derive(Clone, Debug)]
pub struct Problem {
    pub status: StatusCode,
    pub code: Cow<'static, str>,
    pub detail: Cow<'static, str>,
    pub violations: Box<[Violation]>,
    /// Seconds after which a retry makes sense.
    pub retry_after_s: Option<u32>,
    /// Headers that this refusal needs beside the usual ones.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    pub context: Option<Box<str>>,
}

#[derive(Serialize)]
struct Document<'p> {
    r#type: String,
    title: String,
    status: u16,
    detail: &'p str,
    code: &'p str,
    violations: &'p [Violation],
    #[serde(rename = "traceId")]
    trace_id: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Problem {
            status,
            code: Cow::Borrowed(code),
            detail: detail.into(),
            violations: Box::default(),
            retry_after_s: None,
            headers: Vec::new(),
            context: None,
        }
    }

    /// 400 `invalid_argument`, with what is wrong in which fields.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let detail = match violations.as_slice() {
            [only] => format!("`{}` {}.", only.field, only.description),
            several => format!("{} fields are wrong.", several.len()),
        };
        Problem { violations: violations.into(), ..Problem::new(StatusCode::BAD_REQUEST, "invalid_argument", detail) }
    }

    pub fn malformed_json(detail: &str) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, "malformed_json", format!("The body is not JSON: {detail}."))
    }

    pub fn unsupported_media_type(detail: &'static str) -> Self {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, UNSUPPORTED_MEDIA_TYPE, detail)
    }

    pub fn path_not_found() -> Self {
        Problem::new(StatusCode::NOT_FOUND, "not_found", "Nothing is at this path.")
    }

    /// 405 with the methods that the path has.
    pub fn method_not_allowed(methods: &[http::Method]) -> Self {
        let mut names: Vec<&str> = methods.iter().map(http::Method::as_str).collect();
        if names.contains(&"GET") {
            names.push("HEAD");
        }
        names.sort_unstable();
        let allow = names.join(", ");
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", format!("This path takes {allow}."));
        match HeaderValue::try_from(allow) {
            Ok(value) => problem.with_header(ALLOW, value),
            Err(_) => problem,
        }
    }

    pub fn payload_too_large(limit: usize) -> Self {
        let detail = format!("The body is over the limit of {limit} bytes.");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail).closing()
    }

    /// A bug of ours: the client learns nothing of it.
    pub fn internal(context: impl std::fmt::Display) -> Self {
        Problem::from(Error::internal(context))
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// For the log only.
    #[must_use]
    pub fn with_context(mut self, context: impl std::fmt::Display) -> Self {
        self.context = Some(context.to_string().into());
        self
    }

    /// The connection ends after this answer: what follows on it cannot be trusted, or is not wanted.
    #[must_use]
    pub fn closing(self) -> Self {
        self.with_header(CONNECTION, HeaderValue::from_static("close"))
    }

    pub fn into_answer(self, trace: &TraceContext) -> Answer {
        let content = self.document(trace);
        self.respond(HeaderValue::from_static("application/problem+json"), content)
    }

    /// The body that says what the problem is.
    pub fn document(&self, trace: &TraceContext) -> Vec<u8> {
        let document = Document {
            r#type: format!("/problems/{}", self.code),
            title: title(&self.code),
            status: self.status.as_u16(),
            detail: &self.detail,
            code: &self.code,
            violations: &self.violations,
            trace_id: trace.trace_id_hex(),
        };
        // A struct of texts and numbers always serializes.
        serde_json::to_vec(&document).unwrap_or_default()
    }

    /// The answer with this body, which says what the problem is.
    pub fn respond(self, content_type: HeaderValue, content: Vec<u8>) -> Answer {
        let mut answer = Response::new(body::whole(content));
        *answer.status_mut() = self.status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, content_type);
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        headers.extend(self.headers);
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            limits::stamp_refusal(headers, self.retry_after_s.unwrap_or(1));
        }
        answer
    }
}

/// A refusal as a gRPC caller gets it.
impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let kind = match problem.status {
            StatusCode::UNAUTHORIZED => Kind::Unauthenticated,
            StatusCode::FORBIDDEN => Kind::PermissionDenied,
            StatusCode::NOT_FOUND => Kind::NotFound,
            StatusCode::TOO_MANY_REQUESTS => Kind::ResourceExhausted,
            StatusCode::SERVICE_UNAVAILABLE => Kind::Unavailable,
            StatusCode::GATEWAY_TIMEOUT => Kind::DeadlineExceeded,
            status if status.is_client_error() => Kind::InvalidArgument,
            _ => Kind::Internal,
        };
        let mut error = Error::new(kind, problem.code, problem.detail).with_violations(problem.violations.into());
        error.retry_after_s = problem.retry_after_s;
        error.context = problem.context.map(Into::into);
        error
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.code.as_ref() {
            UNSUPPORTED_MEDIA_TYPE => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        // A client that is told to come back is told when.
        let needs_time = matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS);
        Problem {
            status,
            code: error.code.into(),
            detail: error.detail.into(),
            violations: error.violations.into(),
            retry_after_s: error.retry_after_s.or(needs_time.then_some(1)),
            headers: Vec::new(),
            context: error.context.map(Into::into),
        }
    }
}

/// `email_taken` → `Email taken`.
fn title(code: &str) -> String {
    let mut title = code.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use haat_kernel::Kind;
    use http_body_util::BodyExt;

    async fn render(problem: Problem) -> (Answer, serde_json::Value) {
        let trace = TraceContext { trace_id: 0xabc, span_id: 1, sampled: false };
        let (parts, body) = problem.into_answer(&trace).into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (Response::from_parts(parts, body::whole(Bytes::new())), serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn an_error_becomes_a_problem_without_its_context() {
        let error = Error::invalid("email", "must be an address").with_context("secret");
        let (answer, document) = render(error.into()).await;
        assert_eq!(answer.status(), 400);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        let expected = serde_json::json!({
            "type": "/problems/invalid_argument", "title": "Invalid argument", "status": 400, "code": "invalid_argument",
            "detail": "`email` must be an address", "traceId": "00000000000000000000000000000abc",
            "violations": [{"field": "email", "description": "must be an address"}],
        });
        assert_eq!(document, expected);
    }

    #[tokio::test]
    async fn refusals_carry_the_headers_that_http_asks_for() {
        let (answer, _) = render(Problem::method_not_allowed(&[http::Method::PATCH, http::Method::GET])).await;
        assert_eq!(answer.headers()[ALLOW], "GET, HEAD, PATCH");
        assert_eq!(
            render(Problem::new(StatusCode::UNAUTHORIZED, "unauthenticated", "")).await.0.headers()[WWW_AUTHENTICATE],
            "Bearer"
        );
        assert_eq!(render(Error::unavailable("down").into()).await.0.headers()[RETRY_AFTER], "1");
        let often = Error::new(Kind::ResourceExhausted, "rate_limited", "Too often.").with_retry_after(7);
        let (answer, _) = render(often.into()).await;
        assert_eq!(
            (&answer.headers()[RETRY_AFTER], &answer.headers()["ratelimit"]),
            (&"7".parse().unwrap(), &"\"call\";r=0;t=7".parse().unwrap())
        );
        let late = Error::new(Kind::DeadlineExceeded, "deadline_exceeded", "Too late.");
        assert_eq!(render(late.into()).await.0.status(), 504);
        let picture = Error::new(Kind::InvalidArgument, UNSUPPORTED_MEDIA_TYPE, "No picture.");
        assert_eq!(render(picture.into()).await.0.status(), 415);
    }
}
