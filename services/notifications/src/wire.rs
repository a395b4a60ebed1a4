//! Between protobuf and the domain: what a neighbour's event gives a message to tell, and messages as the contract shows them.

use haat_contracts::common::PostalAddress;
use haat_contracts::convert::{money, timestamp};
use haat_contracts::notifications as pb;
use haat_contracts::orders;
use haat_kernel::{Error, Result};

use crate::content::{Address, Cancellation, Confirmation, Content, Line, OrderPart, Sums};
use crate::message::{ALL_KEY, Message, MessageId, STATE_KEY, State};

pub fn confirmation(group: &orders::OrderGroup) -> Content {
    Content::OrderConfirmation(Confirmation {
        number: group.number.clone(),
        orders: group.orders.iter().map(order_part).collect(),
        sums: Sums {
            subtotal: money(group.subtotal.as_ref()),
            discount: money(group.discount.as_ref()),
            shipping: money(group.shipping.as_ref()),
            tax: money(group.tax.as_ref()),
            tax_included: money(group.tax_included.as_ref()),
            total: money(group.total.as_ref()),
        },
        address: group.shipping_address.as_ref().map(address),
    })
}

pub fn cancellation(event: &orders::OrderCanceled) -> Result<Content> {
    let order = event.order.as_ref().ok_or_else(|| Error::internal("a canceled order without its order"))?;
    Ok(Content::OrderCancellation(Cancellation {
        number: event.group_number.clone(),
        order: order_part(order),
        sums: Sums {
            subtotal: money(order.subtotal.as_ref()),
            discount: money(order.discount.as_ref()),
            shipping: money(order.shipping.as_ref()),
            tax: money(order.tax.as_ref()),
            tax_included: money(order.tax_included.as_ref()),
            total: money(order.total.as_ref()),
        },
        reason: order.cancel_reason.clone(),
        is_whole_group: event.is_group_canceled,
    }))
}

fn order_part(order: &orders::Order) -> OrderPart {
    let line = |line: &orders::order::Line| Line {
        title: line.title.clone(),
        quantity: line.quantity,
        unit_price: money(line.unit_price.as_ref()),
        discount: money(line.discount.as_ref()),
        total: money(line.total.as_ref()),
    };
    OrderPart { order_id: order.id.clone(), lines: order.lines.iter().map(line).collect() }
}

/// As on a label in India: `Jaipur, Rajasthan 302001`.
fn address(address: &PostalAddress) -> Address {
    let region = format!("{} {}", address.state, address.postal_code);
    let place = [address.city.as_str(), region.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let lines = [&address.name, &address.line1, &address.line2, &place, &address.country, &address.phone];
    Address { lines: lines.into_iter().filter(|line| !line.is_empty()).cloned().collect() }
}

pub fn message_id(field: &str, text: &str) -> Result<MessageId> {
    MessageId::parse(text).map_err(|error| error.in_field(field))
}

/// The key and value under which the messages of a request's `state` are listed.
pub fn state_key(state: &str) -> Result<(&'static str, &str)> {
    match state {
        "" => Ok((ALL_KEY, "")),
        "QUEUED" | "SENT" | "FAILED" => Ok((STATE_KEY, state)),
        _ => Err(Error::invalid("state", "must be `QUEUED`, `SENT` or `FAILED`")),
    }
}

pub fn message(id: &str, message: &Message) -> pb::Message {
    pb::Message {
        id: id.to_owned(),
        state: state(&message.state).into(),
        template: message.content.template().to_owned(),
        recipient: message.recipient.clone(),
        subject_id: message.subject_id.clone(),
        attempts: i32::try_from(message.attempts).unwrap_or(i32::MAX),
        last_error: message.last_error.clone(),
        created_at: Some(timestamp(message.queued_at)),
    }
}

fn state(state: &State) -> pb::message::State {
    match state {
        State::Queued { .. } => pb::message::State::Queued,
        State::Sent { .. } => pb::message::State::Sent,
        State::Failed { .. } => pb::message::State::Failed,
    }
}
