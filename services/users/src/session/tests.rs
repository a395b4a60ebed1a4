//! Given events, when refreshed or signed out, then: events. And the family's one promise, for any order of presentations.

use haat_kernel::Entropy;
use proptest::prelude::*;

use super::*;
use crate::refresh_token::RefreshToken;

fn at(day: i64) -> Timestamp {
    plus_seconds("2026-01-01T00:00:00Z".parse().unwrap(), day * DAY_S)
}

/// `count` token hashes of one session, always the same ones.
fn hashes(count: usize) -> Vec<TokenHash> {
    let entropy = Entropy::seeded(7);
    let session: SessionId = entropy.id(at(0));
    (0..count).map(|_| RefreshToken::new(&session, &entropy).hash()).collect()
}

fn started() -> SessionEvent {
    let user = UserId::parse("user_01h455vb4pex5vsknk084sn02q").unwrap();
    Session::start(user, 1, hashes(1).remove(0), Origin::new("Chrome on Windows", "203.0.113.7"), at(0))
}

fn refreshed(hash: usize, day: i64) -> SessionEvent {
    SessionEvent::SessionRefreshed { refresh_hash: hashes(hash + 1).remove(hash), expires_at: at(day + 30) }
}

const fn ended(reason: EndReason) -> SessionEvent {
    SessionEvent::SessionEnded { reason }
}

struct Case {
    given: Vec<SessionEvent>,
    presented: usize,
    password_version: u32,
    day: i64,
    then: Result<Vec<SessionEvent>, SessionError>,
}

fn check(case: Case) {
    let mut session = Session::create(&started()).unwrap();
    case.given.iter().for_each(|event| session.apply(event));
    let hashes = hashes(10);
    let presented = Presented { hash: hashes[case.presented].clone(), is_shared: false, password_version: case.password_version };
    let outcome = session.refresh(&presented, hashes[9].clone(), at(case.day));
    assert_eq!(outcome, case.then);
}

#[test]
fn the_newest_token_is_good_once() {
    let next = || Ok(vec![refreshed(9, 1)]);
    let invalid = || Err(SessionError::RefreshTokenInvalid);
    let reused = || Ok(vec![ended(EndReason::TokenReused)]);
    let case = |given, presented, then| Case { given, presented, password_version: 1, day: 1, then };
    check(case(vec![], 0, next()));
    check(case(vec![refreshed(1, 0)], 1, next()));
    check(case(vec![refreshed(1, 0)], 0, reused()));
    check(case(vec![], 5, reused()));
    check(case(vec![ended(EndReason::TokenReused)], 0, invalid()));
    check(case(vec![ended(EndReason::SignedOut)], 0, invalid()));
    check(Case { day: 30, ..case(vec![], 0, invalid()) });
    check(Case { day: 31, ..case(vec![refreshed(1, 29)], 1, Ok(vec![refreshed(9, 31)])) });
    check(Case { password_version: 2, ..case(vec![], 0, Ok(vec![ended(EndReason::PasswordChanged)])) });
}

fn without_origin(mut event: SessionEvent) -> SessionEvent {
    if let SessionEvent::SessionStarted { origin, .. } = &mut event {
        *origin = Origin::default();
    }
    event
}

#[test]
fn a_person_finds_a_session_until_it_has_ended() {
    let mut session = Session::create(&started()).unwrap();
    assert_eq!((session.started_at, session.refreshed_at), (at(0), at(0)));
    assert!(session.is_open(1, at(29)) && !session.is_open(1, at(30)) && !session.is_open(2, at(0)));
    session.apply(&refreshed(1, 3));
    assert_eq!((session.started_at, session.refreshed_at), (at(0), at(3)));
    assert_eq!(session.keys().len(), 1);
    session.apply(&ended(EndReason::SignedOut));
    assert!(session.keys().is_empty() && !session.is_open(1, at(1)));
    assert_eq!(Origin::new(&" x\n".repeat(200), "").device.chars().count(), 100);
}

#[test]
fn signing_out_ends_a_session_once() {
    let mut session = Session::create(&started()).unwrap();
    let events = session.sign_out();
    assert_eq!(events, [ended(EndReason::SignedOut)]);
    events.iter().for_each(|event| session.apply(event));
    assert_eq!(session.sign_out(), []);
}

proptest! {
    /// Every presentation asks for the next unused token. Whatever is presented in whatever order: a token never works
    /// twice, and nothing works after a reuse.
    #[test]
    fn no_token_works_twice_and_reuse_ends_the_family(presented in prop::collection::vec(0usize..8, 1..20)) {
        let hashes = hashes(30);
        let mut session = Session::create(&started()).unwrap();
        let (mut newest, mut is_over, mut used) = (0, false, std::collections::BTreeSet::new());
        for (turn, token) in presented.into_iter().enumerate() {
            let next = &hashes[turn + 1];
            let presented = Presented { hash: hashes[token].clone(), is_shared: false, password_version: 1 };
            if let Ok(events) = session.refresh(&presented, next.clone(), at(0)) {
                events.iter().for_each(|event| session.apply(event));
            }
            let has_worked = session.is_refreshed_by(next);
            prop_assert_eq!(has_worked, !is_over && token == newest);
            if has_worked {
                prop_assert!(used.insert(token));
                newest = turn + 1;
            } else {
                is_over = true;
            }
        }
    }
}

#[test]
fn stored_events_stay_as_they_are() {
    haat_store::golden::check_events::<Session>(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
        &[
            ("session_started.origin", started()),
            ("session_started", without_origin(started())),
            ("session_refreshed", refreshed(1, 1)),
            ("session_ended.signed_out", ended(EndReason::SignedOut)),
            ("session_ended.token_reused", ended(EndReason::TokenReused)),
            ("session_ended.password_changed", ended(EndReason::PasswordChanged)),
        ],
    );
}
