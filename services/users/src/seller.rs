//! A seller as buyers see one: a public name. No two sellers have the same name, whatever its case or the spaces in it; the
//! store's unique key `name` sees to it. Who works for a seller stands with the people.

use haat_kernel::{Fault, Kind, Violation};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

use crate::person::DisplayName;

/// The unique key by which a name is taken.
const NAME_KEY: &str = "name";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    pub display_name: DisplayName,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SellerEvent {
    SellerNamed { display_name: DisplayName },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SellerError {
    #[error("Another seller has this name.")]
    NameTaken,
}

impl Fault for SellerError {
    fn kind(&self) -> Kind {
        Kind::AlreadyExists
    }
    fn code(&self) -> &'static str {
        "seller_name_taken"
    }
    fn violations(&self) -> Vec<Violation> {
        vec![Violation::new("displayName", "is the name of another seller")]
    }
}

impl Seller {
    /// The name that a seller chooses; the same again changes nothing.
    pub fn rename(known: Option<&Seller>, display_name: DisplayName) -> Vec<SellerEvent> {
        let is_same = known.is_some_and(|seller| seller.display_name == display_name);
        if is_same { Vec::new() } else { vec![SellerEvent::SellerNamed { display_name }] }
    }

    /// A name for who has none yet: what a seller has chosen stays.
    pub fn ensure(known: Option<&Seller>, display_name: DisplayName) -> Vec<SellerEvent> {
        if known.is_some() { Vec::new() } else { vec![SellerEvent::SellerNamed { display_name }] }
    }
}

impl Aggregate for Seller {
    const KIND: &'static str = "seller";
    const SCHEMA: u32 = 1;
    type Event = SellerEvent;

    fn create(event: &SellerEvent) -> Option<Self> {
        let SellerEvent::SellerNamed { display_name } = event.clone();
        Some(Seller { display_name })
    }

    fn apply(&mut self, event: &SellerEvent) {
        let SellerEvent::SellerNamed { display_name } = event.clone();
        self.display_name = display_name;
    }

    fn keys(&self) -> Vec<Key> {
        let words: Vec<String> = self.display_name.as_str().split_whitespace().map(str::to_lowercase).collect();
        vec![Key::unique(NAME_KEY, words.join(" "))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DisplayName {
        DisplayName::parse(text).unwrap()
    }

    fn named(text: &str) -> SellerEvent {
        SellerEvent::SellerNamed { display_name: name(text) }
    }

    #[test]
    fn a_seller_is_named_and_what_they_chose_stays() {
        let mut seller = Seller::create(&Seller::ensure(None, name("Meera Textiles"))[0]).unwrap();
        assert_eq!(Seller::rename(Some(&seller), name("Meera Textiles")), []);
        assert_eq!(Seller::rename(Some(&seller), name("मीरा")), [named("मीरा")]);
        seller.apply(&named("मीरा"));
        assert_eq!(Seller::ensure(Some(&seller), name("Meera Textiles")), []);
    }

    #[test]
    fn names_that_look_alike_are_one() {
        let key = |text: &str| Seller { display_name: name(text) }.keys().remove(0).value;
        assert_eq!(key("Meera  TEXTILES"), key("meera Textiles"));
        assert_ne!(key("Meera Textiles"), key("Meera Textile"));
    }

    #[test]
    fn stored_events_stay_as_they_are() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        haat_store::golden::check_events::<Seller>(golden, &[("seller_named", named("Meera Textiles"))]);
    }
}
