//! An incident: a service was down, not well, or failed too many requests. It opens and closes by itself, by what the
//! services tell; it is kept for good.

use haat_kernel::{Timestamp, id_type};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

id_type!(
    /// An incident.
    IncidentId,
    "incident"
);

pub const ALL: &str = "all";
pub const OPEN: &str = "open";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// An instance does not answer.
    Down,
    /// It says itself that something beside it does not work.
    Degraded,
    /// It fails far more requests than its objective allows.
    Burning,
}

impl Trouble {
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Down => "down",
            Trouble::Degraded => "degraded",
            Trouble::Burning => "burning",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    pub service: String,
    pub trouble: Trouble,
    pub detail: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub timeline: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub at: Timestamp,
    pub text: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum IncidentEvent {
    Opened { service: String, trouble: Trouble, detail: String, at: Timestamp },
    Changed { detail: String, at: Timestamp },
    Closed { at: Timestamp },
}

impl Aggregate for Incident {
    const KIND: &'static str = "incident";
    const SCHEMA: u32 = 1;
    type Event = IncidentEvent;

    fn create(event: &IncidentEvent) -> Option<Self> {
        let IncidentEvent::Opened { service, trouble, detail, at } = event else { return None };
        Some(Incident {
            service: service.clone(),
            trouble: *trouble,
            detail: detail.clone(),
            opened_at: *at,
            closed_at: None,
            timeline: vec![Entry { at: *at, text: detail.clone() }],
        })
    }

    fn apply(&mut self, event: &IncidentEvent) {
        match event {
            IncidentEvent::Opened { .. } => {}
            IncidentEvent::Changed { detail, at } => {
                self.detail.clone_from(detail);
                self.timeline.push(Entry { at: *at, text: detail.clone() });
            }
            IncidentEvent::Closed { at } => {
                self.closed_at = Some(*at);
                self.timeline.push(Entry { at: *at, text: "over".to_owned() });
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        let sort = format!("{:020}", self.opened_at.as_microsecond());
        let mut keys = vec![Key::plain(ALL, "", sort.clone())];
        if self.closed_at.is_none() {
            keys.push(Key::plain(OPEN, "", sort));
        }
        keys
    }
}

/// Entries of one incident that are kept.
const ENTRIES_MAX: usize = 50;

impl Incident {
    pub fn open(service: &str, trouble: Trouble, detail: &str, at: Timestamp) -> Vec<IncidentEvent> {
        vec![IncidentEvent::Opened { service: service.to_owned(), trouble, detail: detail.to_owned(), at }]
    }

    /// Nothing, when it says what is known.
    pub fn change(&self, detail: &str, at: Timestamp) -> Vec<IncidentEvent> {
        let is_news = self.closed_at.is_none() && self.detail != detail && self.timeline.len() < ENTRIES_MAX;
        if is_news { vec![IncidentEvent::Changed { detail: detail.to_owned(), at }] } else { Vec::new() }
    }

    pub fn close(&self, at: Timestamp) -> Vec<IncidentEvent> {
        if self.closed_at.is_none() { vec![IncidentEvent::Closed { at }] } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_events_stay_as_they_are() {
        let at = Timestamp::UNIX_EPOCH;
        let opened = Incident::open("orders", Trouble::Down, "it does not answer", at).remove(0);
        let changed = IncidentEvent::Changed { detail: "neither does its twin".to_owned(), at };
        haat_store::golden::check_events::<Incident>(
            "tests/golden",
            &[("opened", opened), ("changed", changed), ("closed", IncidentEvent::Closed { at })],
        );
    }

    #[test]
    fn it_tells_what_changed_and_ends_once() {
        let at = Timestamp::UNIX_EPOCH;
        let mut incident = Incident::create(&Incident::open("orders", Trouble::Degraded, "a", at)[0]).unwrap();
        assert!(incident.change("a", at).is_empty());
        incident.apply(&incident.change("b", at)[0]);
        incident.apply(&incident.close(at)[0]);
        assert!(incident.close(at).is_empty() && incident.change("c", at).is_empty());
        assert_eq!(incident.timeline.len(), 3);
        assert!(incident.keys().iter().all(|key| key.name != OPEN));
    }
}
