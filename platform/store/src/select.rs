//! A part of a list: only what somebody wants of it, a page at a time. For lists that are too seldom asked in parts to be worth
//! a key for each.

use haat_kernel::Result;

use crate::aggregate::{Aggregate, Versioned};
use crate::page::{Page, PageOf};
use crate::store::Store;

/// The most that one call looks through. Then the page ends early, and its token goes on from there.
pub const LOOKED_THROUGH_MAX: usize = 2_000;

impl Store {
    /// A page of those of [`Store::list`] that `is_wanted`. It may be short although more follow: only an empty token is the end.
    pub async fn select<A: Aggregate>(
        &self,
        key: &str,
        value: &str,
        page: &Page,
        is_wanted: impl Fn(&A) -> bool + Send,
    ) -> Result<PageOf<Versioned<A>>> {
        let mut found = Vec::new();
        let mut token = page.token.clone();
        let mut looked_through = 0;
        loop {
            // Never more than there is room for, so that the token says where to go on.
            let room = page.size.max(1) - found.len();
            let part = self.list::<A>(key, value, &Page { size: room, token, descending: page.descending }).await?;
            looked_through += part.items.len();
            found.extend(part.items.into_iter().filter(|item| is_wanted(&item.state)));
            token = part.next_token;
            if found.len() >= page.size || token.is_empty() || looked_through >= LOOKED_THROUGH_MAX {
                return Ok(PageOf { items: found, next_token: token });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use haat_kernel::{Clock, Ctx, Error, Timestamp};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Key, MemoryBackend};

    #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct Number(u64);

    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum NumberEvent {
        Made { number: u64 },
    }

    impl Aggregate for Number {
        const KIND: &'static str = "number";
        const SCHEMA: u32 = 1;
        type Event = NumberEvent;

        fn create(NumberEvent::Made { number }: &NumberEvent) -> Option<Self> {
            Some(Number(*number))
        }

        fn apply(&mut self, _: &NumberEvent) {}

        fn keys(&self) -> Vec<Key> {
            vec![Key::plain("all", "", format!("{:04}", self.0))]
        }
    }

    #[tokio::test]
    async fn pages_of_a_part_have_each_of_it_once() {
        let store = Store::memory(Clock::System, MemoryBackend::default());
        for number in 0..50 {
            let ctx = Ctx::internal("test", "make", Timestamp::UNIX_EPOCH);
            let made = move |_: Option<&Number>| Ok::<_, Error>(vec![NumberEvent::Made { number }]);
            store.update(&ctx, &format!("number_{number}"), made).await.unwrap();
        }
        let mut page = Page::first(4).descending();
        let mut found = Vec::new();
        loop {
            let part = store.select("all", "", &page, |number: &Number| number.0.is_multiple_of(7)).await.unwrap();
            assert!(part.items.len() <= 4);
            found.extend(part.items.iter().map(|number| number.state.0));
            if part.next_token.is_empty() {
                break;
            }
            page = page.at(&part.next_token);
        }
        assert_eq!(found, [49, 42, 35, 28, 21, 14, 7, 0]);
    }
}
