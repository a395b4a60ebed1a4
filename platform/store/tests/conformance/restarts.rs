//! What outlives the process, and what a new release makes of it.

use haat_kernel::Result;
use haat_kernel::time::plus_seconds;
use haat_store::{ALREADY_REPLIED, Page};

use crate::account::{Account, AccountEvent, CountingAccount, balance, deposited, open_account, record};
use crate::home::{Home, ctx, epoch, keyed, reacting};

const DAY_S: i64 = 24 * 60 * 60;

fn nothing(_: Option<&Account>) -> Result<Vec<AccountEvent>> {
    Ok(Vec::new())
}

pub async fn a_restart_forgets_nothing(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 5).await;
    record(&store, &reacting(1, 2), "a", vec![AccountEvent::WakeWanted { at: Some(epoch()) }]).await.unwrap();
    store.remember(&keyed("key", 1).idempotency.unwrap(), b"reply").await.unwrap();
    let head = store.head().await.unwrap();
    drop(store);

    let store = home.open();
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(store.cursors("orders").await.unwrap().get(1), 2);
    assert_eq!(store.due_timers(epoch(), 9).await.unwrap().len(), 1);
    assert_eq!(store.reply("user_1", "key").await.unwrap().unwrap().body, b"reply");
    assert_eq!(store.find::<Account>("email", "a@example.com").await.unwrap().unwrap().balance, 5);
    assert_eq!(record(&store, &ctx(), "a", vec![deposited(1)]).await.unwrap().version, 4);
    assert_eq!(balance(&store, "a").await, 6);
    assert_eq!(head.lag(&store.head().await.unwrap()), 1);
}

pub async fn replies_expire(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 5).await;
    store.remember(&keyed("key", 1).idempotency.unwrap(), b"reply").await.unwrap();
    drop(store);

    let store = home.open_after_s(DAY_S - 60);
    let early = store.answer(&keyed("key", 1), "a", nothing, |account| account.balance).await.unwrap_err();
    assert_eq!(early.code, ALREADY_REPLIED);
    drop(store);

    let store = home.open_after_s(DAY_S + 60);
    assert!(store.reply("user_1", "key").await.unwrap().is_none());
    let mut late = keyed("key", 2);
    late.now = plus_seconds(epoch(), DAY_S + 60);
    let answer = store.answer(&late, "a", nothing, |account| account.balance).await.unwrap();
    assert_eq!(answer, 5, "an expired key may be used again");
    assert_eq!(store.reply("user_1", "key").await.unwrap().unwrap().request_hash, 2);
}

pub async fn a_new_schema_is_built_from_events(home: Home) {
    let store = home.open();
    assert_eq!(store.rebuild::<Account>().await.unwrap(), 0);
    for (id, amount) in [("a", 1), ("b", 2), ("c", 3)] {
        open_account(&store, &ctx(), id, amount).await;
        record(&store, &ctx(), id, vec![AccountEvent::WakeWanted { at: Some(epoch()) }]).await.unwrap();
    }
    drop(store);

    let store = home.open();
    let before = store.head().await.unwrap();
    assert_eq!(store.load::<CountingAccount>("a").await.unwrap().unwrap().events, 3, "even before the rebuild");
    let deposit = |_: Option<&CountingAccount>| Ok::<_, haat_kernel::Error>(vec![deposited(5)]);
    assert_eq!(store.update(&ctx(), "a", deposit).await.unwrap().account.balance, 6);
    assert_eq!(store.rebuild::<CountingAccount>().await.unwrap(), 2);
    assert_eq!(store.rebuild::<CountingAccount>().await.unwrap(), 0);

    let counted = store.list::<CountingAccount>("counted", "all", &Page::first(9)).await.unwrap().items;
    assert_eq!(
        counted.iter().map(|account| (account.id.as_str(), account.version)).collect::<Vec<_>>(),
        [("b", 3), ("c", 3), ("a", 4)]
    );
    assert!(store.find::<CountingAccount>("email", "a@example.com").await.unwrap().is_none(), "keys of the old schema are gone");
    let timers = store.due_timers(epoch(), 9).await.unwrap();
    assert_eq!(timers.iter().map(|timer| timer.name.as_str()).collect::<Vec<_>>(), ["rise"; 3]);
    // One deposit, and the note that the kind was rebuilt.
    assert_eq!(before.lag(&store.head().await.unwrap()), 2, "a rebuild is no event of the aggregate");
}
