//! The calls about people and their sessions: read the request, ask the aggregate, answer. The work behind signing in is in
//! `sign_in`; what follows from being signed in, in `signed_in`.

mod addresses;
mod sellers;

use haat_contracts::api::HttpBody;
use haat_contracts::users as pb;
use haat_contracts::users::users_server;
use haat_kernel::id::derived;
use haat_kernel::{Ctx, Entropy, Error, Result};
use haat_rpc as rpc;
use haat_store::{Page, Store, Versioned};
use tonic::{Request, Response, Status};

use crate::passwords::Passwords;
use crate::sign_in::SignIn;
use crate::signed_in::SignedIn;
use crate::user::{EMAIL_KEY, User, UserError, UserEvent, UserId, Wanted};
use crate::wire::{self, NewUser};

pub use addresses::AddressesApi;
pub use sellers::SellersApi;

pub struct Api {
    pub store: Store,
    pub entropy: Entropy,
    pub passwords: std::sync::Arc<Passwords>,
    pub sign_in: SignIn,
    pub signed_in: SignedIn,
}

#[tonic::async_trait]
impl users_server::Users for Api {
    async fn create_user(&self, request: Request<pb::CreateUserRequest>) -> Result<Response<pb::User>, Status> {
        rpc::call(request, |ctx, request| async move { self.register(&ctx, wire::new_user(&request)?).await }).await
    }

    async fn get_current_user(&self, request: Request<pb::GetCurrentUserRequest>) -> Result<Response<pb::User>, Status> {
        rpc::call(request, |ctx, _| async move {
            let id = ctx.principal.user_id().ok_or_else(wire::unauthenticated)?;
            Ok(wire::user(id, &*self.user(id).await?))
        })
        .await
    }

    async fn create_session(&self, request: Request<pb::CreateSessionRequest>) -> Result<Response<pb::Session>, Status> {
        rpc::call(request, |ctx, request| async move { self.sign_in.with_password(&ctx, request).await }).await
    }

    async fn refresh_session(&self, request: Request<pb::RefreshSessionRequest>) -> Result<Response<pb::Session>, Status> {
        rpc::call(request, |ctx, request| async move {
            self.sign_in.with_refresh_token(&ctx, &request.refresh_token, request.is_shared).await
        })
        .await
    }

    async fn delete_current_session(&self, request: Request<pb::DeleteCurrentSessionRequest>) -> Result<Response<()>, Status> {
        rpc::call(request, |ctx, _| async move { self.signed_in.end_current(&ctx).await }).await
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        rpc::call(request, |ctx, request| async move {
            let page = Page::of_request(request.page_size, &request.page_token).descending();
            self.signed_in.list(&ctx, &page).await
        })
        .await
    }

    async fn delete_session(&self, request: Request<pb::DeleteSessionRequest>) -> Result<Response<()>, Status> {
        rpc::call(request, |ctx, request| async move {
            self.signed_in.end_own(&ctx, wire::session_id(&request.session)?.as_str()).await
        })
        .await
    }

    async fn end_other_sessions(
        &self,
        request: Request<pb::EndOtherSessionsRequest>,
    ) -> Result<Response<pb::EndOtherSessionsResponse>, Status> {
        rpc::call(
            request,
            |ctx, _| async move { Ok(pb::EndOtherSessionsResponse { ended: self.signed_in.end_others(&ctx).await? }) },
        )
        .await
    }

    async fn get_open_id_configuration(
        &self,
        request: Request<pb::GetOpenIdConfigurationRequest>,
    ) -> Result<Response<HttpBody>, Status> {
        rpc::call(request, |_, _| async move { self.sign_in.tokens.discovery().map(wire::json) }).await
    }

    async fn get_jwks(&self, request: Request<pb::GetJwksRequest>) -> Result<Response<HttpBody>, Status> {
        rpc::call(request, |_, _| async move { self.sign_in.tokens.jwks().map(wire::json) }).await
    }

    async fn get_contact(&self, request: Request<pb::GetContactRequest>) -> Result<Response<pb::Contact>, Status> {
        rpc::call(request, |_, request| async move {
            let id = wire::user_id("user", &request.user)?;
            Ok(wire::contact(&*self.user(id.as_str()).await?))
        })
        .await
    }

    async fn ensure_user(&self, request: Request<pb::EnsureUserRequest>) -> Result<Response<pb::User>, Status> {
        rpc::call(request, |ctx, request| async move { self.ensure(&ctx, wire::ensured_user(&request)?).await }).await
    }
}

impl Api {
    async fn user(&self, id: &str) -> Result<Versioned<User>> {
        self.store.load::<User>(id).await?.ok_or_else(|| Error::not_found("user", id))
    }

    async fn register(&self, ctx: &Ctx, new: NewUser) -> Result<pb::User> {
        // The commit checks it again; here it spares a password hash.
        if self.store.find::<User>(EMAIL_KEY, new.email.as_str()).await?.is_some() {
            return Err(UserError::EmailTaken.into());
        }
        let password_hash = self.passwords.turn().await?.hash(new.password).await?;
        let NewUser { email, display_name, standing, .. } = new;
        let created = UserEvent::UserCreated { email, display_name, password_hash, standing };
        let id: UserId = self.entropy.id(ctx.now);
        let decide = |_: Option<&User>| Ok::<_, Error>(vec![created]);
        let answered_id = id.clone();
        let reply = move |user: &User| wire::user(answered_id.as_str(), user);
        self.store.answer(ctx, id.as_str(), decide, reply).await.map_err(email_taken)
    }

    async fn ensure(&self, ctx: &Ctx, new: NewUser) -> Result<pb::User> {
        let existing = self.store.find::<User>(EMAIL_KEY, new.email.as_str()).await?;
        let stored_hash = existing.as_ref().map(|user| user.password_hash.clone());
        // Derived, so that a repeat of the first call finds the person that it made.
        let id = existing.map_or_else(|| derived::<UserId>(&["ensured", new.email.as_str()]).to_string(), |user| user.id);
        let is_right = self.passwords.turn().await?.check(new.password.as_str().to_owned(), stored_hash).await?;
        let password_hash = if is_right { None } else { Some(self.passwords.turn().await?.hash(new.password).await?) };
        let NewUser { email, display_name, standing, .. } = new;
        let decide = move |user: Option<&User>| match (user, password_hash) {
            (Some(user), password_hash) => Ok(user.ensure(Wanted { display_name, standing, password_hash })),
            (None, Some(password_hash)) => Ok(vec![UserEvent::UserCreated { email, display_name, password_hash, standing }]),
            (None, None) => Err(Error::internal("a person went away while their password was checked")),
        };
        let answered_id = id.clone();
        self.store.answer(ctx, &id, decide, move |user| wire::user(&answered_id, user)).await.map_err(email_taken)
    }
}

/// The unique key is the only thing of a user that can exist already.
fn email_taken(error: Error) -> Error {
    if error.code == haat_store::ALREADY_EXISTS { UserError::EmailTaken.into() } else { error }
}

#[cfg(test)]
mod tests;
