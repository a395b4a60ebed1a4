//! Pieces that several pages are made of: headings, forms that act once, amounts, states, times.

use haat_contracts::catalog::Product;
use haat_contracts::catalog::product;
use haat_contracts::common::Money;
use haat_contracts::orders::order;
use haat_kernel::Timestamp;
use haat_web::ui::{self, Tone};
use haat_web::{Head, Page, Visit};
use maud::{Markup, html};

/// A private page: its heading with what can be done, then the rest.
pub fn page(title: &str, actions: &Markup, content: &Markup) -> Page {
    page_below(&html! {}, title, actions, content)
}

/// The same with the way here above it.
pub fn page_below(trail: &Markup, title: &str, actions: &Markup, content: &Markup) -> Page {
    let body = html! {
        (trail)
        header.page-head {
            h1 { (title) }
            div.row { (actions) }
        }
        (content)
    };
    Page::new(Head::titled(title).private(), body)
}

pub fn section(title: &str, content: &Markup) -> Markup {
    html! { section.card { h2 { (title) } (content) } }
}

/// A form that acts: proven to be ours, and once however often it is sent.
pub fn acting_form(visit: &Visit, action: &str, content: &Markup) -> Markup {
    html! {
        form.stack method="post" action=(action) {
            (visit.csrf_field())
            (visit.key_field())
            (content)
        }
    }
}

/// One button that acts once.
pub fn acting_button(visit: &Visit, look: ui::Look, action: &str, label: &str) -> Markup {
    ui::post_button(visit, look, action, label, &visit.key_field())
}

pub fn money(visit: &Visit, amount: Option<&Money>) -> String {
    amount.map_or_else(|| "–".to_owned(), |amount| visit.money(amount))
}

/// As people type it: `1299`, `1,299.50`, `₹ 1,299`. None where it is no amount of rupees and paise.
pub fn rupees(text: &str) -> Option<Money> {
    let plain: String = text.trim().trim_start_matches('₹').chars().filter(|c| *c != ',' && !c.is_whitespace()).collect();
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || part.len() > 2 || !are_digits(whole) || !are_digits(part) {
        return None;
    }
    let minor = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(format!("{part:0<2}").parse().ok()?)?;
    Some(Money { currency_code: "INR".to_owned(), amount: minor })
}

/// An amount as a field and a file show it: `1299.50`.
pub fn plain(amount: Option<&Money>) -> String {
    let minor = amount.map_or(0, |amount| amount.amount);
    let sign = if minor < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", minor.unsigned_abs() / 100, minor.unsigned_abs() % 100)
}

pub fn product_state(visit: &Visit, state: product::State) -> Markup {
    let (tone, id) = match state {
        product::State::Published => (Tone::Good, "state-published"),
        product::State::Archived => (Tone::Neutral, "state-archived"),
        product::State::Draft | product::State::Unspecified => (Tone::Info, "state-draft"),
    };
    ui::badge(tone, &visit.t(id))
}

pub fn order_state(visit: &Visit, state: order::State) -> Markup {
    let (tone, id) = match state {
        order::State::Placed => (Tone::Warn, "order-placed"),
        order::State::Confirmed => (Tone::Info, "order-confirmed"),
        order::State::Completed => (Tone::Good, "order-completed"),
        order::State::Canceled => (Tone::Neutral, "order-canceled"),
        order::State::Expired => (Tone::Neutral, "order-expired"),
        order::State::PendingPayment | order::State::Unspecified => (Tone::Info, "order-pending"),
    };
    ui::badge(tone, &visit.t(id))
}

pub fn payment_status(visit: &Visit, status: order::PaymentStatus) -> Markup {
    let (tone, id) = match status {
        order::PaymentStatus::Paid => (Tone::Good, "payment-paid"),
        order::PaymentStatus::Authorized => (Tone::Info, "payment-authorized"),
        order::PaymentStatus::PartiallyRefunded => (Tone::Warn, "payment-partially-refunded"),
        order::PaymentStatus::Refunded => (Tone::Neutral, "payment-refunded"),
        order::PaymentStatus::Voided => (Tone::Neutral, "payment-voided"),
        order::PaymentStatus::Unpaid | order::PaymentStatus::Unspecified => (Tone::Info, "payment-unpaid"),
    };
    ui::badge(tone, &visit.t(id))
}

/// What buyers can have of a product: everything, only some variants, some of few pieces, or nothing.
pub fn availability(visit: &Visit, product: &Product) -> Markup {
    let offers = || product.variants.iter().flat_map(|variant| &variant.offers);
    let (tone, id) = if offers().all(|offer| !offer.available) {
        (Tone::Bad, "stock-none")
    } else if offers().any(|offer| !offer.available) {
        (Tone::Warn, "stock-partly")
    } else if offers().any(|offer| offer.quantity_left.is_some()) {
        (Tone::Warn, "stock-few")
    } else {
        (Tone::Good, "stock-enough")
    };
    ui::badge(tone, &visit.t(id))
}

pub fn time(visit: &Visit, at: Option<Timestamp>) -> Markup {
    html! { @if let Some(at) = at { time datetime=(at) { (visit.date_time(at)) } } @else { "–" } }
}

/// `2026-11-21`, a day in India, as people write it.
pub fn day(visit: &Visit, day: &str) -> String {
    format!("{day}T12:00:00+05:30").parse().map_or_else(|_| day.to_owned(), |at| visit.date(at))
}

/// The same without the year: below charts.
pub fn short_day(visit: &Visit, text: &str) -> String {
    let long = day(visit, text);
    long.rsplit_once(' ').map_or(long.clone(), |(short, _)| short.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_type_them() {
        for (text, minor) in [
            ("1299", Some(129_900)),
            ("1,299.5", Some(129_950)),
            (" ₹ 1,29,900.05 ", Some(12_990_005)),
            ("0.01", Some(1)),
            ("", None),
            ("-5", None),
            ("1.234", None),
            ("1e3", None),
            ("12 rupees", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(rupees(text).map(|money| money.amount), minor, "{text}");
        }
        assert_eq!(plain(rupees("1299.5").as_ref()), "1299.50");
        assert_eq!(plain(Some(&Money { currency_code: "INR".into(), amount: -5 })), "-0.05");
    }
}
