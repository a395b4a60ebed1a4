//! The aggregate of these tests, in two schemas: the second finds accounts by other keys, and wants other timers.

use haat_kernel::{Ctx, Error, Kind, Result, Timestamp};
use haat_store::{Aggregate, Key, Store, Timer, Versioned};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub email: String,
    pub owner: String,
    pub balance: u64,
    pub wake_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AccountEvent {
    Opened { email: String, owner: String },
    Deposited { amount: u64 },
    Withdrawn { amount: u64 },
    EmailChanged { email: String },
    WakeWanted { at: Option<Timestamp> },
}

impl Aggregate for Account {
    const KIND: &'static str = "account";
    const SCHEMA: u32 = 1;
    type Event = AccountEvent;

    fn create(event: &AccountEvent) -> Option<Self> {
        let AccountEvent::Opened { email, owner } = event else { return None };
        Some(Account { email: email.clone(), owner: owner.clone(), balance: 0, wake_at: None })
    }

    fn apply(&mut self, event: &AccountEvent) {
        match event {
            AccountEvent::Opened { .. } => {}
            AccountEvent::Deposited { amount } => self.balance += amount,
            AccountEvent::Withdrawn { amount } => self.balance -= amount,
            AccountEvent::EmailChanged { email } => self.email.clone_from(email),
            AccountEvent::WakeWanted { at } => self.wake_at = *at,
        }
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::unique("email", &self.email), Key::plain("owner", &self.owner, format!("{:08}", self.balance))]
    }

    fn timers(&self) -> Vec<Timer> {
        self.wake_at.map(|at| Timer::at("wake", at)).into_iter().collect()
    }
}

/// The next release's account: it counts its events, has no unique key, and wakes under another name.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CountingAccount {
    pub account: Account,
    pub events: u64,
}

impl Aggregate for CountingAccount {
    const KIND: &'static str = Account::KIND;
    const SCHEMA: u32 = 2;
    type Event = AccountEvent;

    fn create(event: &AccountEvent) -> Option<Self> {
        Some(CountingAccount { account: Account::create(event)?, events: 1 })
    }

    fn apply(&mut self, event: &AccountEvent) {
        self.account.apply(event);
        self.events += 1;
    }

    fn keys(&self) -> Vec<Key> {
        vec![Key::plain("counted", "all", format!("{:08}", self.events))]
    }

    fn timers(&self) -> Vec<Timer> {
        self.account.wake_at.map(|at| Timer::at("rise", at)).into_iter().collect()
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the account has only {balance}")]
pub struct Overdrawn {
    pub balance: u64,
}

impl haat_kernel::Fault for Overdrawn {
    fn kind(&self) -> Kind {
        Kind::FailedPrecondition
    }
    fn code(&self) -> &'static str {
        "overdrawn"
    }
}

impl Account {
    pub fn withdraw(&self, amount: u64) -> Result<Vec<AccountEvent>, Overdrawn> {
        if amount > self.balance {
            return Err(Overdrawn { balance: self.balance });
        }
        Ok(vec![AccountEvent::Withdrawn { amount }])
    }
}

pub fn opened(email: &str) -> AccountEvent {
    AccountEvent::Opened { email: email.to_owned(), owner: "anna".to_owned() }
}

pub fn deposited(amount: u64) -> AccountEvent {
    AccountEvent::Deposited { amount }
}

pub async fn record(store: &Store, ctx: &Ctx, id: &str, events: Vec<AccountEvent>) -> Result<Versioned<Account>> {
    store.update(ctx, id, move |_: Option<&Account>| Ok::<_, Error>(events)).await
}

pub async fn open_account(store: &Store, ctx: &Ctx, id: &str, amount: u64) -> Versioned<Account> {
    record(store, ctx, id, vec![opened(&format!("{id}@example.com")), deposited(amount)]).await.unwrap()
}

pub async fn balance(store: &Store, id: &str) -> u64 {
    store.load::<Account>(id).await.unwrap().unwrap().balance
}
