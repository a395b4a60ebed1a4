//! The books of sales: a completed checkout has exactly its order group, its money and its stock; a failed one has none of
//! them; a canceled order has given both back. Checkouts and cancellations that are under way are moving, or parked.

use std::collections::{BTreeMap, BTreeSet};

use haat_checkout::checkout::{Checkout, Path};
use haat_inventory::reservation::Status;
use haat_orders::group::{Group, GroupState};
use haat_orders::order::{Order, State};
use haat_payments::payment::{Intent, Stage};
use haat_saga::{Next, Saga};

use super::books::Report;
use super::facts::Facts;

pub fn judge(facts: &Facts, report: &mut Report) {
    let mut carts: BTreeMap<&str, &str> = BTreeMap::new();
    for (id, checkout) in &facts.checkouts {
        match &checkout.path {
            Path::Completed { .. } => {
                if let Some(other) = carts.insert(checkout.terms.cart.as_str(), id) {
                    report.wrong(format!("checkouts {other} and {id} have both completed the same cart"));
                }
                completed(facts, id, checkout, report);
            }
            Path::Failed { .. } => failed(facts, id, checkout, report),
            Path::Forward { .. } | Path::Back { .. } => under_way(id, checkout, report),
        }
    }
    let groups_of: BTreeSet<&str> = facts.checkouts.values().map(|checkout| checkout.terms.ids.group.as_str()).collect();
    for id in facts.groups.keys().filter(|id| !groups_of.contains(id.as_str())) {
        report.wrong(format!("order group {id} belongs to no checkout"));
    }
    let payments_of: BTreeSet<&str> = facts.checkouts.values().map(|checkout| checkout.terms.ids.payment.as_str()).collect();
    for id in facts.payments.keys().filter(|id| !payments_of.contains(id.as_str())) {
        report.wrong(format!("payment {id} belongs to no checkout"));
    }
    cancellations(facts, report);
}

fn under_way(id: &str, checkout: &Checkout, report: &mut Report) {
    match &checkout.progress().parked {
        Some(parked) => report.parked(format!("checkout {id} at {}: {}", parked.step, parked.reason)),
        // It waits for a person; what it holds meanwhile is right.
        None if checkout.action_url().is_some() && checkout.next() == Next::Wait => {}
        None => report.moving(format!("checkout {id} is under way")),
    }
}

fn completed(facts: &Facts, id: &str, checkout: &Checkout, report: &mut Report) {
    let terms = &checkout.terms;
    let Some(group) = group(facts, checkout).filter(|group| matches!(group.state, GroupState::Placed | GroupState::Closed))
    else {
        return report.wrong(format!("checkout {id} has completed without its order group {}", terms.ids.group));
    };
    if group.terms.orders.len() != terms.orders.len() {
        report.wrong(format!("checkout {id} has {} orders instead of {}", group.terms.orders.len(), terms.orders.len()));
    }
    if !terms.totals.total.is_zero() {
        match intent(facts, checkout) {
            Some(intent) if intent.captured() == terms.totals.total => {}
            Some(intent) => report.wrong(format!("checkout {id} over {} captured {}", terms.totals.total, intent.captured())),
            None => report.wrong(format!("checkout {id} has completed without its payment {}", terms.ids.payment)),
        }
    }
    let orders = group.terms.orders.iter().filter_map(|order| facts.orders.get(order.as_str()));
    let (mut sold, mut held) = (BTreeMap::new(), BTreeMap::new());
    let mut total = 0;
    for order in orders {
        total += order.terms.sums.total.minor;
        if order.state == State::Placed {
            add_lines(order, &mut sold);
        }
    }
    if total != terms.totals.total.minor {
        report.wrong(format!("the orders of checkout {id} come to {total} instead of {}", terms.totals.total.minor));
    }
    if let Some(reservation) = facts.reservations.get(terms.ids.reservation.as_str()) {
        for (offer, picks) in reservation.picks(None) {
            held.insert(offer.to_string(), picks.iter().map(|pick| pick.quantity).sum::<i64>());
        }
    }
    if sold != held && !has_open_cancellation(facts, group) {
        report.wrong(format!("checkout {id} sold {sold:?}, but its reservation holds {held:?}"));
    }
}

fn add_lines(order: &Order, sold: &mut BTreeMap<String, i64>) {
    for line in &order.terms.lines {
        *sold.entry(line.offer.to_string()).or_default() += i64::from(line.quantity);
    }
}

fn has_open_cancellation(facts: &Facts, group: &Group) -> bool {
    let orders = || group.terms.orders.iter().filter_map(|order| facts.cancellations.get(order.as_str()));
    orders().any(|cancellation| cancellation.next() != Next::Done)
}

fn failed(facts: &Facts, id: &str, checkout: &Checkout, report: &mut Report) {
    let terms = &checkout.terms;
    if group(facts, checkout).is_some_and(|group| matches!(group.state, GroupState::Placed | GroupState::Closed)) {
        report.wrong(format!("checkout {id} has failed, and its order group {} is placed", terms.ids.group));
    }
    let is_held = |status: Status| matches!(status, Status::Held | Status::Allocated);
    if facts.reservations.get(terms.ids.reservation.as_str()).is_some_and(|reservation| is_held(reservation.status)) {
        report.wrong(format!("checkout {id} has failed, and reservation {} still holds stock", terms.ids.reservation));
    }
    let Some(intent) = intent(facts, checkout) else { return };
    let kept = intent.captured().minor - intent.refunded().minor;
    if kept != 0 {
        report.wrong(format!("checkout {id} has failed, and payment {} keeps {kept}", terms.ids.payment));
    }
    match (intent.stage, intent.work()) {
        (Stage::Authorized, None) => {
            report.wrong(format!("checkout {id} has failed, and payment {} still holds money", terms.ids.payment))
        }
        (_, Some(_)) => report.moving(format!("payment {} of failed checkout {id} is being undone", terms.ids.payment)),
        (_, None) => {}
    }
}

fn cancellations(facts: &Facts, report: &mut Report) {
    for (id, cancellation) in &facts.cancellations {
        match &cancellation.progress().parked {
            Some(parked) => report.parked(format!("cancellation of order {id} at {}: {}", parked.step, parked.reason)),
            None if cancellation.next() != Next::Done => report.moving(format!("order {id} is being canceled")),
            None => returned(facts, id, report),
        }
    }
}

fn returned(facts: &Facts, id: &str, report: &mut Report) {
    let Some(order) = facts.orders.get(id) else {
        return report.wrong(format!("the unknown order {id} was canceled"));
    };
    if order.state != State::Canceled {
        report.wrong(format!("order {id} was canceled, but is {:?}", order.state));
    }
    if order.refunded_total() != order.terms.sums.total {
        report.wrong(format!("canceled order {id} gave back {} of {}", order.refunded_total(), order.terms.sums.total));
    }
}

fn group<'a>(facts: &'a Facts, checkout: &Checkout) -> Option<&'a Group> {
    facts.groups.get(checkout.terms.ids.group.as_str()).and_then(|group| group.known())
}

fn intent<'a>(facts: &'a Facts, checkout: &Checkout) -> Option<&'a Intent> {
    facts.payments.get(checkout.terms.ids.payment.as_str()).and_then(|payment| payment.intent())
}
