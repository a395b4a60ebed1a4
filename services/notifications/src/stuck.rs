//! Messages that could not be sent, as operators see them.

use async_trait::async_trait;
use haat_kernel::{Ctx, Error, Result};
use haat_service::{Stuck, StuckItem};
use haat_store::{Aggregate, Page, Store};

use crate::message::{Message, STATE_KEY};

/// The name of that state.
const FAILED: &str = "FAILED";
const LISTED_MAX: usize = 200;

pub struct FailedMessages(pub Store);

#[async_trait]
impl Stuck for FailedMessages {
    fn kind(&self) -> &'static str {
        Message::KIND
    }

    async fn list(&self) -> Result<Vec<StuckItem>> {
        let failed = self.0.list::<Message>(STATE_KEY, FAILED, &Page::first(LISTED_MAX)).await?;
        Ok(failed
            .items
            .iter()
            .map(|message| StuckItem {
                id: message.id.clone(),
                title: format!("{} about {}", message.content.template(), message.subject_id),
                reason: message.last_error.clone(),
                attempts: message.attempts,
                since: message.queued_at,
                correlation_id: String::new(),
                can_resolve: false,
            })
            .collect())
    }

    async fn retry(&self, ctx: &Ctx, id: &str) -> Result<String> {
        let (wanted, now) = (id.to_owned(), ctx.now);
        let decide = move |message: Option<&Message>| match message {
            Some(message) => message.retry(now).map_err(Error::from),
            None => Err(Error::not_found("message", &wanted)),
        };
        self.0.update(ctx, id, decide).await?;
        Ok("it is sent again".to_owned())
    }
}
