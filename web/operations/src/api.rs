//! The contract's calls. What acts is noted before it is done and when it is known what came of it, under the operator's
//! name, and goes to the service in question as the operator's own call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use haat_contracts::operations as pb;
use haat_contracts::operations::edge_client::EdgeClient;
use haat_contracts::operations::operations_server::Operations;
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_rpc as rpc;
use haat_rpc::Channel;
use haat_store::{Page, Store};
use tonic::{Request, Response, Status};

use crate::action::{self, Action, ActionId};
use crate::books::{self, Books, Desk};
use crate::incident::{self, Incident};
use crate::instances::Instances;
use crate::traces::Traces;
use crate::wire;

type Reply<T> = std::result::Result<Response<T>, Status>;

const TRACES_SHOWN: usize = 100;
/// Requests that touched an id whose other traces are looked for too.
const FOLLOWED_MAX: usize = 3;

#[derive(Clone)]
pub struct Api {
    pub store: Store,
    pub entropy: Entropy,
    pub instances: Instances,
    pub traces: Traces,
    pub desk: Arc<Desk>,
    /// None where there is no gateway: in tests.
    pub gateway: Option<Channel>,
}

#[tonic::async_trait]
impl Operations for Api {
    async fn list_services(&self, request: Request<pb::ListServicesRequest>) -> Reply<pb::ListServicesResponse> {
        rpc::call(request, |_, _| async move { Ok(wire::services(&self.instances.heard().await)) }).await
    }

    async fn list_stuck_work(&self, request: Request<pb::ListStuckWorkRequest>) -> Reply<pb::ListStuckWorkResponse> {
        rpc::call(request, |ctx, _| async move {
            let (mut work, unreachable) = self.instances.stuck(&ctx).await;
            work.sort_by_key(|item| item.since.map_or(0, |since| since.seconds));
            Ok(pb::ListStuckWorkResponse { work, unreachable })
        })
        .await
    }

    async fn retry_stuck_work(&self, request: Request<pb::StuckRequest>) -> Reply<pb::StuckAnswer> {
        rpc::call(request, |ctx, request| async move {
            let mut client = self.instances.client(&request.service)?;
            let noted = self.note(&ctx, "retry", &target(&request), &request.reason).await?;
            let outcome = rpc::send(&ctx, request, |request| client.retry_stuck(request)).await;
            self.ended(&ctx, &noted, outcome).await
        })
        .await
    }

    async fn resolve_stuck_work(&self, request: Request<pb::StuckRequest>) -> Reply<pb::StuckAnswer> {
        rpc::call(request, |ctx, request| async move {
            let mut client = self.instances.client(&request.service)?;
            let noted = self.note(&ctx, "resolve", &target(&request), &request.reason).await?;
            let outcome = rpc::send(&ctx, request, |request| client.resolve_stuck(request)).await;
            self.ended(&ctx, &noted, outcome).await
        })
        .await
    }

    async fn search(&self, request: Request<pb::SearchRequest>) -> Reply<pb::SearchResponse> {
        rpc::call(request, |ctx, request| async move {
            let text = request.text.trim();
            let is_id = |b: u8| b.is_ascii_alphanumeric() || b"-_/.:@".contains(&b);
            if !(4..=128).contains(&text.len()) || !text.bytes().all(is_id) {
                return Err(Error::invalid("text", "is an id or a correlation id: 4 to 128 letters, digits, `-` and `_`"));
            }
            Ok(self.look_for(&ctx, text).await)
        })
        .await
    }

    async fn get_trace(&self, request: Request<pb::GetTraceRequest>) -> Reply<pb::Trace> {
        rpc::call(request, |_, request| async move {
            let found = self.traces.find(&request.id);
            found.map(|(id, trace)| wire::trace(id, trace)).ok_or_else(|| Error::not_found("trace", &request.id))
        })
        .await
    }

    async fn list_traces(&self, request: Request<pb::ListTracesRequest>) -> Reply<pb::ListTracesResponse> {
        rpc::call(request, |_, request| async move {
            let recent = self.traces.recent(request.notable, TRACES_SHOWN).into_iter();
            Ok(pb::ListTracesResponse { traces: recent.map(|(id, trace)| wire::summary(id, &trace)).collect() })
        })
        .await
    }

    async fn explain(&self, request: Request<pb::ExplainRequestRequest>) -> Reply<pb::Explanation> {
        rpc::call(request, |ctx, request| async move {
            let gateway = self.gateway.clone().ok_or_else(|| Error::unavailable("there is no gateway"))?;
            let mut client = EdgeClient::new(gateway);
            rpc::send(&ctx, request, |request| client.explain_request(request)).await
        })
        .await
    }

    async fn list_incidents(&self, request: Request<pb::ListIncidentsRequest>) -> Reply<pb::ListIncidentsResponse> {
        rpc::call(request, |_, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token).descending();
            let found = self.store.list::<Incident>(incident::ALL, "", &page).await?;
            let incidents = found.items.iter().map(|item| wire::incident(&item.id, item)).collect();
            Ok(pb::ListIncidentsResponse { incidents, next_page_token: found.next_token })
        })
        .await
    }

    async fn get_books(&self, request: Request<pb::GetBooksRequest>) -> Reply<pb::Books> {
        rpc::call(request, |_, _| async move { self.books().await }).await
    }

    async fn check_books(&self, request: Request<pb::CheckBooksRequest>) -> Reply<pb::Books> {
        rpc::call(request, |ctx, request| async move {
            let noted = self.note(&ctx, "check_books", "books", &request.reason).await?;
            self.desk.ask();
            self.ended(&ctx, &noted, Ok(pb::StuckAnswer { outcome: "asked for".to_owned() })).await?;
            self.books().await
        })
        .await
    }

    async fn list_actions(&self, request: Request<pb::ListActionsRequest>) -> Reply<pb::ListActionsResponse> {
        rpc::call(request, |_, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token).descending();
            let found = self.store.list::<Action>(action::ALL, "", &page).await?;
            let actions = found.items.iter().map(|item| wire::action(&item.id, item)).collect();
            Ok(pb::ListActionsResponse { actions, next_page_token: found.next_token })
        })
        .await
    }

    async fn record_action(&self, request: Request<pb::RecordActionRequest>) -> Reply<pb::Action> {
        rpc::call(request, |ctx, request| async move {
            let operator = ctx.principal.to_string();
            let id = action::id_of(&request.id, &operator)?;
            let wanted = asked(&ctx, &request.what, &request.target, &request.reason);
            let begin = move |existing: Option<&Action>| Action::request(existing, wanted);
            let mut found = self.store.update(&ctx.aside(), id.as_str(), begin).await?;
            if !request.outcome.is_empty() {
                let now = ctx.now;
                let end = move |existing: Option<&Action>| match existing {
                    Some(action) => action.end(&operator, &request.outcome, request.has_failed, now),
                    None => Ok(Vec::new()),
                };
                found = self.store.update(&ctx.aside(), id.as_str(), end).await?;
            }
            Ok(wire::action(id.as_str(), &found))
        })
        .await
    }

    async fn await_books_check(&self, request: Request<pb::AwaitBooksCheckRequest>) -> Reply<pb::AwaitBooksCheckResponse> {
        rpc::call(request, |_, request| async move {
            Ok(pb::AwaitBooksCheckResponse { is_due: self.desk.is_due(request.only_when_asked).await? })
        })
        .await
    }

    async fn report_books(&self, request: Request<pb::ReportBooksRequest>) -> Reply<pb::ReportBooksResponse> {
        rpc::call(request, |ctx, request| async move {
            let report = wire::report(request.books.unwrap_or_default(), ctx.now);
            self.desk.report(&ctx.aside(), report).await?;
            Ok(pb::ReportBooksResponse {})
        })
        .await
    }
}

impl Api {
    async fn books(&self) -> Result<pb::Books> {
        let books = self.store.load::<Books>(books::ID).await?;
        Ok(wire::books(books.as_ref().map(|books| &*books.state), self.desk.is_asked()))
    }

    /// What was recorded of it, and what else the same requests did.
    async fn look_for(&self, ctx: &Ctx, text: &str) -> pb::SearchResponse {
        let (first, mut is_partial, unreachable) = self.instances.find(ctx, text).await;
        let correlation_ids = followed(&first, text);
        let mut found: BTreeMap<_, pb::RecordedEvent> = first.into_iter().map(keyed).collect();
        for id in correlation_ids.iter().take(FOLLOWED_MAX) {
            let (more, left_out, _) = self.instances.find(ctx, id).await;
            is_partial |= left_out;
            found.extend(more.into_iter().map(keyed));
        }
        let mut events: Vec<pb::RecordedEvent> = found.into_values().collect();
        events.sort_by_key(|event| event.at.map_or((0, 0), |at| (at.seconds, at.nanos)));
        pb::SearchResponse { events, is_partial, unreachable, correlation_ids }
    }

    async fn note(&self, ctx: &Ctx, what: &str, target: &str, reason: &str) -> Result<ActionId> {
        let id: ActionId = self.entropy.id(ctx.now);
        let request = asked(ctx, what, target, reason);
        let begin = move |existing: Option<&Action>| Action::request(existing, request);
        self.store.update(&ctx.aside(), id.as_str(), begin).await?;
        Ok(id)
    }

    async fn ended(&self, ctx: &Ctx, id: &ActionId, outcome: Result<pb::StuckAnswer>) -> Result<pb::StuckAnswer> {
        let (text, has_failed) = match &outcome {
            Ok(answer) => (answer.outcome.clone(), false),
            Err(error) => (error.detail.clone(), true),
        };
        let (operator, now) = (ctx.principal.to_string(), ctx.now);
        let end = move |existing: Option<&Action>| match existing {
            Some(action) => action.end(&operator, &text, has_failed, now),
            None => Ok(Vec::new()),
        };
        self.store.update(&ctx.aside(), id.as_str(), end).await?;
        outcome
    }
}

fn asked(ctx: &Ctx, what: &str, target: &str, reason: &str) -> action::Request {
    action::Request {
        operator: ctx.principal.to_string(),
        what: what.to_owned(),
        target: target.to_owned(),
        reason: reason.to_owned(),
        correlation_id: ctx.correlation_id.as_str().to_owned(),
        at: ctx.now,
    }
}

fn target(request: &pb::StuckRequest) -> String {
    format!("{} {} {}", request.service, request.kind, request.id)
}

type EventKey = (String, String, String, u64);

fn keyed(event: pb::RecordedEvent) -> (EventKey, pb::RecordedEvent) {
    ((event.service.clone(), event.kind.clone(), event.id.clone(), event.version), event)
}

/// The correlation ids of what people asked for, but for the one that is looked for: what services do by themselves goes on
/// under the ids of those requests.
fn followed(events: &[pb::RecordedEvent], text: &str) -> Vec<String> {
    let others = events.iter().filter(|event| event.correlation_id != text && !event.principal.starts_with("service:"));
    let distinct: BTreeSet<&str> = others.map(|event| event.correlation_id.as_str()).collect();
    distinct.into_iter().map(str::to_owned).collect()
}
