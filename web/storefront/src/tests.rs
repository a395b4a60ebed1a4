//! The shop's pages over a gateway that answers as it is told.

use haat_web::Language;

use super::*;

#[test]
fn both_languages_say_the_same_things() {
    assert_eq!(MESSAGES.ids(Language::En), MESSAGES.ids(Language::Hi));
}
