//! A new access token when the old one has run out. A refresh token works once, and a page that opens often asks several
//! times at once: so one of them trades it, and the others get the same new pair for a while. Other applications in the same
//! browser may bring the same token: that it is shared, they tell the service.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest;
use haat_contracts::users::{RefreshSessionRequest, Session};
use haat_kernel::{Ctx, Kind, Principal, Result};
use moka::future::Cache;

use super::cookies;
use crate::cookies::{Cookie, PERSON, REFRESH, SESSION};
use crate::user::{Claims, User};
use crate::visit::Inner;

/// How long the new pair is handed to those who still bring the old token.
const REMEMBERED: Duration = Duration::from_secs(30);
const REMEMBERED_MAX: u64 = 10_000;

/// By the SHA-256 of the old token: a memory dump holds no token that works.
pub(crate) struct Refreshing(Cache<[u8; 32], Arc<Session>>);

impl Default for Refreshing {
    fn default() -> Self {
        Refreshing(Cache::builder().max_capacity(REMEMBERED_MAX).time_to_live(REMEMBERED).build())
    }
}

/// Signs the visitor in by the refresh token. One that no longer works is forgotten, and they are a guest.
pub(super) async fn renew(visit: &mut Inner, token: &str) {
    match trade(visit, token).await {
        Ok(session) => {
            visit.outgoing.get_mut().extend(cookies(&session));
            let claims = Claims::read(&session.access_token);
            visit.user = claims.map(|claims| User::of(claims, visit.cookies.get(PERSON)));
            visit.access_token = Some(session.access_token.clone());
        }
        Err(error) if error.kind == Kind::Unauthenticated => {
            visit.outgoing.get_mut().extend([SESSION, REFRESH, PERSON].map(Cookie::gone));
        }
        Err(error) => tracing::warn!(%error, "a session could not be refreshed; the visitor stays a guest for now"),
    }
}

async fn trade(visit: &Inner, token: &str) -> Result<Arc<Session>> {
    let mut key = [0; 32];
    key.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
    let ask = async {
        let ctx = Ctx::new(Principal::anonymous(), visit.correlation_id.clone(), visit.now);
        let request = RefreshSessionRequest { refresh_token: token.to_owned(), is_shared: true };
        let mut users = visit.kit.users.clone();
        haat_rpc::send(&ctx, request, |request| users.refresh_session(request)).await.map(Arc::new)
    };
    visit.kit.refreshing.0.try_get_with(key, ask).await.map_err(Arc::unwrap_or_clone)
}
