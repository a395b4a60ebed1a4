//! All translation between the contract's messages and orders.

use haat_contracts::convert::{amount, timestamp};
use haat_contracts::{common, orders as pb};
use haat_kernel::id::IdError;
use haat_kernel::{Error, Kind, Money, Result, Violation};
use haat_saga::Saga;

use crate::cancellation::Cancellation;
use crate::group::{Group, GroupError, GroupState, GroupTerms, PostalAddress};
use crate::ids::{BuyerId, CheckoutId, OfferId, OrderGroupId, OrderId, PaymentId, SellerId};
use crate::order::{Actor, HistoryEntry, Order, OrderError, PaymentStatus, State, Terms};
use crate::sums::{Line, Sums};

const ORDERS_MAX: usize = 100;
const LINES_MAX: usize = 500;
const QUANTITY_MAX: i32 = 10_000;
const REASON_LENGTH_MAX: usize = 500;

/// Reads an id of a request's `field`.
pub fn id<I>(field: &str, text: &str, parse: fn(&str) -> Result<I, IdError>) -> Result<I> {
    parse(text).map_err(|error| error.in_field(field))
}

/// The id in a path: one that cannot be is one that does not exist.
pub fn order_id(text: &str) -> Result<OrderId> {
    OrderId::parse(text).map_err(|_| Error::not_found("order", text))
}

pub fn group_id(text: &str) -> Result<OrderGroupId> {
    OrderGroupId::parse(text).map_err(|_| Error::not_found("order_group", text))
}

pub fn no_such_order(id: &OrderId) -> Error {
    OrderError::NotFound(id.clone()).into()
}

pub fn no_such_group(id: &OrderGroupId) -> Error {
    GroupError::NotFound(id.clone()).into()
}

pub fn reason(text: &str) -> Result<String> {
    match text.chars().count() {
        0..=REASON_LENGTH_MAX => Ok(text.trim().to_owned()),
        _ => Err(Error::invalid("reason", format!("must have at most {REASON_LENGTH_MAX} characters"))),
    }
}

/// What a request to place orders asks for. Every amount but the prices of lines is computed here.
pub fn new_group(request: pb::PlaceOrdersRequest) -> Result<(GroupTerms, Vec<Terms>)> {
    let buyer = optional(&request.buyer_id);
    let group = GroupTerms {
        group: id("orderGroupId", &request.order_group_id, OrderGroupId::parse)?,
        checkout: id("checkoutId", &request.checkout_id, CheckoutId::parse)?,
        buyer: buyer.map(|buyer| id("buyerId", buyer, BuyerId::parse)).transpose()?,
        email: request.email.clone(),
        shipping_address: address(request.shipping_address.clone().unwrap_or_default()),
        payment: id("paymentId", &request.payment_id, PaymentId::parse)?,
        reservation: request.reservation_id.clone(),
        coupon: optional(&request.coupon_code).map(str::to_owned),
        orders: Vec::new(),
    };
    check_count("orders", request.orders.len(), ORDERS_MAX)?;
    let new = |(index, new): (usize, &pb::place_orders_request::NewOrder)| order_terms(&format!("orders[{index}]"), new, &group);
    let orders: Vec<Terms> = request.orders.iter().enumerate().map(new).collect::<Result<_>>()?;
    let ids: Vec<OrderId> = orders.iter().map(|order| order.order.clone()).collect();
    if ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id)) {
        return Err(Error::invalid("orders", "must not repeat an order"));
    }
    Sums::of_orders(&orders)?;
    Ok((GroupTerms { orders: ids, ..group }, orders))
}

fn order_terms(field: &str, new: &pb::place_orders_request::NewOrder, group: &GroupTerms) -> Result<Terms> {
    check_count(&format!("{field}.lines"), new.lines.len(), LINES_MAX)?;
    let read = |(index, new): (usize, &pb::order::Line)| line(&format!("{field}.lines[{index}]"), new);
    let lines: Vec<Line> = new.lines.iter().enumerate().map(read).collect::<Result<_>>()?;
    let charge = |name: &str, money: Option<&common::Money>| amount(&format!("{field}.{name}"), money);
    let sums = Sums::of_lines(
        &lines,
        charge("shipping", new.shipping.as_ref())?,
        charge("tax", new.tax.as_ref())?,
        charge("taxIncluded", new.tax_included.as_ref())?,
    )?;
    Ok(Terms {
        order: id(&format!("{field}.orderId"), &new.order_id, OrderId::parse)?,
        group: group.group.clone(),
        seller: id(&format!("{field}.sellerId"), &new.seller_id, SellerId::parse)?,
        buyer: group.buyer.clone(),
        email: group.email.clone(),
        lines,
        sums,
    })
}

fn line(field: &str, new: &pb::order::Line) -> Result<Line> {
    if !(1..=QUANTITY_MAX).contains(&new.quantity) {
        return Err(Error::invalid(format!("{field}.quantity"), format!("must be 1 to {QUANTITY_MAX}")));
    }
    let quantity = new.quantity.unsigned_abs();
    let unit_price = amount(&format!("{field}.unitPrice"), new.unit_price.as_ref())?;
    let zero = Money::zero(unit_price.currency);
    let discount = new.discount.as_ref().map_or(Ok(zero), |money| amount(&format!("{field}.discount"), Some(money)))?;
    let total = Line::price(unit_price, quantity, discount)?;
    let stated = new.total.as_ref().map_or(Ok(total), |money| amount(&format!("{field}.total"), Some(money)))?;
    if stated != total || total.minor < 0 {
        let error = Error::new(Kind::OutOfRange, "order_sums_mismatch", "The amounts of a line do not add up.");
        return Err(
            error.with_violation(Violation::new(format!("{field}.total"), format!("must be {total}, and not below zero")))
        );
    }
    Ok(Line {
        offer: id(&format!("{field}.offerId"), &new.offer_id, OfferId::parse)?,
        product: new.product_id.clone(),
        sku: new.sku.clone(),
        title: new.title.clone(),
        quantity,
        unit_price,
        discount,
        total,
    })
}

fn check_count(field: &str, count: usize, max: usize) -> Result<()> {
    if (1..=max).contains(&count) { Ok(()) } else { Err(Error::invalid(field, format!("must be 1 to {max}"))) }
}

fn optional(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn address(from: common::PostalAddress) -> PostalAddress {
    let common::PostalAddress { name, line1, line2, city, state, postal_code, country, phone } = from;
    PostalAddress { name, line1, line2, city, state, postal_code, country, phone }
}

fn address_to_wire(from: PostalAddress) -> common::PostalAddress {
    let PostalAddress { name, line1, line2, city, state, postal_code, country, phone } = from;
    common::PostalAddress { name, line1, line2, city, state, postal_code, country, phone }
}

pub fn order(order: &Order) -> pb::Order {
    let terms = &order.terms;
    pb::Order {
        id: terms.order.to_string(),
        order_group_id: terms.group.to_string(),
        seller_id: terms.seller.to_string(),
        state: state(order.state).into(),
        payment_status: payment_status(order.payment_status()).into(),
        fulfillment_status: pb::order::FulfillmentStatus::Unfulfilled.into(),
        lines: terms.lines.iter().map(line_to_wire).collect(),
        subtotal: Some(terms.sums.subtotal.into()),
        discount: Some(terms.sums.discount.into()),
        shipping: Some(terms.sums.shipping.into()),
        tax: Some(terms.sums.tax.into()),
        tax_included: Some(terms.sums.tax_included.into()),
        total: Some(terms.sums.total.into()),
        refunded: Some(order.refunded_total().into()),
        history: order.history.iter().map(history).collect(),
        created_at: Some(timestamp(order.at)),
        cancel_reason: order.cancel_reason.clone().unwrap_or_default(),
        group_number: String::new(),
        shipping_address: None,
    }
}

/// One order by itself, with what its group knows of it.
pub fn order_of(one: &Order, group: Option<&Group>) -> pb::Order {
    pb::Order {
        group_number: group.map(Group::number).unwrap_or_default(),
        shipping_address: group.map(|group| address_to_wire(group.terms.shipping_address.clone())),
        ..order(one)
    }
}

/// Every order is in an unspecified state.
pub fn is_in(order: &Order, wanted: pb::order::State) -> bool {
    wanted == pb::order::State::Unspecified || state(order.state) == wanted
}

fn state(state: State) -> pb::order::State {
    match state {
        State::PendingPayment => pb::order::State::PendingPayment,
        State::Placed => pb::order::State::Placed,
        State::Canceled => pb::order::State::Canceled,
        State::Expired => pb::order::State::Expired,
    }
}

fn payment_status(status: PaymentStatus) -> pb::order::PaymentStatus {
    match status {
        PaymentStatus::Unpaid => pb::order::PaymentStatus::Unpaid,
        PaymentStatus::Paid => pb::order::PaymentStatus::Paid,
        PaymentStatus::PartiallyRefunded => pb::order::PaymentStatus::PartiallyRefunded,
        PaymentStatus::Refunded => pb::order::PaymentStatus::Refunded,
        PaymentStatus::Voided => pb::order::PaymentStatus::Voided,
    }
}

fn line_to_wire(line: &Line) -> pb::order::Line {
    pb::order::Line {
        offer_id: line.offer.to_string(),
        sku: line.sku.clone(),
        title: line.title.clone(),
        quantity: i32::try_from(line.quantity).unwrap_or(i32::MAX),
        unit_price: Some(line.unit_price.into()),
        discount: Some(line.discount.into()),
        total: Some(line.total.into()),
        product_id: line.product.clone(),
    }
}

fn history(entry: &HistoryEntry) -> pb::order::HistoryEntry {
    let Actor { kind, id } = entry.by.clone();
    pb::order::HistoryEntry { at: Some(timestamp(entry.at)), event: entry.event.clone(), by: Some(common::Actor { kind, id }) }
}

/// A group with all of its orders.
pub fn group<'a>(group: &Group, orders: impl IntoIterator<Item = &'a Order>) -> Result<pb::OrderGroup> {
    let orders: Vec<&Order> = orders.into_iter().collect();
    let sums = Sums::of_orders(orders.iter().map(|order| &order.terms))?;
    let terms = group.terms.clone();
    Ok(pb::OrderGroup {
        id: terms.group.to_string(),
        number: group.number(),
        buyer_id: terms.buyer.map(|buyer| buyer.to_string()).unwrap_or_default(),
        email: terms.email,
        orders: orders.into_iter().map(order).collect(),
        subtotal: Some(sums.subtotal.into()),
        discount: Some(sums.discount.into()),
        shipping: Some(sums.shipping.into()),
        tax: Some(sums.tax.into()),
        tax_included: Some(sums.tax_included.into()),
        total: Some(sums.total.into()),
        shipping_address: Some(address_to_wire(terms.shipping_address)),
        payment_id: terms.payment.to_string(),
        state: group_state(group.state).into(),
        created_at: Some(timestamp(group.at)),
        coupon_code: terms.coupon.unwrap_or_default(),
    })
}

fn group_state(state: GroupState) -> pb::order_group::State {
    match state {
        GroupState::PendingPayment => pb::order_group::State::PendingPayment,
        GroupState::Placed => pb::order_group::State::Placed,
        GroupState::Closed => pb::order_group::State::Closed,
        GroupState::Expired => pb::order_group::State::Expired,
    }
}

/// A cancellation as operators see it; without step and reason once it moves again.
pub fn cancellation(cancellation: &Cancellation) -> pb::ParkedCancellation {
    let undoing = &cancellation.undoing;
    let parked = cancellation.progress().parked.clone();
    let since = parked.as_ref().map(|parked| timestamp(parked.at));
    let (step, reason, attempts) = parked.map(|parked| (parked.step, parked.reason, parked.attempts)).unwrap_or_default();
    pb::ParkedCancellation {
        order_id: undoing.order.to_string(),
        payment_id: undoing.payment.to_string(),
        step,
        reason,
        attempts: i32::try_from(attempts).unwrap_or(i32::MAX),
        since,
    }
}
