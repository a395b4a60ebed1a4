//! Parked sagas, as operators see them: to be tried again, or resolved by hand and left where they are.

use async_trait::async_trait;
use haat_kernel::{Ctx, Error, Kind, Result};
use haat_service::{Stuck, StuckItem};
use haat_store::{Page, Versioned};

use crate::{Event, Runner, Saga};

const LISTED_MAX: usize = 200;

#[async_trait]
impl<S: Saga> Stuck for Runner<S> {
    fn kind(&self) -> &str {
        S::KIND
    }

    async fn list(&self) -> Result<Vec<StuckItem>> {
        let parked = self.store().list::<S>("parked", "all", &Page::first(LISTED_MAX)).await?;
        Ok(parked.items.iter().filter_map(item).collect())
    }

    async fn retry(&self, ctx: &Ctx, id: &str) -> Result<String> {
        let step = self.resume(ctx, id).await.map(|saga| match saga.next() {
            crate::Next::Call(step) => step.to_string(),
            crate::Next::Wait | crate::Next::Done => String::new(),
        })?;
        Ok(format!("it tries again: {step}"))
    }

    async fn resolve(&self, ctx: &Ctx, id: &str, reason: &str) -> Result<String> {
        let event = Event::Resolved { by: ctx.principal.to_string(), reason: reason.to_owned(), at: ctx.now };
        let decide = move |saga: Option<&S>| match saga.map(|saga| &saga.progress().parked) {
            None => Err(Error::not_found(S::KIND, "")),
            Some(Some(parked)) if parked.resolved.is_none() => Ok(vec![S::saga_event(event)]),
            Some(_) => Err(Error::new(Kind::FailedPrecondition, format!("{}_not_parked", S::KIND), "It is not parked.")),
        };
        self.store().update(ctx, id, decide).await?;
        Ok("it stays where it is and is not driven again".to_owned())
    }
}

fn item<S: Saga>(saga: &Versioned<S>) -> Option<StuckItem> {
    let parked = saga.progress().parked.as_ref()?;
    Some(StuckItem {
        id: saga.id.clone(),
        title: parked.step.clone(),
        reason: parked.reason.clone(),
        attempts: parked.attempts,
        since: parked.at,
        correlation_id: saga.correlation_id().to_owned(),
        can_resolve: true,
    })
}
