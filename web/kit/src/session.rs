//! Signing in, registering and signing out, the same in every application, so that each can be entered while the others are
//! away; and the choice of language and theme. The tokens live in cookies that no script can read.

mod forms;
mod refresh;

use axum::Router;
use axum::routing::{get, post};
use haat_contracts::users::{GetCurrentUserRequest, Session};
use haat_kernel::{Ctx, Result};

use crate::cookies::{Cookie, PERSON, REFRESH, SESSION};
use crate::user::{Claims, User, write_person};
use crate::visit::{Inner, Visit};

pub(crate) use refresh::Refreshing;

/// An access token that runs out so soon is as good as gone: the page's calls still have to be made.
const SPARE_S: i64 = 15;

pub(crate) fn routes(registers: bool) -> Router {
    let router = Router::new()
        .route("/sign-in", get(forms::sign_in_page).post(forms::sign_in))
        .route("/sign-out", post(forms::sign_out))
        .route("/language", post(forms::choose_language))
        .route("/theme", post(forms::choose_theme));
    if registers { router.route("/register", get(forms::register_page).post(forms::register)) } else { router }
}

/// Who is signed in, by the visit's cookies. Trades the refresh token where the access token has run out.
pub(crate) async fn resume(visit: &mut Inner) {
    let is_fresh = |claims: &Claims| claims.exp > visit.now.as_second() + SPARE_S;
    let access = visit.cookies.get(SESSION).map(str::to_owned);
    if let Some(token) = access
        && let Some(claims) = Claims::read(&token).filter(is_fresh)
    {
        visit.user = Some(User::of(claims, visit.cookies.get(PERSON)));
        visit.access_token = Some(token);
        return;
    }
    if let Some(token) = visit.cookies.get(REFRESH).map(str::to_owned) {
        refresh::renew(visit, &token).await;
    }
}

/// Keeps a session in cookies, with who it is for.
async fn begin(visit: &Visit, session: &Session) -> Result<()> {
    let mut ctx = visit.ctx();
    with_token(&mut ctx, &session.access_token);
    let mut users = visit.0.kit.users.clone();
    let user = haat_rpc::send(&ctx, GetCurrentUserRequest {}, |request| users.get_current_user(request)).await?;
    for cookie in cookies(session) {
        visit.set_cookie(cookie);
    }
    visit.set_cookie(Cookie::lasting(PERSON, write_person(&user.display_name, &user.email)));
    Ok(())
}

fn cookies(session: &Session) -> [Cookie; 2] {
    [Cookie::lasting(SESSION, session.access_token.as_str()), Cookie::lasting(REFRESH, session.refresh_token.as_str())]
}

fn with_token(ctx: &mut Ctx, token: &str) {
    std::sync::Arc::make_mut(&mut ctx.headers).insert("authorization".to_owned(), format!("Bearer {token}"));
}

fn forget(visit: &Visit) {
    for name in [SESSION, REFRESH, PERSON] {
        visit.set_cookie(Cookie::gone(name));
    }
}
