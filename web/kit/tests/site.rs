//! What happens around every handler, seen from a browser: sessions, forms, failures, headers.

use axum::Router;
use axum::routing::{get, post};
use haat_contracts::users::{CreateSessionRequest, Session, User};
use haat_kernel::{Error, Kind};
use haat_web::testing::{Browser, FakeGateway, token};
use haat_web::{App, Form, MessageFiles, Page, Result, SeeOther, Visit, see_other, ui};
use maud::html;

const SIGN_IN: &str = "/haat.users.v1.Users/CreateSession";
const REFRESH: &str = "/haat.users.v1.Users/RefreshSession";
const WHO: &str = "/haat.users.v1.Users/GetCurrentUser";
const NEVER: i64 = 4_000_000_000;

fn app() -> App {
    let router = Router::new()
        .route("/", get(start))
        .route("/own", get(own))
        .route("/away", get(async || -> Result<Page> { Err(Error::unavailable("the cable is cut").into()) }))
        .route("/broken", get(async || -> Page { panic!("a bug") }))
        .route("/act", post(act));
    let messages = MessageFiles { en: "acted = It is done.\n", hi: "acted = हो गया।\n" };
    App::new("/ops", router, messages, |visit, page| ui::console(visit, page, &ui::Console::default()))
}

async fn start(visit: Visit) -> Page {
    let who = visit.user().map_or("a guest".to_owned(), |user| user.display_name.clone());
    let token = visit.ctx().headers.get("authorization").cloned().unwrap_or_default();
    Page::titled("Start", html! { h1 { "Hello " (who) } p { (token) } form { (visit.csrf_field()) } })
}

async fn own(visit: Visit) -> Result<Page> {
    let user = visit.demand_user()?;
    Ok(Page::titled("Own", html! { h1 { (user.id) } }))
}

async fn act(_: Visit, Form(fields): Form<Vec<(String, String)>>) -> SeeOther {
    assert!(fields.iter().any(|(name, _)| name == "what"), "only whole forms come this far");
    see_other("/ops").notice("acted")
}

fn session(access: &str, refresh: &str) -> Session {
    Session { access_token: access.into(), refresh_token: refresh.into(), token_type: "Bearer".into(), expires_in: 900 }
}

#[tokio::test]
async fn signing_in_begins_a_session_and_leads_back() {
    let gateway = FakeGateway::new();
    let access = token("user_1", &["operator"], None, NEVER);
    gateway.answer(SIGN_IN, &session(&access, "refresh-1"));
    gateway.answer(WHO, &User { id: "user_1".into(), display_name: "Asha <b>".into(), ..User::default() });
    let browser = Browser::at(app(), &gateway);
    assert_eq!(browser.get("/ops/own").await.location(), "/ops/sign-in?return=%2Fops%2Fown");

    let form = [("email", "asha@haat.test"), ("password", "secret"), ("return", "/ops/own")];
    let answer = browser.post("/ops/sign-in", &form).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, "/ops/own"));
    assert_eq!(gateway.asked(SIGN_IN)[0].message::<CreateSessionRequest>().password, "secret");
    assert_eq!(gateway.asked(WHO)[0].header("authorization"), Some(format!("Bearer {access}").as_str()));

    let page = browser.get("/ops").await;
    assert!(page.body.contains("Hello Asha &lt;b&gt;") && page.body.contains("You are signed in."), "{}", page.body);
    assert_eq!(page.headers["cache-control"], "no-store");
    assert!(!browser.get("/ops").await.body.contains("You are signed in."), "a notice shows once");
    assert_eq!(gateway.asked(WHO)[0].header("haat-client-address"), Some("203.0.113.7"));
}

#[tokio::test]
async fn a_wrong_password_is_said_and_not_sent_back_and_nobody_is_led_away() {
    let gateway = FakeGateway::new();
    gateway.refuse(SIGN_IN, Error::new(Kind::Unauthenticated, "invalid_credentials", "Wrong."));
    let browser = Browser::at(app(), &gateway);
    let form = [("email", "\"><script>"), ("password", "not-the-secret"), ("return", "//evil.test")];
    let answer = browser.post("/ops/sign-in", &form).await;
    assert_eq!(answer.status, 422);
    assert!(answer.body.contains("The email address or the password is not right.") && !answer.body.contains("not-the-secret"));
    assert!(!answer.body.contains("\"><script>"));
    gateway.answer(SIGN_IN, &session(&token("user_1", &[], None, NEVER), "r")).answer(WHO, &User::default());
    assert_eq!(browser.post("/ops/sign-in", &form).await.location(), "/");
}

#[tokio::test]
async fn a_form_that_is_not_ours_does_nothing() {
    let gateway = FakeGateway::new();
    let browser = Browser::at(app(), &gateway).signed_in("user_1", &["operator"]);
    assert_eq!(browser.post("/ops/act", &[("what", "x")]).await.status, 303);
    for fields in [vec![("what", "x")], vec![("what", "x"), ("csrf", "")], vec![("what", "x"), ("csrf", "abc")]] {
        let answer = browser.post_bare("/ops/act", &fields).await;
        assert_eq!(answer.status, 403);
        assert!(answer.body.contains("This form is too old") && answer.body.contains("<h1>"), "{}", answer.body);
    }
    let elsewhere = browser.with_header("sec-fetch-site", "cross-site");
    assert_eq!(elsewhere.post("/ops/act", &[("what", "x")]).await.status, 403);
}

#[tokio::test]
async fn a_session_that_ran_out_is_renewed_once_for_all_who_ask() {
    let gateway = FakeGateway::new();
    let fresh = token("user_1", &["operator"], None, NEVER);
    gateway.answer(REFRESH, &session(&fresh, "refresh-2"));
    let browser = Browser::at(app(), &gateway)
        .with_cookie("haat_session", &token("user_1", &["operator"], None, 1))
        .with_cookie("haat_refresh", "refresh-1");
    let (one, other) = tokio::join!(browser.get("/ops"), browser.get("/ops/own"));
    assert!(one.body.contains(&format!("Bearer {fresh}")), "{}", one.body);
    assert_eq!((other.status.as_u16(), gateway.asked(REFRESH).len()), (200, 1));
    assert_eq!(browser.cookie("haat_refresh").as_deref(), Some("refresh-2"));
    browser.get("/ops").await;
    assert_eq!(gateway.asked(REFRESH).len(), 1);
}

#[tokio::test]
async fn a_session_that_cannot_be_renewed_ends_quietly() {
    let gateway = FakeGateway::new();
    gateway.refuse(REFRESH, Error::new(Kind::Unauthenticated, "refresh_token_invalid", "Used already."));
    let browser = Browser::at(app(), &gateway).with_cookie("haat_refresh", "refresh-1");
    let page = browser.get("/ops").await;
    assert!(page.status == 200 && page.body.contains("Hello a guest"));
    assert_eq!(browser.cookie("haat_refresh"), None);

    gateway.refuse(REFRESH, Error::unavailable("users is away"));
    let browser = browser.with_cookie("haat_refresh", "refresh-2");
    assert!(browser.get("/ops").await.body.contains("Hello a guest"));
    assert!(browser.cookie("haat_refresh").is_some(), "an outage signs nobody out");
}

#[tokio::test]
async fn failures_are_pages_in_the_frame() {
    let gateway = FakeGateway::new();
    let browser = Browser::at(app(), &gateway);
    for (path, status, words) in [
        ("/ops/nothing", 404, "Nothing is here"),
        ("/ops/away", 503, "Not available"),
        ("/ops/broken", 500, "Something went wrong"),
    ] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.body.contains(words) && answer.body.contains("console-main"), "{path}: {}", answer.body);
        assert!(!answer.body.contains("cable") && !answer.body.contains("a bug"), "{path} tells too much");
        assert!(answer.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
}

#[tokio::test]
async fn language_theme_and_assets() {
    let gateway = FakeGateway::new();
    let browser = Browser::at(app(), &gateway).with_header("accept-language", "hi-IN,hi;q=0.9");
    let page = browser.get("/ops/sign-in").await.body;
    assert!(page.contains("<html lang=\"hi\"") && page.contains("साइन इन करें"), "{page}");
    assert_eq!(browser.post("/ops/language", &[("choice", "en"), ("return", "/ops/sign-in")]).await.location(), "/ops/sign-in");
    assert_eq!(browser.post("/ops/theme", &[("choice", "dark"), ("return", "")]).await.location(), "/ops");
    let page = browser.get("/ops/sign-in").await.body;
    assert!(page.contains("<html lang=\"en\" data-theme=\"dark\"") && page.contains("Sign in to Haat"));
    assert!(!page.contains(" style=") && !page.contains("onclick") && page.matches("<h1").count() == 1);

    let style = page.split('"').find(|text| text.ends_with("/style.css")).unwrap();
    let answer = browser.get(style).await;
    assert_eq!(
        (&answer.headers["content-type"], &answer.headers["cache-control"]),
        (&"text/css; charset=utf-8".parse().unwrap(), &"public, max-age=31536000, immutable".parse().unwrap())
    );
}
