//! Sums by account. An account that comes to zero takes no room, so that sound books are small however much there is.

use std::collections::BTreeMap;

use super::Entry;

#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(BTreeMap<String, i128>);

impl Ledger {
    pub fn add(&mut self, entries: &[Entry]) {
        entries.iter().for_each(|entry| self.post(&entry.account, i128::from(entry.amount)));
    }

    pub fn take_away(&mut self, entries: &[Entry]) {
        entries.iter().for_each(|entry| self.post(&entry.account, -i128::from(entry.amount)));
    }

    pub fn merge(&mut self, other: &Ledger) {
        other.iter().for_each(|(account, amount)| self.post(account, amount));
    }

    /// Accounts that do not come to zero.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i128)> {
        self.0.iter().map(|(account, amount)| (account.as_str(), *amount))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|account, _| keep(account));
    }

    pub fn get(&self, account: &str) -> i128 {
        self.0.get(account).copied().unwrap_or_default()
    }

    pub fn set(&mut self, account: &str, amount: i128) {
        let before = self.get(account);
        self.post(account, amount - before);
    }

    fn post(&mut self, account: &str, amount: i128) {
        if amount == 0 {
            return;
        }
        let Some(sum) = self.0.get_mut(account) else {
            self.0.insert(account.to_owned(), amount);
            return;
        };
        *sum += amount;
        if *sum == 0 {
            self.0.remove(account);
        }
    }
}

pub(super) fn unbalanced(account: &str, amount: i128) -> String {
    format!("{account}: {amount} more on one side than on the other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_out_is_gone() {
        let mut ledger = Ledger::default();
        ledger.add(&[Entry::new("a", 3), Entry::new("b", 1), Entry::new("a", -3), Entry::new("c", 0)]);
        assert_eq!(ledger.iter().collect::<Vec<_>>(), [("b", 1)]);
        ledger.take_away(&[Entry::new("b", 1)]);
        assert_eq!(ledger.len(), 0);
    }
}
