//! The sessions that a person has: which they are, and ending them. An ended session gets no new access token; the one that
//! it has lives out its minutes, since nobody asks about a token that is signed.

use haat_contracts::users as pb;
use haat_kernel::{Ctx, Error, Result};
use haat_store::{Load, Page, Store, Tx, Versioned};

use crate::session::{PERSON, Session, SessionError};
use crate::user::User;
use crate::wire;

/// Ended in one commit.
const ENDED_AT_ONCE: usize = 100;

pub struct SignedIn {
    pub store: Store,
}

impl SignedIn {
    pub async fn list(&self, ctx: &Ctx, page: &Page) -> Result<pb::ListSessionsResponse> {
        let user_id = ctx.principal.user_id().ok_or_else(wire::unauthenticated)?;
        let user = self.store.load::<User>(user_id).await?.ok_or_else(|| Error::not_found("user", user_id))?;
        let (password_version, now) = (user.password_version, ctx.now);
        let is_open = move |session: &Session| session.is_open(password_version, now);
        let found = self.store.select::<Session>(PERSON, user_id, page, is_open).await?;
        let current = ctx.principal.session_id.as_deref();
        let sessions = found.items.iter().map(|session| wire::session_summary(session, current)).collect();
        Ok(pb::ListSessionsResponse { sessions, next_page_token: found.next_token })
    }

    /// Ends the session of the caller's access token.
    pub async fn end_current(&self, ctx: &Ctx) -> Result<()> {
        let id = ctx.principal.session_id.as_deref().ok_or_else(wire::unauthenticated)?;
        if self.store.load::<Session>(id).await?.is_some() {
            self.end(ctx, id).await?;
        }
        Ok(())
    }

    pub async fn end_own(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let user_id = ctx.principal.user_id().ok_or_else(wire::unauthenticated)?;
        let session = self.store.load::<Session>(id).await?;
        session.filter(|session| session.user_id.as_str() == user_id).ok_or(SessionError::NotFound)?;
        self.end(ctx, id).await
    }

    async fn end(&self, ctx: &Ctx, id: &str) -> Result<()> {
        let decide = |session: Option<&Session>| Ok::<_, Error>(session.map(Session::sign_out).unwrap_or_default());
        self.store.update(ctx, id, decide).await.map(drop)
    }

    /// Answers how many have ended: those past their time are found no more and not counted by what is shown.
    pub async fn end_others(&self, ctx: &Ctx) -> Result<i32> {
        let user_id = ctx.principal.user_id().ok_or_else(wire::unauthenticated)?;
        let current = ctx.principal.session_id.clone().unwrap_or_default();
        // The current one stays in the list; so a page has room for it beside those that end.
        let page = Page::first(ENDED_AT_ONCE + 1);
        let mut ended = 0;
        loop {
            let found = self.store.list::<Session>(PERSON, user_id, &page).await?.items;
            let others: Vec<Versioned<Session>> = found.into_iter().filter(|session| session.id != current).collect();
            if others.is_empty() {
                return Ok(ended);
            }
            ended += i32::try_from(others.len()).unwrap_or(i32::MAX);
            self.end_all(&ctx.aside(), others.into_iter().map(|session| session.id).collect()).await?;
        }
    }

    async fn end_all(&self, ctx: &Ctx, ids: Vec<String>) -> Result<()> {
        let load = Load::new().all::<Session>(&ids);
        let work = move |tx: &mut Tx| {
            for id in &ids {
                let events = tx.get::<Session>(id).map(|session| session.sign_out()).unwrap_or_default();
                tx.record::<Session>(id, events)?;
            }
            Ok::<_, Error>(())
        };
        self.store.transact(ctx, load, work).await
    }
}
