//! What `ensure` changes, and the stored form of every event.

use super::*;
use crate::person::{Role, SellerId};

fn name(text: &str) -> DisplayName {
    DisplayName::parse(text).unwrap()
}

fn seller() -> Standing {
    Standing::new(vec![Role::Buyer, Role::Seller], Some(SellerId::parse("seller_01h455vb4pex5vsknk084sn02q").unwrap())).unwrap()
}

fn created() -> UserEvent {
    UserEvent::UserCreated {
        email: Email::parse("asha@haat.test").unwrap(),
        display_name: name("Asha"),
        password_hash: "$argon2id$old".to_owned(),
        standing: Standing::buyer(),
    }
}

fn check(wanted: Wanted, expected: &[UserEvent]) {
    let mut user = User::create(&created()).unwrap();
    let events = user.ensure(wanted.clone());
    assert_eq!(events, expected);
    events.iter().for_each(|event| user.apply(event));
    assert_eq!(user.ensure(Wanted { password_hash: None, ..wanted }), [], "a second time changes nothing");
}

#[test]
fn ensuring_changes_what_differs_and_nothing_else() {
    let same = Wanted { display_name: name("Asha"), standing: Standing::buyer(), password_hash: None };
    check(same.clone(), &[]);
    check(Wanted { display_name: name("आशा"), ..same.clone() }, &[UserEvent::UserRenamed { display_name: name("आशा") }]);
    check(Wanted { standing: seller(), ..same.clone() }, &[UserEvent::StandingChanged { standing: seller() }]);
    check(
        Wanted { password_hash: Some("$argon2id$new".to_owned()), ..same },
        &[UserEvent::PasswordChanged { password_hash: "$argon2id$new".to_owned() }],
    );
}

#[test]
fn a_new_password_moves_its_version_on() {
    let mut user = User::create(&created()).unwrap();
    assert_eq!(user.password_version, 1);
    user.apply(&UserEvent::PasswordChanged { password_hash: "$argon2id$new".to_owned() });
    assert_eq!((user.password_version, user.password_hash.as_str()), (2, "$argon2id$new"));
}

#[test]
fn stored_events_stay_as_they_are() {
    haat_store::golden::check_events::<User>(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
        &[
            ("user_created", created()),
            ("user_renamed", UserEvent::UserRenamed { display_name: name("आशा") }),
            ("password_changed", UserEvent::PasswordChanged { password_hash: "$argon2id$new".to_owned() }),
            ("standing_changed", UserEvent::StandingChanged { standing: seller() }),
        ],
    );
}
