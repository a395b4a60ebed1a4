//! The calls on a memory store: what a client sees of registering, signing in, staying in and signing out.

use haat_contracts::users::users_server::Users;
use haat_kernel::{Clock, CorrelationId, Kind, Principal};
use haat_store::MemoryBackend;

use super::*;
use crate::refresh_token::Successors;
use crate::signing_keys::SigningKeys;
use crate::throttle::Throttle;
use crate::tokens::Tokens;

const EMAIL: &str = "Asha.Rao@haat.test";
const PASSWORD: &str = "a kite over Jaipur";

fn api() -> Api {
    let (clock, entropy, folder) = (Clock::System, Entropy::seeded(1), tempfile::tempdir().unwrap());
    let store = Store::memory(clock, MemoryBackend::new());
    let passwords = std::sync::Arc::new(Passwords::new(entropy.clone()).unwrap());
    let sign_in = SignIn {
        store: store.clone(),
        clock,
        entropy: entropy.clone(),
        passwords: passwords.clone(),
        throttle: Throttle::default(),
        tokens: Tokens::new("https://haat.test", SigningKeys::load_or_create(folder.path(), &entropy).unwrap()),
        successors: Successors::new(&entropy),
    };
    Api { store, entropy, passwords, sign_in }
}

fn request_of<M>(principal: Principal, message: M) -> Request<M> {
    let ctx = Ctx::new(principal, CorrelationId::parse("test-call").unwrap(), Clock::System.now());
    let mut request = Request::new(message);
    request.extensions_mut().insert(ctx);
    request
}

fn anonymous<M>(message: M) -> Request<M> {
    request_of(Principal::anonymous(), message)
}

fn answer<M>(outcome: Result<Response<M>, Status>) -> Result<M> {
    outcome.map(Response::into_inner).map_err(|status| rpc::error(&status))
}

async fn register(api: &Api, email: &str, password: &str, display_name: &str) -> Result<pb::User> {
    let request = pb::CreateUserRequest { email: email.into(), password: password.into(), display_name: display_name.into() };
    answer(api.create_user(anonymous(request)).await)
}

async fn sign_in(api: &Api, email: &str, password: &str) -> Result<pb::Session> {
    let request = pb::CreateSessionRequest { email: email.into(), password: password.into() };
    answer(api.create_session(anonymous(request)).await)
}

async fn refresh(api: &Api, token: &str) -> Result<pb::Session> {
    trade(api, token, false, 0).await
}

/// `later` seconds from now.
async fn trade(api: &Api, token: &str, is_shared: bool, later: i64) -> Result<pb::Session> {
    let mut request = anonymous(pb::RefreshSessionRequest { refresh_token: token.into(), is_shared });
    if let Some(ctx) = request.extensions_mut().get_mut::<Ctx>() {
        ctx.now = haat_kernel::time::plus_seconds(ctx.now, later);
    }
    answer(api.refresh_session(request).await)
}

/// The session's id, from the claims of its access token.
fn session_id(session: &pb::Session) -> String {
    let claims: serde_json::Value = jsonwebtoken::dangerous::insecure_decode(&session.access_token).unwrap().claims;
    claims["sid"].as_str().unwrap().to_owned()
}

#[track_caller]
fn check_refused<M: std::fmt::Debug>(outcome: Result<M>, kind: Kind, code: &str, field: Option<&str>) {
    let error = outcome.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (kind, code));
    assert_eq!(error.violations.first().map(|violation| violation.field.as_str()), field);
}

#[tokio::test]
async fn registering_checks_every_field_and_an_address_has_one_account() {
    let api = api();
    let user = register(&api, EMAIL, PASSWORD, "आशा राव").await.unwrap();
    assert!(user.id.starts_with("user_"));
    assert_eq!((user.email.as_str(), user.display_name.as_str()), ("asha.rao@haat.test", "आशा राव"));
    assert_eq!(user.roles, ["buyer"]);
    for (email, password, name, kind, code, field) in [
        ("asha.rao@HAAT.test", PASSWORD, "Other", Kind::AlreadyExists, "email_taken", "email"),
        ("no address", PASSWORD, "Asha", Kind::InvalidArgument, "invalid_argument", "email"),
        ("b@haat.test", "short", "Asha", Kind::InvalidArgument, "invalid_argument", "password"),
        ("b@haat.test", "iloveyou123", "Asha", Kind::OutOfRange, "password_too_common", "password"),
        ("b@haat.test", PASSWORD, "", Kind::InvalidArgument, "invalid_argument", "displayName"),
    ] {
        check_refused(register(&api, email, password, name).await, kind, code, Some(field));
    }
    let me = request_of(Principal::user(&user.id, &["buyer"]), pb::GetCurrentUserRequest {});
    assert_eq!(answer(api.get_current_user(me).await).unwrap(), user);
    let contact = answer(api.get_contact(anonymous(pb::GetContactRequest { user: user.id })).await).unwrap();
    assert_eq!(contact.email, "asha.rao@haat.test");
}

#[tokio::test]
async fn two_registrations_at_once_make_one_account() {
    let api = api();
    let (one, other) = tokio::join!(register(&api, EMAIL, PASSWORD, "One"), register(&api, EMAIL, PASSWORD, "Other"));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert!(won.is_ok());
    check_refused(lost, Kind::AlreadyExists, "email_taken", Some("email"));
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_second_use_ends_the_session() {
    let api = api();
    register(&api, EMAIL, PASSWORD, "Asha").await.unwrap();
    let first = sign_in(&api, EMAIL, PASSWORD).await.unwrap();
    assert_eq!((first.token_type.as_str(), first.expires_in), ("Bearer", 900));
    let second = refresh(&api, &first.refresh_token).await.unwrap();
    assert_eq!(session_id(&first), session_id(&second));
    let invalid = (Kind::Unauthenticated, "refresh_token_invalid");
    check_refused(refresh(&api, &first.refresh_token).await, invalid.0, invalid.1, None);
    check_refused(refresh(&api, &second.refresh_token).await, invalid.0, invalid.1, None);
    check_refused(refresh(&api, "rt_nonsense").await, invalid.0, invalid.1, None);
    assert!(sign_in(&api, EMAIL, PASSWORD).await.is_ok());
}

#[tokio::test]
async fn the_same_refresh_token_twice_at_once_ends_the_session() {
    let api = api();
    register(&api, EMAIL, PASSWORD, "Asha").await.unwrap();
    let token = sign_in(&api, EMAIL, PASSWORD).await.unwrap().refresh_token;
    let (one, other) = tokio::join!(refresh(&api, &token), refresh(&api, &token));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|is_ok| **is_ok).count(), 1);
    let won = one.or(other).unwrap();
    check_refused(refresh(&api, &won.refresh_token).await, Kind::Unauthenticated, "refresh_token_invalid", None);
}

#[tokio::test]
async fn parts_of_one_client_that_share_a_token_get_the_same_successor_for_a_moment() {
    let api = api();
    register(&api, EMAIL, PASSWORD, "Asha").await.unwrap();
    let token = sign_in(&api, EMAIL, PASSWORD).await.unwrap().refresh_token;
    let (one, other) = tokio::join!(trade(&api, &token, true, 0), trade(&api, &token, true, 0));
    let second = one.unwrap().refresh_token;
    assert_eq!(other.unwrap().refresh_token, second);
    assert_eq!(trade(&api, &token, true, 8).await.unwrap().refresh_token, second);
    let third = trade(&api, &second, true, 9).await.unwrap().refresh_token;
    assert_ne!(third, second);
    // Later, or from further back in the family, it is a theft as ever.
    let invalid = (Kind::Unauthenticated, "refresh_token_invalid");
    check_refused(trade(&api, &second, true, 30).await, invalid.0, invalid.1, None);
    check_refused(trade(&api, &third, true, 30).await, invalid.0, invalid.1, None);
    let first = sign_in(&api, EMAIL, PASSWORD).await.unwrap().refresh_token;
    let second = trade(&api, &first, true, 0).await.unwrap().refresh_token;
    trade(&api, &second, true, 1).await.unwrap();
    check_refused(trade(&api, &first, true, 2).await, invalid.0, invalid.1, None);
}

#[tokio::test]
async fn signing_out_ends_the_session_and_may_be_repeated() {
    let api = api();
    let user = register(&api, EMAIL, PASSWORD, "Asha").await.unwrap();
    let session = sign_in(&api, EMAIL, PASSWORD).await.unwrap();
    let principal = Principal { session_id: Some(session_id(&session)), ..Principal::user(&user.id, &["buyer"]) };
    for _ in 0..2 {
        answer(api.delete_current_session(request_of(principal.clone(), pb::DeleteCurrentSessionRequest {})).await).unwrap();
    }
    check_refused(refresh(&api, &session.refresh_token).await, Kind::Unauthenticated, "refresh_token_invalid", None);
}

#[tokio::test]
async fn ten_wrong_passwords_hold_up_an_account_known_or_not_and_no_other() {
    let api = api();
    register(&api, EMAIL, PASSWORD, "Asha").await.unwrap();
    register(&api, "other@haat.test", PASSWORD, "Other").await.unwrap();
    for email in [EMAIL, "nobody@haat.test"] {
        for _ in 0..10 {
            check_refused(sign_in(&api, email, "wrong password").await, Kind::Unauthenticated, "invalid_credentials", None);
        }
        let refused = sign_in(&api, email, PASSWORD).await;
        assert!(refused.as_ref().is_err_and(|error| error.retry_after_s.is_some_and(|wait_s| wait_s > 0)), "{email}");
        check_refused(refused, Kind::ResourceExhausted, "rate_limited", None);
    }
    assert!(sign_in(&api, "other@haat.test", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn ensuring_a_user_repeats_and_a_new_password_ends_the_sessions() {
    let api = api();
    let ensure = async |password: &str, roles: &[&str]| {
        let request = pb::EnsureUserRequest {
            email: EMAIL.into(),
            password: password.into(),
            display_name: "Admin".into(),
            roles: roles.iter().map(|role| (*role).into()).collect(),
            seller_id: String::new(),
        };
        answer(api.ensure_user(request_of(Principal::service("supervisor"), request)).await)
    };
    let first = ensure(PASSWORD, &["buyer"]).await.unwrap();
    let session = sign_in(&api, EMAIL, PASSWORD).await.unwrap();
    let promoted = ensure(PASSWORD, &["buyer", "operator", "operator:admin"]).await.unwrap();
    assert_eq!(promoted.id, first.id);
    assert_eq!(promoted.roles, ["buyer", "operator", "operator:admin"]);
    let session = refresh(&api, &session.refresh_token).await.unwrap();
    ensure("another kite over Jaipur", &["operator"]).await.unwrap();
    check_refused(refresh(&api, &session.refresh_token).await, Kind::Unauthenticated, "refresh_token_invalid", None);
    check_refused(sign_in(&api, EMAIL, PASSWORD).await, Kind::Unauthenticated, "invalid_credentials", None);
    assert!(sign_in(&api, EMAIL, "another kite over Jaipur").await.is_ok());
    check_refused(ensure(PASSWORD, &["king"]).await, Kind::InvalidArgument, "invalid_argument", Some("roles"));
}
