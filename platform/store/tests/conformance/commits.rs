//! Writing: what one commit promises, and what many at once do.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use haat_kernel::{Error, Kind, spawn};
use haat_store::{ALREADY_APPLIED, ALREADY_EXISTS, ALREADY_REPLIED, IDEMPOTENCY_KEY_REUSED, Load, PARTITIONS, Positions, Tx};

use crate::account::{Account, AccountEvent, Overdrawn, balance, deposited, open_account, opened, record};
use crate::home::{Home, ctx, keyed, reacting};

pub async fn positions_have_no_gaps_under_64_writers(home: Home) {
    let store = home.open();
    let writers = (0..64).map(|writer| {
        let store = store.clone();
        spawn("writer", async move {
            for account in 0..4 {
                let id = format!("account_{writer}_{account}");
                open_account(&store, &ctx(), &id, 1).await;
                record(&store, &ctx(), &id, vec![deposited(2)]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    let events = store.read_feed(&Positions::default(), 10_000).await.unwrap();
    assert_eq!(events.len(), 64 * 4 * 3);
    let (mut positions, mut versions) = (Positions::default(), BTreeMap::new());
    for event in &events {
        assert_eq!(event.position, positions.get(event.partition) + 1, "a gap");
        assert_eq!(event.partition, haat_store::partition_of(&event.id));
        positions.set(event.partition, event.position);
        let version = versions.entry(event.id.clone()).or_insert(0);
        *version += 1;
        assert_eq!(event.version, *version);
    }
    assert_eq!(positions, store.head().await.unwrap());
    assert_eq!(store.stats().events_total.load(Ordering::Relaxed), 64 * 4 * 3);
}

pub async fn a_hundred_increments_make_a_hundred(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 0).await;
    let increments = (0..100).map(|_| {
        let store = store.clone();
        spawn("increment", async move {
            let add = |account: Option<&Account>| {
                // What is seen is what will be written over.
                let balance = account.unwrap().balance;
                Ok::<_, Error>(vec![AccountEvent::Withdrawn { amount: balance }, deposited(balance + 1)])
            };
            store.update(&ctx(), "a", add).await.unwrap().balance
        })
    });
    let mut seen = Vec::new();
    for increment in increments.collect::<Vec<_>>() {
        seen.push(increment.await.unwrap());
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=100).collect::<Vec<u64>>());
    assert_eq!(store.load::<Account>("a").await.unwrap().unwrap().version, 202);
}

fn transfer(tx: &mut Tx, amount: u64) -> Result<(), Error> {
    tx.record::<Account>("b", vec![deposited(amount)])?;
    let events = tx.get::<Account>("a").unwrap().withdraw(amount)?;
    tx.record::<Account>("a", events)
}

pub async fn a_transaction_is_all_or_nothing(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 10).await;
    open_account(&store, &ctx(), "b", 0).await;
    let both = || Load::new().all::<Account>(["b", "a", "b"]);
    store.transact(&ctx(), both(), |tx| transfer(tx, 7)).await.unwrap();
    let refused = store.transact(&ctx(), both(), |tx| transfer(tx, 7)).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_str()), (Kind::FailedPrecondition, "overdrawn"));
    assert_eq!((balance(&store, "a").await, balance(&store, "b").await), (3, 7));

    let look = |tx: &mut Tx| {
        transfer(tx, 1)?;
        Ok::<_, Error>((tx.get::<Account>("a").unwrap().balance, tx.version::<Account>("b")))
    };
    let seen = store.transact(&ctx(), both(), look).await.unwrap();
    assert_eq!(seen, (2, 4), "a transaction sees what it recorded");
}

pub async fn a_refusal_leaves_no_trace_in_its_group(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 60).await;
    let head = store.head().await.unwrap();
    // Started together, so that the writer finds them waiting together.
    let withdrawals = (0..90).map(|turn| {
        let store = store.clone();
        spawn("withdrawal", async move {
            let decide = move |account: Option<&Account>| {
                assert!(turn != 44, "this decision panics, and harms nobody else");
                account.unwrap().withdraw(2)
            };
            store.update::<Account, Overdrawn>(&ctx(), "a", decide).await
        })
    });
    let mut refused = Vec::new();
    for withdrawal in withdrawals.collect::<Vec<_>>() {
        refused.extend(withdrawal.await.unwrap().err().map(|error| error.code));
    }
    let count = |code: &str| refused.iter().filter(|refusal| *refusal == code).count();
    assert_eq!((count("overdrawn"), count("internal"), refused.len()), (59, 1, 60));
    assert_eq!(balance(&store, "a").await, 0);
    assert_eq!(store.history::<Account>("a").await.unwrap().len(), 2 + 30);
    assert_eq!(head.lag(&store.head().await.unwrap()), 30);
}

pub async fn a_unique_key_has_one_holder(home: Home) {
    let store = home.open();
    record(&store, &ctx(), "a", vec![opened("x@example.com")]).await.unwrap();
    let clash = record(&store, &ctx(), "b", vec![opened("x@example.com")]).await.unwrap_err();
    assert_eq!((clash.kind, clash.code.as_str()), (Kind::AlreadyExists, ALREADY_EXISTS));
    assert_eq!((clash.violations[0].field.as_str(), clash.context.as_deref()), ("email", Some("email")));
    assert!(store.load::<Account>("b").await.unwrap().is_none());

    let moved = AccountEvent::EmailChanged { email: "y@example.com".to_owned() };
    record(&store, &ctx(), "a", vec![moved]).await.unwrap();
    record(&store, &ctx(), "b", vec![opened("x@example.com")]).await.unwrap();
    assert_eq!(store.find::<Account>("email", "x@example.com").await.unwrap().unwrap().id, "b");
    assert_eq!(store.find::<Account>("email", "y@example.com").await.unwrap().unwrap().id, "a");
    assert!(store.find::<Account>("email", "z@example.com").await.unwrap().is_none());
}

pub async fn unique_keys_change_hands_in_one_commit(home: Home) {
    let store = home.open();
    record(&store, &ctx(), "a", vec![opened("a")]).await.unwrap();
    record(&store, &ctx(), "b", vec![opened("b")]).await.unwrap();
    let change = |tx: &mut Tx, id: &str, email: &str| {
        tx.record::<Account>(id, vec![AccountEvent::EmailChanged { email: email.to_owned() }])
    };
    let both = || Load::new().all::<Account>(["a", "b"]);
    let swap = move |tx: &mut Tx| change(tx, "a", "b").and_then(|()| change(tx, "b", "a"));
    store.transact(&ctx(), both(), swap).await.unwrap();
    assert_eq!(store.find::<Account>("email", "a").await.unwrap().unwrap().id, "b");
    assert_eq!(store.find::<Account>("email", "b").await.unwrap().unwrap().id, "a");

    let both_claim = move |tx: &mut Tx| change(tx, "a", "c").and_then(|()| change(tx, "b", "c"));
    assert_eq!(store.transact(&ctx(), both(), both_claim).await.unwrap_err().code, ALREADY_EXISTS);
    assert_eq!(store.load::<Account>("a").await.unwrap().unwrap().email, "b");
}

pub async fn a_reply_is_given_once(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 10).await;
    let withdraw = |account: Option<&Account>| account.unwrap().withdraw(4);
    let reply = |account: &Account| account.balance;

    let call = keyed("key-1", 7);
    assert_eq!(store.answer(&call, "a", withdraw, reply).await.unwrap(), 6);
    assert!(call.is_recorded());
    let again = store.answer(&keyed("key-1", 7), "a", withdraw, reply).await.unwrap_err();
    assert_eq!(again.code, ALREADY_REPLIED);
    let other = store.answer(&keyed("key-1", 8), "a", withdraw, reply).await.unwrap_err();
    assert_eq!((other.code.as_str(), other.kind.http_status()), (IDEMPOTENCY_KEY_REUSED, 422));
    assert_eq!(balance(&store, "a").await, 6);

    let remembered = store.reply("user_1", "key-1").await.unwrap().unwrap();
    assert_eq!(remembered.request_hash, 7);
    assert_eq!(<u64 as prost::Message>::decode(remembered.body.as_slice()).unwrap(), 6);
    assert!(store.reply("user_2", "key-1").await.unwrap().is_none());

    store.remember(&keyed("key-1", 9).idempotency.unwrap(), b"late").await.unwrap();
    assert_eq!(store.reply("user_1", "key-1").await.unwrap().unwrap(), remembered, "the first reply stays");
    store.remember(&keyed("key-2", u64::MAX).idempotency.unwrap(), b"alone").await.unwrap();
    assert_eq!(store.reply("user_1", "key-2").await.unwrap().unwrap().request_hash, u64::MAX);
}

pub async fn a_feed_event_takes_effect_once(home: Home) {
    let store = home.open();
    open_account(&store, &ctx(), "a", 0).await;
    let reaction = reacting(3, 5);
    record(&store, &reaction, "a", vec![deposited(1)]).await.unwrap();
    assert!(reaction.is_recorded());
    for position in [5, 4] {
        let again = record(&store, &reacting(3, position), "a", vec![deposited(1)]).await.unwrap_err();
        assert_eq!((again.kind, again.code.as_str()), (Kind::FailedPrecondition, ALREADY_APPLIED));
    }
    record(&store, &reacting(3, 6), "a", Vec::new()).await.unwrap();
    let skip = |partition, position| reacting(partition, position).cursor.unwrap();
    let commits = store.commits();
    store.advance(&[skip(63, 9), skip(3, 2)]).await.unwrap();
    assert!(!commits.has_changed().unwrap(), "a cursor is news to nobody");

    let cursors = store.cursors("orders").await.unwrap();
    assert_eq!((cursors.get(3), cursors.get(63), cursors.get(0)), (6, 9, 0));
    assert_eq!(store.cursors("carts").await.unwrap(), Positions::default());
    assert_eq!(balance(&store, "a").await, 1);
}

pub async fn nothing_decided_is_nothing_written(home: Home) {
    let store = home.open();
    let mut commits = store.commits();
    open_account(&store, &ctx(), "a", 1).await;
    assert!(commits.has_changed().unwrap());
    commits.mark_unchanged();
    let head = store.head().await.unwrap();

    let call = keyed("key", 1);
    assert_eq!(record(&store, &call, "a", Vec::new()).await.unwrap().version, 2);
    assert!(!call.is_recorded() && !commits.has_changed().unwrap());
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(record(&store, &ctx(), "b", Vec::new()).await.unwrap_err().code, "account_not_found");
    assert_eq!(store.lease(&[0, PARTITIONS - 1], "me", crate::home::epoch()).await.unwrap(), [0, PARTITIONS - 1]);
}

pub async fn misuse_is_an_error(home: Home) {
    let store = home.open();
    let first = record(&store, &ctx(), "a", vec![deposited(1)]).await.unwrap_err();
    assert!(first.context.unwrap().contains("account a cannot begin"));
    let unnamed = |tx: &mut Tx| Ok::<_, Error>(tx.get::<Account>("a"));
    let unnamed = store.transact(&ctx(), Load::new(), unnamed).await.unwrap_err();
    assert!(unnamed.context.unwrap().contains("account a"));
    assert_eq!(store.head().await.unwrap(), Positions::default());
}
