//! Decoded states of one exclusive store, bounded by their encoded size. It never shows what was not committed, and never
//! keeps an older version than the last one published: a reader's late fill is refused once anything was published meanwhile.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

/// Encoded bytes of the states kept; decoded they take two to four times as much.
const BYTES_MAX: usize = 24 << 20;

/// A decoded state.
#[derive(Clone)]
pub struct Live {
    pub version: u64,
    pub state: Arc<dyn Any + Send + Sync>,
    /// Of the state as JSON.
    pub bytes: usize,
}

/// Says when a read began; see [`StateCache::fill`].
#[derive(Clone, Copy)]
pub struct Ticket(u64);

/// Two generations stand in for least-recently-used order: what is touched moves to the young one; when that is full, the
/// old one is forgotten and the young one becomes old.
#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
    published: u64,
}

#[derive(Default)]
struct Generation {
    states: HashMap<&'static str, HashMap<String, Live>>,
    bytes: usize,
}

impl Generation {
    fn get(&self, kind: &str, id: &str) -> Option<&Live> {
        self.states.get(kind)?.get(id)
    }

    fn put(&mut self, kind: &'static str, id: &str, live: Live) {
        let states = self.states.entry(kind).or_default();
        self.bytes += live.bytes;
        let before = match states.get_mut(id) {
            Some(slot) => Some(std::mem::replace(slot, live)),
            None => states.insert(id.to_owned(), live),
        };
        self.bytes -= before.map_or(0, |live| live.bytes);
    }

    fn take(&mut self, kind: &str, id: &str) -> Option<Live> {
        let live = self.states.get_mut(kind)?.remove(id)?;
        self.bytes -= live.bytes;
        Some(live)
    }
}

impl Generations {
    fn put(&mut self, kind: &'static str, id: &str, live: Live) {
        self.old.take(kind, id);
        self.young.put(kind, id, live);
        if self.young.bytes > BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
    }

    fn remove(&mut self, kind: &'static str, id: &str) {
        self.old.take(kind, id);
        self.young.take(kind, id);
    }
}

#[derive(Default)]
pub struct StateCache(Mutex<Generations>);

impl StateCache {
    pub fn get(&self, kind: &'static str, id: &str) -> Option<Live> {
        let mut all = self.0.lock();
        if let Some(live) = all.young.get(kind, id) {
            return Some(live.clone());
        }
        let live = all.old.take(kind, id)?;
        all.put(kind, id, live.clone());
        Some(live)
    }

    /// To be taken before a read whose result will be offered to [`StateCache::fill`].
    pub fn ticket(&self) -> Ticket {
        Ticket(self.0.lock().published)
    }

    /// Keeps what a reader decoded, unless a commit was published since `ticket`: the reader may have read what was before it.
    pub fn fill(&self, ticket: Ticket, kind: &'static str, id: &str, live: Live) {
        let mut all = self.0.lock();
        if all.published == ticket.0 {
            all.put(kind, id, live);
        }
    }

    /// Keeps what was committed; None is what was forgotten. Called by the one writer, after the commit and before anybody
    /// learns of it.
    pub fn publish(&self, committed: impl IntoIterator<Item = (&'static str, String, Option<Live>)>) {
        let mut all = self.0.lock();
        all.published += 1;
        for (kind, id, live) in committed {
            match live {
                Some(live) => all.put(kind, &id, live),
                None => all.remove(kind, &id),
            }
        }
    }

    pub fn clear(&self) {
        let mut all = self.0.lock();
        let published = all.published + 1;
        *all = Generations { published, ..Generations::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(version: u64, bytes: usize) -> Live {
        Live { version, state: Arc::new(()), bytes }
    }

    fn publish(cache: &StateCache, id: &str, live: Live) {
        cache.publish([("order", id.to_owned(), Some(live))]);
    }

    #[test]
    fn a_fill_that_lost_the_race_is_refused() {
        let cache = StateCache::default();
        let ticket = cache.ticket();
        publish(&cache, "a", live(2, 1));
        cache.fill(ticket, "order", "a", live(1, 1));
        assert_eq!(cache.get("order", "a").unwrap().version, 2);
        assert!(cache.get("cart", "a").is_none());
        let ticket = cache.ticket();
        cache.publish([("order", "a".to_owned(), None)]);
        cache.fill(ticket, "order", "a", live(2, 1));
        assert!(cache.get("order", "a").is_none(), "forgotten");
    }

    #[test]
    fn what_is_used_stays_and_what_is_not_goes() {
        let cache = StateCache::default();
        publish(&cache, "hot", live(1, 1));
        publish(&cache, "cold", live(1, 1));
        for i in 0..10 {
            publish(&cache, &i.to_string(), live(1, BYTES_MAX / 4));
            assert!(cache.get("order", "hot").is_some());
        }
        assert!(cache.get("order", "cold").is_none());
        let all = cache.0.lock();
        assert!(all.young.bytes + all.old.bytes <= BYTES_MAX * 5 / 4);
    }
}
