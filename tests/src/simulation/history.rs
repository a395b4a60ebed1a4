//! Histories of what clients asked of stock, coupons and payments, and what they were told, for the question whether there
//! is an order of these calls, one after another, that explains every answer (linearizability). An operation begins with
//! its first call and ends with the first clear answer, however often it was repeated under its key; one that was never
//! clearly answered may have taken effect at any time, or not at all.

mod coupon;
mod linear;
mod payment;
mod read;
mod stock;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use haat_kernel::Error;
use haat_rpc::tap::Sent;
use tonic::Status;

pub use coupon::Coupon;
use linear::{Call, Spec, is_explained};
use read::{Asked, Told};
pub use stock::Shelf;

/// Cheap to clone; clones write to the same histories.
#[derive(Clone, Default)]
pub struct Histories(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    is_open: bool,
    /// In the order in which they began.
    operations: Vec<Operation>,
    moments: usize,
    /// Those without an answer, by what makes them the same.
    pending: BTreeMap<(String, String, Vec<u8>), usize>,
    shelves: BTreeMap<String, Shelf>,
    coupons: BTreeMap<String, Coupon>,
    /// What every call of one saga step was keyed with, by path and message.
    keys: BTreeMap<(String, Vec<u8>), String>,
    unstable: Vec<String>,
}

/// What was asked and told, and when it began and ended.
struct Operation {
    asked: Asked,
    began: usize,
    ended: Option<(usize, Told)>,
}

/// What the checks came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Checked {
    pub histories: usize,
    pub operations: usize,
    /// Too long for the checker.
    pub skipped: usize,
}

impl Histories {
    /// From now on, with this stock and these coupons.
    pub fn open(&self, shelves: BTreeMap<String, Shelf>, coupons: BTreeMap<String, Coupon>) {
        let mut inner = self.inner();
        (inner.is_open, inner.shelves, inner.coupons) = (true, shelves, coupons);
    }

    pub fn invoked(&self, sent: &Sent) {
        let mut inner = self.inner();
        let Some(asked) = read::asked(sent).filter(|_| inner.is_open) else { return };
        inner.check_key(sent, &asked);
        let identity = identity(sent);
        if inner.pending.contains_key(&identity) {
            return;
        }
        inner.moments += 1;
        let operation = Operation { asked, began: inner.moments, ended: None };
        inner.operations.push(operation);
        let index = inner.operations.len() - 1;
        inner.pending.insert(identity, index);
    }

    pub fn returned(&self, sent: &Sent, answer: Result<&[u8], &Status>) {
        let mut inner = self.inner();
        let identity = identity(sent);
        let Some(index) = inner.pending.get(&identity).copied() else { return };
        let answer = match answer {
            Ok(message) => Ok(message),
            Err(status) => Err(haat_rpc::error(status)),
        };
        if answer.as_ref().is_err_and(is_unclear) {
            return;
        }
        let Some(told) = read::told(&inner.operations[index].asked, answer) else { return };
        inner.moments += 1;
        let now = inner.moments;
        inner.pending.remove(&identity);
        inner.operations[index].ended = Some((now, told));
    }

    /// What ended by itself: the reservations whose time ran out, the redemptions that were given back. The error says which object's history no order explains.
    pub fn check(&self, expired: &[String], given_back: &[String]) -> Result<Checked, String> {
        let inner = self.inner();
        if let Some(unstable) = inner.unstable.first() {
            return Err(unstable.clone());
        }
        let mut checked = Checked::default();
        for (offer, shelf) in &inner.shelves {
            checked.add(explain(&format!("stock of {offer}"), shelf.clone(), stock::history(&inner.operations, offer, expired))?);
        }
        for (code, coupon) in &inner.coupons {
            checked.add(explain(
                &format!("coupon {code}"),
                coupon.clone(),
                coupon::history(&inner.operations, code, given_back),
            )?);
        }
        for (id, payment, calls) in payment::histories(&inner.operations) {
            checked.add(explain(&format!("payment {id}"), payment, calls)?);
        }
        Ok(checked)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// A saga makes a step again under the same key.
    fn check_key(&mut self, sent: &Sent, asked: &Asked) {
        if !asked.is_step() || sent.key.is_empty() {
            return;
        }
        let place = (sent.path.clone(), sent.frame.to_vec());
        let first = self.keys.entry(place).or_insert_with(|| sent.key.clone());
        if *first != sent.key {
            self.unstable.push(format!("{} was sent under two keys: {first} and {}", sent.path, sent.key));
        }
    }
}

impl Checked {
    fn add(&mut self, other: Checked) {
        self.histories += other.histories;
        self.operations += other.operations;
        self.skipped += other.skipped;
    }
}

fn identity(sent: &Sent) -> (String, String, Vec<u8>) {
    (sent.path.clone(), sent.key.clone(), sent.frame.to_vec())
}

/// Whether the call may have taken effect, or may yet.
fn is_unclear(error: &Error) -> bool {
    error.kind.is_transient() || error.code.starts_with("idempotency")
}

/// Asks for an order of the calls that explains them.
fn explain<S: Spec>(what: &str, initial: S, mut calls: Vec<Call<S::Op, S::Ret>>) -> Result<Checked, String>
where
    S::Op: Debug,
    S::Ret: Debug,
{
    // The open ones last: they are tried late, and mostly they did nothing.
    calls.sort_by_key(|call| call.ended.as_ref().map_or(usize::MAX, |(at, _)| *at));
    match is_explained(&initial, &calls) {
        Some(true) => Ok(Checked { histories: 1, operations: calls.len(), skipped: 0 }),
        Some(false) => Err(tell(what, &calls)),
        None => Ok(Checked { skipped: 1, ..Checked::default() }),
    }
}

fn tell<O: Debug, R: Debug>(what: &str, calls: &[Call<O, R>]) -> String {
    let mut moments: Vec<(usize, usize, bool)> = Vec::new();
    for (thread, call) in calls.iter().enumerate() {
        moments.push((call.began, thread, true));
        moments.extend(call.ended.as_ref().map(|(at, _)| (*at, thread, false)));
    }
    moments.sort_unstable();
    let mut text = format!("no order of the calls explains the answers about the {what}:");
    for (at, thread, is_invocation) in moments {
        let call = &calls[thread];
        match (&call.ended, is_invocation) {
            (Some((_, told)), false) => text += &format!("\n  {at:>5} call {thread} told {told:?}"),
            _ => text += &format!("\n  {at:>5} call {thread} asked {:?}", call.op),
        }
    }
    text
}
