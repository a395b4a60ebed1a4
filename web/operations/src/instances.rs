//! Every process of the platform as it answered last. They are asked side by side; one that does not answer in time is
//! down, and keeps what it had told before.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use haat_contracts::operations as pb;
use haat_contracts::operations::instance_client::InstanceClient;
use haat_contracts::operations::instance_report::State;
use haat_kernel::time::plus_seconds;
use haat_kernel::{Ctx, Error, Result, Timestamp};
use haat_rpc::Channel;
use haat_service::Platform;
use parking_lot::RwLock;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

const ANSWER_MAX: Duration = Duration::from_secs(2);
/// What was heard within this time is told again.
const FRESH_S: i64 = 10;
const WINDOW_S: u32 = 300;
/// One search through a service's log.
const SEARCH_MAX: Duration = Duration::from_secs(4);

/// Cheap to clone.
#[derive(Clone)]
pub struct Instances(Arc<Inner>);

struct Inner {
    platform: Platform,
    known: Vec<Known>,
    heard: RwLock<Heard>,
}

struct Known {
    service: String,
    address: String,
    client: InstanceClient<Channel>,
}

/// In the order of the services' names.
#[derive(Clone, Default)]
pub struct Heard {
    pub at: Timestamp,
    pub reports: Vec<pb::InstanceReport>,
}

impl Instances {
    pub fn new(platform: &Platform) -> Result<Self> {
        let known = platform.instances()?.into_iter();
        let known = known.map(|(service, address, channel)| Known { service, address, client: InstanceClient::new(channel) });
        let inner = Inner { platform: platform.clone(), known: known.collect(), heard: RwLock::default() };
        Ok(Instances(Arc::new(inner)))
    }

    /// As heard last; asks when that is a while ago.
    pub async fn heard(&self) -> Heard {
        let now = self.0.platform.clock.now();
        if plus_seconds(self.0.heard.read().at, FRESH_S) < now {
            return self.ask().await;
        }
        self.0.heard.read().clone()
    }

    /// Asks all of them.
    pub async fn ask(&self) -> Heard {
        let before = self.0.heard.read().reports.clone();
        let reports = join_all(self.0.known.iter().map(|known| self.describe(known, &before))).await;
        let heard = Heard { at: self.0.platform.clock.now(), reports };
        *self.0.heard.write() = heard.clone();
        heard
    }

    async fn describe(&self, known: &Known, before: &[pb::InstanceReport]) -> pb::InstanceReport {
        let ctx = Ctx::internal(self.0.platform.name, "watch", self.0.platform.clock.now());
        let mut client = known.client.clone();
        let request = pb::DescribeRequest { window_seconds: WINDOW_S };
        ask(&ctx, ANSWER_MAX, request, |request| client.describe(request)).await.unwrap_or_else(|error| {
            let last = before.iter().find(|report| report.service == known.service && report.instance == known.address);
            down(known, last, &error)
        })
    }

    /// What is stuck anywhere, and who did not answer.
    pub async fn stuck(&self, ctx: &Ctx) -> (Vec<pb::StuckWork>, Vec<String>) {
        let asked = self.services().map(|known| async move {
            let mut client = known.client.clone();
            let answer = ask(ctx, ANSWER_MAX, pb::ListStuckRequest {}, |r| client.list_stuck(r)).await;
            (known.service.clone(), answer.map(|answer| answer.work))
        });
        gathered(join_all(asked).await)
    }

    /// What all services recorded of `text`: whether something was left out, and who did not answer, too.
    pub async fn find(&self, ctx: &Ctx, text: &str) -> (Vec<pb::RecordedEvent>, bool, Vec<String>) {
        let asked = self.services().map(|known| async move {
            let mut client = known.client.clone();
            let request = pb::FindEventsRequest { text: text.to_owned() };
            let answer = ask(ctx, SEARCH_MAX, request, |r| client.find_events(r)).await;
            (known.service.clone(), answer)
        });
        let answers = join_all(asked).await;
        let is_partial = answers.iter().any(|(_, answer)| answer.as_ref().is_ok_and(|answer| answer.is_partial));
        let (events, away) = gathered(answers.into_iter().map(|(name, answer)| (name, answer.map(|a| a.events))).collect());
        (events, is_partial, away)
    }

    /// The way to one service. Where it has several instances, they share a store, and the first will do.
    pub fn client(&self, service: &str) -> Result<InstanceClient<Channel>> {
        let known = self.services().find(|known| known.service == service);
        known.map(|known| known.client.clone()).ok_or_else(|| Error::not_found("service", service))
    }

    fn services(&self) -> impl Iterator<Item = &Known> {
        let known = &self.0.known;
        known.iter().enumerate().filter(|(index, one)| *index == 0 || known[index - 1].service != one.service).map(|(_, one)| one)
    }
}

/// Asks one process, and goes on without it when the time is over.
async fn ask<M, A, F>(ctx: &Ctx, limit: Duration, message: M, call: impl FnOnce(Request<M>) -> F) -> Result<A>
where
    F: Future<Output = std::result::Result<Response<A>, Status>>,
{
    let until = Instant::now() + limit;
    let until = ctx.deadline.map_or(until, |deadline| deadline.min(until));
    let mut ctx = ctx.aside();
    ctx.deadline = Some(until);
    haat_rpc::send(&ctx, message, call).await
}

fn gathered<T>(answers: Vec<(String, Result<Vec<T>>)>) -> (Vec<T>, Vec<String>) {
    let (mut found, mut away) = (Vec::new(), Vec::new());
    for (service, answer) in answers {
        match answer {
            Ok(items) => found.extend(items),
            Err(error) => {
                tracing::debug!(service, %error, "a service did not answer operations");
                away.push(service);
            }
        }
    }
    (found, away)
}

fn down(known: &Known, last: Option<&pb::InstanceReport>, error: &Error) -> pb::InstanceReport {
    let mut report = pb::InstanceReport {
        service: known.service.clone(),
        instance: known.address.clone(),
        calls: Vec::new(),
        reasons: vec![format!("it does not answer: {}", error.code)],
        ..last.cloned().unwrap_or_default()
    };
    report.set_state(State::Down);
    report
}
