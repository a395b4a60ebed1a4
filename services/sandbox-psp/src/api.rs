//! The calls of the HTTP API, a few lines each, and the buyer's page.

use std::net::IpAddr;
use std::sync::Arc;

use http::{Method, Request, StatusCode};
use hyper::body::Incoming;
use serde_json::json;

use crate::answer::{Answer, Refusal, html, json};
use crate::charge::{ChargeId, DeclineCode, Status, Verdict};
use crate::mood::{Manner, Mood};
use crate::page::{self, Notice};
use crate::provider::{Found, Provider};
use crate::request::{self, AuthorizeBody, CaptureBody, Listing, RefundBody, VoidBody};
use crate::server::Stop;
use crate::view::ChargeView;

pub struct Api {
    pub provider: Arc<Provider>,
    pub api_key: Option<String>,
}

/// The connection is cut without an answer.
#[derive(Debug, thiserror::Error)]
#[error("this request stays without an answer")]
pub struct Silence;

#[derive(Debug, PartialEq, Eq)]
enum Route {
    Health,
    Charges,
    Charge(ChargeId),
    Capture(ChargeId),
    Void(ChargeId),
    Refunds(ChargeId),
    Page(ChargeId),
    Click(ChargeId, Verdict),
}

impl Route {
    fn of(path: &str) -> Option<Route> {
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let charge = |id: &str| ChargeId::parse(id).ok();
        match segments.as_slice() {
            ["healthz"] => Some(Route::Health),
            ["v1", "charges"] => Some(Route::Charges),
            ["v1", "charges", id] => charge(id).map(Route::Charge),
            ["v1", "charges", id, "capture"] => charge(id).map(Route::Capture),
            ["v1", "charges", id, "void"] => charge(id).map(Route::Void),
            ["v1", "charges", id, "refunds"] => charge(id).map(Route::Refunds),
            ["actions", id] => charge(id).map(Route::Page),
            ["actions", id, "approve"] => charge(id).map(|id| Route::Click(id, Verdict::Authorized)),
            ["actions", id, "decline"] => charge(id).map(|id| Route::Click(id, Verdict::Declined(DeclineCode::DeclinedByBuyer))),
            _ => None,
        }
    }

    fn is_for_buyers(&self) -> bool {
        matches!(self, Route::Page(_) | Route::Click(..))
    }
}

impl Api {
    pub async fn handle(&self, request: Request<Incoming>, peer: IpAddr, stop: Stop) -> Result<Answer, Silence> {
        let Some(route) = Route::of(request.uri().path()) else {
            return Ok(Refusal::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path.").json());
        };
        let is_for_buyers = route.is_for_buyers();
        match self.answer(route, request, peer).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(self.hold(stop).await),
            Err(refusal) if is_for_buyers => Ok(html(refusal.status, page::problem(&refusal.message))),
            Err(refusal) => Ok(refusal.json()),
        }
    }

    /// None: there shall be no answer.
    async fn answer(&self, route: Route, request: Request<Incoming>, peer: IpAddr) -> Result<Option<Answer>, Refusal> {
        self.check_key(&route, &request, peer)?;
        let answer = match (request.method().clone(), route) {
            (Method::GET, Route::Health) => json(StatusCode::OK, &json!({"status": "ok"})),
            (Method::POST, Route::Charges) => return self.authorize(request).await,
            (Method::GET, Route::Charges) => return self.list(&request).await,
            (Method::GET, Route::Charge(id)) => {
                let found = self.provider.find(&id).await?;
                return Ok(self.spoken(&found, self.stated_view(&found)).await?.map(|view| json(StatusCode::OK, &view)));
            }
            (Method::GET, Route::Refunds(id)) => self.refunds(&id).await?,
            (Method::POST, Route::Capture(id)) => return self.capture(&id, request).await,
            (Method::POST, Route::Void(id)) => return self.void(&id, request).await,
            (Method::POST, Route::Refunds(id)) => return self.refund(&id, request).await,
            (Method::GET, Route::Page(id)) => page_of(StatusCode::OK, &self.provider.find(&id).await?, Notice::None),
            (Method::POST, Route::Click(id, verdict)) => self.click(&id, verdict).await?,
            _ => {
                let message = "This path does not take this method.";
                return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message));
            }
        };
        Ok(Some(answer))
    }

    /// The list of charges is open to the machine itself: tests balance their books with it.
    fn check_key(&self, route: &Route, request: &Request<Incoming>, peer: IpAddr) -> Result<(), Refusal> {
        let is_open_list = *route == Route::Charges && request.method() == Method::GET && peer.is_loopback();
        let is_open = is_open_list || *route == Route::Health || route.is_for_buyers();
        match &self.api_key {
            Some(key) if !is_open => request::require_api_key(request.headers(), key),
            _ => Ok(()),
        }
    }

    async fn authorize(&self, request: Request<Incoming>) -> Result<Option<Answer>, Refusal> {
        let (head, body) = request.into_parts();
        let key = request::idempotency_key(&head.headers)?;
        let terms = request::body::<AuthorizeBody>(body).await?.terms()?;
        match self.provider.authorize(terms, key).await? {
            Some(found) if found.charge.status == Status::Pending => Ok(None),
            Some(found) => self.truth(&found).await,
            None => Err(failure()),
        }
    }

    async fn list(&self, request: &Request<Incoming>) -> Result<Option<Answer>, Refusal> {
        let listing = Listing::of(request.uri())?;
        let is_about_one = listing.reference.is_some();
        let (charges, next) = self.provider.list(listing).await?;
        let mut views = Vec::with_capacity(charges.len());
        for found in &charges {
            let view = self.stated_view(found);
            let spoken = if is_about_one { self.spoken(found, view).await? } else { Some(view) };
            let Some(view) = spoken else { return Ok(None) };
            views.push(view);
        }
        Ok(Some(json(StatusCode::OK, &json!({"charges": views, "next": next}))))
    }

    async fn refunds(&self, id: &ChargeId) -> Result<Answer, Refusal> {
        let refunds = self.stated_view(&self.provider.find(id).await?).refunds;
        Ok(json(StatusCode::OK, &json!({"refunds": refunds})))
    }

    async fn capture(&self, id: &ChargeId, request: Request<Incoming>) -> Result<Option<Answer>, Refusal> {
        let (head, body) = request.into_parts();
        let key = request::idempotency_key(&head.headers)?;
        let amount = request::optional_body::<CaptureBody>(body).await?.amount;
        self.truth(&self.provider.capture(id, amount, key).await?).await
    }

    async fn void(&self, id: &ChargeId, request: Request<Incoming>) -> Result<Option<Answer>, Refusal> {
        let (head, body) = request.into_parts();
        let key = request::idempotency_key(&head.headers)?;
        request::optional_body::<VoidBody>(body).await?;
        self.truth(&self.provider.void(id, key).await?).await
    }

    async fn refund(&self, id: &ChargeId, request: Request<Incoming>) -> Result<Option<Answer>, Refusal> {
        let (head, body) = request.into_parts();
        let key = request::idempotency_key(&head.headers)?;
        let amount = request::body::<RefundBody>(body).await?.amount;
        self.truth(&self.provider.refund(id, amount, key).await?).await
    }

    async fn click(&self, id: &ChargeId, verdict: Verdict) -> Result<Answer, Refusal> {
        let found = self.provider.find(id).await?;
        if found.charge.status != Status::RequiresAction {
            return Ok(page_of(StatusCode::CONFLICT, &found, Notice::AlreadyDecided));
        }
        let found = self.provider.answer(id, verdict).await?;
        Ok(page_of(StatusCode::OK, &found, Notice::Decided))
    }

    async fn hold(&self, mut stop: Stop) -> Silence {
        tokio::select! {
            () = tokio::time::sleep(self.provider.delays.hold) => {}
            () = stop.requested() => {}
        }
        Silence
    }

    /// The charge after a request that changes it.
    async fn truth(&self, found: &Found) -> Result<Option<Answer>, Refusal> {
        let truth = ChargeView::truth(&found.id, &found.charge, &self.provider.public_url);
        Ok(self.spoken(found, truth).await?.map(|view| json(StatusCode::OK, &view)))
    }

    /// What is said of one charge, in the mood that its card brings. None: nothing.
    async fn spoken(&self, found: &Found, view: ChargeView) -> Result<Option<ChargeView>, Refusal> {
        let Some(mood) = Mood::of(found.charge.terms.token, &self.provider.entropy) else { return Ok(Some(view)) };
        tokio::time::sleep(mood.wait).await;
        match mood.manner {
            Manner::Truth => Ok(Some(view)),
            Manner::Lie => Ok(Some(ChargeView { amount: view.amount.saturating_add(100), ..view })),
            Manner::Failure => Err(failure()),
            Manner::Silence => Ok(None),
        }
    }

    fn stated_view(&self, found: &Found) -> ChargeView {
        ChargeView::stated(&found.id, &found.charge, &self.provider.public_url)
    }
}

fn failure() -> Refusal {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong; try again.")
}

fn page_of(status: StatusCode, found: &Found, notice: Notice) -> Answer {
    html(status, page::charge(&found.id, &found.charge, notice))
}
