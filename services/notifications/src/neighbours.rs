//! The calls to other services.

use haat_contracts::users::GetContactRequest;
use haat_contracts::users::users_client::UsersClient;
use haat_kernel::{Ctx, Result};
use haat_rpc as rpc;

pub struct Neighbours {
    pub users: UsersClient<rpc::Channel>,
}

impl Neighbours {
    pub async fn email_of(&self, ctx: &Ctx, user_id: &str) -> Result<String> {
        let mut users = self.users.clone();
        let request = GetContactRequest { user: user_id.to_owned() };
        let contact = rpc::send(ctx, request, |request| async move { users.get_contact(request).await }).await?;
        Ok(contact.email)
    }
}
