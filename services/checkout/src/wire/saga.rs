//! What a checkout's steps ask of inventory, pricing, orders and payments, and what a payment says.

use haat_contracts::{inventory, orders, payments, pricing};

use crate::checkout::{NewOrder, OrderLine, PaymentState, RESERVATION_S, Terms};
use crate::contact::Email;
use crate::ids::{SellerId, UserId};

/// A payment of zero has the form of every other, so that orders and refunds need no exception; no provider sees it.
const NOTHING_TO_PAY: (&str, &str) = ("card", "tok_none");

pub fn reserve_request(terms: &Terms) -> inventory::ReserveRequest {
    let line = |(seller, line): (&SellerId, &OrderLine)| inventory::reserve_request::Line {
        offer_id: line.offer.to_string(),
        quantity: i64::from(line.quantity),
        seller_id: seller.to_string(),
    };
    inventory::ReserveRequest {
        reservation_id: terms.ids.reservation.to_string(),
        lines: terms.lines().map(line).collect(),
        expires_in_seconds: RESERVATION_S,
    }
}

pub fn hold_coupon_request(terms: &Terms) -> pricing::HoldCouponRequest {
    pricing::HoldCouponRequest {
        code: terms.coupon.clone().unwrap_or_default(),
        checkout_id: terms.ids.checkout.to_string(),
        buyer: terms.buyer_name(),
        subtotal: Some(terms.totals.subtotal.into()),
    }
}

pub fn place_orders_request(terms: &Terms) -> orders::PlaceOrdersRequest {
    orders::PlaceOrdersRequest {
        order_group_id: terms.ids.group.to_string(),
        checkout_id: terms.ids.checkout.to_string(),
        buyer_id: terms.buyer.as_ref().map(UserId::to_string).unwrap_or_default(),
        email: terms.email.as_ref().map(Email::as_str).unwrap_or_default().to_owned(),
        shipping_address: Some(terms.address.clone().into()),
        payment_id: terms.ids.payment.to_string(),
        reservation_id: terms.ids.reservation.to_string(),
        coupon_code: terms.coupon.clone().unwrap_or_default(),
        orders: terms.orders.iter().map(new_order).collect(),
    }
}

fn new_order(order: &NewOrder) -> orders::place_orders_request::NewOrder {
    orders::place_orders_request::NewOrder {
        order_id: order.order.to_string(),
        seller_id: order.seller.to_string(),
        lines: order.lines.iter().map(order_line).collect(),
        shipping: Some(order.totals.shipping.into()),
        tax: Some(order.totals.tax.into()),
        tax_included: Some(order.totals.tax_included.into()),
    }
}

fn order_line(line: &OrderLine) -> orders::order::Line {
    orders::order::Line {
        offer_id: line.offer.to_string(),
        sku: line.sku.clone(),
        title: line.title.clone(),
        quantity: i32::try_from(line.quantity).unwrap_or(i32::MAX),
        unit_price: Some(line.unit_price.into()),
        discount: Some(line.discount.into()),
        total: Some(line.total.into()),
        product_id: line.product.to_string(),
    }
}

/// The shares are the orders' totals, so they add up to the amount.
pub fn authorize_request(terms: &Terms) -> payments::AuthorizeRequest {
    let share = |order: &NewOrder| payments::Share {
        order_id: order.order.to_string(),
        seller_id: order.seller.to_string(),
        amount: Some(order.totals.total.into()),
    };
    let instrument = terms.instrument.as_ref();
    let (method, token) = instrument.map_or(NOTHING_TO_PAY, |instrument| (&instrument.method, &instrument.token));
    payments::AuthorizeRequest {
        payment_id: terms.ids.payment.to_string(),
        checkout_id: terms.ids.checkout.to_string(),
        order_group_id: terms.ids.group.to_string(),
        amount: Some(terms.totals.total.into()),
        method: method.to_owned(),
        token: token.to_owned(),
        shares: terms.orders.iter().map(share).collect(),
    }
}

pub fn payment_state(payment: &payments::Payment) -> PaymentState {
    use payments::payment::State;
    match payment.state() {
        State::Authorized | State::PartiallyCaptured => PaymentState::Authorized,
        State::Captured => PaymentState::Captured,
        State::Voided | State::Failed => PaymentState::Refused { detail: refusal(payment) },
        State::RequiresAction => {
            PaymentState::Undecided { action_url: Some(payment.action_url.clone()).filter(|url| !url.is_empty()) }
        }
        State::Unspecified | State::Created | State::Processing | State::Unknown => PaymentState::Undecided { action_url: None },
    }
}

fn refusal(payment: &payments::Payment) -> String {
    match payment.failure_detail.as_str() {
        "" => "The payment was declined.".to_owned(),
        reason => format!("The payment was declined: {reason}"),
    }
}
