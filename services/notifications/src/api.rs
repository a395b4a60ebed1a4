//! The contract's calls, for operators.

use haat_contracts::notifications as pb;
use haat_contracts::notifications::notifications_server;
use haat_kernel::Error;
use haat_rpc as rpc;
use haat_store::{Page, Store};
use tonic::{Request, Response, Status};

use crate::message::Message;
use crate::wire;

pub struct Api {
    pub store: Store,
}

#[tonic::async_trait]
impl notifications_server::Notifications for Api {
    async fn list_messages(
        &self,
        request: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        rpc::call(request, |_, request| async move {
            let (key, value) = wire::state_key(&request.state)?;
            let page = Page::of_request(request.page_size, &request.page_token).descending();
            let found = self.store.list::<Message>(key, value, &page).await?;
            let messages = found.items.iter().map(|message| wire::message(&message.id, message)).collect();
            Ok(pb::ListMessagesResponse { messages, next_page_token: found.next_token })
        })
        .await
    }

    async fn retry_message(&self, request: Request<pb::RetryMessageRequest>) -> Result<Response<pb::Message>, Status> {
        rpc::call(request, |ctx, request| async move {
            let id = wire::message_id("message", &request.message)?;
            let (asked_id, now) = (id.clone(), ctx.now);
            let decide = move |message: Option<&Message>| match message {
                Some(message) => message.retry(now).map_err(Error::from),
                None => Err(Error::not_found("message", asked_id.as_str())),
            };
            let answered_id = id.clone();
            self.store.answer(&ctx, id.as_str(), decide, move |message| wire::message(answered_id.as_str(), message)).await
        })
        .await
    }
}
