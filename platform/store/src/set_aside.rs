//! Feed events that a reaction could not take. Each is an aggregate of the consumer's own store, so that it is counted, listed,
//! retried or skipped like anything else; while one of a source's aggregate is parked, its later events park behind it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use haat_kernel::{Error, Result, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::aggregate::{Aggregate, Key};
use crate::page::{Page, PageOf};
use crate::store::Store;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsideState {
    /// Waits for an operator.
    Parked,
    /// The reaction took it in the end.
    Retried,
    /// An operator decided that it has no effect here.
    Skipped,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The service whose feed it came from.
    pub source: String,
    pub partition: u16,
    pub position: u64,
    /// The aggregate that the event belongs to, in `source`.
    pub kind: String,
    pub id: String,
    pub event_type: String,
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub body: Vec<u8>,
    /// Why it was not taken, last time.
    pub error: String,
    pub attempts: u32,
    pub parked_at: Timestamp,
    pub state: AsideState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SetAsideEvent {
    Parked(SetAside),
    /// It was tried again, in vain.
    RetryFailed {
        error: String,
    },
    Retried,
    Skipped,
}

impl Aggregate for SetAside {
    const KIND: &'static str = "set_aside";
    const SCHEMA: u32 = 1;
    type Event = SetAsideEvent;

    fn create(event: &SetAsideEvent) -> Option<Self> {
        match event {
            SetAsideEvent::Parked(parked) => Some(parked.clone()),
            _ => None,
        }
    }

    fn apply(&mut self, event: &SetAsideEvent) {
        match event {
            SetAsideEvent::Parked(parked) => *self = parked.clone(),
            SetAsideEvent::RetryFailed { error } => {
                self.error.clone_from(error);
                self.attempts += 1;
            }
            SetAsideEvent::Retried => self.state = AsideState::Retried,
            SetAsideEvent::Skipped => self.state = AsideState::Skipped,
        }
    }

    fn keys(&self) -> Vec<Key> {
        if self.state != AsideState::Parked {
            return Vec::new();
        }
        let place = format!("{}/{:02}/{:020}", self.source, self.partition, self.position);
        vec![Key::plain("parked", "all", &place), Key::plain("behind", behind(&self.source, &self.kind, &self.id), place)]
    }
}

impl SetAside {
    /// The id under which the event at a place of a feed is set aside.
    pub fn id_of(source: &str, partition: u16, position: u64) -> String {
        format!("{source}/{partition:02}/{position:020}")
    }
}

impl Store {
    /// Events that wait for an operator, those of one source and partition in order.
    pub async fn parked(&self, page: &Page) -> Result<PageOf<crate::Versioned<SetAside>>> {
        self.list("parked", "all", page).await
    }

    /// The parked events of one aggregate of `source`, in order.
    pub async fn parked_of(&self, source: &str, kind: &str, id: &str, page: &Page) -> Result<PageOf<crate::Versioned<SetAside>>> {
        self.list("behind", &behind(source, kind, id), page).await
    }

    /// Whether a later event of this aggregate must park behind an earlier one.
    pub async fn has_parked(&self, source: &str, kind: &str, id: &str) -> Result<bool> {
        Ok(!self.parked_of(source, kind, id, &Page::first(1)).await?.items.is_empty())
    }

    /// Ends the parking of an event as `retried` or `skipped`. Fails with 404 when it was never set aside.
    pub async fn settle_parked(&self, ctx: &haat_kernel::Ctx, aside_id: &str, outcome: SetAsideEvent) -> Result<()> {
        let decide = move |aside: Option<&SetAside>| {
            let is_parked = aside.is_some_and(|aside| aside.state == AsideState::Parked);
            Ok::<_, Error>(if is_parked { vec![outcome] } else { Vec::new() })
        };
        self.update(ctx, aside_id, decide).await.map(|_| ())
    }
}

fn behind(source: &str, kind: &str, id: &str) -> String {
    format!("{source}/{kind}/{id}")
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
