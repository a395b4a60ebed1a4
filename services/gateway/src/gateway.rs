//! The pipeline: every step that a request goes through, in order, each in a file of its own. No socket is needed to run
//! it: a request goes in, an answer comes out.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use haat_kernel::{Clock, Ctx, Entropy, Principal, PrincipalKind};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Request, StatusCode};
use tokio::time::Instant;

use crate::answer::{self, Answer, Content};
use crate::body::{self, Body};
use crate::cache::{self, Cache};
use crate::call::{self, Upstream};
use crate::explain::Decisions;
use crate::inspection::Inspection;
use crate::limits::Limit;
use crate::pages::Pages;
use crate::permission;
use crate::problem::Problem;
use crate::readiness::Readiness;
use crate::record::Record;
use crate::steps::Steps;
use crate::table::{self, CallRoute, Page, Table, Target};
use crate::tokens::Tokens;
use crate::trace::Trace;
use crate::transcode::{BodyForm, Input, media};

/// Who is at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    pub addr: IpAddr,
    /// True for loopback clients of the plain port: limits per address do not count them.
    pub is_exempt: bool,
    /// Whether the connection is encrypted.
    pub is_secure: bool,
}

pub struct Gateway {
    pub table: Table,
    pub upstream: Arc<dyn Upstream>,
    pub tokens: Tokens,
    pub inspection: Inspection,
    pub cache: Cache,
    /// Of forms, per address.
    pub form_limit: Option<Limit>,
    pub pages: Pages,
    pub readiness: Readiness,
    pub decisions: Decisions,
    pub clock: Clock,
    pub entropy: Entropy,
}

/// A request on its way to a call.
struct Exchange<'g> {
    route: &'g CallRoute,
    parts: &'g Parts,
    variables: Variables<'g>,
    trace: &'g Trace,
    principal: Principal,
    client: Client,
}

type Variables<'a> = Vec<Option<Cow<'a, str>>>;

impl Gateway {
    pub async fn handle(&self, request: Request<Body>, client: Client) -> Answer {
        let started = Instant::now();
        let (parts, mut body) = request.into_parts();
        let mut trace = Trace::of(&parts.headers, self.clock.now(), &self.entropy);
        let mut record = Record::default();
        let outcome = self.serve(&parts, &mut body, client, &trace, &mut record).await;
        body::drain(&mut body, &parts.headers).await;
        let answer = outcome.unwrap_or_else(|problem| {
            record.refused(&problem);
            problem.into_answer(trace.context())
        });
        record.steps.done("answer");
        let mut answer = answer::for_method(answer, &parts.method);
        trace.stamp(answer.headers_mut());
        record.trace(&parts.method, answer.status(), &mut trace);
        let took = started.elapsed();
        record.write(&parts.method, answer.status(), took, &trace);
        self.decisions.note(&parts.method, answer.status(), &record, &trace, self.clock.now(), took);
        answer
    }

    async fn serve<'g>(
        &'g self,
        parts: &Parts,
        body: &mut Body,
        client: Client,
        trace: &Trace,
        record: &mut Record<'g>,
    ) -> Result<Answer, Problem> {
        crate::admission::admit(parts)?;
        self.inspection.inspect(parts)?;
        record.steps.done("admit");
        let path = parts.uri.path();
        let found = match self.table.find(&parts.method, path) {
            Err(problem) if problem.status == StatusCode::NOT_FOUND && !table::is_api(path) => {
                let answer = self.visit(parts, body, client, trace, record).await;
                record.steps.done("page");
                return Ok(answer);
            }
            found => found?,
        };
        let route = match found.value {
            Target::Page(page) => return self.page(*page, parts),
            Target::Call(route) => route,
        };
        record.route = Some(&route.binding.template);
        // What may be in the cache needs no place.
        if !route.is_cacheable || parts.headers.contains_key(AUTHORIZATION) {
            route.gate.look()?;
        }
        let principal = self.tokens.principal(&parts.headers).await?;
        record.principal.clone_from(&principal);
        record.steps.done("principal");
        permission::demand(route.call, &principal)?;
        record.steps.done("permission");
        let allowance = match &route.limit {
            Some(limit) => limit.take(&principal, &client)?,
            None => None,
        };
        record.steps.done("limit");
        let is_anonymous = principal.kind == PrincipalKind::Anonymous;
        let exchange = Exchange { route, parts, variables: found.values().collect(), trace, principal, client };
        let content = if route.is_cacheable && is_anonymous {
            self.cached(exchange, record).await?
        } else {
            self.fresh(exchange, body, &mut record.steps).await?
        };
        let mut answer = content.respond(route.success, &parts.headers);
        answer::set_caching(&mut answer, route, is_anonymous);
        if let Some(allowance) = allowance {
            allowance.stamp(answer.headers_mut());
        }
        Ok(answer)
    }

    /// From the cache, or by one call for all who ask at the moment.
    async fn cached(&self, exchange: Exchange<'_>, record: &mut Record<'_>) -> Result<Content, Problem> {
        let uri = &exchange.parts.uri;
        let key = cache::key(uri.path(), uri.query());
        if let Some(content) = self.cache.get(&key).await {
            record.is_cached = true;
            record.steps.done("cache");
            return Ok(content);
        }
        let keep = Duration::from_secs(exchange.route.call.cache_seconds.into());
        let mut nothing = body::whole(Bytes::new());
        self.cache.get_or_fill(&key, keep, self.fresh(exchange, &mut nothing, &mut record.steps)).await
    }

    /// Translates, calls, and translates back.
    async fn fresh(&self, exchange: Exchange<'_>, body: &mut Body, steps: &mut Steps) -> Result<Content, Problem> {
        let Exchange { route, parts, variables, trace, principal, client } = exchange;
        route.gate.look()?;
        let reply = if route.plan.body == BodyForm::Stream {
            let ctx = call::context(route, parts, principal, client, trace, self.clock)?;
            self.stream(route, parts, &ctx, body).await
        } else {
            let message = self.message(route, parts, variables, body).await?;
            steps.done("read");
            let _place = route.gate.enter().await?;
            steps.done("place");
            // Only now: a slow client does not use up the call's time.
            let ctx = call::context(route, parts, principal, client, trace, self.clock)?;
            self.upstream.unary(route, &ctx, message.into()).await.map_err(Problem::from)
        };
        steps.done("call");
        let reply = reply?;
        let (content_type, body) = route.plan.answer(&self.table.shapes, &reply)?;
        let content = Content::new(content_type, body);
        Ok(if route.call.cache_seconds > 0 { content.with_etag() } else { content })
    }

    async fn message(
        &self,
        route: &CallRoute,
        parts: &Parts,
        variables: Variables<'_>,
        body: &mut Body,
    ) -> Result<Vec<u8>, Problem> {
        let limit = route.call.max_body_bytes;
        body::check_length(&parts.headers, limit)?;
        let body = match route.plan.body {
            BodyForm::None => Bytes::new(),
            _ => body::read(body, limit).await?,
        };
        if !body.is_empty() {
            media::demand_identity(&parts.headers)?;
        }
        let content_type = media::content_type(&parts.headers);
        let input = Input { variables, query: parts.uri.query(), content_type, body: &body };
        route.plan.request(&self.table.shapes, input)
    }

    async fn stream(&self, route: &CallRoute, parts: &Parts, ctx: &Ctx, body: &mut Body) -> Result<Bytes, Problem> {
        media::demand_identity(&parts.headers)?;
        let shared = body::share(std::mem::replace(body, body::whole(Bytes::new())));
        let (messages, failure) = body::chunks(shared.clone(), media::content_type(&parts.headers).cloned());
        let reply = self.upstream.stream(route, ctx, messages);
        let outcome = tokio::select! {
            Ok(problem) = failure => Err(problem),
            reply = reply => reply.map_err(Problem::from),
        };
        body::drain_shared(&shared, &parts.headers).await;
        outcome
    }

    fn page(&self, page: Page, parts: &Parts) -> Result<Answer, Problem> {
        match page {
            Page::Live => Ok(self.pages.text("ok\n")),
            Page::Ready if self.readiness.is_ready() => Ok(self.pages.text("ready\n")),
            Page::Ready => {
                let detail = "Not everything that requests need is there yet.";
                let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", detail);
                problem.retry_after_s = Some(1);
                Err(problem)
            }
            Page::Docs | Page::DocsStyle | Page::DocsScript | Page::OpenApi => Ok(self.pages.answer(page, &parts.headers)),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
