//! What an operator did: noted before it is done, and again when it is known what came of it. One that stays without an
//! outcome was interrupted, and says so by that.

use haat_kernel::{Error, Fault, Kind, Timestamp, id_type};
use haat_store::{Aggregate, Key};
use serde::{Deserialize, Serialize};

id_type!(
    /// What an operator did.
    ActionId,
    "action"
);

pub const ALL: &str = "all";
const TEXT_BYTES_MAX: usize = 500;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub operator: String,
    pub what: String,
    pub target: String,
    pub reason: String,
    pub correlation_id: String,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub request: Request,
    pub outcome: Option<Outcome>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub text: String,
    pub has_failed: bool,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActionEvent {
    Requested { request: Request },
    Ended { outcome: Outcome },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    #[error("Say why: the reason is kept with what you do.")]
    ReasonRequired,
    #[error("Another operator did this.")]
    NotYours,
}

impl Fault for ActionError {
    fn kind(&self) -> Kind {
        match self {
            ActionError::ReasonRequired => Kind::InvalidArgument,
            ActionError::NotYours => Kind::PermissionDenied,
        }
    }
    fn code(&self) -> &'static str {
        match self {
            ActionError::ReasonRequired => "reason_required",
            ActionError::NotYours => "action_not_yours",
        }
    }
}

impl Aggregate for Action {
    const KIND: &'static str = "action";
    const SCHEMA: u32 = 1;
    type Event = ActionEvent;

    fn create(event: &ActionEvent) -> Option<Self> {
        let ActionEvent::Requested { request } = event else { return None };
        Some(Action { request: request.clone(), outcome: None })
    }

    fn apply(&mut self, event: &ActionEvent) {
        if let ActionEvent::Ended { outcome } = event {
            self.outcome = Some(outcome.clone());
        }
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::plain(ALL, "", format!("{:020}", self.request.at.as_microsecond()))]
    }
}

impl Action {
    /// A second time changes nothing.
    pub fn request(existing: Option<&Action>, request: Request) -> Result<Vec<ActionEvent>, ActionError> {
        match existing {
            Some(action) if action.request.operator != request.operator => Err(ActionError::NotYours),
            Some(_) => Ok(Vec::new()),
            None if request.reason.trim().is_empty() => Err(ActionError::ReasonRequired),
            None => Ok(vec![ActionEvent::Requested { request: request.bounded() }]),
        }
    }

    /// The first outcome stays.
    pub fn end(&self, operator: &str, text: &str, has_failed: bool, at: Timestamp) -> Result<Vec<ActionEvent>, ActionError> {
        match &self.outcome {
            _ if self.request.operator != operator => Err(ActionError::NotYours),
            Some(_) => Ok(Vec::new()),
            None => Ok(vec![ActionEvent::Ended { outcome: Outcome { text: cut(text), has_failed, at } }]),
        }
    }
}

impl Request {
    fn bounded(self) -> Self {
        Request { what: cut(&self.what), target: cut(&self.target), reason: cut(&self.reason), ..self }
    }
}

fn cut(text: &str) -> String {
    let end = (0..=TEXT_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

/// The id of what a caller names itself.
pub fn id_of(name: &str, operator: &str) -> Result<ActionId, Error> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !(8..=64).contains(&name.len()) || !name.bytes().all(is_plain) {
        return Err(Error::invalid("id", "must be 8 to 64 letters, digits, `-` or `_`"));
    }
    Ok(haat_kernel::id::derived(&[operator, name]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(operator: &str, reason: &str) -> Request {
        Request {
            operator: operator.to_owned(),
            what: "retry".to_owned(),
            target: "event x".to_owned(),
            reason: reason.to_owned(),
            correlation_id: String::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn its_events_stay_as_they_are() {
        let outcome = Outcome { text: "done".to_owned(), has_failed: false, at: Timestamp::UNIX_EPOCH };
        haat_store::golden::check_events::<Action>(
            "tests/golden",
            &[
                ("requested", ActionEvent::Requested { request: request("user_1", "it hangs") }),
                ("ended", ActionEvent::Ended { outcome }),
            ],
        );
    }

    #[test]
    fn it_needs_a_reason_belongs_to_one_and_ends_once() {
        assert_eq!(Action::request(None, request("user_1", " ")), Err(ActionError::ReasonRequired));
        let events = Action::request(None, request("user_1", "it hangs")).unwrap();
        let mut action = Action::create(&events[0]).unwrap();
        assert_eq!(Action::request(Some(&action), request("user_2", "mine")), Err(ActionError::NotYours));
        assert_eq!(Action::request(Some(&action), request("user_1", "again")), Ok(Vec::new()));
        assert_eq!(action.end("user_2", "done", false, Timestamp::UNIX_EPOCH), Err(ActionError::NotYours));
        let ended = action.end("user_1", "done", false, Timestamp::UNIX_EPOCH).unwrap();
        action.apply(&ended[0]);
        assert_eq!(action.end("user_1", "failed", true, Timestamp::UNIX_EPOCH), Ok(Vec::new()));
        assert_eq!(cut(&"é".repeat(300)).len(), 500);
    }
}
