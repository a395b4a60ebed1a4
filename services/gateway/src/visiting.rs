//! Pages: a request for a path of a web application goes to it as it is, without a token (the application reads its own
//! cookies), and its answer comes back piece by piece. When either side goes away, the exchange ends on the other too. An
//! application that is away concerns its own paths only.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use haat_contracts::policy::{Application, LimitKey, RateLimit, policies};
use haat_contracts::web::{Header, RequestHead, RequestPart, ResponseHead, ResponsePart, request_part, response_part};
use haat_kernel::{Ctx, Principal};
use http::header::{ACCEPT, CONNECTION, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::answer::Answer;
use crate::body::{self, Body, BoxError, SharedBody};
use crate::call::ResponseParts;
use crate::gateway::{Client, Gateway};
use crate::limits::Limit;
use crate::pages;
use crate::problem::Problem;
use crate::record::Record;
use crate::trace::Trace;

/// The largest form or file that goes to an application.
const BODY_BYTES_MAX: usize = 32 << 20;
/// Until the head of the answer is there. What follows may take as long as its visitor waits.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const FORMS: RateLimit = RateLimit { requests: 600, per_seconds: 60, key: LimitKey::Address };
/// They belong to one connection and go no further.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Of forms, per address.
pub fn form_limit() -> Option<Limit> {
    Limit::new(FORMS)
}

impl Gateway {
    /// The application's answer, or what says why there is none: a page for people, a problem for programs.
    pub(crate) async fn visit<'g>(
        &'g self,
        parts: &Parts,
        body: &mut Body,
        client: Client,
        trace: &Trace,
        record: &mut Record<'g>,
    ) -> Answer {
        let outcome = match policies().application(parts.uri.path()) {
            None => Err(Problem::path_not_found()),
            Some(application) => {
                record.route = Some(&application.path);
                self.exchange(application, parts, body, client, trace).await
            }
        };
        outcome.unwrap_or_else(|problem| {
            record.refused(&problem);
            match reads_pages(&parts.headers) {
                true => pages::failure(problem, &parts.method, trace.correlation_id.as_str()),
                false => problem.into_answer(trace.context()),
            }
        })
    }

    async fn exchange(
        &self,
        application: &Application,
        parts: &Parts,
        body: &mut Body,
        client: Client,
        trace: &Trace,
    ) -> Result<Answer, Problem> {
        if parts.method == Method::POST
            && let Some(limit) = &self.form_limit
        {
            limit.take(&Principal::anonymous(), &client)?;
        }
        body::check_length(&parts.headers, BODY_BYTES_MAX)?;
        // Until the answer begins. What a slow client still sends would keep the place from others.
        let _place = match self.table.page_gate(application).filter(|_| body.is_end_stream()) {
            Some(gate) => Some(gate.enter().await?),
            None => None,
        };
        let mut ctx = Ctx::new(Principal::anonymous(), trace.correlation_id.clone(), self.clock.now());
        ctx.trace = *trace.context();
        ctx.deadline = Some(Instant::now() + HEAD_TIMEOUT);
        let shared = body::share(std::mem::replace(body, body::whole(Bytes::new())));
        let (request, failure) = request_parts(head_of(parts, client, trace), shared.clone());
        let answered = async {
            let mut response = self.upstream.pages(&application.service, &ctx, request).await?;
            let head = timeout(HEAD_TIMEOUT, head(&mut response)).await.map_err(|_| late())??;
            let answer = answer_of(head, response)?;
            let is_for_nobody = answer.status() == StatusCode::NOT_FOUND && !reads_pages(&parts.headers);
            if is_for_nobody { Err(Problem::path_not_found()) } else { Ok(answer) }
        };
        let outcome = tokio::select! {
            biased;
            Ok(problem) = failure => Err(problem),
            outcome = answered => outcome,
        };
        if outcome.is_err() {
            body::drain_shared(&shared, &parts.headers).await;
        }
        outcome
    }
}

/// Browsers say that they take HTML; programs that mistyped a path of the API do not.
fn reads_pages(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.into_iter().any(|value| value.contains("text/html"))
}

fn late() -> Problem {
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded", "The page took too long.")
}

fn head_of(parts: &Parts, client: Client, trace: &Trace) -> RequestHead {
    let mut headers = parts.headers.clone();
    strip(&mut headers);
    trace.stamp(&mut headers);
    if let (None, Some(authority)) = (headers.get(HOST), parts.uri.authority())
        && let Ok(host) = HeaderValue::try_from(authority.as_str())
    {
        headers.insert(HOST, host);
    }
    let headers = headers.iter().map(|(name, value)| Header { name: name.as_str().to_owned(), value: value.as_bytes().to_vec() });
    RequestHead {
        method: parts.method.as_str().to_owned(),
        path_and_query: parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
        headers: headers.collect(),
        scheme: if client.is_secure { "https" } else { "http" }.to_owned(),
        client_address: client.addr.to_string(),
    }
}

/// Removes what belongs to the connection, also what its `Connection` header names.
fn strip(headers: &mut HeaderMap) {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok()).flat_map(|list| list.split(','));
    let named: Vec<HeaderName> = named.filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

/// The head, then the body as it arrives, within its limit; and what went wrong with it: the application must not take a body
/// that broke off for a whole one.
fn request_parts(head: RequestHead, body: SharedBody) -> (BoxStream<'static, RequestPart>, oneshot::Receiver<Problem>) {
    let (failed, failure) = oneshot::channel();
    let head = RequestPart { part: Some(request_part::Part::Head(head)) };
    let rest = futures::stream::unfold((body, 0, Some(failed)), |(body, read, mut failed)| async move {
        let outcome = match body::next_chunk(&body).await {
            Ok(Some(data)) if read + data.len() > BODY_BYTES_MAX => Err(Problem::payload_too_large(BODY_BYTES_MAX)),
            outcome => outcome,
        };
        match outcome {
            Ok(None) => None,
            Ok(Some(data)) => {
                let read = read + data.len();
                Some((RequestPart { part: Some(request_part::Part::Body(data.into())) }, (body, read, failed)))
            }
            Err(problem) => {
                if let Some(failed) = failed.take() {
                    let _ = failed.send(problem);
                }
                // The receiver drops the exchange, and this stream with it.
                std::future::pending().await
            }
        }
    });
    (futures::stream::once(std::future::ready(head)).chain(rest).boxed(), failure)
}

async fn head(response: &mut ResponseParts) -> Result<ResponseHead, Problem> {
    match response.next().await {
        Some(Ok(ResponsePart { part: Some(response_part::Part::Head(head)) })) => Ok(head),
        Some(Err(error)) => Err(error.into()),
        _ => Err(Problem::internal("an application's answer has no head")),
    }
}

fn answer_of(head: ResponseHead, rest: ResponseParts) -> Result<Answer, Problem> {
    let pieces = rest.filter_map(|part| {
        let frame = match part {
            Ok(ResponsePart { part: Some(response_part::Part::Body(bytes)) }) => Some(Ok(Frame::data(Bytes::from(bytes)))),
            Ok(_) => None,
            Err(error) => Some(Err(BoxError::from(error.to_string()))),
        };
        std::future::ready(frame)
    });
    let status = u16::try_from(head.status).ok().and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or_else(|| Problem::internal("an application's answer has no status"))?;
    let mut answer = Response::new(StreamBody::new(pieces).boxed_unsync());
    *answer.status_mut() = status;
    for Header { name, value } in head.headers {
        let name = HeaderName::try_from(name).map_err(Problem::internal)?;
        answer.headers_mut().append(name, HeaderValue::try_from(value).map_err(Problem::internal)?);
    }
    strip(answer.headers_mut());
    Ok(answer)
}

#[cfg(test)]
mod tests;
