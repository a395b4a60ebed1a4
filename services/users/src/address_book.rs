//! The addresses that a person keeps to have things sent to; one book a person, with their id. Always: at most
//! [`ADDRESSES_MAX`]; where there is one at all, exactly one is the default.

use haat_kernel::{Error, Fault, Kind, PostalAddress};
use haat_store::Aggregate;
use serde::{Deserialize, Serialize};

pub const ADDRESSES_MAX: usize = 20;

haat_kernel::id_type!(
    /// An address of an address book.
    AddressId,
    "address"
);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressBook {
    /// The oldest first.
    entries: Vec<Entry>,
    default: Option<AddressId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub id: AddressId,
    pub postal: PostalAddress,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AddressBookEvent {
    AddressAdded { id: AddressId, postal: PostalAddress },
    AddressChanged { id: AddressId, postal: PostalAddress },
    AddressRemoved { id: AddressId },
    DefaultChosen { id: AddressId },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressBookError {
    #[error("There is no such address in your address book.")]
    NotFound,
    #[error("An address book holds at most {ADDRESSES_MAX} addresses; remove one first.")]
    Full,
}

impl Fault for AddressBookError {
    fn kind(&self) -> Kind {
        match self {
            AddressBookError::NotFound => Kind::NotFound,
            AddressBookError::Full => Kind::FailedPrecondition,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            AddressBookError::NotFound => "address_not_found",
            AddressBookError::Full => "address_book_full",
        }
    }
}

type Decision = Result<Vec<AddressBookEvent>, AddressBookError>;

impl AddressBook {
    /// The default first, then the oldest.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let is_default = |entry: &&Entry| self.default.as_ref() == Some(&entry.id);
        let first = self.entries.iter().find(is_default).map(|entry| (entry, true));
        first.into_iter().chain(self.entries.iter().filter(move |entry| !is_default(entry)).map(|entry| (entry, false)))
    }

    pub fn add(&self, id: AddressId, postal: PostalAddress, is_default: bool) -> Decision {
        if self.entries.len() >= ADDRESSES_MAX {
            return Err(AddressBookError::Full);
        }
        let mut events = vec![AddressBookEvent::AddressAdded { id: id.clone(), postal }];
        if is_default && !self.entries.is_empty() {
            events.push(AddressBookEvent::DefaultChosen { id });
        }
        Ok(events)
    }

    /// What differs: `postal` where it is given, and whether it is the default from now on.
    pub fn update(&self, id: &AddressId, postal: Option<PostalAddress>, is_default: bool) -> Decision {
        let entry = self.entries.iter().find(|entry| entry.id == *id).ok_or(AddressBookError::NotFound)?;
        let mut events = Vec::new();
        if let Some(postal) = postal.filter(|postal| *postal != entry.postal) {
            events.push(AddressBookEvent::AddressChanged { id: id.clone(), postal });
        }
        if is_default && self.default.as_ref() != Some(id) {
            events.push(AddressBookEvent::DefaultChosen { id: id.clone() });
        }
        Ok(events)
    }

    pub fn remove(&self, id: &AddressId) -> Decision {
        let is_there = self.entries.iter().any(|entry| entry.id == *id);
        if is_there { Ok(vec![AddressBookEvent::AddressRemoved { id: id.clone() }]) } else { Err(AddressBookError::NotFound) }
    }
}

impl Aggregate for AddressBook {
    const KIND: &'static str = "address_book";
    const SCHEMA: u32 = 1;
    type Event = AddressBookEvent;

    fn create(event: &AddressBookEvent) -> Option<Self> {
        let mut book = AddressBook::default();
        book.apply(event);
        Some(book)
    }

    fn apply(&mut self, event: &AddressBookEvent) {
        match event.clone() {
            AddressBookEvent::AddressAdded { id, postal } => {
                self.default.get_or_insert_with(|| id.clone());
                self.entries.push(Entry { id, postal });
            }
            AddressBookEvent::AddressChanged { id, postal } => {
                if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
                    entry.postal = postal;
                }
            }
            AddressBookEvent::AddressRemoved { id } => {
                self.entries.retain(|entry| entry.id != id);
                if self.default.as_ref() == Some(&id) {
                    self.default = self.entries.first().map(|entry| entry.id.clone());
                }
            }
            AddressBookEvent::DefaultChosen { id } => self.default = Some(id),
        }
    }
}

/// An id that is none of ours names no address.
pub fn address_id(text: &str) -> Result<AddressId, Error> {
    AddressId::parse(text).map_err(|_| AddressBookError::NotFound.into())
}

#[cfg(test)]
mod tests {
    use haat_kernel::id::derived;
    use proptest::prelude::*;

    use super::*;

    fn delhi() -> PostalAddress {
        let text = |text: &str| text.to_owned();
        PostalAddress {
            name: text("Asha Rao"),
            line1: text("12 Janpath"),
            city: text("New Delhi"),
            state: text("Delhi"),
            postal_code: text("110001"),
            country: text("IN"),
            ..PostalAddress::default()
        }
    }

    fn id(number: usize) -> AddressId {
        derived(&[&number.to_string()])
    }

    fn book(count: usize) -> AddressBook {
        let mut book = AddressBook::default();
        for number in 0..count {
            let events = book.add(id(number), delhi(), false).unwrap();
            events.iter().for_each(|event| book.apply(event));
        }
        book
    }

    /// The numbers of the addresses after a decision, the default first.
    fn check(count: usize, decide: impl FnOnce(&AddressBook) -> Decision, expected: Result<&[usize], AddressBookError>) {
        let mut book = book(count);
        let after = decide(&book).map(|events| {
            events.iter().for_each(|event| book.apply(event));
            book.entries().map(|(entry, _)| entry.id.clone()).collect::<Vec<_>>()
        });
        assert_eq!(after, expected.map(|numbers| numbers.iter().map(|number| id(*number)).collect()));
    }

    #[test]
    fn one_is_always_the_default() {
        check(0, |book| book.add(id(0), delhi(), false), Ok(&[0]));
        check(2, |book| book.add(id(2), delhi(), true), Ok(&[2, 0, 1]));
        check(3, |book| book.update(&id(1), None, true), Ok(&[1, 0, 2]));
        check(3, |book| book.remove(&id(0)), Ok(&[1, 2]));
        check(1, |book| book.remove(&id(0)), Ok(&[]));
        check(2, |book| book.remove(&id(7)), Err(AddressBookError::NotFound));
        check(2, |book| book.update(&id(7), None, true), Err(AddressBookError::NotFound));
        check(ADDRESSES_MAX, |book| book.add(id(99), delhi(), false), Err(AddressBookError::Full));
        assert_eq!(book(1).update(&id(0), Some(delhi()), true), Ok(vec![]), "nothing differs");
    }

    #[test]
    fn stored_events_stay_as_they_are() {
        let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        haat_store::golden::check_events::<AddressBook>(
            golden,
            &[
                ("address_added", AddressBookEvent::AddressAdded { id: id(0), postal: delhi() }),
                ("address_changed", AddressBookEvent::AddressChanged { id: id(0), postal: delhi() }),
                ("address_removed", AddressBookEvent::AddressRemoved { id: id(0) }),
                ("default_chosen", AddressBookEvent::DefaultChosen { id: id(0) }),
            ],
        );
    }

    proptest! {
        /// Whatever is done in whatever order.
        #[test]
        fn a_book_has_a_default_unless_it_is_empty(acts in prop::collection::vec((0u8..3, 0usize..6), 0..40)) {
            let mut book = AddressBook::default();
            for (act, number) in acts {
                let decision = match act {
                    0 if book.entries().all(|(entry, _)| entry.id != id(number)) => book.add(id(number), delhi(), number % 2 == 0),
                    1 => book.update(&id(number), None, true),
                    _ => book.remove(&id(number)),
                };
                decision.unwrap_or_default().iter().for_each(|event| book.apply(event));
                let defaults = book.entries().filter(|(_, is_default)| *is_default).count();
                prop_assert_eq!(defaults, usize::from(book.entries().next().is_some()));
            }
        }
    }
}
