//! Signing in with a password, staying signed in with refresh tokens.
//! An account that does not exist is answered like one whose password was wrong, after the same work.

use std::sync::Arc;

use haat_contracts::users as pb;
use haat_kernel::{Clock, Ctx, Entropy, Error, Result, Timestamp};
use haat_store::{Store, Versioned};

use crate::passwords::Passwords;
use crate::refresh_token::{RefreshToken, Successors};
use crate::session::{Origin, Presented, Session, SessionError, SessionId};
use crate::throttle::{Account, Throttle};
use crate::tokens::{ACCESS_TOKEN_S, Tokens};
use crate::user::{EMAIL_KEY, User, UserId};
use crate::wire;

/// 128 bits: the chance of two equal ones can be neglected.
const TOKEN_ID_BYTES: usize = 16;

pub struct SignIn {
    pub store: Store,
    pub clock: Clock,
    pub entropy: Entropy,
    pub passwords: Arc<Passwords>,
    pub throttle: Throttle,
    pub tokens: Tokens,
    pub successors: Successors,
}

impl SignIn {
    pub async fn with_password(&self, ctx: &Ctx, request: pb::CreateSessionRequest) -> Result<pb::Session> {
        let email = request.email.to_ascii_lowercase();
        let origin = wire::origin(ctx, &request);
        let account = Account::of(&email);
        self.throttle.check(account, self.clock.now())?;
        let user = self.store.find::<User>(EMAIL_KEY, &email).await?;
        let turn = self.passwords.turn().await?;
        // Once more: others may have guessed while this one waited for its turn.
        self.throttle.check(account, self.clock.now())?;
        let is_right = turn.check(request.password, user.as_ref().map(|user| user.password_hash.clone())).await?;
        match user.filter(|_| is_right) {
            None => {
                self.throttle.wrong(account, self.clock.now());
                Err(SessionError::InvalidCredentials.into())
            }
            Some(user) => {
                self.throttle.right(account);
                self.start(ctx, &user, origin).await
            }
        }
    }

    async fn start(&self, ctx: &Ctx, user: &Versioned<User>, origin: Origin) -> Result<pb::Session> {
        let user_id = UserId::parse(&user.id).map_err(Error::internal)?;
        let id: SessionId = self.entropy.id(ctx.now);
        let token = RefreshToken::new(&id, &self.entropy);
        let started = Session::start(user_id.clone(), user.password_version, token.hash(), origin, ctx.now);
        self.store.update(ctx, id.as_str(), |_: Option<&Session>| Ok::<_, Error>(vec![started])).await?;
        self.answer(&user_id, user, token, ctx.now)
    }

    /// Rotation is one commit: of two callers with the same token one gets the next, and the other ends the session, unless
    /// they share it.
    pub async fn with_refresh_token(&self, ctx: &Ctx, text: &str, is_shared: bool) -> Result<pb::Session> {
        let invalid = || SessionError::RefreshTokenInvalid;
        let presented = RefreshToken::parse(text).ok_or_else(invalid)?;
        let session = self.store.load::<Session>(presented.session.as_str()).await?.ok_or_else(invalid)?;
        let user = self.store.load::<User>(session.user_id.as_str()).await?.ok_or_else(invalid)?;
        let next = self.successors.of(&presented);
        let (next_hash, now) = (next.hash(), ctx.now);
        let token = Presented { hash: presented.hash(), is_shared, password_version: user.password_version };
        let decide =
            move |session: Option<&Session>| session.ok_or(SessionError::RefreshTokenInvalid)?.refresh(&token, next_hash, now);
        let after = self.store.update(ctx, presented.session.as_str(), decide).await?;
        if !after.is_refreshed_by(&next.hash()) {
            tracing::warn!(session = %presented.session, reason = ?after.ended, "a refresh token that is not good ended its session");
            return Err(SessionError::RefreshTokenInvalid.into());
        }
        self.answer(&session.user_id, &user, next, now)
    }

    fn answer(&self, user_id: &UserId, user: &User, token: RefreshToken, now: Timestamp) -> Result<pb::Session> {
        let token_id = self.entropy.hex(TOKEN_ID_BYTES);
        Ok(pb::Session {
            access_token: self.tokens.access_token(user_id, &user.standing, &token.session, token_id, now)?,
            refresh_token: token.into_text(),
            token_type: "Bearer".to_owned(),
            expires_in: ACCESS_TOKEN_S,
        })
    }
}
