//! A checkout as the buyer sees it, and as an operator sees one that is parked.

use haat_contracts::checkout as pb;
use haat_contracts::convert::timestamp;
use haat_saga::{Next, Saga};

use crate::checkout::{Checkout, Failure, Path};

pub fn checkout(checkout: &Checkout) -> pb::Checkout {
    let terms = &checkout.terms;
    let is_completed = matches!(checkout.path, Path::Completed { .. });
    let orders = terms.orders.iter().filter(|_| is_completed);
    let has_payment = checkout.may_have_payment();
    pb::Checkout {
        id: terms.ids.checkout.to_string(),
        cart_id: terms.cart.to_string(),
        state: state(checkout).into(),
        order_group_id: if is_completed { terms.ids.group.to_string() } else { String::new() },
        order_ids: orders.map(|order| order.order.to_string()).collect(),
        payment_id: if has_payment { terms.ids.payment.to_string() } else { String::new() },
        total: Some(terms.totals.total.into()),
        failure: match &checkout.path {
            Path::Failed { failure: reason, .. } => Some(failure(reason)),
            _ => None,
        },
        next_action: checkout.action_url().map(|url| pb::checkout::NextAction { url: url.to_owned() }),
        created_at: Some(timestamp(terms.at)),
    }
}

/// One that is turning back is at work until everything is undone.
fn state(checkout: &Checkout) -> pb::checkout::State {
    match &checkout.path {
        Path::Completed { .. } => pb::checkout::State::Completed,
        Path::Failed { .. } => pb::checkout::State::Failed,
        Path::Forward { .. } if checkout.action_url().is_some() => pb::checkout::State::RequiresAction,
        Path::Forward { .. } | Path::Back { .. } => pb::checkout::State::Processing,
    }
}

fn failure(failure: &Failure) -> pb::checkout::Failure {
    pb::checkout::Failure {
        code: failure.code.clone(),
        detail: failure.detail.clone(),
        violations: failure.violations.iter().cloned().map(Into::into).collect(),
    }
}

/// With the step that it stands at; no reason where it is not parked any more.
pub fn parked(checkout: &Checkout) -> pb::ParkedCheckout {
    let terms = &checkout.terms;
    let parked = checkout.progress().parked.clone();
    let step = match checkout.next() {
        Next::Call(step) => step.name(),
        Next::Wait | Next::Done => "",
    };
    pb::ParkedCheckout {
        id: terms.ids.checkout.to_string(),
        cart_id: terms.cart.to_string(),
        payment_id: terms.ids.payment.to_string(),
        order_group_id: terms.ids.group.to_string(),
        step: step.to_owned(),
        reason: parked.as_ref().map(|parked| parked.reason.clone()).unwrap_or_default(),
        attempts: parked.as_ref().map_or(0, |parked| i32::try_from(parked.attempts).unwrap_or(i32::MAX)),
        since: parked.map(|parked| timestamp(parked.at)),
    }
}
