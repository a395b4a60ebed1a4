//! The pages against a gateway that is played: what needs no answer, and that the two languages say the same.

use haat_web::Language;
use haat_web::testing::{Browser, FakeGateway};

use super::*;

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_do_so() {
    let gateway = FakeGateway::new();
    let answer = Browser::at(app(&gateway.channel()), &gateway).get("/ops").await;
    assert_eq!(answer.status, 303);
}

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(MESSAGES.ids(Language::En), MESSAGES.ids(Language::Hi));
}
