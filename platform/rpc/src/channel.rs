//! A client's way to one service: finds a replica, keeps the deadline, repeats what may be repeated within a budget, and
//! fails at once where the breaker is open. What was certainly not sent may always go again; what may have been executed
//! only where the contract or an idempotency key makes that harmless.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use haat_contracts::policy::{Repeatable, policies};
use haat_kernel::{Entropy, Error, OVERLOADED};
use haat_telemetry::Metrics;
use haat_transport::{Delivery, delivery};
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service, ServiceExt};

use crate::breaker::{Breaker, BreakerState};
use crate::budget::Budget;
use crate::status::code_name;
use crate::tap::{Fate, Sent};
use crate::{frame, metadata, tap};

const ATTEMPTS_MAX: u32 = 3;
const BACKOFF_MS: u64 = 20;
/// For calls whose time neither a contract nor their caller limits (health).
const DEADLINE_DEFAULT: Duration = Duration::from_secs(5);

/// Cheap to clone; clones share the connections and the breakers.
#[derive(Clone)]
pub struct Channel(Arc<Inner>);

struct Inner {
    service: String,
    replicas: Vec<Replica>,
    budget: Budget,
    entropy: Entropy,
    metrics: Metrics,
}

struct Replica {
    channel: tonic::transport::Channel,
    breaker: Breaker,
    in_flight: AtomicUsize,
}

impl Channel {
    /// To `service`, at one channel a replica.
    pub fn new(service: &str, replicas: Vec<tonic::transport::Channel>, entropy: Entropy, metrics: Metrics) -> Self {
        let replica = |channel| Replica { channel, breaker: Breaker::default(), in_flight: AtomicUsize::new(0) };
        let replicas = replicas.into_iter().map(replica).collect();
        Channel(Arc::new(Inner { service: service.to_owned(), replicas, budget: Budget::default(), entropy, metrics }))
    }

    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// The best state among the replicas' breakers: open only when nothing can be reached.
    pub fn breaker_state(&self) -> BreakerState {
        let now = Instant::now();
        let states = || self.0.replicas.iter().map(|r| r.breaker.state(now));
        match () {
            () if states().any(|s| s == BreakerState::Closed) => BreakerState::Closed,
            () if states().any(|s| s == BreakerState::HalfOpen) => BreakerState::HalfOpen,
            () => BreakerState::Open,
        }
    }
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = self.0.clone();
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let started = Instant::now();
            let outcome = inner.perform(&path, request).await;
            let code = match &outcome {
                Ok(response) => Status::from_header_map(response.headers()).map_or(Code::Ok, |s| s.code()),
                Err(status) => status.code(),
            };
            inner.metrics.client_call(&path, code_name(code), started.elapsed());
            outcome
        })
    }
}

type Outcome = Result<Response<Body>, Status>;

fn sent(path: &str, headers: &http::HeaderMap, frame: &Bytes) -> Sent {
    let key = headers.get(metadata::IDEMPOTENCY_KEY).and_then(|key| key.to_str().ok()).unwrap_or_default();
    Sent { path: path.to_owned(), key: key.to_owned(), frame: frame.clone() }
}

/// Shows an answer to the simulation.
async fn watched(sent: &Sent, outcome: Outcome) -> Outcome {
    let answer = match outcome {
        Ok(response) => frame::Answer::read(response).await.map_err(|e| crate::status(&e)),
        Err(status) => Err(status),
    };
    let failure = match &answer {
        Ok(answer) => answer.status().filter(|status| status.code() != Code::Ok),
        Err(status) => Some(status.clone()),
    };
    let message = answer.as_ref().map(frame::Answer::message).unwrap_or_default();
    tap::with(|tap| tap.answered(sent, failure.as_ref().map_or(Ok(message), Err)));
    answer.map(frame::Answer::into_response)
}

/// Until when a call waits: as long as its contract allows, or as its caller does.
#[derive(Clone, Copy)]
struct Deadline {
    at: Instant,
    /// An answer that is missing before then says more about a caller in a hurry than about the service.
    telling_from: Instant,
}

/// The shorter of what the caller asks for and the contract allows. Not every call has a contract that says (pages).
fn limit(asked: Option<Duration>, allowed: Option<Duration>) -> Duration {
    asked.into_iter().chain(allowed).min().unwrap_or(DEADLINE_DEFAULT)
}

/// How one attempt ended, for those who decide about the next.
enum Attempt {
    Done(Result<Response<Body>, Status>),
    /// `was_sent`: the server may have acted.
    Again {
        status: Status,
        was_sent: bool,
    },
}

impl Inner {
    async fn perform(self: &Arc<Self>, path: &str, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let call = policies().calls.get(path);
        let allowed = call.map(|c| c.deadline);
        let limit = limit(metadata::timeout(request.headers()), allowed);
        if let Ok(value) = HeaderValue::from_str(&metadata::timeout_value(limit)) {
            request.headers_mut().insert(metadata::TIMEOUT, value);
        }
        let now = Instant::now();
        let deadline = Deadline { at: now + limit, telling_from: now + allowed.unwrap_or(limit) / 2 };
        if call.is_none_or(|c| c.method.is_client_streaming() || c.method.is_server_streaming()) {
            return self.stream(request).await;
        }
        let is_keyed = request.headers().contains_key(metadata::IDEMPOTENCY_KEY);
        let is_repeatable = is_keyed || call.is_some_and(|c| c.repeatable != Repeatable::No);
        let (parts, body) = frame::read_request(request).await.map_err(|e| crate::status(&e))?;
        let sent = || sent(path, &parts.headers, &body);
        let Some((fate, sent)) = tap::with(|tap| (tap.fate(&sent(), is_repeatable), sent())) else {
            return self.insist(&parts, &body, deadline, is_repeatable).await;
        };
        let outcome = self.meet(fate, &parts, &body, deadline, is_repeatable).await;
        watched(&sent, outcome).await
    }

    /// Lets a simulated network do its worst.
    async fn meet(self: &Arc<Self>, fate: Fate, parts: &Parts, body: &Bytes, deadline: Deadline, is_repeatable: bool) -> Outcome {
        match fate {
            Fate::Delivered => {}
            Fate::Late(wait) => {
                let arrived = timeout_at(deadline.at, self.later(wait, parts, body, is_repeatable)).await;
                let arrived = arrived.map_err(|_| Status::deadline_exceeded("no answer before the deadline"))?;
                return arrived.map_err(|error| Status::internal(error.to_string()))?;
            }
            Fate::Twice(wait) => drop(self.later(wait, parts, body, is_repeatable)),
            Fate::AnswerLost => {
                self.insist(parts, body, deadline, is_repeatable).await?;
                return Err(Status::unavailable("the connection broke"));
            }
        }
        self.insist(parts, body, deadline, is_repeatable).await
    }

    /// A call that is on its way for so long. It arrives also when whoever made it has given up meanwhile.
    fn later(self: &Arc<Self>, wait: Duration, parts: &Parts, body: &Bytes, is_repeatable: bool) -> JoinHandle<Outcome> {
        let (inner, parts, body) = (self.clone(), parts.clone(), body.clone());
        haat_kernel::spawn("rpc.later", async move {
            sleep(wait).await;
            let at = Instant::now() + DEADLINE_DEFAULT;
            inner.insist(&parts, &body, Deadline { at, telling_from: at }, is_repeatable).await
        })
    }

    /// Asks until there is an answer, as often as that is harmless.
    async fn insist(&self, parts: &Parts, body: &Bytes, deadline: Deadline, is_repeatable: bool) -> Outcome {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (status, was_sent) = match self.attempt(frame::request(parts.clone(), body.clone()), deadline).await {
                Attempt::Done(outcome) => return outcome,
                Attempt::Again { status, was_sent } => (status, was_sent),
            };
            let may_repeat = !was_sent || is_repeatable;
            if !may_repeat || attempt == ATTEMPTS_MAX || !self.budget.spend() {
                return Err(status);
            }
            let pause = BACKOFF_MS << (attempt - 1);
            sleep(Duration::from_millis(pause + self.entropy.below(pause))).await;
        }
    }

    async fn attempt(&self, request: Request<Body>, deadline: Deadline) -> Attempt {
        let replica = match self.pick() {
            Ok(replica) => replica,
            Err(wait) => return Attempt::Done(Err(self.refused(wait))),
        };
        let ticket = Ticket::take(replica);
        let answer = async { replica.channel.clone().ready().await?.call(request).await };
        match timeout_at(deadline.at, answer).await {
            Err(_) => {
                if Instant::now() >= deadline.telling_from {
                    ticket.failed(&self.entropy);
                }
                Attempt::Done(Err(Status::deadline_exceeded("no answer before the deadline")))
            }
            Ok(Ok(response)) => {
                ticket.succeeded();
                self.budget.earn();
                match Status::from_header_map(response.headers()) {
                    Some(status) if status.code() == Code::Unavailable && !is_overloaded(&status) => {
                        Attempt::Again { status, was_sent: true }
                    }
                    _ => Attempt::Done(Ok(response)),
                }
            }
            Ok(Err(error)) => {
                ticket.failed(&self.entropy);
                let status = Status::from_error(Box::new(error));
                let was_sent = delivery(&status) != Delivery::NeverSent;
                Attempt::Again { status, was_sent }
            }
        }
    }

    /// Streams are not repeated here: their readers resume them.
    async fn stream(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let replica = self.pick().map_err(|wait| self.refused(wait))?;
        let ticket = Ticket::take(replica);
        let answer = async { replica.channel.clone().ready().await?.call(request).await };
        match answer.await {
            Ok(response) => {
                ticket.succeeded();
                Ok(response)
            }
            Err(error) => {
                ticket.failed(&self.entropy);
                Err(Status::from_error(Box::new(error)))
            }
        }
    }

    /// The least busy replica whose breaker lets a call through; else how long until one might.
    fn pick(&self) -> Result<&Replica, Duration> {
        let now = Instant::now();
        let mut by_load: Vec<&Replica> = self.replicas.iter().collect();
        by_load.sort_by_key(|r| r.in_flight.load(Ordering::Relaxed));
        let mut shortest = Duration::from_secs(1);
        for replica in by_load {
            match replica.breaker.admit(now) {
                Ok(()) => return Ok(replica),
                Err(wait) => shortest = shortest.min(wait),
            }
        }
        Err(shortest)
    }

    fn refused(&self, wait: Duration) -> Status {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(0).saturating_add(1);
        let detail = format!("{} is not available at the moment.", self.service);
        let error = Error::unavailable("the breaker is open").with_retry_after(seconds);
        crate::status(&Error { detail, ..error })
    }
}

/// Asking again would only add to the load.
fn is_overloaded(status: &Status) -> bool {
    crate::error(status).code == OVERLOADED
}

/// One call under way at a replica. Dropped without an outcome, it tells the breaker that nothing was learnt.
struct Ticket<'a> {
    replica: &'a Replica,
    has_outcome: bool,
}

impl<'a> Ticket<'a> {
    fn take(replica: &'a Replica) -> Self {
        replica.in_flight.fetch_add(1, Ordering::Relaxed);
        Ticket { replica, has_outcome: false }
    }

    fn succeeded(mut self) {
        self.has_outcome = true;
        self.replica.breaker.succeeded();
    }

    fn failed(mut self, entropy: &Entropy) {
        self.has_outcome = true;
        let jitter = u32::try_from(entropy.below(100)).unwrap_or(0);
        self.replica.breaker.failed(Instant::now(), jitter);
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.replica.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.has_outcome {
            self.replica.breaker.abandoned();
        }
    }
}

#[cfg(test)]
mod tests;
