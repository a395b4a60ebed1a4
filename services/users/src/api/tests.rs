//! The calls on a memory store: what a client sees of registering, signing in, staying in and signing out.

use haat_contracts::users::addresses_server::Addresses;
use haat_contracts::users::sellers_server::Sellers;
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
    let passwords = std::sync::Arc::new(Passwords::new(clock, entropy.clone()).unwrap());
    let sign_in = SignIn {
        store: store.clone(),
        clock,
        entropy: entropy.clone(),
        passwords: passwords.clone(),
        throttle: Throttle::default(),
        tokens: Tokens::new("https://haat.test", SigningKeys::load_or_create(folder.path(), &entropy).unwrap()),
        successors: Successors::new(&entropy),
    };
    let signed_in = SignedIn { store: store.clone() };
    Api { store, entropy, passwords, sign_in, signed_in }
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
    let device = "Chrome on Windows".to_owned();
    let request = pb::CreateSessionRequest { email: email.into(), password: password.into(), device };
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
async fn a_person_sees_their_sessions_and_ends_them_one_by_one_or_all_others() {
    let api = api();
    let user = register(&api, EMAIL, PASSWORD, "Asha").await.unwrap();
    let stranger = register(&api, "b@haat.test", PASSWORD, "Bala").await.unwrap();
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(sign_in(&api, EMAIL, PASSWORD).await.unwrap());
    }
    let of = |session: &pb::Session| Principal { session_id: Some(session_id(session)), ..Principal::user(&user.id, &["buyer"]) };
    let me = of(&sessions[3]);
    let list = async |who: &Principal| {
        let request = request_of(who.clone(), pb::ListSessionsRequest::default());
        answer(api.list_sessions(request).await).unwrap().sessions
    };
    let shown = list(&me).await;
    assert_eq!(
        shown.iter().filter(|session| session.is_current).map(|session| session.id.clone()).collect::<Vec<_>>(),
        [session_id(&sessions[3])]
    );
    assert!(shown.len() == 4 && shown.iter().all(|session| session.device == "Chrome on Windows"));

    let first = pb::DeleteSessionRequest { session: session_id(&sessions[0]) };
    let theirs = request_of(Principal::user(&stranger.id, &["buyer"]), first.clone());
    check_refused(answer(api.delete_session(theirs).await), Kind::NotFound, "session_not_found", None);
    answer(api.delete_session(request_of(me.clone(), first)).await).unwrap();
    assert_eq!(list(&me).await.len(), 3);
    check_refused(refresh(&api, &sessions[0].refresh_token).await, Kind::Unauthenticated, "refresh_token_invalid", None);

    for expected in [2, 0] {
        let ended = answer(api.end_other_sessions(request_of(me.clone(), pb::EndOtherSessionsRequest {})).await).unwrap();
        assert_eq!(ended.ended, expected);
    }
    check_refused(refresh(&api, &sessions[1].refresh_token).await, Kind::Unauthenticated, "refresh_token_invalid", None);
    assert!(refresh(&api, &sessions[3].refresh_token).await.is_ok(), "this one goes on");
    assert_eq!(list(&me).await.len(), 1);
}

#[tokio::test]
async fn an_address_book_is_its_owners() {
    let store = Store::memory(Clock::System, MemoryBackend::new());
    let api = AddressesApi { store, entropy: Entropy::seeded(1) };
    let (asha, bala) = (Principal::user("user_1", &["buyer"]), Principal::user("user_2", &["buyer"]));
    let postal_address = |pin: &str| {
        let text = |text: &str| text.to_owned();
        let (name, line1, city, state) = (text("Asha"), text("12 Janpath"), text("Delhi"), text("Delhi"));
        let (postal_code, country) = (text(pin), text("IN"));
        Some(haat_contracts::common::PostalAddress { name, line1, city, state, postal_code, country, ..Default::default() })
    };
    let add = |pin: &str| pb::AddAddressRequest { postal_address: postal_address(pin), is_default: false };
    check_refused(
        answer(api.add_address(request_of(asha.clone(), add("011001"))).await),
        Kind::InvalidArgument,
        "invalid_argument",
        Some("postalAddress.postalCode"),
    );
    answer(api.add_address(request_of(asha.clone(), add("110001"))).await).unwrap();
    let book = answer(api.add_address(request_of(asha.clone(), add("411001"))).await).unwrap();
    assert_eq!(book.addresses.iter().map(|address| address.is_default).collect::<Vec<_>>(), [true, false]);
    let id = book.addresses[1].id.clone();
    let change = pb::UpdateAddressRequest { address: id.clone(), postal_address: None, is_default: true };
    check_refused(
        answer(api.update_address(request_of(bala.clone(), change.clone())).await),
        Kind::NotFound,
        "address_not_found",
        None,
    );
    let book = answer(api.update_address(request_of(asha.clone(), change)).await).unwrap();
    assert_eq!(book.addresses[0].id, id);
    let book = answer(api.remove_address(request_of(asha, pb::RemoveAddressRequest { address: id })).await).unwrap();
    assert!(book.addresses.len() == 1 && book.addresses[0].is_default);
    let theirs = answer(api.get_address_book(request_of(bala, pb::GetAddressBookRequest {})).await).unwrap();
    assert!(theirs.addresses.is_empty());
}

#[tokio::test]
async fn sellers_have_names_of_their_own() {
    let api = SellersApi { store: Store::memory(Clock::System, MemoryBackend::new()) };
    let (one, two) = ("seller_01h455vb4pex5vsknk084sn02q", "seller_01h455vb4pex5vsknk084sn02r");
    let ensure = async |seller: &str, name: &str| {
        let request = pb::EnsureSellerRequest { seller: seller.into(), display_name: name.into() };
        answer(api.ensure_seller(request_of(Principal::service("supervisor"), request)).await)
    };
    let rename = async |seller: &str, name: &str| {
        let staff = Principal { seller_id: Some(one.to_owned()), ..Principal::user("user_1", &["buyer", "seller"]) };
        let request = pb::UpdateSellerRequest { seller: seller.into(), display_name: name.into() };
        answer(api.update_seller(request_of(staff, request)).await)
    };
    ensure(one, "Meera Textiles").await.unwrap();
    ensure(two, "Chandni Traders").await.unwrap();
    check_refused(rename(one, "chandni  TRADERS").await, Kind::AlreadyExists, "seller_name_taken", Some("displayName"));
    check_refused(rename(two, "Mine").await, Kind::PermissionDenied, "permission_denied", None);
    assert_eq!(rename(one, "Meera & Daughters").await.unwrap().display_name, "Meera & Daughters");
    assert_eq!(ensure(one, "Meera Textiles").await.unwrap().display_name, "Meera & Daughters", "what they chose stays");
    let unknown = "seller_01h455vb4pex5vsknk084sn02s";
    let ids = pb::BatchGetSellersRequest { seller_ids: [two, unknown, one].map(str::to_owned).to_vec() };
    let found = answer(api.batch_get_sellers(anonymous(ids)).await).unwrap().sellers;
    assert_eq!(
        found.iter().map(|seller| seller.display_name.as_str()).collect::<Vec<_>>(),
        ["Chandni Traders", "Meera & Daughters"]
    );
    let one_of_them = |seller: &str| anonymous(pb::GetSellerRequest { seller: seller.into() });
    assert!(answer(api.get_seller(one_of_them(two)).await).is_ok());
    check_refused(answer(api.get_seller(one_of_them(unknown)).await), Kind::NotFound, "seller_not_found", None);
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
