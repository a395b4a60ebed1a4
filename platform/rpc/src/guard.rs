//! What stands before every handler: who calls (by certificate), whether the contract lets them, for whom they ask and
//! with which roles, until when, under which idempotency key; then counting, and panics turned into `INTERNAL`.

use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::FutureExt;
use haat_contracts::policy::{Call, EVERY_SERVICE, Repeatable, policies};
use haat_kernel::{Clock, Ctx, Entropy, Error, Kind, Principal, PrincipalKind, Result};
use haat_store::Store;
use haat_telemetry::{Metrics, Span};
use haat_transport::Peer;
use http::{Request, Response};
use tokio::time::{Instant, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::idempotency::{self, InFlight};
use crate::metadata;
use crate::status::code_name;

const FEED: &str = "/haat.feed.v1.Feed/";
const HEALTH: &str = "/grpc.health.v1.Health/";
const PAGES: &str = "/haat.web.v1.Pages/";
/// The one caller whose principals are people off the street: for them the contract's roles count.
const EDGE: &str = "gateway";
/// In `callers`: also without a certificate.
const ANYBODY: &str = "*";

/// The guard of one service.
pub struct Guard {
    pub service: &'static str,
    /// None for a service that keeps nothing.
    pub store: Option<Store>,
    pub clock: Clock,
    pub entropy: Entropy,
    pub metrics: Metrics,
    in_flight: InFlight,
}

impl Guard {
    pub fn new(service: &'static str, store: Option<Store>, clock: Clock, entropy: Entropy, metrics: Metrics) -> Self {
        Guard { service, store, clock, entropy, metrics, in_flight: InFlight::default() }
    }

    pub fn into_layer(self) -> GuardLayer {
        GuardLayer(Arc::new(self))
    }

    async fn serve<S>(&self, inner: S, request: Request<Body>) -> Result<Response<Body>>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let peer = request.extensions().get::<Peer>().and_then(|p| p.identity.clone());
        let peer = peer.as_ref().map_or("", |id| id.name());
        let path = request.uri().path();
        if path.starts_with(FEED) || path.starts_with(HEALTH) {
            self.admit_to_service(path, peer)?;
            return run(inner, request).await;
        }
        if path.starts_with(PAGES) {
            self.admit_to_pages(path, peer)?;
            return run(inner, request).await;
        }
        if self.is_passed_through(path, peer) {
            // The gateway asks the visitor's token, not the application, who wants this.
            return run(inner, request).await;
        }
        let is_offered = |call: &&Call| call.service == self.service || call.service == EVERY_SERVICE;
        let Some(call) = policies().calls.get(path).filter(is_offered) else {
            return Err(Error::new(Kind::Unimplemented, "unimplemented", "There is no such call."));
        };
        admit(call, peer)?;
        let mut ctx = metadata::context_from(request.headers(), peer, call, self.clock.now(), &self.entropy)?;
        if peer == EDGE || call.service == EVERY_SERVICE {
            authorize(call, &ctx.principal)?;
        }
        self.within_deadline(call, inner, &mut ctx, request).await
    }

    async fn within_deadline<S>(&self, call: &Call, inner: S, ctx: &mut Ctx, request: Request<Body>) -> Result<Response<Body>>
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    {
        let deadline = ctx.deadline;
        let mut traced = Span::begin(&call.path, &ctx.trace, ctx.now, &self.entropy);
        traced.set("haat.correlation_id", ctx.correlation_id.as_str());
        ctx.trace = traced.context;
        let span = tracing::info_span!("call", path = %call.path, correlation_id = %ctx.correlation_id.as_str(), trace_id = %ctx.trace.trace_id_hex());
        let handle = |ctx: Ctx, mut request: Request<Body>| {
            request.extensions_mut().insert(ctx);
            run(inner, request)
        };
        let work = async {
            match &self.store {
                // A repeat of what is harmless to repeat is done again, which gives the answer of today. And secrets are
                // not remembered: what nobody may keep, neither do we.
                Some(store) if call.repeatable == Repeatable::No && !call.no_store => {
                    idempotency::once(store, &self.in_flight, call.secret_request, ctx, request, handle).await
                }
                _ => {
                    ctx.idempotency = None;
                    handle(ctx.clone(), request).await
                }
            }
        };
        let work = work.instrument(span);
        let outcome = match deadline {
            None => work.await,
            Some(at) => timeout_at(at, work).await.unwrap_or_else(|_| {
                Err(Error::new(Kind::DeadlineExceeded, "deadline_exceeded", "The call took longer than it may."))
            }),
        };
        if let Err(error) = &outcome {
            traced.fail(&error.code);
        }
        outcome
    }

    /// Feeds are for the subscribers that the service's contract names, health for every service.
    fn admit_to_service(&self, path: &str, peer: &str) -> Result<()> {
        let is_subscriber = || policies().services.get(self.service).is_some_and(|s| s.subscribers.iter().any(|n| n == peer));
        if !peer.is_empty() && (path.starts_with(HEALTH) || is_subscriber()) {
            return Ok(());
        }
        Err(denied(path, peer))
    }

    /// Pages are the applications', for the gateway alone.
    fn admit_to_pages(&self, path: &str, peer: &str) -> Result<()> {
        let is_admitted = peer == EDGE && policies().is_application(self.service);
        if is_admitted { Ok(()) } else { Err(denied(path, peer)) }
    }

    /// At the gateway: what it may call, an application may call through it.
    fn is_passed_through(&self, path: &str, peer: &str) -> bool {
        let is_the_gateways = || policies().calls.get(path).is_some_and(|call| call.callers.iter().any(|name| name == EDGE));
        self.service == EDGE && policies().is_application(peer) && is_the_gateways()
    }
}

fn admit(call: &Call, peer: &str) -> Result<()> {
    let is_named = call.callers.iter().any(|c| c == ANYBODY || (c == peer && !peer.is_empty()));
    if is_named { Ok(()) } else { Err(denied(&call.path, peer)) }
}

fn denied(path: &str, peer: &str) -> Error {
    tracing::warn!(call = path, caller = peer, "a caller that the contract does not name was refused");
    Error::new(Kind::PermissionDenied, "caller_not_allowed", "The contract does not let this caller make this call.")
}

/// The contract's `public` and `roles` for a person or machine at the edge.
fn authorize(call: &Call, principal: &Principal) -> Result<()> {
    if call.public {
        return Ok(());
    }
    if principal.kind == PrincipalKind::Anonymous {
        return Err(Error::new(Kind::Unauthenticated, "unauthenticated", "Sign in first: this needs an access token."));
    }
    if call.roles.is_empty() || call.roles.iter().any(|role| principal.has_role(role)) {
        return Ok(());
    }
    Err(Error::permission_denied(format!("This needs one of the roles: {}.", call.roles.join(", "))))
}

async fn run<S>(mut inner: S, request: Request<Body>) -> Result<Response<Body>>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    match AssertUnwindSafe(inner.call(request)).catch_unwind().await {
        Ok(Ok(response)) => Ok(response),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("");
            Err(Error::internal(format!("a handler panicked: {text}")))
        }
    }
}

#[derive(Clone)]
pub struct GuardLayer(Arc<Guard>);

impl<S> Layer<S> for GuardLayer {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { guard: self.0.clone(), inner }
    }
}

#[derive(Clone)]
pub struct Guarded<S> {
    guard: Arc<Guard>,
    inner: S,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let guard = self.guard.clone();
        // The one that was polled ready is used up; its clone takes its place.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let started = Instant::now();
            let outcome = guard.serve(inner, request).await;
            let response = outcome.unwrap_or_else(|error| crate::status(&error).into_http());
            let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |s| s.code());
            guard.metrics.server_call(&path, code_name(code), started.elapsed());
            Ok(response)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(service: &'static str) -> Guard {
        Guard::new(service, None, Clock::System, Entropy::seeded(1), Metrics::default())
    }

    #[test]
    fn pages_are_the_applications_and_for_the_gateway_alone() {
        let is_admitted = |service, peer| guard(service).admit_to_pages("/haat.web.v1.Pages/Serve", peer).is_ok();
        assert!(is_admitted("storefront", "gateway") && is_admitted("operations", "gateway"));
        assert!(
            !is_admitted("storefront", "seller-console") && !is_admitted("storefront", "") && !is_admitted("orders", "gateway")
        );
    }

    #[test]
    fn only_applications_call_through_the_gateway_and_only_what_it_may_call_itself() {
        let passes = |service, path, peer| guard(service).is_passed_through(path, peer);
        let search = "/haat.catalog.v1.Catalog/SearchProducts";
        assert!(passes("gateway", search, "storefront"));
        assert!(
            !passes("gateway", search, "orders") && !passes("gateway", search, "") && !passes("catalog", search, "storefront")
        );
        assert!(!passes("gateway", "/haat.users.v1.Users/EnsureUser", "storefront"));
        assert!(!passes("gateway", "/haat.inventory.v1.Inventory/Reserve", "storefront"));
    }
}
