//! How an order is shown: its state in words, what is in it, what has happened to it.

use haat_contracts::common::Actor;
use haat_contracts::orders::order::{FulfillmentStatus, HistoryEntry, PaymentStatus, State};
use haat_contracts::orders::{Order, OrderGroup};
use haat_web::{Visit, ui};
use maud::{Markup, html};

use crate::cart::drawn;
use crate::parts;
use crate::sellers::Names;

/// Who bought what, where it goes, what it cost in all.
pub fn overview(visit: &Visit, group: &OrderGroup, title: &str) -> Markup {
    let placed = parts::time(group.created_at.as_ref()).map(|at| visit.date_time(at));
    html! {
        header.order-head {
            h1 { (title) }
            @if let Some(placed) = &placed { p { (visit.t_with("placed-on", &[("date", placed.as_str().into())])) } }
        }
        div.order-facts {
            section.panel {
                h2 { (visit.t("delivery-to")) }
                @if let Some(address) = &group.shipping_address { (parts::address(address)) }
                @if !group.email.is_empty() { p.small { (visit.t_with("mail-goes-to", &[("email", group.email.as_str().into())])) } }
            }
            section.panel {
                h2 { (visit.t("summary")) }
                (parts::sums(visit, &parts::Sums {
                    subtotal: group.subtotal.as_ref(),
                    discount: group.discount.as_ref(),
                    shipping: group.shipping.as_ref(),
                    tax: group.tax.as_ref(),
                    tax_included: group.tax_included.as_ref(),
                    total: group.total.as_ref(),
                    ..parts::Sums::default()
                }))
            }
        }
    }
}

pub fn orders(visit: &Visit, group: &OrderGroup, names: &Names) -> Markup {
    let count = group.orders.len();
    html! {
        @for (index, order) in group.orders.iter().enumerate() {
            section.panel.order {
                header {
                    h2 {
                        @if count > 1 { (visit.t_with("parcel-of", &[("number", (index + 1).into()), ("count", count.into())])) " · " }
                        (names.of(visit, &order.seller_id))
                    }
                    p.badges { (state_badge(visit, order)) " " (payment_badge(visit, order)) }
                }
                p.order-now { (now(visit, order)) }
                div.order-body {
                    (lines(visit, order))
                    div.order-history {
                        h3 { (visit.t("what-happened")) }
                        (ui::timeline(&moments(visit, order)))
                    }
                }
                footer {
                    p {
                        (visit.t("delivery")) " " (parts::delivery(visit, order.shipping.as_ref())) " · "
                        (visit.t("total")) " " strong { (parts::price_or_dash(visit, order.total.as_ref())) }
                        @if !parts::is_zero(order.refunded.as_ref()) {
                            " · " (visit.t_with("refunded-amount", &[("amount", parts::price_or_dash(visit, order.refunded.as_ref()).into())]))
                        }
                    }
                    @if is_cancelable(order) { a.button.secondary href=(cancel_path(group, order)) { (visit.t("cancel-order")) } }
                }
            }
        }
    }
}

pub fn cancel_path(group: &OrderGroup, order: &Order) -> String {
    format!("/orders/{}/cancel/{}", group.id, order.id)
}

/// As far as one can see; the service decides.
fn is_cancelable(order: &Order) -> bool {
    matches!(order.state(), State::Placed | State::Confirmed) && order.fulfillment_status() == FulfillmentStatus::Unfulfilled
}

pub fn lines(visit: &Visit, order: &Order) -> Markup {
    html! {
        ul.order-lines {
            @for line in &order.lines {
                li {
                    (parts::decoration(&drawn(&line.title, &line.product_id).path))
                    div {
                        a href=(parts::product_path(&line.product_id)) { (line.title) }
                        p.small { (line.quantity) " × " (parts::price_or_dash(visit, line.unit_price.as_ref())) }
                    }
                    strong { (parts::price_or_dash(visit, line.total.as_ref())) }
                }
            }
        }
    }
}

pub fn state_badge(visit: &Visit, order: &Order) -> Markup {
    let (tone, word) = match order.state() {
        State::Placed => (ui::Tone::Good, "state-placed"),
        State::Confirmed => (ui::Tone::Good, "state-confirmed"),
        State::Completed => (ui::Tone::Good, "state-completed"),
        State::Canceled => (ui::Tone::Neutral, "state-canceled"),
        State::Expired => (ui::Tone::Neutral, "state-expired"),
        State::PendingPayment | State::Unspecified => (ui::Tone::Warn, "state-pending"),
    };
    ui::badge(tone, &visit.t(word))
}

fn payment_badge(visit: &Visit, order: &Order) -> Markup {
    let (tone, word) = match order.payment_status() {
        PaymentStatus::Paid => (ui::Tone::Good, "payment-paid"),
        PaymentStatus::Authorized => (ui::Tone::Info, "payment-authorized"),
        PaymentStatus::PartiallyRefunded => (ui::Tone::Info, "payment-partially-refunded"),
        PaymentStatus::Refunded => (ui::Tone::Info, "payment-refunded"),
        PaymentStatus::Voided => (ui::Tone::Info, "payment-voided"),
        PaymentStatus::Unpaid | PaymentStatus::Unspecified => (ui::Tone::Warn, "payment-unpaid"),
    };
    ui::badge(tone, &visit.t(word))
}

/// Where it stands, in a sentence.
fn now(visit: &Visit, order: &Order) -> String {
    let word = match (order.state(), order.payment_status()) {
        (State::Canceled, PaymentStatus::Refunded) => "now-refunded",
        (State::Canceled, PaymentStatus::Voided) => "now-voided",
        (State::Canceled, _) => "now-refund-on-its-way",
        (State::Placed | State::Confirmed, _) => "now-preparing",
        (State::Completed, _) => "now-completed",
        (State::Expired, _) => "now-expired",
        _ => "now-pending",
    };
    visit.t(word)
}

/// What has happened, and what is to come next.
fn moments(visit: &Visit, order: &Order) -> Vec<ui::Moment> {
    let mut moments: Vec<ui::Moment> = order.history.iter().map(|entry| moment(visit, entry)).collect();
    let coming = |word: &str| ui::Moment { title: visit.t(word), has_happened: false, ..ui::Moment::default() };
    match (order.state(), order.payment_status()) {
        (State::Placed | State::Confirmed, _) => moments.push(coming("next-ships")),
        (State::Canceled, PaymentStatus::Paid | PaymentStatus::Authorized) => moments.push(coming("next-refund")),
        _ => {}
    }
    moments
}

fn moment(visit: &Visit, entry: &HistoryEntry) -> ui::Moment {
    let id = format!("event-{}", entry.event.replace(['.', '_'], "-"));
    let at = parts::time(entry.at.as_ref());
    ui::Moment {
        title: if visit.knows(&id) { visit.t(&id) } else { entry.event.clone() },
        time: at.map(|at| visit.date_time(at)).unwrap_or_default(),
        machine: at.map(|at| at.to_string()).unwrap_or_default(),
        text: entry.by.as_ref().map(|by| actor(visit, by)).unwrap_or_default(),
        tone: if entry.event.ends_with("canceled") { ui::Tone::Neutral } else { ui::Tone::Good },
        has_happened: true,
    }
}

fn actor(visit: &Visit, by: &Actor) -> String {
    let id = format!("by-{}", by.kind);
    // That a machine did it goes without saying.
    if by.kind != "service" && visit.knows(&id) { visit.t(&id) } else { String::new() }
}
