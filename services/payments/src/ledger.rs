//! The ledger: double entry. Money that moves is one transaction whose entries cancel out; a balance is a sum of entries.
//!
//! Always: a transaction sums to zero, exists once for the fact that it records, and is committed together with that
//! fact. A debit is positive: a provider's receivable is what it owes us, a negative payable is what we owe a seller. An
//! authorization moves nothing.

use std::collections::{BTreeMap, BTreeSet};

use haat_kernel::id::derived;
use haat_kernel::{Error, Id, Money, MoneyError, Result, Timestamp};
use haat_store::page::READ_MAX;
use haat_store::{Aggregate, Key, Page, Store};
use serde::{Deserialize, Serialize};

use crate::ids::{LedgerTransactionId, PaymentId, RefundId, SellerId};
use crate::payment::{Intent, PaymentEvent, Share, Work};

/// The key under which all transactions are found.
const ALL: &str = "all";
/// The key under which the transactions on a seller's account are found, the oldest first.
pub const OF_SELLER: &str = "seller";
/// The platform's part of a sale, in hundredths of a percent. Each entry keeps what was charged when it was sold.
const COMMISSION_BASIS_POINTS: u32 = 0;

/// What an account is, as its name says: `seller:seller_…:payable`.
enum Account<'a> {
    ProviderReceivable(&'a str),
    SellerPayable(&'a SellerId),
    PlatformCommission,
}

impl std::fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Account::ProviderReceivable(provider) => write!(f, "provider:{provider}:receivable"),
            Account::SellerPayable(seller) => write!(f, "seller:{seller}:payable"),
            Account::PlatformCommission => f.write_str("platform:commission"),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub account: String,
    pub amount: Money,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    Captured,
    Refunded { refund: RefundId },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerTransaction {
    pub payment: PaymentId,
    pub fact: Fact,
    pub entries: Vec<Entry>,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LedgerEvent {
    Posted { transaction: LedgerTransaction },
}

impl LedgerTransaction {
    pub fn id(payment: &PaymentId, fact: &Fact) -> LedgerTransactionId {
        let parts = match fact {
            Fact::Captured => [LedgerTransactionId::PREFIX, payment.as_str(), "captured", ""],
            Fact::Refunded { refund } => [LedgerTransactionId::PREFIX, payment.as_str(), "refunded", refund.as_str()],
        };
        derived(&parts)
    }

    /// The transaction that the outcome of `work` may need.
    pub fn id_for(payment: &PaymentId, work: &Work) -> Option<LedgerTransactionId> {
        match work {
            Work::Capture => Some(Self::id(payment, &Fact::Captured)),
            Work::Refund(refund) => Some(Self::id(payment, &Fact::Refunded { refund: refund.clone() })),
            Work::Authorize | Work::LookUp | Work::Void => None,
        }
    }

    /// What `event`, about to happen to `intent`, moves; none when it moves nothing.
    pub fn of(intent: &Intent, event: &PaymentEvent) -> Result<Option<Self>> {
        let terms = &intent.terms;
        let (fact, entries, at) = match event {
            PaymentEvent::Captured { at } if !terms.amount.is_zero() => {
                (Fact::Captured, sale(&terms.provider, terms.amount, &terms.shares)?, *at)
            }
            PaymentEvent::RefundSucceeded { refund: id, at } => {
                let refund = intent.refunds.iter().find(|refund| refund.id == *id);
                let refund = refund.ok_or_else(|| Error::internal(format!("{id} is no refund of {}", terms.payment)))?;
                let sale = sale(&terms.provider, refund.amount, &refund.parts)?;
                (Fact::Refunded { refund: id.clone() }, sale.into_iter().map(Entry::reversed).collect(), *at)
            }
            _ => return Ok(None),
        };
        let transaction = LedgerTransaction { payment: terms.payment.clone(), fact, entries, at };
        transaction
            .is_balanced()
            .then_some(Some(transaction))
            .ok_or_else(|| Error::internal("a transaction does not sum to zero"))
    }

    pub fn is_balanced(&self) -> bool {
        sum_of(&self.entries).is_some_and(|sum| sum.is_zero())
    }

    /// What the provider owes us more by this, in minor units.
    pub fn received(&self) -> i64 {
        let receivable = self.entries.iter().filter(|entry| entry.account.starts_with("provider:"));
        receivable.map(|entry| entry.amount.minor).sum()
    }

    /// By how much this changes what a seller is owed; none where it does not touch the seller's account.
    pub fn owed_to(&self, seller: &SellerId) -> Option<Money> {
        let account = Account::SellerPayable(seller).to_string();
        let entries: Vec<Entry> = self.entries.iter().filter(|entry| entry.account == account).cloned().collect();
        sum_of(&entries).map(|sum| Money { minor: -sum.minor, ..sum })
    }
}

fn sum_of(entries: &[Entry]) -> Option<Money> {
    let currency = entries.first()?.amount.currency;
    Money::sum(currency, entries.iter().map(|entry| entry.amount)).ok()
}

/// The provider owes us `amount`, and we owe each seller its share less our commission.
fn sale(provider: &str, amount: Money, shares: &[Share]) -> Result<Vec<Entry>, MoneyError> {
    let entry = |account: Account<'_>, amount| Entry { account: account.to_string(), amount };
    let mut entries = vec![entry(Account::ProviderReceivable(provider), amount)];
    let mut commission = Money::zero(amount.currency);
    for share in shares {
        let ours = share.amount.share(COMMISSION_BASIS_POINTS)?;
        commission = commission.minus(ours)?;
        entries.push(entry(Account::SellerPayable(&share.seller), ours.minus(share.amount)?));
    }
    entries.push(entry(Account::PlatformCommission, commission));
    entries.retain(|entry| !entry.amount.is_zero());
    Ok(entries)
}

/// Whose account it is, if a seller's.
fn seller_of(account: &str) -> Option<&str> {
    account.strip_prefix("seller:")?.strip_suffix(":payable")
}

impl Entry {
    fn reversed(self) -> Self {
        Entry { amount: Money { minor: -self.amount.minor, ..self.amount }, ..self }
    }
}

impl Aggregate for LedgerTransaction {
    const KIND: &'static str = "ledger_transaction";
    const SCHEMA: u32 = 2;
    type Event = LedgerEvent;

    fn create(event: &LedgerEvent) -> Option<Self> {
        let LedgerEvent::Posted { transaction } = event;
        Some(transaction.clone())
    }

    fn apply(&mut self, _: &LedgerEvent) {}

    fn keys(&self) -> Vec<Key> {
        let sort = format!("{:020}", self.at.as_microsecond());
        let sellers: BTreeSet<&str> = self.entries.iter().filter_map(|entry| seller_of(&entry.account)).collect();
        let of_sellers = sellers.into_iter().map(|seller| Key::plain(OF_SELLER, seller, sort.clone()));
        std::iter::once(Key::plain(ALL, "", "")).chain(of_sellers).collect()
    }
}

/// The sum of each account's entries, by account and currency.
pub async fn list_balances(store: &Store) -> Result<BTreeMap<(String, String), Money>> {
    let mut sums: BTreeMap<(String, String), Money> = BTreeMap::new();
    let mut page = Page::first(READ_MAX);
    loop {
        let read = store.list::<LedgerTransaction>(ALL, "", &page).await?;
        for entry in read.items.iter().flat_map(|transaction| &transaction.entries) {
            let key = (entry.account.clone(), entry.amount.currency.code().to_owned());
            let sum = sums.entry(key).or_insert(Money::zero(entry.amount.currency));
            *sum = sum.plus(entry.amount)?;
        }
        if read.next_token.is_empty() {
            return Ok(sums);
        }
        page = page.at(&read.next_token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(seller: &str, minor: i64) -> Share {
        Share { order: derived(&[seller]), seller: derived(&[seller]), amount: Money::inr(minor) }
    }

    #[test]
    fn a_sale_and_its_reverse_sum_to_zero_and_owe_each_seller_its_share() {
        let shares = [share("a", 700), share("b", 0), share("c", 300)];
        let entries = sale("sandbox", Money::inr(1_000), &shares).unwrap();
        let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount.minor).collect();
        assert_eq!(amounts, [1_000, -700, -300]);
        assert_eq!(entries[0].account, "provider:sandbox:receivable");
        assert_eq!(entries[1].account, format!("seller:{}:payable", shares[0].seller));
        let back: Vec<Entry> = entries.into_iter().map(Entry::reversed).collect();
        assert_eq!(sum_of(&back), Some(Money::inr(0)));
    }

    #[test]
    fn entries_that_do_not_cancel_out_are_no_transaction() {
        let entries = sale("sandbox", Money::inr(1_001), &[share("a", 1_000)]).unwrap();
        let transaction =
            LedgerTransaction { payment: derived(&["p"]), fact: Fact::Captured, entries, at: Timestamp::UNIX_EPOCH };
        assert!(!transaction.is_balanced());
    }

    #[test]
    fn stored_events_always_load() {
        let (payment, at) = (derived(&["p"]), Timestamp::UNIX_EPOCH);
        let entries = sale("sandbox", Money::inr(1_000), &[share("a", 1_000)]).unwrap();
        let posted = |fact| LedgerEvent::Posted {
            transaction: LedgerTransaction { payment: PaymentId::clone(&payment), fact, entries: entries.clone(), at },
        };
        haat_store::golden::check_events::<LedgerTransaction>(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"),
            &[("posted", posted(Fact::Captured)), ("posted.refunded", posted(Fact::Refunded { refund: derived(&["r"]) }))],
        );
    }
}
